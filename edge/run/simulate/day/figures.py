"""Figures of the day, in words and sections of its page."""

from __future__ import annotations

from collections.abc import Iterator

from edge.run.simulate.day.found import Found
from edge.run.simulate.day.kept import promises
from edge.run.simulate.day.page import STORY, Page, Section
from edge.run.simulate.day.plan import MORE_SHARE
from edge.run.simulate.day.play import Day
from edge.run.simulate.day.said import GRANTED, answer_times, befell, charts, in_words, restarts
from edge.run.simulate.day.site import DATE, EDGES
from edge.run.simulate.day.told import Timed, Told
from sync.central.campaigns.lift import Verdict

UNREAD = {
    None: "nobody was kept out",
    Verdict.NOT_YET: "fewer guests than were planned for",
    Verdict.VOID: "the arms are of other sizes than was drawn",
}
"""Why nothing can be said of the offer's effect."""


def made(day: Day, found: Found) -> Page:
    """Make the page of a day that is over."""
    told = day.told
    replayed = found.judged.judged + found.choices.judged
    equal = found.judged.equal + found.choices.equal
    return Page(
        title=f"A whole day, {DATE.day} {DATE:%B %Y}",
        subtitle=f"{len(day.known):,} visitors of a park and its store, {len(EDGES)} edges, seed {day.seed}",
        tiles=(
            (f"{told.taps:,}", "taps"),
            (_money(found.money.spent), "sold, and not taken back"),
            (f"{sum(one.central for one in found.walked.ends):,}", "records at central"),
            (_percent(equal, replayed), "judged again and equal"),
            (
                _percent(told.served["connected"], told.funded["connected"]),
                "of who could pay online were let",
            ),
        ),
        sections=tuple(_sections(day, found)),
        promises=promises(day, found),
        timed=Section(
            "How long an answer took",
            (
                *_times("gate, door, exit or kiosk", told.gates),
                *_times("till", told.payments),
                *restarts(told),
            ),
            "On this machine's clock, from the band at the reader to the durable answer, on a disk in memory;"
            " at a till with the money asked of central meanwhile. All else on this page is virtual time.",
        ),
        charts=tuple(charts(told)),
        timed_charts=(answer_times(told),),
    )


def _sections(day: Day, found: Found) -> Iterator[Section]:
    told = day.told
    answers = sorted(told.reasons.items(), key=lambda one: (-one[1], one[0]))
    yield Section(
        "Taps",
        (
            ("bands held to readers", f"{told.taps:,}"),
            ("of these once more, by a reader or after a machine died", f"{told.again:,}"),
            *(
                (f"gates and doors: {reason.replace('_', ' ')}", f"{count:,}")
                for reason, count in answers
                if reason in GRANTED
            ),
        ),
    )
    denied = [(reason, count) for reason, count in answers if reason not in GRANTED]
    yield Section(
        "Denied at gates and doors, by reason",
        tuple((in_words(reason), f"{count:,}") for reason, count in denied),
    )
    yield Section("Baskets at tills", tuple(_baskets(day)))
    yield Section("Who could pay, and was let", tuple(_served(told)))
    yield Section("Money", tuple(_of_money(found)))
    yield Section(
        "Records, at the edge and at central",
        tuple(
            (f"{one.edge}, {one.lane} lane", f"{one.here:,} = {one.central:,}") for one in found.walked.ends
        ),
    )
    yield Section("Offer", tuple(_offer(day, found)))
    yield Section(STORY, tuple(befell(told)))


def _baskets(day: Day) -> Iterator[tuple[str, str]]:
    for word, count in sorted(day.told.tills.items(), key=lambda one: (-one[1], one[0])):
        dark = day.told.dark[word]
        state, _, reason = word.partition(" ")
        yield (
            f"{state}: {in_words(reason)}" if reason else state,
            f"{count:,}" + (f" ({dark:,} of them in the dark)" if dark else ""),
        )
    yield "taken back by staff", f"{sum(one.back for one in day.told.sales.values()):,}"
    if day.told.limited:
        yield "not taken back: no person may oftener in a shift", f"{day.told.limited:,}"


def _served(told: Told) -> Iterator[tuple[str, str]]:
    for way, words in (("connected", "with a way to central"), ("dark", "in the dark")):
        yield (
            words,
            f"{told.served[way]:,} of {told.funded[way]:,} ({_percent(told.served[way], told.funded[way])})",
        )


def _offer(day: Day, found: Found) -> Iterator[tuple[str, str]]:
    shown = sum(one.shown for one in found.offers)
    yield "stopped at the kiosk", f"{day.told.looked:,}"
    yield "saw it", f"{shown:,}"
    yield (
        "took it up, redeemed it",
        f"{sum(one.taken for one in found.offers):,}, {sum(one.redeemed for one in found.offers):,}",
    )
    if found.lift is None or found.lift.verdict in (Verdict.NOT_YET, Verdict.VOID):
        yield "lift", "not read: " + UNREAD[None if found.lift is None else found.lift.verdict]
        return
    one = found.lift
    yield "bought soup, offered", f"{one.offered.did:,} of {one.offered.guests:,}"
    yield "bought soup, kept out", f"{one.withheld.did:,} of {one.withheld.guests:,}"
    yield (
        "lift, in points of a hundred (95 %)",
        f"{_points(one.difference)} ({_points(one.low)} to {_points(one.high)})",
    )
    yield "put into the story", f"{_points(MORE_SHARE)}, where the money reaches"


def _of_money(found: Found) -> Iterator[tuple[str, str]]:
    money = found.money
    yield "paid in", _money(money.funded)
    yield "paid at tills, less what was taken back", _money(money.spent)
    yield "in wallets at central", _money(money.free)
    yield "set aside at edges, still the guests'", _money(money.held)
    yield "wallets that hold something else than their guests were told", f"{money.apart:,}"
    sums = ", ".join(f"{minor} {unit}" for unit, minor in sorted(money.trial.items()))
    yield "ledger, all accounts together", sums
    yield "the day's proof", f"{found.proof.ops:,} payments, {found.proof.unexplained} unexplained"


def _times(where: str, timed: Timed) -> tuple[tuple[str, str], ...]:
    told = f"p50 {timed.at(500):.2f} ms, p99 {timed.at(990):.2f} ms, of {len(timed.ms):,}"
    return ((where, told),)


def _money(minor: int) -> str:
    return f"{minor // 100:,}.{minor % 100:02} €"


def _points(share: float) -> str:
    return f"{100 * share:+.1f}"


def _percent(part: int, whole: int) -> str:
    return f"{100 * part / whole:.4g} %" if whole else "none"
