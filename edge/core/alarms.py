"""Alarms: signs that a band is in the wrong hands, in one decision or between several devices."""

from __future__ import annotations

import msgspec

from edge.core.decision import Act, Decision, Reason

COPIED = (Reason.BAND_NOT_AUTHENTIC, Reason.TAP_REPLAYED, Reason.BAND_CLONE_SUSPECTED)
"""A proof that is wrong, a message that was shown before, one band at two places: an alarm each time."""
BOOK_WENT_BACK = "site_book_went_back"
"""The nodes of the site's book stand on older copies of their disks: no band's alarm, and no point's."""
OF_CENTRAL = "central"
"""The device of an alarm that no single device could see."""
_LOCKED_OUT = (Reason.BAND_LOST, Reason.BAND_REPLACED, Reason.BAND_REVOKED)
"""Such a band has lost its key, so that it proves less is no news."""


class AlarmNotice(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What central saw by comparing devices: one band in two hands, which no device alone could know."""

    reason: str
    band: bytes
    point: str
    elsewhere: str
    """The other point; the same one where two devices stand at it."""
    at_ms: int
    last_ms: int
    times: int = 1
    devices: tuple[str, ...] = ()
    """At whose screens it is to be shown; none named: at all."""

    def concerns(self, device: str) -> bool:
        """Whether this device's staff are to see it."""
        return not self.devices or device in self.devices


def alarm_in(decision: Decision) -> Reason | None:
    """Return why a decision calls the supervisor, or None; also where another failure is the one shown."""
    if not decision.failures:
        return None
    reasons = {failure.reason for failure in decision.failures}
    for reason in COPIED:
        if reason in reasons:
            return reason
    if Reason.BAND_REPLACED in reasons:
        return Reason.BAND_REPLACED  # the guest wears another one: whoever holds this is somebody else
    if not reasons.isdisjoint(_LOCKED_OUT):
        return None
    # Nobody can vouch for a band that proves less than when it was linked: that is what a copy looks like.
    less = (one.reason is Reason.TRUST_TOO_LOW and one.next.act is Act.SEE_STAFF for one in decision.failures)
    return Reason.TRUST_TOO_LOW if any(less) else None
