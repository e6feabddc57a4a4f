"""The verbs that register a band's radio: a key of our own, or one agreed upon with another maker's."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from edge.clock import wall_ms
from edge.core.onair import ON_AIR, on_air_in
from edge.core.profiles import Cursor, ProfileItem
from edge.remarks import new_pair
from edge.run.platform import Central, opened, settings
from edge.run.provider import LateSeals, key_of
from hardware.ble.eid import K_DEFAULT, eid, registered
from hardware.virtual.bands.ntag424 import Ntag424
from sync.central.console import acts
from sync.central.feed import head
from sync.central.store import Store
from sync.central.telling.pages import Asked, read_page
from tests.run.desk_table import UID, Table, a_table, a_token, from_afar, the_card


@pytest.fixture
def worn(tmp_path: Path) -> Iterator[Table]:
    with a_table(tmp_path) as desk:
        desk.field.place(Ntag424.from_factory(UID))
        assert desk.says("personalise", "--guest", "g1").exit_code == 0
        yield desk


def test_radio_of_our_own_gets_a_key_that_central_keeps_sealed_and_nobody_prints(
    worn: Table, tmp_path: Path
) -> None:
    file = tmp_path / "radio.key"
    said = worn.says("radio", "--key-file", str(file))
    assert said.exit_code == 0, said.output
    key = bytes.fromhex(file.read_text())
    assert (len(key), file.stat().st_mode & 0o777) == (16, 0o600)
    assert key.hex() not in said.output
    assert set(worn.card().keys) == {1, 2, ON_AIR}
    files = [path.read_bytes() for path in tmp_path.glob("central.db*")]
    assert not any(key in octets for octets in files)
    assert worn.says("rekey", "--new-version").exit_code == 0
    assert set(worn.card().keys) == {1, 2, ON_AIR}, "new keys of the chip leave the radio's be"
    assert worn.says("retire").exit_code == 0
    assert "revoked" in worn.says("radio", "--key-file", str(file)).output


def a_beacon(public: bytes, *, clock_s: int) -> tuple[bytes, list[str]]:
    """What a band of another maker that was told ``public`` holds, and what whoever reads it off types."""
    private, own = new_pair()
    key = registered(private, public, resolver=public, beacon=own)
    identity = eid(key, clock_s, K_DEFAULT).hex()
    return key, ["--beacon", own.hex(), "--clock", str(clock_s), "--identity", identity]


def test_radio_of_another_maker_agrees_upon_a_key_that_no_wire_carries(worn: Table) -> None:
    public = bytes.fromhex(worn.says("resolver").output)
    key, typed = a_beacon(public, clock_s=77_000)
    assert worn.says("radio", *typed).exit_code == 0
    store = Store(str(worn.database), now_ms=wall_ms, seals=LateSeals(lambda: key_of(str(worn.database))))
    with store.reading() as tx:
        at = head(tx, "park")
    page = read_page(store, Asked(site="park", cursor=Cursor(at.epoch)))
    store.close()
    [body] = [item.body for item in page.items if item.kind == "profile"]
    on_air = on_air_in(msgspec.msgpack.decode(body or b"", type=ProfileItem).on_air)
    assert on_air is not None
    assert (on_air.key, -2 <= on_air.offset_s + wall_ms() // 1_000 - 77_000 <= 2) == (key, True)


def test_radio_that_goes_by_another_key_or_says_half_of_it_is_not_registered(worn: Table) -> None:
    public = bytes.fromhex(worn.says("resolver").output)
    _, typed = a_beacon(public, clock_s=77_000)
    other = worn.says("radio", *typed[:-1], "00" * 8)
    assert (other.exit_code, "does not go by" in other.output) == (1, True)
    half = worn.says("radio", *typed[:-2])
    assert (half.exit_code, "not whole" in half.output) == (1, True)
    zero = worn.says("radio", "--beacon", "00" * 32, *typed[2:])
    assert (zero.exit_code, "no band's public key" in zero.output) == (1, True)
    assert "--key-file" in worn.says("radio").output
    assert set(worn.card().keys) == {1, 2}


def test_desk_with_another_key_than_centrals_seals_nothing(
    worn: Table, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert worn.says("resolver").exit_code == 0
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path_factory.mktemp("other")))
    refused = worn.says("radio", "--key-file", str(tmp_path / "radio.key"))
    assert (refused.exit_code, "does not open" in refused.output) == (1, True)
    assert set(worn.card().keys) == {1, 2}


def test_radio_is_registered_from_afar_while_central_runs(worn: Table, tmp_path: Path) -> None:
    running = Central(opened(str(worn.database)), settings(), host="127.0.0.1", port=0)
    running.start()
    try:
        token, file = a_token(running), tmp_path / "radio.key"
        made = from_afar(worn, running, "radio", "--key-file", str(file), token=token)
        assert made.exit_code == 0, made.output
        first = the_card(running).keys[ON_AIR]
        public = bytes.fromhex(from_afar(worn, running, "resolver", token=token).output)
        _, typed = a_beacon(public, clock_s=5)
        assert from_afar(worn, running, "radio", *typed, token=token).exit_code == 0
        assert the_card(running).keys[ON_AIR] != first, "the newest holds"
        with running.store.reading() as tx:
            done = [(one.what, one.after) for one in acts.acts(tx, "park")][:2]
        assert done == [("band_radio", "agreed"), ("band_radio", "made")]
    finally:
        running.stop()
