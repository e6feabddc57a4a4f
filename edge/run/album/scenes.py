"""The scenes: every page of the park in every state that a person can meet."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from edge.core.decision import Family
from edge.payviews import BasketState, guest_side
from edge.run.album import people
from edge.run.album.scene import DESK, GATE, GUEST, NOON_MS, PHONE, TALL, TILL, WIDE, Scene
from kiosk.grants import guests_help
from kiosk.snapshot import GuestHealth, GuestSnapshot, StaffSnapshot
from kiosk.texts import LANGUAGES

Told = tuple[str, Any]
WELL = GuestHealth(writable=True, online=True, reader="idle")
IDLE_MS = 31_000
NO_COUNT = """new Promise((done) => {
  const look = () => {
    const asked = document.querySelector("#amount[open]");
    if (!asked) return setTimeout(look, 20);
    asked.close();
    done(true);
  };
  look();
})"""
"""The question for the drawer's float is put aside."""
TICK = "new Promise((done) => setTimeout(done, 700))"


def scenes() -> Iterator[Scene]:
    """Yield every scene, guests' pages first."""
    yield from gates()
    yield from kiosks()
    yield from displays()
    yield from tills()
    yield from desks()
    yield from elsewhere()


def begun(*told: Told, health: GuestHealth = WELL) -> tuple[Told, ...]:
    """Return what a guest's screen hears first, and what follows."""
    return (("resync", GuestSnapshot(help=(), health=health, at_ms=NOON_MS)), *told)


def gates() -> Iterator[Scene]:
    """Yield the gate's light: one picture a family, and what stands between guests."""
    states: dict[str, tuple[Told, ...]] = {
        "idle": begun(),
        "reading": begun(("reading", {"point": "gate-1"})),
        **{family.value: begun(("decision", people.verdict(family))) for family in Family},
        "go-three": begun(("decision", people.verdict(Family.GO, people=3))),
        "go-offline": begun(
            ("health", msgspec.structs.replace(WELL, online=False)),
            ("decision", msgspec.structs.replace(people.verdict(Family.GO), offline=True)),
        ),
        "out-of-service": begun(health=msgspec.structs.replace(WELL, reader="lost")),
    }
    for name, heard in states.items():
        yield Scene(name=f"gate-{name}", path="/g/gate-1", size=GATE, heard=heard)


def kiosks() -> Iterator[Scene]:
    """Yield the visitor's kiosk, upright and lying."""
    for name, (heard, steps) in kiosk_states().items():
        for side, size in (("tall", TALL), ("wide", WIDE)):
            yield Scene(name=f"kiosk-{name}-{side}", path="/k/kiosk-1", size=size, heard=heard, steps=steps)
    for language in LANGUAGES[1:]:
        heard = begun(("plan", people.plan(language=language)))
        yield Scene(name=f"kiosk-plan-{language}", path="/k/kiosk-1", size=TALL, heard=heard)


def kiosk_states() -> dict[str, tuple[tuple[Told, ...], tuple[str, ...]]]:
    """Return each state of the kiosk: what it hears, and what a person does."""
    plan, near = ("plan", people.plan()), hear("beside", people.near())
    offers = hear("offers", people.offers())
    return {
        "attract": (begun(), ()),
        "attract-offers": (begun(), (hear("public", people.offers()),)),
        "recognised": (begun(("near", people.at_kiosk("Hans", "de"))), ()),
        "reading": (begun(("reading", {"point": "kiosk-1"})), ()),
        "plan": (begun(plan), ()),
        "plan-empty": (begun(("plan", msgspec.structs.replace(people.plan(name=""), items=()))), ()),
        "mine": (begun(plan), (hear("mine", people.known()),)),
        "order-ready": (begun(plan), (near,)),
        "face-chosen": (begun(plan), (near, hear("face", 2))),
        "thanks": (begun(plan), (near, hear("said", None))),
        "times": (begun(plan), (near, hear("times", people.times()))),
        "times-none": (begun(plan), (near, hear("times", people.times(free=0)))),
        "moved": (begun(plan), (near, hear("times", people.times(done=True)))),
        "shelves": (begun(plan), (near, hear("shelves", people.shelves()))),
        "offers": (begun(plan), (offers,)),
        "offer": (begun(plan), (offers, hear("offer", "x.1"))),
        "offer-taken": (begun(plan), (offers, hear("offer", "x.1"), hear("taken", people.taken()))),
        "verdict": (begun(("plan", people.plan(family=Family.STAFF))), ()),
        "help-called": (begun(plan, called()), ()),
        "help-coming": (begun(plan, called(coming=True)), ()),
        "help-trying": (begun(plan, called(escalated=True)), ()),
        "idle-warning": (begun(plan), (f"polso.later({IDLE_MS})", TICK)),
        "lowered": (begun(plan), ("document.getElementById('low').click()",)),
        "offline": (begun(plan, ("health", msgspec.structs.replace(WELL, online=False))), ()),
        "out-of-service": (begun(health=msgspec.structs.replace(WELL, reader="lost")), ()),
        "stale": (begun(), (hear("link", "stale"),)),
    }  # fmt: skip


def called(*, escalated: bool = False, coming: bool = False) -> Told:
    """Return a call for help as the guest's screen hears of it."""
    return ("help", guests_help(people.help_call(escalated=escalated, coming=coming)))


def hear(name: str, body: object) -> str:
    """Return a script by which a page hears what its own acts would bring it."""
    told = msgspec.json.encode({"type": name, "body": body}).decode()
    return f"import(document.querySelector('script[type=module]').src).then((page) => page.hear({told}))"


def displays() -> Iterator[Scene]:
    """Yield the guest's side of a till."""
    for state in BasketState:
        stands = guest_side(people.basket(state))
        heard = begun() if state is BasketState.IDLE else begun(*opened(state), ("basket", stands))
        yield Scene(name=f"display-{state.value}", path="/till/bar-1/guest", size=GUEST, heard=heard)


def opened(state: BasketState) -> tuple[Told, ...]:
    """Return what a display heard before: a basket that ended is only shown to whom it was open for."""
    ended = state in (BasketState.APPROVED, BasketState.HELD, BasketState.VOIDED, BasketState.GIVEN_UP)
    return (("basket", guest_side(people.basket(BasketState.OPEN, rev=0))),) if ended else ()


def tills() -> Iterator[Scene]:
    """Yield the cashier's side."""
    for state in BasketState:
        stands = people.basket(state)
        heard = (("resync", staff_snapshot(basket=stands)),)
        yield Scene(
            name=f"till-{state.value}",
            path="/till/bar-1",
            size=TILL,
            heard=heard,
            steps=(NO_COUNT,),
            who="carla",
        )


def staff_snapshot(**more: object) -> StaffSnapshot:
    """Return what a desk hears first."""
    usual = StaffSnapshot(
        help=(), recent=people.staff_taps(), health=people.health(), counters=people.counters(), alarms=(),
        at_ms=NOON_MS,
    )  # fmt: skip
    return msgspec.structs.replace(usual, **more)


def desks() -> Iterator[Scene]:
    """Yield what staff and operators read."""
    help_, cut = (people.help_call(escalated=True),), people.health(online=False)
    told = {
        "idle": staff_snapshot(),
        "help": staff_snapshot(help=help_),
        "offline": staff_snapshot(health=cut),
        "empty": staff_snapshot(recent=()),
    }
    refused = people.staff_tap(Family.WAIT, "Hans", 9)
    for name, snapshot in told.items():
        heard = (("resync", snapshot),)
        yield Scene(name=f"staff-{name}", path="/staff/gate-1", size=DESK, heard=heard, who="olga")
        yield Scene(name=f"ops-{name}", path="/ops", size=DESK, heard=heard, steps=(TICK,), who="olga")
    yield Scene(
        name="staff-refused", path="/staff/gate-1", size=DESK, who="olga",
        heard=(("resync", told["idle"]), ("decision", refused)),
    )  # fmt: skip
    yield Scene(name="ops-screens", path="/ops/screens", size=DESK, who="olga")
    yield Scene(name="phone", path="/phone/gate-1", size=PHONE, heard=(("resync", told["idle"]),), who="olga")
    yield Scene(name="staff-sign-in", path="/staff/gate-1", size=DESK)


def elsewhere() -> Iterator[Scene]:
    """Yield the demo's own page and the pages of central's console."""
    yield Scene(name="demo", path="/demo", size=DESK, seen="main")
    yield Scene(name="console-sign-in", path="/console/", size=DESK)
    for name, path in CONSOLE.items():
        yield Scene(name=f"console-{name}", path=path, size=DESK, who="console")


CONSOLE = {
    "sites": "/console/",
    "site": "/console/sites/aurora",
    "guests": "/console/sites/aurora/guests",
    "events": "/console/sites/aurora/events",
    "devices": "/console/sites/aurora/devices",
    "places": "/console/sites/aurora/places",
    "catalogue": "/console/sites/aurora/catalogue",
    "times": "/console/sites/aurora/times",
    "times-new": "/console/sites/aurora/times/new",
    "offers": "/console/sites/aurora/offers",
    "day": "/console/sites/aurora/day",
    "alarms": "/console/sites/aurora/alarms",
    "limits": "/console/sites/aurora/limits",
}
