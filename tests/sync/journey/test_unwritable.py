"""What no database holds is in no diary, and keeps no other entry out of one."""

from __future__ import annotations

import msgspec

from edge.core.events import Acted, Kind
from sync.central.journey.reading import Happened, drafts
from tests.sync.journey.book import BAND
from tests.sync.journey.test_diary import SHOWN, a_leg, a_payment


def test_words_that_no_database_holds_say_nothing() -> None:
    for one in ({"offer": "a\0b"}, {"offer": "x" * 200}, {"guest": "g" * 65}, {"point": "p" * 65}):
        body = msgspec.msgpack.encode(msgspec.structs.replace(SHOWN, **one))
        assert drafts(Happened(int(Kind.OFFER_REDEEMED), 1, 1, 0, None, body)) == ()


def test_figures_that_no_database_holds_say_nothing() -> None:
    huge = a_payment(a_leg(2**62), a_leg(2**62))
    for body in (huge, msgspec.structs.replace(a_payment(a_leg(150)), currency="C" * 17)):
        assert drafts(Happened(int(Kind.PAID), 1, 1, 0, BAND, msgspec.msgpack.encode(body))) == ()
    for minute in (2**47, -1):
        near = msgspec.msgpack.encode(Acted(point="kiosk", reason="in_area", amount=minute))
        assert drafts(Happened(int(Kind.ZONE_ENTERED), 1, 1, 0, None, near, noticed=BAND.hex())) == ()
