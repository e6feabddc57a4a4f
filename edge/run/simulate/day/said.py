"""Said: what happened in the day in words and in charts, for its page."""

from __future__ import annotations

from collections.abc import Iterator

from edge.core.decision import Reason
from edge.run.simulate.day.page import Chart
from edge.run.simulate.day.plan import MINUTE_MS
from edge.run.simulate.day.site import MIDNIGHT_MS
from edge.run.simulate.day.told import Befell, Timed, Told

GRANTED = frozenset({Reason.ENTERED, Reason.EXITED})
WORDS = {
    Reason.WRONG_PRODUCT: "the ticket does not open this door",
    Reason.REENTRY_FORBIDDEN: "it lets nobody in a second time",
    Reason.UNPAID: "ordered, and nobody paid for it",
    Reason.BAND_UNKNOWN: "a band that this park does not know",
    Reason.BAND_REVOKED: "a band that was lost, and revoked",
    Reason.ALREADY_USED_ELSEWHERE: "used up at another gate",
    Reason.INSUFFICIENT_HERE: "too little lay at this till",
    Reason.INSUFFICIENT_FUNDS: "too little in the wallet",
    Reason.LEASE_FROZEN: "the till waited for central's word on its journal",
}
"""For whom runs the park; what a guest reads stands on the screens, and is friendlier."""
EDGES_MS = (1, 2, 5, 10, 20, 50, 100, 200, 500)
HALVES = range(18, 44)


def in_words(reason: str) -> str:
    """Return what a reason means for whoever runs the park."""
    known = {one.value: words for one, words in WORDS.items()}
    return known.get(reason, reason.replace("_", " "))


def charts(told: Told) -> Iterator[Chart]:
    """Yield the charts of what happened when, and of why somebody was not let in."""
    yield Chart(
        "Bands held to readers, by half hours",
        "from",
        tuple(f"{half // 2:02}:{half % 2 * 30:02}" for half in HALVES),
        tuple(
            (words, tuple(told.halves[kind, half] for half in HALVES))
            for kind, words in (("gates", "gates, doors, kiosks"), ("tills", "tills"))
        ),
    )
    denied = sorted(
        ((count, reason) for reason, count in told.reasons.items() if reason not in GRANTED),
        key=lambda one: (-one[0], one[1]),
    )
    yield Chart(
        "Denied at gates and doors, by reason",
        "why",
        tuple(in_words(reason) for _, reason in denied),
        (("times", tuple(count for count, _ in denied)),),
        lying=True,
    )


def answer_times(told: Told) -> Chart:
    """Return how many answers came within which time."""
    labels = (*(f"≤ {edge}" for edge in EDGES_MS), f"> {EDGES_MS[-1]}")
    return Chart(
        "Answers by how long they took, in ms",
        "ms",
        labels,
        (("gates, doors, kiosks", _within(told.gates)), ("tills", _within(told.payments))),
    )


def _within(timed: Timed) -> tuple[int, ...]:
    counts = [0] * (len(EDGES_MS) + 1)
    for ms in timed.ms:
        counts[next((at for at, edge in enumerate(EDGES_MS) if ms <= edge), len(EDGES_MS))] += 1
    return tuple(counts)


def befell(told: Told) -> Iterator[tuple[str, str]]:
    """Yield what went wrong: when, what, who was answered meanwhile and how soon all was well."""
    for one in told.befell:
        until = "" if one.until_ms in (None, one.from_ms) else f" to {_clock(one.until_ms or 0)}"
        yield f"{_clock(one.from_ms)}{until}", f"{one.words}; {_well(one)}"


def restarts(told: Told) -> Iterator[tuple[str, str]]:
    """Yield how long each machine that was killed took until it answered again, on this machine's clock."""
    for one in told.befell:
        if one.ready_ms is not None:
            yield f"{_clock(one.from_ms)} killed, answers again", f"after {one.ready_ms:,.0f} ms"


def _well(one: Befell) -> str:
    if one.until_ms is None:
        return "it never happened"
    if one.ready_ms is not None:
        return "it started again, and nothing that was answered is missing"
    meanwhile = f"{one.taps:,} bands were answered meanwhile"
    if one.told_after_ms is None:
        return meanwhile
    return f"{meanwhile}; both ends were even {_span(one.told_after_ms)} after it"


def _span(ms: int) -> str:
    minutes, seconds = divmod(ms // 1_000, 60)
    return f"{minutes} min {seconds:02} s" if minutes else f"{seconds} s"


def _clock(at_ms: int) -> str:
    hours, minutes = divmod((at_ms - MIDNIGHT_MS) // MINUTE_MS, 60)
    return f"{hours:02}:{minutes:02}"
