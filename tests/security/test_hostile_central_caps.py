"""Threat row 8: central itself, with its own key, takes no more than the caps allow."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import msgspec
import pytest

from edge.clock import wall_ms
from edge.core.bands import BandState
from edge.core.caps import is_welcome
from edge.core.events import Kind
from sync.central.feed import Change, item_table, publish, publish_band
from sync.central.machines import devices
from sync.central.sites import begin_epoch
from sync.central.store import select
from sync.client.caps import Guard
from sync.client.faults import FORMS
from sync.wire import BandNotice
from tests.security.hostile import GATE, SITE, Park, a_park, profiles_of
from tests.sync.ends import until

pytestmark = pytest.mark.timeout(60)


@pytest.fixture(scope="module")
def park(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Park]:
    with a_park(tmp_path_factory.mktemp("hostile")) as opened:
        yield opened


# Central itself, with its own key


def revoke_everybody(park: Park) -> None:
    for key, _ in profiles_of(park.store):
        with park.store.transaction() as tx:
            publish_band(tx, SITE, BandNotice(band=bytes.fromhex(key), state=BandState.REVOKED, epoch=0))


def publish_all(park: Park, body: Callable[[bytes], bytes | None]) -> None:
    changes = [Change("profile", key, body(old)) for key, old in profiles_of(park.store)]
    with park.store.transaction() as tx:
        publish(tx, SITE, changes)


def without_rights(body: bytes) -> bytes:
    item = msgspec.msgpack.decode(body)
    item["profile"].pop("entitlements", None)
    return msgspec.msgpack.encode(item)


def begin_anew(park: Park) -> None:
    """An epoch whose snapshot has hardly anybody."""
    publish_all(park, lambda _: None)
    with park.store.transaction() as tx:
        begin_epoch(tx, SITE)


def say(park: Park, kind: str, key: str, body: bytes | None) -> None:
    with park.store.transaction() as tx:
        publish(tx, SITE, [Change(kind, key, body)])


def layout_without_gate(park: Park) -> None:
    own = item_table.c
    with park.store.reading() as tx:
        there = (own.site_id == SITE, own.kind == "layout", own.key == "")
        old = tx.execute(select(own.body).where(*there)).scalar_one()
    told = msgspec.msgpack.decode(bytes(old))
    told["points"] = [one for one in told["points"] if one["id"] != GATE]
    say(park, "layout", "", msgspec.msgpack.encode(told))


def what_makes_no_sense(park: Park) -> None:
    """A body of garbage of each kind but profiles, which the other lies are made of."""
    for kind in FORMS.keys() - {"profile"}:
        say(park, kind, "00" * 16, b"\xc1")


BY_ITS_KEY: dict[str, Callable[[Park], None]] = {
    "code": lambda p: say(p, "code", "main", b"import os"),
    "a rule book": lambda p: say(p, "rulebook", "entry.py", b"def decide(): ..."),
    "an update": lambda p: say(p, "update", "polso", b"\x7fELF"),
    "a wish for keys": lambda p: say(p, "export", "keys", b""),
    "a policy of its own": lambda p: say(p, "caps", "revoked_percent_max", b"\x64"),
    "things that make no sense": what_makes_no_sense,
    "a layout without this gate": layout_without_gate,
    "no layout": lambda p: say(p, "layout", "", None),
    "every band revoked": revoke_everybody,
    "every right taken": lambda p: publish_all(p, without_rights),
    "every guest gone": lambda p: publish_all(p, lambda _: None),
    "an empty park, begun anew": begin_anew,
}


def test_central_itself_takes_no_more_than_the_caps_allow(
    park: Park, monkeypatch: pytest.MonkeyPatch
) -> None:
    edge = park.edge
    until(lambda: not park.kick() and not park.alarm(), 20)
    known = edge.profiles.count()
    most = max(edge.config.caps.revoked_min, known * edge.config.caps.revoked_percent_max // 100)
    for name, trick in BY_ITS_KEY.items():
        trick(park)
        park.asks_again(4)
        opened = [park.opens() for _ in range(6)]
        assert sum(opened) >= 4, f"{name}: {opened}"
        assert shut_out(park) <= most, name
        if trick is what_makes_no_sense:
            until(lambda: not park.kick() and "make no sense here" in park.alarm(), 20)
            assert edge.profiles.unread().count == len(FORMS) - 1
    print(f"\nof {len(park.welcome)} welcome guests {shut_out(park)} were shut out, the caps allow {most}")
    assert shut_out(park) > 0, "the control: within the caps central is obeyed"
    assert edge.profiles.count() >= known - most
    assert edge.profiles.layout() is not None
    assert "not obeyed" in park.alarm() or "shut out" in park.alarm()
    assert Kind.CAP_HELD in {event.kind for event in edge.journal.range(1, 0, 5_000)}
    with park.store.reading() as tx:
        (told,) = devices.devices(tx, SITE)
    assert told.report is not None
    assert told.report.held_back, "and central is told why"
    monkeypatch.setattr(Guard, "left", lambda _: len(park.welcome))
    park.asks_again(4)
    until(lambda: not park.kick() and shut_out(park) > most, 20)  # the control: nothing but the caps held it


def shut_out(park: Park) -> int:
    """How many of those who were welcome at first this edge would not let in any more."""
    now_ms = wall_ms()

    def is_out(band: bytes) -> bool:
        held = park.edge.sequencer.submit(lambda tx: tx.held(band))
        return held.state is not BandState.ACTIVE or not is_welcome(park.edge.profiles.get(band), now_ms)

    return sum(map(is_out, park.welcome))
