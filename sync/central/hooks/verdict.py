"""Verdict: what an integrator's answer means for the letters that wait (CloudEvents' HTTP web hook, 2.2)."""

from __future__ import annotations

import datetime as dt
import enum
from email.utils import parsedate_to_datetime
from typing import NamedTuple

FIRST_MS, LONGEST_MS = 1_000, 15 * 60_000
"""A random part of a span that doubles from the first to the longest."""
GIVEN_UP_MS = 3 * 24 * 3_600_000
"""Failing for so long, a hook is paused and somebody called; its place is kept."""
RATE_USUAL = 6_000
"""Requests a minute that are asked for."""
RETRY_MS_MAX = 24 * 3_600_000
OK, GONE, UNSUPPORTED, TOO_MANY = range(200, 300), 410, 415, 429


class State(enum.StrEnum):
    """How a subscription stands."""

    ASKED = "asked"
    """Its receiver has not agreed yet."""
    LIVE = "live"
    PAUSED = "paused"
    STOPPED = "stopped"
    """Its receiver wants nothing more."""


class Verdict(NamedTuple):
    """What to do next."""

    state: State
    done: bool
    wait_ms: int = 0
    call: bool = False
    """Whether somebody is to be told."""


def judge(status: int, *, failing_ms: int, failures: int, draw: float, retry_after_ms: int = 0) -> Verdict:
    """Return what follows an answer; ``status`` 0: there was none. ``draw`` is a random part of 1."""
    if status in OK:
        return Verdict(State.LIVE, done=True)
    if status == GONE:
        return Verdict(State.STOPPED, done=False)
    if status == UNSUPPORTED:
        return Verdict(State.STOPPED, done=False, call=True)
    if failing_ms >= GIVEN_UP_MS:
        return Verdict(State.PAUSED, done=False, call=True)
    span = min(LONGEST_MS, FIRST_MS * 2 ** min(failures, 20))
    wait_ms = max(int(span * draw), min(retry_after_ms, RETRY_MS_MAX) if status == TOO_MANY else 0)
    return Verdict(State.LIVE, done=False, wait_ms=wait_ms)


def asked_ms(retry_after: str, now_ms: int) -> int:
    """Return how long an answer asks to wait (RFC 9110, 10.2.3): so many seconds, or until a date; 0: not."""
    if retry_after.isdecimal() and len(retry_after) < 7:
        return int(retry_after) * 1_000
    try:
        until = parsedate_to_datetime(retry_after)
    except (ValueError, OverflowError):  # a zone that is off by years is no date either
        return 0
    named = until if until.tzinfo else until.replace(tzinfo=dt.UTC)  # -0000: UTC, of no known place
    return max(0, round(named.timestamp() * 1_000) - now_ms)


def allowed(headers: dict[str, str], *, origin: str) -> int | None:
    """Return how many requests a minute a receiver agrees to, 0: any; None where it does not agree.

    Agreement is ``WebHook-Allowed-Origin`` (section 4); a status code alone says nothing.
    """
    told = {name.lower(): value.strip() for name, value in headers.items()}
    if told.get("webhook-allowed-origin") not in (origin, "*"):
        return None
    rate = told.get("webhook-allowed-rate", "*")
    if rate == "*":
        return 0
    return int(rate) if rate.isdecimal() and len(rate) < 10 and int(rate) else None
