"""What staff give as the reason of an act about money is sealed as every other word of theirs is."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from edge import remarks
from edge.core.events import Kind
from edge.core.payment import RefundAsked, Voided
from edge.core.shift import CashMove, CashMoved, ShiftClosed
from sync.central.console import happenings
from sync.central.console.happenings import Wanted
from sync.central.privacy.remarks import SPOKEN, without
from tests.security.remarked import CANARY, GUEST, SITE, Park
from tests.service.house import an_edge
from tests.service.purses import OP, TILL, a_guest, bought, cashier, granted

REFUNDED = "op-till-00000002"


@pytest.fixture
def park(tmp_path: Path) -> Iterator[Park]:
    with an_edge(tmp_path / "edge") as edge:
        made = Park(tmp_path, edge)
        made.told()
        told = edge.profiles.get(made.band)
        assert told is not None
        payer = msgspec.structs.replace(a_guest(edge), rev=1_000, remark_key=told.remark_key)
        edge.tell(payer)
        granted(edge)
        yield made
        made.store.close()


def spend(park: Park) -> None:
    """A payment that is taken back, one that is refunded, cash that is moved and a drawer that differs."""
    service, edge = park.edge.service, park.edge
    lead = edge.session("till", "supervisor", point=TILL, staff="dario")
    service.shifts.open(edge.session("till", point=TILL, staff="carla"), TILL, counted_minor=5_000)
    bought(edge)
    service.void(cashier(edge), OP, "void-00000001", pieces=None, reason=CANARY)
    bought(edge, op_id=REFUNDED)
    service.refund(lead, REFUNDED, "refund-0001", reason=CANARY)
    deed = service.shifts.deed(cashier(edge), TILL, CashMove.DROP, amount_minor=1_000, reason=CANARY)
    asked = service._eyes.ask(cashier(edge), deed)
    service.approve(lead, asked.id, granted=True)
    service.shifts.close(cashier(edge), TILL, counted_minor=3_500, reason=CANARY)


def shown(park: Park) -> dict[str, str]:
    with park.store.reading() as tx:
        found, _ = happenings.page(tx, SITE, Wanted())
    kinds = {kind.name.lower() for kind in SPOKEN}
    return {one.kind: one.note for one in found if one.kind in kinds}


def test_reasons_of_money_lie_in_no_file_and_are_shown_while_the_guest_exists(park: Park) -> None:
    spend(park)
    assert park.hits() == 0
    park.heard()
    assert shown(park) == {kind.name.lower(): CANARY for kind in SPOKEN}
    assert park.hits() == 0
    park.erase()
    assert park.hits() == 0
    assert shown(park) == {
        "payment_voided": "",
        "refund_asked": "",
        "cash_moved": CANARY,
        "shift_closed": CANARY,
    }, "a drawer is nobody's: its words go with the site's key"
    assert park.edge.journal.verify().whole


def test_without_the_seal_they_lie_in_the_journal(park: Park, monkeypatch: pytest.MonkeyPatch) -> None:
    """The control."""
    monkeypatch.setattr("edge.service.remarks._key", lambda rooms, about: None)
    spend(park)
    assert park.hits(under="edge") > 0
    park.heard()
    assert shown(park) == {kind.name.lower(): CANARY for kind in SPOKEN}, (
        "an older device's are shown as they are"
    )


@pytest.mark.parametrize("body", [Voided, RefundAsked, CashMoved, ShiftClosed])
def test_retention_takes_the_reason_alone_out_of_a_row(body: type[msgspec.Struct]) -> None:
    (kind,) = [kind for kind, one in SPOKEN.items() if one is body]
    names = body.__struct_fields__
    row = [f"{name} stays" for name in names]
    row[names.index("reason")] = CANARY
    emptied = msgspec.msgpack.decode(without(msgspec.msgpack.encode(row), kind) or b"")
    assert emptied == ["" if name == "reason" else f"{name} stays" for name in names]


def test_what_looks_sealed_and_is_not_is_what_somebody_wrote() -> None:
    for text in ("", "sealed", "sealed:", "sealed:g:1:not base64!", "she sealed: it"):
        found = remarks.sealed_in(text)
        assert found is None or found.octets == b""
    sealed = remarks.seal(CANARY, _key(), Kind.CASH_MOVED, band=None)
    assert remarks.sealed_in(remarks.written(sealed)) == sealed


def _key() -> remarks.RemarkKey:
    return remarks.RemarkKey(owner=f"g:{GUEST}", public=remarks.new_pair()[1])
