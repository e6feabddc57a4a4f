"""Losses: what the operator bears or is owed, by site and currency, for whoever supervises central."""

from __future__ import annotations

from collections.abc import Iterator

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from sync.central.money.ledger import standings
from sync.central.sites import sites
from sync.central.store import Store

SHOWN = ("loss:", "debt:", "imbalance:")
"""Accounts with few entries: looking at them costs a scrape nothing, however many sales there were."""


class Losses(Collector):
    """Read anew each time somebody asks; no label names a wallet."""

    def __init__(self, store: Store) -> None:
        """Read from this store."""
        self._store = store

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Yield one family; what the site has lost or is owed is shown as a positive number."""
        family = GaugeMetricFamily(
            "polso_central_loss_minor",
            "Lost, owed or missing in drawers, in minor units",
            labels=["site", "account", "currency"],
        )
        with self._store.reading() as tx:
            for site in sites(tx):
                sums: dict[tuple[str, str], int] = {}
                for prefix in SHOWN:
                    for one in standings(tx, site, prefix=prefix):
                        account = one.account if prefix == "loss:" else prefix.rstrip(":")
                        sums[account, one.currency] = sums.get((account, one.currency), 0) - one.minor
                for (account, currency), minor in sorted(sums.items()):
                    family.add_metric([site, account, currency], minor)
        yield family
