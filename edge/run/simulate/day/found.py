"""Found: what the edges and central hold when the day is over, held against what people were told."""

from __future__ import annotations

from collections import Counter

import msgspec

from edge.run.simulate.day.play import Day
from edge.run.simulate.day.site import CAMPAIGN, MIDNIGHT_MS
from edge.run.simulate.day.walk import Walked, walk
from sync.central import days
from sync.central.accounting.day import DayProof
from sync.central.audit import Audit, audit
from sync.central.campaigns import life
from sync.central.campaigns.lift import Lift
from sync.central.campaigns.results import Day as OfferDay
from sync.central.campaigns.results import results
from sync.central.choices import Choices, judge_choices
from sync.central.journey.diarist import Diarist, behind
from sync.central.money import ledger, placed
from sync.central.money.pots import MONEY

DAY_MS = 86_400_000
WALLET = "wallet:"


class Money(msgspec.Struct, frozen=True, kw_only=True):
    """What was paid in and where it is now, in minor units."""

    funded: int
    spent: int
    """By what guests were told, less what was taken back."""
    free: int
    """At central, in wallets."""
    held: int
    """Set aside at edges, and still the guests'."""
    apart: int
    """Wallets in which there is not what their guests were told."""
    overspent: int
    """Wallets that paid more than was ever in them."""
    trial: dict[str, int]
    """Of the whole ledger, by unit."""


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """The day as the product has it."""

    walked: Walked
    money: Money
    proof: DayProof
    judged: Audit
    choices: Choices
    lift: Lift | None
    offers: tuple[OfferDay, ...]


def read(day: Day) -> Found:
    """Read all of it, once the day is at rest."""
    store, site = day.park.store, day.central.site
    day.say("both ends are compared, record by record")
    walked = walk(day)
    day.say("central judges every decision, payment and choice again")
    judged, choices = audit(store, site), judge_choices(store, site)
    day.say("the money is proven")
    proof, money = days.prove(store, site, MIDNIGHT_MS, until_ms=MIDNIGHT_MS + DAY_MS), _money(day)
    day.say("diaries are written, and the campaign is read when its time to buy is over")
    diarist = Diarist(store)
    while _behind(day):  # a look may come to no entry, and more waits
        diarist.look_at(site)
    day.now_ms = MIDNIGHT_MS + 3 * DAY_MS
    with store.reading() as tx:
        said = results(tx, site, life.find(tx, site, CAMPAIGN))
    return Found(
        walked=walked,
        money=money,
        proof=proof,
        judged=judged,
        choices=choices,
        lift=said.lift,
        offers=said.days,
    )


def _behind(day: Day) -> bool:
    with day.park.store.reading() as tx:
        return bool(behind(tx, day.central.site))


def _money(day: Day) -> Money:
    funded, spent, there = Counter[str](), Counter[str](), Counter[str]()
    for one in day.known:
        funded[one.wallet] += one.minor
    for number, minor in day.told.spent().items():
        spent[day.known[number].wallet] += minor
    with day.park.store.reading() as tx:
        standing = ledger.standings(tx, day.central.site, prefix=WALLET)
        leases = [
            one for one in placed.every(tx, day.central.site) if one.living and one.placed.kind == MONEY
        ]
        trial = ledger.trial_balance(tx, day.central.site)
    for account in standing:
        there[account.account.removeprefix(WALLET)] += account.minor
    free = there.total()
    for row in leases:
        there[row.placed.wallet] += row.placed.counters.spendable
    return Money(
        funded=funded.total(),
        spent=spent.total(),
        free=free,
        held=there.total() - free,
        apart=sum(funded[wallet] - spent[wallet] != there[wallet] for wallet in funded),
        overspent=sum(spent[wallet] > funded[wallet] for wallet in funded),
        trial=trial,
    )
