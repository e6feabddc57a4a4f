"""Identity: may this device judge, is the band what it says, is it good, and does somebody wear it."""

from __future__ import annotations

from edge.core.bands import Band, BandState, Read, Standing, counter_is_new, merge
from edge.core.checks.clock import steady
from edge.core.claim import SEE_STAFF
from edge.core.decision import Act, Decision, Failure, Reason, WhatNext
from edge.core.facts import Facts
from edge.core.profiles import Profile

_AGAIN = WhatNext(act=Act.TAP_AGAIN)
_USE_BAND = WhatNext(act=Act.USE_BAND)
_BY_READ = {
    Read.TORN: Failure(reason=Reason.BAND_READ_ERROR, next=_AGAIN),
    Read.DEADLINE: Failure(reason=Reason.BAND_READ_ERROR, next=_AGAIN),
    Read.GARBAGE: Failure(reason=Reason.BAND_READ_ERROR, next=_AGAIN),
    Read.LOCKED: Failure(reason=Reason.BAND_READ_ERROR, next=_AGAIN),
    Read.REFUSED_CHIP: Failure(reason=Reason.BAND_WRONG_KIND, next=_USE_BAND),
    Read.RANDOM_UID: Failure(reason=Reason.BAND_RANDOM_UID, next=_USE_BAND),
    Read.NOT_AUTHENTIC: Failure(reason=Reason.BAND_NOT_AUTHENTIC, next=SEE_STAFF),
}
_BY_STATE = {
    BandState.EXPIRED: Reason.BAND_EXPIRED,
    BandState.LOST: Reason.BAND_LOST,
    BandState.REPLACED: Reason.BAND_REPLACED,
    BandState.REVOKED: Reason.BAND_REVOKED,
}
FORGED = frozenset(
    {
        *(Reason.BAND_READ_ERROR, Reason.BAND_WRONG_KIND, Reason.BAND_RANDOM_UID, Reason.BAND_NOT_AUTHENTIC),
        *(Reason.SIGNATURE_INVALID, Reason.TAP_REPLAYED, Reason.BAND_CLONE_SUSPECTED),
        *(Reason.BAND_UNKNOWN, Reason.TICKET_UNKNOWN),
    }
)
"""Who tapped is not known after these: what is remembered of the band stays as it was."""


def is_forged(decision: Decision) -> bool:
    """Return whether a decision leaves open who tapped, so that nothing is to be learned of the band."""
    return any(failure.reason in FORGED for failure in decision.failures)


def failures(facts: Facts) -> tuple[Failure, ...]:
    """Return what is wrong with device, band or guest, in check order."""
    found = _device(facts)
    fault = _read_fault(facts)
    if fault is not None:
        found.append(fault)
    if facts.profile is not None:
        found.extend(_band(facts, facts.profile))
    elif fault is None:
        found.append(_unknown(facts))
    return tuple(found)


def _device(facts: Facts) -> list[Failure]:
    found = []
    if facts.device_revoked:
        found.append(Failure(reason=Reason.DEVICE_REVOKED, next=SEE_STAFF))
    if not facts.device_allowed:
        found.append(Failure(reason=Reason.DEVICE_NOT_ALLOWED, next=SEE_STAFF))
    return found


def _read_fault(facts: Facts) -> Failure | None:
    presented = facts.presented
    if presented.read is Read.NOT_AUTHENTIC and presented.medium == "qr":
        return Failure(reason=Reason.SIGNATURE_INVALID, next=SEE_STAFF)
    if presented.read is Read.OK and presented.band is None:
        return _BY_READ[Read.TORN]
    return _BY_READ.get(presented.read)


def _unknown(facts: Facts) -> Failure:
    code = facts.presented.medium == "qr"
    return Failure(reason=Reason.TICKET_UNKNOWN if code else Reason.BAND_UNKNOWN, next=SEE_STAFF)


def _band(facts: Facts, profile: Profile) -> list[Failure]:
    return [
        failure
        for failure in (
            _counter(facts, profile.band),
            _state(facts, profile.band),
            _trust(facts, profile.band),
            steady(_expiry, facts, facts.moment) if profile.band.valid_until_ms is not None else None,
            steady(_twin, facts, facts.moment) if facts.last_elsewhere_ms is not None else None,
            _guest(profile),
            _freshness(facts),
        )
        if failure is not None
    ]


def _trust(facts: Facts, band: Band) -> Failure | None:
    """Staff may vouch for what the point asks; for less than the band itself once proved nobody can."""
    trust = facts.presented.trust
    if trust < band.trust_min:
        return Failure(reason=Reason.TRUST_TOO_LOW, next=SEE_STAFF)
    if trust < facts.point.demands and "trust" not in facts.confirmed:
        return Failure(reason=Reason.TRUST_TOO_LOW, next=WhatNext(act=Act.CONFIRM))
    return None


def _counter(facts: Facts, band: Band) -> Failure | None:
    held, presented = facts.held, facts.presented
    if counter_is_new(presented.counter, band.counter, held.counter):
        return None
    if held.counter_tap == presented.tap_id and presented.counter == held.counter:
        return None
    return Failure(reason=Reason.TAP_REPLAYED, next=SEE_STAFF)


def _state(facts: Facts, band: Band) -> Failure | None:
    held = facts.held
    state = band.state
    if held.state is not state:
        state = merge(Standing(band.epoch, state), Standing(held.epoch, held.state)).state
    reason = _BY_STATE.get(state)
    if reason is None and not band.active:
        reason = Reason.BAND_INACTIVE
    return Failure(reason=reason, next=SEE_STAFF) if reason is not None else None


def _expiry(facts: Facts, at_ms: int) -> Failure | None:
    until = facts.profile.band.valid_until_ms if facts.profile else None
    expired = until is not None and at_ms >= until
    return Failure(reason=Reason.BAND_EXPIRED, next=SEE_STAFF) if expired else None


def _twin(facts: Facts, at_ms: int) -> Failure | None:
    """The same band at two places sooner than anybody walks."""
    last_ms, walk_s = facts.last_elsewhere_ms, facts.point.walk_s_min
    near = last_ms is not None and at_ms - last_ms < walk_s * 1_000
    return Failure(reason=Reason.BAND_CLONE_SUSPECTED, next=SEE_STAFF) if near and walk_s > 0 else None


def _guest(profile: Profile) -> Failure | None:
    if profile.guest is None and profile.staff is None:
        return Failure(reason=Reason.BAND_UNLINKED, next=SEE_STAFF)
    return None


def _freshness(facts: Facts) -> Failure | None:
    if not facts.point.demand_fresh or not is_stale(facts) or "passage" in facts.confirmed:
        return None
    return Failure(reason=Reason.PROFILE_STALE, next=WhatNext(act=Act.CONFIRM))


def is_stale(facts: Facts) -> bool:
    """Return whether the profile is older than the point's limit."""
    oldest_ms, age_ms = facts.point.profile_age_ms_max, facts.profile_age_ms
    return oldest_ms is not None and age_ms is not None and age_ms > oldest_ms
