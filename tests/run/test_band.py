"""The verbs of a desk, over nfcpy's own driver and a virtual chip, against central's real database."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from edge.core.bands import BandState, Trust
from edge.errors import PolsoError
from edge.run.cli import main
from edge.run.platform import Central, settings
from hardware.nfc import tags
from hardware.virtual.bands.ntag21x import NTAG213, Ntag21x
from hardware.virtual.bands.ntag424 import Ntag424
from sync.central.console import acts, desks, operators
from sync.central.console.operators import Role
from sync.central.feed import item_table
from sync.central.registry.masters import masters
from sync.central.store import select
from sync.client import Cable
from sync.client.desk import DistantDesk
from sync.client.line import Declined
from sync.wire import Problem
from tests.run.desk_table import UID, Table, a_table, a_token, from_afar, the_card


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Table]:
    with a_table(tmp_path) as table:
        yield table


def gate(band: Ntag424, keys: dict[int, bytes]) -> Trust:
    band.reset()
    return Trust(int(tags.prove_type4(band.apdu, UID, lambda uid, number: keys.get(number)).trust))


def test_a_band_is_personalised_linked_tried_rekeyed_and_retired(desk: Table) -> None:
    band = Ntag424.from_factory(UID)
    desk.field.place(band)
    assert "keys: the factory's" in desk.says("show").output
    made = desk.says("personalise", "--guest", "g1", "--label", "A-1")
    assert made.exit_code == 0, made.output
    first = desk.card()
    assert (first.guest, first.label, first.chip, first.band.active) == ("g1", "A-1", "ntag424", True)
    assert (first.band.trust_min, set(first.keys)) == (Trust.SUN, {1, 2})
    assert gate(band, first.keys) is Trust.LIVE
    assert "versions of keys: 0: 1, 1: 1" in desk.says("show").output
    assert desk.says("verify").exit_code == 0
    rolled = desk.says("rekey", "--new-version")
    assert rolled.exit_code == 0, rolled.output
    second = desk.card()
    assert (gate(band, first.keys), gate(band, second.keys)) == (Trust.NONE, Trust.LIVE)
    assert (second.guest, set(second.keys)) == ("g1", {1, 2})
    assert desk.says("retire").exit_code == 0
    assert desk.card().band.state is BandState.REVOKED
    assert "revoked" in desk.says("personalise").output


def test_what_is_done_is_recorded_and_no_key_and_no_identifier_is_said(desk: Table) -> None:
    desk.field.place(Ntag424.from_factory(UID))
    output = desk.says("personalise").output + desk.says("show").output
    store = desk.store()
    with store.reading() as tx:
        told = [(one.who, one.what) for one in acts.acts(tx, "park")]
        every = {key.hex() for key in masters(tx, "park").values()}
        own = item_table.c
        bodies = b"".join(bytes(body) for body in tx.execute(select(own.body)).scalars() if body)
        recorded = repr(acts.acts(tx, "park"))
        secrets = [bytes.fromhex(one) for one in every]
    store.close()
    assert {who for who, _ in told} == {"olga"}
    assert [what for _, what in told][-1] == "band_writing"
    assert told[0] == ("olga", "band_personalised")
    assert len(told) == 2 + 2 + 5 + 1
    for text in (output, recorded):
        assert UID.hex() not in text.lower()
        assert not re.search(r"\b[0-9a-f]{33,}", text)
    assert not any(secret in bodies for secret in secrets)


def test_nobody_works_at_the_desk_without_a_name_that_central_knows(desk: Table) -> None:
    band = Ntag424.from_factory(UID)
    desk.field.place(band)
    refused = desk.says("personalise", word="wrong-password")
    assert (refused.exit_code, set(band.versions.values())) == (1, {0})
    assert "do not fit" in refused.output


def test_a_band_that_takes_no_keys_is_sent_away(desk: Table) -> None:
    desk.field.place(Ntag21x(UID, NTAG213))
    refused = desk.says("personalise")
    assert (refused.exit_code, "takes no keys" in refused.output) == (1, True)


def test_a_stranger_band_cannot_be_verified(desk: Table) -> None:
    band = Ntag424(UID, {1: bytes([7]) * 16})
    band.versions = dict.fromkeys(range(5), 5)
    desk.field.place(band)
    assert "none of ours" in desk.says("verify").output


@pytest.fixture
def central(desk: Table) -> Iterator[Central]:
    running = Central(desk.store(), settings(), host="127.0.0.1", port=0)
    running.start()
    yield running
    running.stop()


def test_a_desk_away_from_central_does_all_of_it_while_central_runs(desk: Table, central: Central) -> None:
    band, token = Ntag424.from_factory(UID), a_token(central)
    desk.field.place(band)
    made = from_afar(desk, central, "personalise", "--guest", "g1", "--label", "A-1", token=token)
    assert made.exit_code == 0, made.output
    first = the_card(central)
    assert (first.guest, first.label, first.band.active, set(first.keys)) == ("g1", "A-1", True, {1, 2})
    assert gate(band, first.keys) is Trust.LIVE
    assert from_afar(desk, central, "verify", token=token).exit_code == 0
    assert from_afar(desk, central, "rekey", "--new-version", token=token).exit_code == 0
    assert gate(band, the_card(central).keys) is Trust.LIVE
    assert from_afar(desk, central, "retire", token=token).exit_code == 0
    assert the_card(central).band.state is BandState.REVOKED
    with central.store.reading() as tx:
        told = acts.acts(tx, "park")
    assert {one.who for one in told} == {"olga"}
    assert {"band_keys_given", "band_personalised", "band_keys_rolled", "band_revoke"} <= {
        one.what for one in told
    }
    assert UID.hex() not in repr(told)


def test_a_token_that_is_none_or_too_old_or_of_no_operator_opens_no_desk(
    desk: Table, central: Central, monkeypatch: pytest.MonkeyPatch
) -> None:
    band = Ntag424.from_factory(UID)
    desk.field.place(band)
    with central.store.transaction() as tx:
        operators.let_in(tx, "mia", "vetro sasso luna", role=Role.MARKETER)
        operators.let_in(tx, "otto", "corvo lampada viola", role=Role.OPERATOR)
    tokens = {name: a_token(central, name) for name in ("mia", "otto")}
    with central.store.transaction() as tx:
        operators.remove(tx, "otto")
    monkeypatch.setattr(desks, "SITTING_MS", -1)
    for token in ("", "x" * 43, tokens["mia"], tokens["otto"], a_token(central)):
        refused = from_afar(desk, central, "personalise", token=token)
        assert refused.exit_code == 1, refused.output
        assert "opens no desk" in refused.output
    assert set(band.versions.values()) == {0}, "nothing was written"


def test_a_desk_that_asks_faster_than_hands_is_told_to_wait(
    desk: Table, central: Central, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(desks, "STEPS_A_MINUTE_MAX", 3)
    far = DistantDesk(central.url, a_token(central), cable=Cable())
    for _ in range(3):
        assert far.newest() == 1
    with pytest.raises(Declined) as told:
        far.newest()
    assert told.value.problem is Problem.LATER


def test_no_master_leaves_central_and_a_bare_identifier_is_refused(desk: Table, central: Central) -> None:
    far = DistantDesk(central.url, a_token(central), cable=Cable())
    with central.store.transaction() as tx:
        known = masters(tx, "park")
    handed = far.keys(UID, 1)
    assert handed is not None
    assert set(handed) == set(range(5))
    assert not set(known.values()) & set(handed.values())
    assert far.keys(UID, 99) is None
    for uid in (b"", b"short", bytes(11)):
        with pytest.raises(PolsoError):
            far.keys(uid, 1)
    with pytest.raises(Declined):
        far.finish(UID, 1)


def test_a_desk_over_plain_http_to_another_machine_is_refused(desk: Table) -> None:
    desk.field.place(Ntag424.from_factory(UID))
    known = ["--reader", desk.field.path, "--central", "http://central.example", "--token", "x"]
    refused = CliRunner().invoke(main, ["band", "personalise", *known])
    assert refused.exit_code == 1
    assert "plain http" in refused.output


def test_who_names_neither_central_nor_a_site_is_told_what_to_give(desk: Table) -> None:
    desk.field.place(Ntag424.from_factory(UID))
    refused = CliRunner().invoke(main, ["band", "personalise", "--reader", desk.field.path])
    assert (refused.exit_code, "--token" in refused.output) == (1, True)
