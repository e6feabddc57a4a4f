"""Stories of care: a bed that comes late, a band that is lost, a word that was not kind."""

from __future__ import annotations

import datetime as dt
import secrets
from collections.abc import Collection

from msgspec.structs import replace

from edge.core.decision import Reason
from edge.core.delivery import Delivery
from edge.core.lease import LeaseKind
from edge.core.orders import Stock
from edge.run.demo.tales.stage import Stage, TaleBroke
from kiosk.tales import Scene
from sync.central.care import cases, changed, goodwill
from sync.central.care.case import Result, State, Step, Told
from sync.central.care.cases import Wanted
from sync.central.care.changed import Change
from sync.central.care.goodwill import Coupon
from sync.central.journey.entry import What
from sync.central.machines.devices import devices
from sync.central.money import pots
from sync.central.money.policy import policy
from sync.central.near import stock
from sync.central.psp import wants
from sync.central.registry import catalogue, wallets
from sync.central.store import now_of, wake_after

KIOSK, BAR, SHOP, COUNTER, SELLER = "kiosk-1", "bar-1", "bottega-1", "2", "rita"
BED, BUYER, WALLET = "letto-acqua", "matteo", "w-47"
TOPICS = ("offers", "offers:interest", "offers@app", "offers:interest@app")
PROMISED_DAYS, FIRST_DAYS, LAST_DAYS = 3, 12, 14
CARE = "olga"
UNHAPPY, LATE, SPARE_MINOR = 1, 2, 1_100
CLEANED = "We clean the machine twice a day from today on."
COFFEE, GOODWILL = "espresso", f"{LeaseKind.FREE_DRINK}:{goodwill.CAMPAIGN}"


def water_bed(stage: Stage) -> None:
    """Matteo looks for a bed that comes late; care says so, the shop has it, and his band takes it home."""
    guest = stage.guest(BUYER)
    names = _comes_late(stage)
    for topic in TOPICS:
        stage.app.says(guest, topic, given=True)
    stage.app.touches(guest, What.SEARCHED, BED)
    stage.says(Scene.LOOKED_FOR, BUYER, names=names)
    seen = stage.app.asks("GET", f"/v1/articles/{BED}")
    stage.says(Scene.LATE, BUYER, names=seen["delivery"])
    body = {"id": secrets.token_hex(8), "subject": "order", "guest": guest, "text": seen["delivery"]["en"]}
    matter = stage.app.asks("POST", "/v1/cases", body)["case"]
    stage.says(Scene.ASKED, BUYER, what=matter)
    _tell(stage, matter, Step.ANSWERED, note=seen["delivery"]["en"])
    if not any(one["by"] == "us" for one in stage.app.asks("GET", f"/v1/cases/{matter}")["said"]):
        raise TaleBroke("The app does not show what care answered.")
    stage.says(Scene.ANSWERED, CARE, what=matter)
    _tell(stage, matter, Step.CLOSED, word=Result.EXPLAINED.value)
    before = _case_ids(stage, BUYER)
    _fetched(stage, guest, names)
    _is_unhappy(stage, BUYER, score=LATE)
    stage.at_central(lambda: _is_put_right(stage, BUYER, before=before))


def _fetched(stage: Stage, guest: str, names: dict[str, str]) -> None:
    """Let the shop set the bed aside, and the band pay for it and take it home, in a shop without a line."""
    near, session = stage.edge.service.near, stage.staff(SELLER, SHOP)
    body = {"id": secrets.token_hex(6), "guest": guest, "store": SHOP, "lines": [{"article": BED}]}
    number = stage.app.asks("POST", "/v1/orders", body)["number"]
    stage.says(Scene.SET_ASIDE, BUYER, where=SHOP, names=names)
    stage.waits(
        lambda: number in {one.id for one in near.orders(session, SHOP).orders}, "the order at the shop"
    )
    stage.fetches(BUYER, _card_fills(stage))
    stage.may_be_cut()
    before = stage.diary(BUYER)
    stage.sells(SELLER, BUYER, point=SHOP, articles=(BED,))
    near.move_order(stage.staff(SELLER, SHOP), number, "ready", counter=COUNTER)
    tap = stage.holds(BUYER, KIOSK)
    told = [one for one in near.view(tap.tap_id, KIOSK).orders if (one.id, one.state) == (number, "ready")]
    if not told:
        raise TaleBroke("The kiosk does not know that it is ready.")
    stage.says(Scene.READY, BUYER, where=SHOP, what=told[0].counter)
    shown = stage.holds(BUYER, SHOP, wants={Reason.IDENTIFIED})
    near.hand_over(stage.staff(SELLER, SHOP), number, shown.tap_id)
    stage.says(Scene.HANDED, BUYER, where=SHOP, names=names)
    stage.written(BUYER, What.PICKED_UP, after=before)


def _card_fills(stage: Stage) -> int:
    """Let the stored card fill the wallet as he wished for a day of shopping; returns what the bed costs."""
    with stage.central.transaction() as tx:
        price = catalogue.catalogue(tx, stage.site).by_id[BED].price_minor
        known = wallets.lock(tx, stage.site, WALLET)
        wallets.change(tx, stage.site, replace(known, low_minor=price, fill_minor=price + SPARE_MINOR))
    with stage.central.transaction() as tx:
        wants.look(tx, stage.site, [WALLET])
        wake_after(tx, stage.site)
    stage.waits(lambda: _has(stage) >= price, "the money from his card")
    with stage.central.transaction() as tx:
        wallets.change(tx, stage.site, known)
    stage.says(Scene.CHARGED, BUYER, minor=price)
    return price


def _has(stage: Stage) -> int:
    """Return his money: what is free of it, and what devices hold."""
    with stage.central.reading() as tx:
        free, lent, _ = pots.worth(tx, stage.site, WALLET, currency=stage.park.site.currency)
    return free + lent


def feedback(stage: Stage) -> None:
    """Giulia is not content with her coffee: a case opens, the coffee changes, and her next one is free."""
    before = _case_ids(stage, "giulia")
    stage.has_ready("giulia", SPARE_MINOR)
    stage.may_be_cut()
    stage.sells("carla", "giulia", point=BAR, articles=(COFFEE,))
    _is_unhappy(stage, "giulia", score=UNHAPPY)
    stage.at_central(lambda: _is_put_right(stage, "giulia", before=before, changes=True))


def _is_unhappy(stage: Stage, band: str, *, score: int) -> None:
    """Let a guest choose a low face at the kiosk and ask to be spoken to: somebody is sent at once."""
    tap = stage.holds(band, KIOSK)
    taken = stage.edge.service.near.give_feedback(tap.tap_id, KIOSK, score=score, named=True)
    stage.says(Scene.RATED, band, count=score)
    if not taken.called:
        raise TaleBroke("Nobody was sent to the guest.")


def _is_put_right(stage: Stage, band: str, *, before: Collection[str], changes: bool = False) -> None:
    """Let care answer a low face by a new case, and the next visit know of what it gave."""
    matter = stage.waits(lambda: sorted(_case_ids(stage, band) - set(before)), "a case at central")[0]
    stage.says(Scene.ASKED, band, what=matter)
    if changes:
        stage.waits(lambda: _is_changed(stage), "the purchase in the diary, by which it is told what changed")
    given = _makes_good(stage, band, matter)
    _tell(stage, matter, Step.CLOSED, word=Result.PUT_RIGHT.value)
    stage.says(Scene.CLOSED, CARE, what=matter)
    _nobody_waits(stage)
    if given:
        _comes_back(stage, band)


def _nobody_waits(stage: Stage) -> None:
    """Have staff answer the call that went with the word: who calls there next is another matter."""
    service = stage.edge.service
    for call in service.help_calls():
        if call.point == KIOSK and call.acknowledged_ms is None:
            service.acknowledge_help(stage.staff("dario", "gate-1"), call.id)


def _is_changed(stage: Stage) -> bool:
    """Tell everybody who was unhappy with the coffee what was changed; whether there is anybody by now."""
    with stage.central.transaction() as tx:
        change = Change(op=secrets.token_hex(6), article=COFFEE, words=CLEANED, by=CARE)
        told = changed.tell(tx, stage.site, change)
        names = catalogue.catalogue(tx, stage.site).by_id[COFFEE].names
    if told:
        stage.says(Scene.CHANGED, CARE, names=names, count=told)
    return told > 0


def _makes_good(stage: Stage, band: str, matter: str) -> bool:
    """Give a coffee for nothing; said is whether care may still give them that much this month."""
    guest = stage.guest(band)
    with stage.central.transaction() as tx:
        sold = catalogue.catalogue(tx, stage.site).by_id[COFFEE]
        most = policy(tx, stage.site).goodwill_minor
        if goodwill.given_to(tx, stage.site, guest) + sold.price_minor > most:
            return False
        coupon = Coupon(op=f"tale-{secrets.token_hex(6)}", article=COFFEE, by=CARE)
        goodwill.hand_over(tx, stage.site, matter, coupon=coupon)
    stage.says(Scene.GIVEN, CARE, names=sold.names)
    return True


def _comes_back(stage: Stage, band: str) -> None:
    """Let the next visit know of it: at the kiosk first, then on the bill."""
    guest, profiles = stage.guest(band), stage.edge.profiles

    def is_known() -> bool:
        links = [one.wallet for one in profiles.of_guest(guest) if one.wallet is not None]
        return any(one.kind == GOODWILL for link in links for one in link.vouchers)

    stage.waits(is_known, "what care gave her, known at the edge")
    tap = stage.holds(band, KIOSK)
    shown = [
        one for one in stage.edge.service.what_you_know(tap.tap_id, KIOSK).vouchers if one.kind == GOODWILL
    ]
    if not shown:
        raise TaleBroke("The kiosk knows nothing of what care gave.")
    stage.says(Scene.OFFERED, band, where=KIOSK, names=shown[0].names)
    stage.waits(lambda: stage.ready(band, kind=GOODWILL), "the free coffee at the edge")
    bill = stage.sells("carla", band, point=BAR, articles=(COFFEE,))
    if sum(one.off_minor for one in bill.lines) != bill.total_minor:
        raise TaleBroke("The till knows nothing of what care gave.")


def lost_band(stage: Stage) -> None:
    """Luca has lost his band: it opens nothing, and the new one has his rights, two people stand for it."""
    service, marta = stage.edge.service, stage.staff("marta", "gate-1")
    found = [one.band for one in service.look_up(marta, "luca")]
    stage.may_be_cut()
    if len(found) > 1:
        _wears_the_new_one(stage)
        return
    (old,) = found
    service.set_band_state(marta, old, "lost", reason="lost at the lake")
    stage.says(Scene.LOST, "luca", where="gate-1")
    stage.holds("luca", "gate-1", wants={Reason.BAND_LOST})
    stage.holds("nuovo", "gate-1", wants={Reason.BAND_UNLINKED})
    short = service.recent("gate-1", 1)[0].band_short
    (new,) = [one.band for one in service.look_up(marta, short)]
    asked = service.ask_link(marta, new, old, reason="lost at the lake")
    service.approve(stage.staff("dario", "gate-1"), asked.id, granted=True)
    stage.says(Scene.LINKED, "luca", what="Nuovo")
    stage.holds("nuovo", "gate-1")
    stage.holds("luca", "gate-1", wants={Reason.BAND_REPLACED, Reason.BAND_LOST})
    stage.written("luca", What.ENTERED)


def _wears_the_new_one(stage: Stage) -> None:
    """Told again on one day: what two people stood for stays, and still opens by the new band alone."""
    stage.says(Scene.WEARS, "luca", what="Nuovo")
    stage.holds("nuovo", "gate-1")
    stage.holds("luca", "gate-1", wants={Reason.BAND_REPLACED, Reason.BAND_LOST})


def help_call(stage: Stage) -> None:
    """Somebody presses for help at the kiosk; staff see it, Dario comes, and central has the case."""
    stage.may_be_cut()
    service = stage.edge.service
    call = service.call_help(KIOSK, secrets.token_hex(8))
    stage.says(Scene.CALLED, where=KIOSK)
    device = stage.edge.own.identity.device
    matter = cases.id_of(f"help/{device}/{call.id}")
    stage.at_central(lambda: _comes_to(stage, matter, {State.OPEN, State.SOLVED}, scene=Scene.ASKED))
    service.acknowledge_help(stage.staff("dario", "gate-1"), call.id)
    stage.says(Scene.CAME, "dario", where=KIOSK)
    stage.at_central(lambda: _comes_to(stage, matter, {State.SOLVED}, scene=Scene.CLOSED))


def _comes_late(stage: Stage) -> dict[str, str]:
    """Let the bed come later than was said, with three in the shop; returns what it is called."""
    today = dt.datetime.fromtimestamp(stage.central.now_ms() / 1000, dt.UTC).date()
    days = [today + dt.timedelta(days=more) for more in (FIRST_DAYS, LAST_DAYS, PROMISED_DAYS)]
    with stage.central.transaction() as tx:
        known = catalogue.catalogue(tx, stage.site).by_id[BED]
        delivery = Delivery(first=days[0], last=days[1], instead_of=days[2])
        catalogue.put(tx, stage.site, [replace(known, delivery=delivery)])
        mine = next(one.id for one in devices(tx, stage.site))
        counted = Stock(article=BED, store=SHOP, device=mine, on_hand=3, at_ms=now_of(tx))
        stock.put(tx, stage.site, [counted])
    return known.names


def _tell(stage: Stage, matter: str, step: Step, *, word: str = "", note: str = "") -> None:
    """Add a step to a case, as care does at the console."""
    with stage.central.transaction() as tx:
        told = Told(op=f"tale/{secrets.token_hex(6)}", step=step, at_ms=now_of(tx), who=CARE, word=word)
        cases.tell(tx, stage.site, matter, told=told, note=note)


def _case_ids(stage: Stage, band: str) -> set[str]:
    with stage.central.reading() as tx:
        return {one.id for one in cases.listed(tx, stage.site, Wanted(guest=stage.guest(band)))}


def _comes_to(stage: Stage, matter: str, wanted: Collection[State], *, scene: Scene) -> None:
    """Wait until a case is at central and stands so."""

    def stands() -> bool:
        with stage.central.reading() as tx:
            known = cases.find(tx, stage.site, matter)
        return known is not None and known.state in wanted

    stage.waits(stands, "the call as a case at central")
    stage.says(scene, "dario", what=matter)
