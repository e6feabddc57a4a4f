"""No payment card's number gets in by any text of any route, and none gets out by a log line."""

from __future__ import annotations

import dataclasses
import datetime as dt
import io
import json
import logging
import re
from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

import msgspec
import pytest
from flask import Flask

import kiosk.door
from edge.core.cards import MASK, WORDS
from edge.errors import Refused
from edge.logs import JsonLines, Words
from edge.service.earlier import stated
from kiosk.admission import Admitted
from kiosk.app import ROOMS
from kiosk.ask import Ask
from kiosk.door import Door
from kiosk.guard import NEVER_TYPED
from kiosk.house import House
from kiosk.routes import Route
from sync.central import enrolment
from sync.central.console.guard import form_token
from sync.central.console.routes import Route as ConsoleRoute
from sync.central.console.table import ROUTES as CONSOLE
from sync.central.enrolment import Invitation
from sync.central.imports.lines import Line, Terrain, Wrong, read
from sync.central.machines import devices
from sync.central.store import Store
from sync.wire import DeviceReport, EnrolRequest, ReaderState
from tests.sync.builders import SITE, a_site
from tests.sync.console.desk import HOME, ORIGIN, Browser, an_admin

PAN = "4000000000000002"
GROUPED = "4000 0000 0000 0002"
KIOSK = [row for room in ROOMS for row in room.ROUTES]
TYPED = [row for row in KIOSK if row.body is not None and not row.media]
"""What browsers send by themselves has a form of its own and a reader of its own: see test_violations."""
MACHINES = {"uid", *NEVER_TYPED}


def texts_of(kind: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Every place in a body where a text may stand that people can type freely."""
    match kind:
        case msgspec.inspect.StructType(fields=fields):
            for one in fields:
                if one.encode_name not in MACHINES:
                    yield from texts_of(one.type, (*path, one.encode_name))
        case msgspec.inspect.StrType(pattern=None, max_length=most) if most is None or most >= len(PAN):
            yield path
        case msgspec.inspect.UnionType(types=types):
            for one in types:
                yield from texts_of(one, path)
        case msgspec.inspect.DictType(value_type=value):
            yield from texts_of(value, (*path, "{}"))
        case msgspec.inspect.ListType(item_type=item) | msgspec.inspect.VarTupleType(item_type=item):
            yield from texts_of(item, (*path, "[]"))


def filled(kind: Any, pan: tuple[str, ...] | None) -> Any:
    """A body of a kind that its decoder takes, with the card at one place."""
    if pan == ():
        return PAN
    match kind:
        case msgspec.inspect.StructType(fields=fields):
            made = {}
            for one in fields:
                here = pan[1:] if pan and pan[0] == one.encode_name else None
                if one.required or here is not None:
                    made[one.encode_name] = filled(one.type, here)
            return made
        case msgspec.inspect.DictType(value_type=value):
            return {"question": filled(value, pan[1:])} if pan else {}
        case msgspec.inspect.ListType(item_type=item) | msgspec.inspect.VarTupleType(item_type=item):
            return [filled(item, pan[1:])] if pan else []
        case msgspec.inspect.UnionType(types=types):
            return filled(next(one for one in types if not isinstance(one, msgspec.inspect.NoneType)), pan)
        case msgspec.inspect.StrType(pattern=pattern, min_length=least):
            return sample(pattern or "") or "x" * max(least or 1, 8)
        case msgspec.inspect.BoolType():
            return True
        case msgspec.inspect.IntType(ge=low) | msgspec.inspect.FloatType(ge=low):
            return max(low or 0, 1)
        case msgspec.inspect.LiteralType(values=values):
            return values[0]
        case msgspec.inspect.EnumType(cls=words):
            return next(iter(words)).value
        case _:
            return {}


def sample(pattern: str) -> str:
    """A text that a pattern of the screens' bodies takes."""
    tries = ("a" * 32, "lost", "04A1B2C3D4E5F6", "it", "2468", "abcdefgh", "gate", "presence", "246824")
    return next((text for text in tries if pattern and re.search(pattern, text)), "")


CASES = [
    pytest.param(row, place, id=f"{row.endpoint} {'.'.join(place)}")
    for row in TYPED
    for place in texts_of(msgspec.inspect.type_info(row.body))
]


class Lenient:
    """A service that refuses nobody: what comes through is the guard's doing alone."""

    def attempt(self, session: object, act: str) -> AbstractContextManager[None]:
        """Let an act be tried."""
        return nullcontext()


@dataclasses.dataclass
class Reached:
    """What came through to a view."""

    bodies: list[msgspec.Struct | None] = dataclasses.field(default_factory=list)

    def __call__(self, ask: Ask) -> str:
        self.bodies.append(ask.body)
        return "through"


def asked(row: Route, sent: object, monkeypatch: pytest.MonkeyPatch, *, query: str = "") -> Reached:
    """Send a body to a route of the screens as somebody whom its audience lets in."""
    reached = Reached()
    nobody: Any = None
    lenient: Any = Lenient()
    house = House(service=lenient, staff=nobody, feed=nobody, health=nobody, clock=nobody)
    ask = Ask(house=house, caller="test")
    monkeypatch.setattr(kiosk.door, "admit", lambda *_, **__: Admitted(ask))
    view = Door(house).view_of(dataclasses.replace(row, view=reached))
    body = json.dumps(sent) if row.body is not None else None
    headers = {"Origin": "http://localhost"}
    with Flask("test").test_request_context(
        f"/x{query}", method=row.method, data=body, content_type="application/json", headers=headers
    ):
        view()
    return reached


@pytest.mark.parametrize(("row", "place"), CASES)
def test_no_text_of_any_screen_takes_a_card_number(
    row: Route, place: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    kind = msgspec.inspect.type_info(row.body)
    without = filled(kind, None)
    assert asked(row, without, monkeypatch).bodies, "the control: without the number it comes through"
    with pytest.raises(Refused, match=WORDS):
        asked(row, filled(kind, place), monkeypatch)


@pytest.mark.parametrize("row", [row for row in KIOSK if row.body is None], ids=lambda row: row.endpoint)
def test_no_address_of_any_screen_takes_one(row: Route, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(Refused, match=WORDS):
        asked(row, None, monkeypatch, query=f"?q={PAN}")


@pytest.fixture(scope="module")
def admin(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Browser, Path]]:
    path = tmp_path_factory.mktemp("central") / "central.db"
    store = Store(str(path), now_ms=lambda: 1_764_000_000_000)
    yield an_admin(store), path
    store.close()


FIELDS = sorted(
    {
        key.removeprefix("field.").partition(".")[0]
        for key in json.loads(Path("sync/central/console/sentences/en.json").read_text())
        if key.startswith("field.")
    }
    - {"uid", "before", "after", "at"}
)


@pytest.mark.parametrize(
    "row",
    [row for row in CONSOLE if row.unsafe and "sign-out" not in row.rule],
    ids=lambda row: f"{row.method} {row.rule}",
)
def test_no_field_of_any_form_of_the_console_takes_one(
    row: ConsoleRoute, admin: tuple[Browser, Path]
) -> None:
    browser, path = admin
    address = "/console" + re.sub(
        r"<(?:path:)?(\w+)>", lambda found: SITE if found[1] == "site" else "x", row.rule
    )
    at = CONSOLE.index(row)
    for field in (*FIELDS[at % 10 :: 10], f"rows.{at % 9}.name"):
        form = {"token": form_token(browser.session), field: GROUPED}
        reply = browser.client.open(address, method=row.method, data=form, headers=ORIGIN)
        assert reply.status_code == 422, (address, field)
        assert "payment card" in reply.text
        assert GROUPED not in reply.text
    octets = b"".join(file.read_bytes() for file in path.parent.iterdir())
    assert GROUPED.encode() not in octets


def test_a_search_for_one_is_refused_and_a_marks_number_is_not(admin: tuple[Browser, Path]) -> None:
    browser, _ = admin
    assert browser.get(f"{HOME}/guests?q={PAN}").status_code == 422
    assert browser.get(f"{HOME}/guests?q=giulia&after={PAN}").status_code == 200


def test_a_line_of_a_file_is_refused_by_its_number_and_never_said_again() -> None:
    columns = (
        "guest",
        "name",
        "label",
        "tags",
        "party",
        "entitlement",
        "tier",
        "language",
        "chip",
        "product",
    )
    terrain = Terrain(frozenset({"day"}), dt.UTC)
    for at, column in enumerate(columns):
        cells = ["g-1" if name == "guest" else "" for name in columns]
        cells[at] = PAN
        (wrong,) = read([",".join(columns), ",".join(cells)], terrain)
        assert isinstance(wrong, Wrong)
        assert wrong.number == 2
        assert wrong.why.startswith(f"{column} looks like the number of a payment card")
        assert PAN not in wrong.why
    (good,) = read(["guest,uid", "g-1,04000000000006"], terrain)
    assert isinstance(good, Line), "a chip's number may look like a card's"


def test_a_heading_is_refused_without_saying_it_again() -> None:
    with pytest.raises(Refused) as refused:
        list(read([f"guest,{PAN}"], Terrain(frozenset(), dt.UTC)))
    assert PAN not in str(refused.value)


def test_no_reason_or_note_of_staff_reaches_the_journal_with_one() -> None:
    with pytest.raises(Refused, match=WORDS):
        stated(f"paid by {GROUPED}")


def test_a_devices_own_words_are_kept_without_it(tmp_path: Path) -> None:
    store = Store(str(tmp_path / "central.db"), now_ms=lambda: 1_764_000_000_000)
    a_site(store)
    with store.transaction() as tx:
        code = enrolment.invite(tx, Invitation(site="park"))
    request = EnrolRequest(code=code, public_key=b"p" * 32, name=f"till {GROUPED}")
    made = enrolment.enrol(store, request)
    state = ReaderState(device="gate-1", kind="reader", state="lost", reason=GROUPED)
    report = DeviceReport(device=made.device, boot="b", cause=f"read {GROUPED}", readers=(state,))
    with store.transaction() as tx:
        devices.heard(tx, "park", made.device, report=report)
        (device,) = devices.devices(tx, "park")
    assert device.name == f"till {MASK}"
    assert device.report is not None
    assert device.report.cause == f"read {MASK}"
    assert device.report.readers[0].reason == MASK
    store.close()
    assert GROUPED.encode() not in b"".join(file.read_bytes() for file in tmp_path.iterdir())


@pytest.mark.parametrize("formatter", [JsonLines(), Words()], ids=["machines", "people"])
def test_every_line_of_the_log_is_masked(formatter: logging.Formatter) -> None:
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(formatter)
    logger = logging.Logger("test")
    logger.addHandler(handler)
    logger.info("typed %s", GROUPED)
    try:
        raise ValueError(PAN)
    except ValueError:
        logger.exception("broke on %s", PAN)
    assert MASK in stream.getvalue()
    assert not re.search("4000 ?0000 ?0000 ?0002", stream.getvalue())
