"""A ticket that nobody announced: its signature lets it in once, whatever is scanned of it and wherever."""

from __future__ import annotations

import base64
from threading import Thread

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from edge import tickets
from edge.core.bands import Band, BandState, Trust
from edge.core.decision import Family, Outcome, Reason
from edge.core.entitlements import Reentry
from edge.core.profiles import Profile
from edge.tickets import CODE_BYTES_MAX, KEPT_MAX, PREFIX, Ticket, Tickets
from edge.views import StaffView
from hardware.port import Medium
from hardware.port import Trust as Proof
from sync.signing import public_half
from tests.builders import DAY_MS, HOUR_MS, NOW_MS, a_layout, a_product
from tests.service.house import CENTRAL_KEY, House

TICKET = Ticket(b"0123456789", "single", NOW_MS - DAY_MS, NOW_MS + DAY_MS)
LAYOUT = a_layout(products=(a_product("single", zones=("park",), uses_max=1, reentry=Reentry.NEVER),))


def code_of(ticket: Ticket = TICKET, key: bytes = CENTRAL_KEY) -> bytes:
    return tickets.written(ticket, key).encode()


def scan(house: House, code: bytes, reader: str = "reader-1") -> StaffView:
    """Hold a code before a scanner."""
    tap = house.tap(code, reader, medium=Medium.QR, trust=Proof.UID, counter=None)
    return house.service.present(tap)


@pytest.fixture
def gate(house: House) -> House:
    house.tell(layout=LAYOUT)
    return house


def test_a_signed_ticket_opens_once_for_a_guest_nobody_announced(gate: House) -> None:
    view = scan(gate, code_of())
    assert (view.outcome, view.reason) == (Outcome.GRANTED, Reason.ENTERED)
    again = scan(gate, code_of(), "reader-2")
    assert (again.outcome, again.reason) == (Outcome.DENIED, Reason.ALREADY_USED_HERE)
    assert len(gate.gate.opened) == 1


def test_however_its_letters_arrive_it_is_one_ticket(gate: House) -> None:
    assert scan(gate, code_of().lower()).outcome is Outcome.GRANTED
    assert scan(gate, code_of()).reason is Reason.ALREADY_USED_HERE


def test_sixteen_pictures_of_one_ticket_give_one_green(gate: House) -> None:
    taps = [
        gate.tap(code_of(), f"reader-{1 + n % 2}", medium=Medium.QR, trust=Proof.UID, counter=None)
        for n in range(16)
    ]
    views: list[StaffView] = []
    threads = [Thread(target=lambda tap=tap: views.append(gate.service.present(tap))) for tap in taps]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [view.outcome for view in views].count(Outcome.GRANTED) == 1


def test_no_changed_octet_and_no_other_key_is_believed(gate: House) -> None:
    """Every letter changed, every length cut: each is told to staff as not ours, and opens nothing."""
    whole = code_of()
    letters = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
    for place in range(len(PREFIX), len(whole)):
        other = letters[(letters.index(whole[place : place + 1]) + 1) % 32 :][:1]
        changed = whole[:place] + other + whole[place + 1 :]
        if place == len(whole) - 1:  # its last letter holds bits that stand for nothing
            continue
        assert tickets_read(changed) is None, place
        assert tickets_read(whole[:place]) is None, place
    view = scan(gate, code_of(key=bytes(32)))
    assert (view.reason, view.family) == (Reason.SIGNATURE_INVALID, Family.STAFF)
    assert scan(gate, PREFIX + b"A" * CODE_BYTES_MAX).reason is Reason.SIGNATURE_INVALID
    assert gate.gate.opened == []


def tickets_read(code: bytes) -> Ticket | None:
    """The ticket, or None where it is forged."""
    try:
        return Tickets(public_half(CENTRAL_KEY)).read(code)
    except tickets.Forged:
        return None


def test_a_signed_answer_of_central_is_no_ticket() -> None:
    """What is signed begins with the ticket's own tag: nothing else that central signs can pass for one."""
    body = msgspec.msgpack.encode(TICKET)
    bare = Ed25519PrivateKey.from_private_bytes(CENTRAL_KEY).sign(body)
    assert tickets_read(PREFIX + base64.b32encode(bare + body).rstrip(b"=")) is None
    assert tickets_read(code_of()) == TICKET, "control"


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"until_ms": NOW_MS - HOUR_MS}, Reason.TOO_LATE),
        ({"from_ms": NOW_MS + HOUR_MS}, Reason.TOO_EARLY),
        ({"product": "gone"}, None),
    ],
)
def test_what_it_says_is_judged_as_any_right(
    gate: House, changes: dict[str, object], reason: Reason | None
) -> None:
    view = scan(gate, code_of(msgspec.structs.replace(TICKET, **changes)))
    assert view.outcome is not Outcome.GRANTED
    assert reason is None or view.reason is reason


def test_a_code_of_somebody_else_is_a_ticket_nobody_knows(gate: House) -> None:
    assert scan(gate, b"https://example.example/x").reason is Reason.TICKET_UNKNOWN


def test_what_central_says_of_a_ticket_stands_over_what_it_says_itself(gate: House) -> None:
    band = gate.vault.band_id(tickets.identifier(TICKET))
    cancelled = Profile(
        band=Band(id=band, state=BandState.REVOKED, trust_min=Trust.SUN), rev=1, guest=tickets.name(TICKET)
    )
    gate.tell(cancelled)
    assert scan(gate, code_of()).outcome is not Outcome.GRANTED


def test_a_device_without_centrals_key_believes_no_ticket() -> None:
    with pytest.raises(tickets.Forged):
        Tickets().read(code_of())


def test_only_so_many_are_remembered() -> None:
    known = Tickets(public_half(CENTRAL_KEY))
    for number in range(KEPT_MAX + 1):
        known.keep(number.to_bytes(16, "big"), TICKET)
    assert known.profile(bytes(16)) is None
    assert known.profile(KEPT_MAX.to_bytes(16, "big")) is not None
