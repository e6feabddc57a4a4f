"""Stories of a visit: a day in the park, the usual coffee, who comes near, and a day without a line."""

from __future__ import annotations

import secrets

from edge.core.slots import Slot
from edge.offerviews import OffersView, OfferTile
from edge.run.demo.nearby import HALF_HOUR_MS, PRODUCT, SEATS
from edge.run.demo.park import SLOT_POINT
from edge.run.demo.tales.app import NAME
from edge.run.demo.tales.stage import Stage, TaleBroke
from kiosk.park import Place
from kiosk.tales import Scene
from sync.central.journey.entry import What
from sync.central.machines.devices import devices
from sync.central.money import placed
from sync.central.near import slots
from sync.central.store import now_of

KIOSK, BAR = "kiosk-1", "bar-1"
APPS_PLACES = 20
MEAL_MINOR = 800
"""A little more than anything that is eaten in these stories costs."""
USUAL, GIFT = "il-solito", "cono-regalo"


def park_day(stage: Stage) -> None:
    """Sofia books in the app, opens her room, enters, rides at her time and eats, all by her band."""
    start_ms = _a_time_now(stage)
    body = {
        "id": secrets.token_hex(8),
        "guest": stage.guest("sofia"),
        "point": SLOT_POINT,
        "start": stage.app.moment(start_ms),
    }
    booked = stage.app.asks("POST", "/v1/reservations", body)
    stage.says(Scene.BOOKED, "sofia", where=SLOT_POINT, at_ms=start_ms)
    stage.waits(lambda: _is_known(stage, "sofia", booked["id"]), "her booking at the edge")
    stage.has_ready("sofia", MEAL_MINOR)
    stage.may_be_cut()
    stage.holds("sofia", "door-214")
    stage.holds("sofia", "gate-1")
    stage.holds("sofia", SLOT_POINT)
    before = stage.diary("sofia")
    stage.sells("carla", "sofia", point=BAR, articles=("pizza",))
    stage.written("sofia", What.BOUGHT, after=before)


def coffee(stage: Stage) -> None:
    """Marco takes his usual up at the kiosk and pays without cash; a gift lies beside it."""
    stage.waits(lambda: is_lent(stage, "gift:caffe"), "a part of the campaign's budget lies at this edge")
    stage.has_ready("marco", MEAL_MINOR)
    stage.may_be_cut()
    tap = stage.holds("marco", KIOSK)
    offers = stage.edge.service.near.offers
    tiles = offers.view(tap.tap_id, KIOSK).tiles
    wanted = [one for one in tiles if one.offer in (USUAL, GIFT) and not one.taken]
    had = USUAL not in {one.offer for one in wanted}
    if had:
        stage.says(Scene.HAD, "marco")
    offers.painted(tap.tap_id, KIOSK, [one.exposure for one in tiles])
    for tile in wanted:
        offers.take(tap.tap_id, KIOSK, tile.exposure)
        stage.says(Scene.TAKEN, "marco", names=called(tile))
    before = stage.diary("marco")
    gift = {one.offer for one in wanted} & {GIFT}
    bill = stage.sells("carla", "marco", point=BAR, articles=("cappuccino", *(("cono",) if gift else ())))
    if any(one.off_minor for one in bill.lines) == had:
        raise TaleBroke("The till gave what was had today already." if had else "The till honoured nothing.")
    stage.written("marco", What.BOUGHT if had else What.REDEEMED, after=before)


def near(stage: Stage) -> None:
    """Giulia is carried to the kiosk, which notices her; what opens and pays is her band alone."""
    stage.may_be_cut()
    stage.walk("giulia", Place.KIOSK)
    try:
        nearby = stage.edge.service.nearby
        stage.waits(
            lambda: [one.name for one in nearby.at(KIOSK)] == ["Giulia"], "she is noticed at the kiosk"
        )
        stage.says(Scene.NOTICED, "giulia", where=KIOSK)
        tap = stage.holds("giulia", KIOSK)
        _shown(stage, "giulia", tap.tap_id)
    finally:
        stage.walk("giulia", Place.AWAY)
    stage.waits(lambda: not nearby.at(KIOSK), "she is gone again")
    stage.says(Scene.GONE, "giulia", where=KIOSK)


def offline(stage: Stage) -> None:
    """The internet is cut for a while: the same campaign, gates and tills go on, and central hears it all."""
    before = stage.diary("giulia")
    stage.has_ready("giulia", MEAL_MINOR)
    version = _public(stage).bundle
    stage.internet(False)
    stage.says(Scene.CUT)
    stage.holds("giulia", "gate-1")
    view = _public(stage)
    if view.bundle != version or not view.tiles:
        raise TaleBroke("Without a line the kiosk shows another campaign.")
    stage.says(Scene.OFFERED, where=KIOSK, names=called(view.tiles[0]))
    stage.sells("carla", "giulia", point=BAR, articles=("espresso",))
    waiting = stage.edge.health.view().outbox
    if not waiting:
        raise TaleBroke("Nothing waits for central.")
    stage.says(Scene.WAITING, count=waiting)
    stage.written("giulia", What.ENTERED, after=before)
    stage.written("giulia", What.BOUGHT, after=before)


def _a_time_now(stage: Stage) -> int:
    """Open the half hour that runs now, with places for the app, and return when it began."""
    with stage.central.transaction() as tx:
        start_ms = now_of(tx) // HALF_HOUR_MS * HALF_HOUR_MS
        slot = Slot(
            point=SLOT_POINT,
            product=PRODUCT,
            start_ms=start_ms,
            end_ms=start_ms + HALF_HOUR_MS,
            outside={NAME: APPS_PLACES},
            capacity_max=SEATS,
        )
        slots.put(tx, stage.site, [slot])
    return start_ms


def _is_known(stage: Stage, band: str, right: str) -> bool:
    """Whether the edge's copy of a guest's rights holds one already."""
    guest = stage.guest(band)
    profiles = stage.edge.profiles.of_guest(guest)
    return any(one.id == right for profile in profiles for one in profile.entitlements)


def is_lent(stage: Stage, kind: str) -> bool:
    """Whether a part of a campaign's budget lies at the edge: a dry one ends its offers before they show."""
    with stage.central.reading() as tx:
        rows = [row for one in devices(tx, stage.site) for row in placed.of_device(tx, stage.site, one.id)]
    return any(row.placed.kind == kind and row.living for row in rows)


def _shown(stage: Stage, band: str, tap_id: str) -> OfferTile:
    offers = stage.edge.service.near.offers
    tiles = offers.view(tap_id, KIOSK).tiles
    if not tiles:
        raise TaleBroke("The kiosk offers nothing.")
    offers.painted(tap_id, KIOSK, [one.exposure for one in tiles])
    stage.says(Scene.OFFERED, band, where=KIOSK, names=called(tiles[0]))
    return tiles[0]


def _public(stage: Stage) -> OffersView:
    return stage.edge.service.near.offers.public(KIOSK)


def called(tile: OfferTile) -> dict[str, str]:
    """Return an offer's name by language."""
    return {language: said.name for language, said in tile.messages.items()}
