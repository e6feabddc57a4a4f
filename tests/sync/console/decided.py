"""A decision with everything that can be told of one."""

from __future__ import annotations

from typing import Any

import msgspec

from edge.core.decision import Act as Next
from edge.core.decision import Basis, Failure, First, Outcome, Reason, WhatNext
from edge.core.events import Decided
from tests.sync.builders import NOW_MS
from tests.sync.journey.book import a_passage


def denied(**said: Any) -> Decided:
    """Somebody came too early, with a record that was too old."""
    told = a_passage(outcome=Outcome.DENIED, reason=Reason.TOO_EARLY)
    decision = msgspec.structs.replace(
        told.decision,
        rule="tall",
        next=WhatNext(act=Next.COME_BACK, at_ms=NOW_MS),
        failures=(Failure(reason=Reason.HEIGHT_MIN, next=WhatNext(act=Next.SEE_STAFF)),),
        first=First("gate", NOW_MS),
        basis=Basis.STALE,
    )
    plain = {"decision": decision, "profile_rev": 3, "profile_age_ms": 120_000, "layout": 7, "staff": "anna"}
    return msgspec.structs.replace(told, **plain | said)
