"""Consents at a device: in force at once, without a network, against whatever central still says."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from edge.core.consent import TEXT_VERSION, TOPICS, Channel, Consent, Consented, Purpose, Source
from edge.core.events import Kind
from edge.core.profiles import Profile, in_words
from edge.errors import NotAllowed, PolsoError, Refused
from edge.views import Known
from hardware.port import Trust
from tests.builders import a_profile
from tests.service.house import OTHER_UID, UID, House, an_edge, band_of, worn

OFFERS = Purpose.OFFERS
GIVEN = (Consent(purpose="offers", turns=1, since_ms=5, source=Source.CONSOLE),)


@pytest.fixture
def edge(tmp_path: Path) -> Iterator[House]:
    with an_edge(tmp_path / "edge") as house:
        yield house


def at_the_kiosk(edge: House, uid: bytes = UID, **changes: object) -> str:
    return edge.service.present(edge.tap(uid, "reader-kiosk", **changes)).tap_id


def standing(known: Known) -> dict[str, bool]:
    return {one.purpose: one.given for one in known.consents}


def journaled(edge: House) -> list[Consented]:
    events = [event for event in edge.journal.range(1, 0) if event.kind == Kind.CONSENT_SET]
    return [msgspec.msgpack.decode(event.body, type=Consented) for event in events]


def test_nobody_has_agreed_to_anything_before_saying_so(edge: House) -> None:
    known = edge.service.what_you_know(at_the_kiosk(edge), "kiosk")
    assert standing(known) == dict.fromkeys(TOPICS, False)
    assert not any(edge.service.may_use(band_of(edge), purpose) for purpose in Purpose)
    assert not edge.service.may_use(band_of(edge, OTHER_UID), OFFERS), "an unknown band agrees to nothing"


def test_what_is_known_says_in_which_profile_it_was_found(edge: House) -> None:
    tap = at_the_kiosk(edge)
    before = edge.service.what_you_know(tap, "kiosk")
    edge.tell(msgspec.structs.replace(worn(edge, UID, guest=before.guest), rev=before.rev + 1))
    assert edge.service.what_you_know(tap, "kiosk").rev == before.rev + 1


def test_a_word_at_the_kiosk_holds_at_once_and_is_journaled_before_the_answer(edge: House) -> None:
    tap = at_the_kiosk(edge)
    known = edge.service.consent(tap, "kiosk", "offers", given=True)
    assert standing(known)["offers"]
    assert edge.service.may_use(band_of(edge), OFFERS)
    (body,) = journaled(edge)
    assert (body.guest, body.point, body.staff) == ("guest-1", "kiosk", None)
    assert (body.consent.turns, body.consent.source) == (1, Source.KIOSK)
    assert (body.consent.text, body.consent.point) == (TEXT_VERSION, "kiosk")


def test_saying_it_twice_is_one_fact(edge: House) -> None:
    tap = at_the_kiosk(edge)
    for _ in range(3):
        edge.service.consent(tap, "kiosk", "offers", given=True)
    assert len(journaled(edge)) == 1


def test_a_withdrawal_outlives_central_saying_the_old_consent_again_and_a_restart(tmp_path: Path) -> None:
    with an_edge(tmp_path / "edge") as edge:
        edge.tell(worn(edge, consents=GIVEN, rev=2))
        assert edge.service.may_use(band_of(edge), OFFERS)
        edge.service.consent(at_the_kiosk(edge), "kiosk", "offers", given=False)
        assert not edge.service.may_use(band_of(edge), OFFERS)
        edge.tell(worn(edge, consents=GIVEN, rev=3))
        assert not edge.service.may_use(band_of(edge), OFFERS)
    with an_edge(tmp_path / "edge") as again:
        assert not again.service.may_use(band_of(again), OFFERS)
        anew = (msgspec.structs.replace(GIVEN[0], turns=3),)
        again.tell(worn(again, consents=anew, rev=4))
        assert again.service.may_use(band_of(again), OFFERS), "given again at central, after the withdrawal"


def test_a_word_said_for_one_band_holds_for_the_guests_other_one(edge: House) -> None:
    edge.tell(worn(edge, OTHER_UID))
    edge.service.consent(at_the_kiosk(edge), "kiosk", "presence", given=True)
    assert edge.service.may_use(band_of(edge, OTHER_UID), Purpose.PRESENCE)


@pytest.mark.parametrize("purpose", ["", "marketing", "offers:habits", "offers@fax", "quiet", "OFFERS"])
def test_a_purpose_that_nobody_knows_is_refused(edge: House, purpose: str) -> None:
    tap = at_the_kiosk(edge)
    with pytest.raises(Refused, match="no purpose"):
        edge.service.consent(tap, "kiosk", purpose, given=True)
    assert journaled(edge) == []


def test_the_page_needs_a_tap_here_and_now_by_a_band_that_proves_itself(edge: House) -> None:
    tap = at_the_kiosk(edge)
    asked: list[tuple[str, str]] = [
        (tap, "north"),
        ("reader-kiosk:0000beef:999", "kiosk"),
        (edge.service.present(edge.tap(OTHER_UID, "reader-kiosk")).tap_id, "kiosk"),
        (edge.service.present(edge.tap()).tap_id, "kiosk"),
        (at_the_kiosk(edge, trust=Trust.UID), "kiosk"),
    ]
    for tap_id, point in asked:
        with pytest.raises(PolsoError):
            edge.service.what_you_know(tap_id, point)
        with pytest.raises(PolsoError):
            edge.service.consent(tap_id, point, "offers", given=True)
    assert edge.service.what_you_know(tap, "kiosk").name == "Giulia"
    edge.hands.forward(s=301)
    with pytest.raises(NotAllowed, match="band once more"):
        edge.service.what_you_know(tap, "kiosk")


def test_a_lost_band_opens_nobodys_page(edge: House) -> None:
    edge.service.set_band_state(edge.session("gate"), band_of(edge).hex(), "lost", reason="told at the desk")
    with pytest.raises(NotAllowed):
        edge.service.what_you_know(at_the_kiosk(edge), "kiosk")


def test_staff_take_a_guests_word_under_their_own_name_and_never_for_themselves(edge: House) -> None:
    session = edge.session("gate")
    edge.service.consent_by_staff(session, band_of(edge).hex(), "research", given=True)
    (body,) = journaled(edge)
    assert (body.staff, body.point, body.consent.source) == ("anna", "north", Source.STAFF)
    own = edge.session("gate", badge=band_of(edge).hex())
    with pytest.raises(NotAllowed, match="own band"):
        edge.service.consent_by_staff(own, band_of(edge).hex(), "research", given=False)
    with pytest.raises(NotAllowed, match="role"):
        edge.service.consent_by_staff(edge.session("operator"), band_of(edge).hex(), "research", given=False)
    edge.tell(Profile(band=msgspec.structs.replace(a_profile().band, id=band_of(edge, OTHER_UID)), rev=1))
    with pytest.raises(NotAllowed, match="wears"):
        edge.service.consent_by_staff(session, band_of(edge, OTHER_UID).hex(), "offers", given=True)


def test_the_page_shows_everything_that_is_held(edge: House) -> None:
    edge.tell(worn(edge, rev=2, tags=("vip", *in_words("it")), age_band="8-11", height_cm=120, tier="gold"))
    edge.service.present(edge.tap())
    edge.service.look_up(edge.session("gate"), "giul")
    edge.hands.forward(s=5)
    known = edge.service.what_you_know(at_the_kiosk(edge), "kiosk")
    assert (known.name, known.language, known.tier, known.tags) == ("Giulia", "it", "gold", ("vip",))
    assert (known.age_band, known.height_cm, known.zone) == ("8-11", 120, "park")
    assert [right.product for right in known.rights] == ["day"]
    assert [(one.point, one.granted) for one in known.passages] == [("kiosk", True), ("north", True)]
    assert [one.point for one in known.look_ups] == ["north"]
    assert known.keeps["sealed"] == 395


def test_a_withdrawn_namespace_takes_its_codes_away_at_once_and_no_other_ones(edge: House) -> None:
    codes = ("behaviour:coffee", "interest:water-bed")
    said = tuple(
        Consent(purpose=topic, turns=1, source=Source.CONSOLE)
        for topic in ("offers", "offers:behaviour", "offers:interest")
    )
    profile = worn(edge, consents=said, tags=codes, rev=2)
    edge.tell(profile)
    consents = edge.service._consents
    assert consents.segments(profile, Channel.KIOSK) == codes
    edge.service.consent(at_the_kiosk(edge), "kiosk", "offers:behaviour", given=False)
    assert consents.segments(profile, Channel.KIOSK) == ("interest:water-bed",)
    edge.service.consent(at_the_kiosk(edge), "kiosk", "offers", given=False)
    assert consents.segments(profile, Channel.KIOSK) == ()


def test_a_wish_for_quiet_holds_for_the_local_day_and_is_said_anew_on_another(edge: House) -> None:
    profile, consents = worn(edge, consents=GIVEN, rev=2), edge.service._consents
    edge.tell(profile)
    assert not consents.is_quiet(profile)
    consents.set_quiet(profile, quiet=True, point="kiosk")
    consents.set_quiet(profile, quiet=True, point="kiosk")
    assert consents.is_quiet(profile)
    assert len(journaled(edge)) == 1, "twice on one day is one wish"
    edge.hands.forward(s=24 * 3_600)
    assert not consents.is_quiet(profile)
    consents.set_quiet(profile, quiet=True, point="kiosk")
    assert consents.is_quiet(profile)
    consents.set_quiet(profile, quiet=False, point="kiosk")
    assert not consents.is_quiet(profile)
    assert edge.service.may_use(profile.band.id, OFFERS), "no offers today is no withdrawal"
