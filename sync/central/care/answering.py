"""Answering: what a coupon's home said of it, and the new one that is made where the old one is void."""

from __future__ import annotations

from msgspec.structs import replace

from edge.core.calendar import date_text
from edge.core.offers.anew import Became, CouponAnswer
from edge.errors import Unknown
from sync.central.care import anew, cases, held, made
from sync.central.care.anew import GIVEN, Ask, State
from sync.central.care.held import Held
from sync.central.care.made import Old
from sync.central.near import bearable
from sync.central.offers import bundles
from sync.central.registry.localday import day_at
from sync.central.settling import vouchers
from sync.central.store import Connection, now_of

KEPT = (State.MADE_GOOD, State.ENDED)
"""Of these the old one is voided, and none takes its place."""


def heard(tx: Connection, site: str, said: CouponAnswer, *, device: str) -> None:
    """Take its home's word, under the site's turn; told again it changes nothing."""
    texts = (said.ask, said.exposure, said.case, said.to, said.guest, said.offer, said.until, said.point)
    there = held.find(tx, site, said.exposure) if bearable.names(*texts) else None
    if there is None or there.home != device:
        return
    one = anew.find(tx, site, said.ask) or _forgotten(tx, site, said, there=there)
    if one is None or one.exposure != said.exposure or one.answered_ms:
        return
    if said.became is Became.SENT:
        _follow(tx, site, one, to=said.to)
        return
    now_ms = now_of(tx)
    used_ms = max(0, min(said.at_ms, now_ms))  # no page can write a moment beyond all calendars
    now = replace(one, answered_ms=now_ms, point=said.point, used_ms=used_ms, until=said.until)
    match said.became:
        case Became.VOIDED:
            if not one.topup:  # of what waits for a second person it may still be asked for anew
                held.end(tx, site, one.exposure, state=held.State.OVER)
            now = now if one.state in KEPT and not anew.is_refused(tx, site, one) else _issued(tx, site, now)
        case Became.USED:
            held.end(tx, site, one.exposure, state=held.State.USED)
            now = replace(now, state=State.USED if one.state is State.WAITING else one.state)
        case Became.OVER:
            held.end(tx, site, one.exposure, state=held.State.OVER)
            now = replace(now, state=State.OVER if one.state is State.WAITING else one.state)
    anew.put(tx, site, now)
    anew.tell(tx, site, now, word=f"coupon_{said.became}" if now.state is not State.ISSUED else "coupon_anew")
    anew.unsay(tx, site, now)


def declined(tx: Connection, site: str, exposure: str, *, device: str) -> None:
    """Have the new one voided, too, whose old one's purchase was taken back only then."""
    there = held.find(tx, site, exposure)
    if there is not None and there.home == device:
        _ended(tx, site, exposure)


def _ended(tx: Connection, site: str, exposure: str) -> None:
    """End what was made of a coupon, and what was made of that in its turn."""
    for one in anew.of_coupon(tx, site, exposure):
        new = held.find(tx, site, one.fresh) if one.state is State.ISSUED else None
        if new is None:
            continue
        if new.state is not held.State.OPEN:
            _ended(tx, site, one.fresh)
            continue
        ended = replace(one, state=State.ENDED, code="")
        anew.put(tx, site, ended)
        anew.tell(tx, site, ended, word="coupon_ended")
        follows = Ask(id=f"end-{one.fresh}", case=one.case, exposure=one.fresh, home=new.home, to=new.home,
                      offer=one.offer, bundle=one.bundle, guest=one.guest, handed=True, until=one.until,
                      state=State.ENDED, asked_ms=now_of(tx))  # fmt: skip
        anew.put(tx, site, follows, new=True)
        anew.say(tx, site, follows)


def _forgotten(tx: Connection, site: str, said: CouponAnswer, *, there: Held) -> Ask | None:
    """Return an ask that central was put back to before; where its case is gone, too, care asks anew."""
    case = cases.find(tx, site, said.case) if said.case and said.ask else None
    if case is None or said.became is not Became.VOIDED or there not in anew.open_of(tx, site, case):
        return None
    one = Ask(id=said.ask, case=said.case, exposure=said.exposure, home=there.home, to=said.to,
              offer=there.offer, bundle=there.bundle, guest=there.guest or case.links.guest,
              handed=there.handed, asked_ms=now_of(tx))  # fmt: skip
    anew.put(tx, site, one, new=True)
    return one


def _follow(tx: Connection, site: str, one: Ask, *, to: str) -> None:
    """Ask the device that it went to: it alone knows now."""
    held.move(tx, site, one.exposure, home=to)
    after = replace(one, home=to, handed=True)
    anew.put(tx, site, after)
    if one.state is not State.TAKEN_BACK:
        anew.say(tx, site, after)


def _issued(tx: Connection, site: str, one: Ask) -> Ask:
    """Return an ask with the coupon that takes the old one's place: the same offer, until the same day."""
    fresh, others = made.fresh_of(one.exposure), anew.of_coupon(tx, site, one.exposure)
    given = (other for other in others if other.state in GIVEN and not anew.is_refused(tx, site, other))
    if any(other.id != one.id for other in given):
        return replace(one, state=State.OVER)  # whatever was asked for twice is given once
    try:
        offer = bundles.version_of(tx, site, one.bundle).draft.bundle.offers_by_id[one.offer]
    except (Unknown, KeyError):
        return replace(one, state=State.OVER)
    if "" < one.until < date_text(day_at(tx, site, now_of(tx))):
        return replace(one, state=State.OVER)
    promise = made.promise(tx, site, offer, old=Old(one.exposure, one.bundle, one.until))
    code = made.code(tx, site, promise, to=one.to)
    if held.find(tx, site, fresh) is None:
        there = Held(fresh, one.to, True, one.guest, "", one.offer, one.bundle, held.State.OPEN)
        held.put(tx, site, there)
    for hear in vouchers.GIVEN if one.guest else ():
        hear(tx, site, one.guest, kind=f"offer:{offer.campaign}", units=1)
    return replace(one, state=State.ISSUED, fresh=fresh, code=code, until=promise.until)
