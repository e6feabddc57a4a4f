"""Bundles at a device: the newest whose time has come and that central signed, its rules compiled once."""

from __future__ import annotations

import logging
from collections.abc import Mapping

import msgspec

from edge.core.facts import Rule
from edge.core.offers import Bundle
from edge.core.payment.promised import Promise, promise_of
from edge.errors import PolsoError
from edge.published import newest, put_together
from edge.rules import compile_offer_rule, parts_named
from edge.service.rooms import Rooms
from edge.store.shelf import Told

LOG = logging.getLogger("polso.offers")


class Live(msgspec.Struct, frozen=True):
    """What offers are chosen by now."""

    bundle: Bundle
    rules: Mapping[str, Rule]
    named: frozenset[str]
    """Parts of the context that some rule names; what costs something is found out for these alone."""
    needed: frozenset[str]
    """Articles without which some offer is not shown."""


class Bundles:
    """Knows which bundle is the one to go by; any thread may ask."""

    def __init__(self, rooms: Rooms) -> None:
        """Act through these rooms; nothing is read before somebody asks."""
        self._rooms = rooms
        self._told: tuple[Told, ...] = ()
        self._good: dict[bytes, Live | None] = {}

    def live(self) -> Live | None:
        """Return the bundle to go by; None: there is none that is whole, signed and sound."""
        told, now_ms = self._present(), self._rooms.clock.now_ms()
        by_head = {one.head.signature: one for one in told}
        head = newest(
            (one.head for one in told),
            now_ms,
            fits=lambda head: self._good_one(by_head[head.signature]) is not None,
        )
        return None if head is None else self._good_one(by_head[head.signature])

    def said(self, promise: Promise) -> bool:
        """Say whether a bundle that central signed, and that is here, promises this very thing."""
        found = next((one for one in self._present() if one.head.version == promise.bundle), None)
        live = None if found is None else self._good_one(found)
        offer = None if live is None else live.bundle.offers_by_id.get(promise.offer.id)
        if offer is None:
            return False
        same = promise_of(offer, exposure=promise.exposure, bundle=promise.bundle, label=promise.label)
        return msgspec.structs.replace(same, coupon=promise.coupon) == promise

    def _present(self) -> tuple[Told, ...]:
        told = self._rooms.profiles.bundles()
        if told is not self._told:
            self._told, self._good = told, {}
        return told

    def _good_one(self, told: Told) -> Live | None:
        signature = told.head.signature
        if signature not in self._good:
            self._good[signature] = self._checked(told)
        return self._good[signature]

    def version(self) -> int:
        """Return which version is in use; 0: none."""
        live = self.live()
        return 0 if live is None else live.bundle.version

    def _checked(self, told: Told) -> Live | None:
        """Return a bundle that may be gone by; what is wrong is logged once, and the last one stays."""
        layout = self._rooms.profiles.layout()
        site = layout.site if layout is not None else ""
        try:
            bundle = put_together(told.head, told.parts, site=site, public_key=self._rooms.central_key)
            rules = {rule.id: compile_offer_rule(rule.cel) for rule in bundle.rules}
            named = frozenset[str]().union(*(parts_named(rule.cel) for rule in bundle.rules))
        except PolsoError as error:
            LOG.warning("offers of version %d are not used: %s", told.head.version, error)
            return None
        needed = frozenset(article for offer in bundle.offers for article in offer.needs)
        return Live(bundle, rules, named, needed)
