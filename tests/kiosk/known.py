"""Everything that a device may hold of one guest, as a kiosk's page is told it."""

from __future__ import annotations

from dataclasses import dataclass, field

from edge.errors import NotAllowed
from edge.views import ConsentKnown, Known, RightKnown, SeenAt

NOON_MS = 1_767_265_200_000
HOUR_MS = 3_600_000


def a_known(tap_id: str, *, offers: bool = True) -> Known:
    """Everything that a device may hold of one guest, each thing present."""
    return Known(
        tap_id=tap_id,
        guest="G-2041",
        at_ms=NOON_MS,
        name="Giulia",
        language="it",
        tier="gold",
        tags=("birthday", "vegetarian"),
        age_band="30-39",
        height_cm=168,
        party=4,
        payments=True,
        zone="site",
        since_ms=NOON_MS,
        rights=(
            RightKnown(
                product="day", names={"it": "Giornata al parco", "en": "A day at the park"}, end_ms=NOON_MS
            ),
            RightKnown(product="ride", slot_ms=NOON_MS + HOUR_MS, seat="12A"),
        ),
        passages=(SeenAt(at_ms=NOON_MS, point="hall", granted=True), SeenAt(at_ms=NOON_MS, point="park")),
        confirmed=("height",),
        answers={"vegetarian?": "yes"},
        look_ups=(SeenAt(at_ms=NOON_MS, point="park"),),
        consents=(
            ConsentKnown(purpose="presence", given=False),
            ConsentKnown(purpose="offers", given=offers, since_ms=NOON_MS, source="kiosk"),
            ConsentKnown(purpose="research", given=False),
        ),
        keeps={"journal": 7, "sealed": 395, "answers": 30, "seen": 1},
    )


@dataclass(kw_only=True)
class FakeGuests:
    """What guests ask of the stage, and what they have said."""

    said: dict[str, bool] = field(default_factory=dict)
    refuses: bool = False

    def what_you_know(self, tap_id: str, point: str) -> Known:
        if self.refuses:
            raise NotAllowed("This page needs your band once more.", hint="Hold the band to the reader.")
        return a_known(tap_id, offers=self.said.get("offers", True))

    def consent(self, tap_id: str, point: str, purpose: str, *, given: bool) -> Known:
        self.said[purpose] = given
        return self.what_you_know(tap_id, point)

    def own_page(self, tap_id: str, point: str) -> str:
        if self.refuses:
            raise NotAllowed("This band cannot prove that it is no copy.", hint="Ask our staff.")
        return f"https://central.example/own/?t=p.{'x' * 180}"
