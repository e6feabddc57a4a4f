"""The verb `polso audit`: sums and differences in words, all of it as JSON, and how it ends."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner

import edge.run.platform
from edge.core.decision import Reason
from edge.core.events import Kind, body_of
from edge.run.cli import main
from sync.central.store import Store
from tests.sync.builders import SITE
from tests.sync.test_audit import a_site, decides


def polso_audit(folder: Path, *options: str) -> tuple[int, str]:
    told = CliRunner().invoke(main, ["audit", SITE, "--database", str(folder / "central.db"), *options])
    return told.exit_code, told.output


def test_where_all_is_equal_it_says_so_and_succeeds(small_store: Store, tmp_path: Path) -> None:
    [gate] = a_site(small_store)
    decides(small_store, gate, tap="t-1")
    small_store.close()
    code, told = polso_audit(tmp_path)
    assert code == 0
    sums = ["1 decisions judged again, 1 equal", "0 payments judged again, 0 equal"]
    assert told.splitlines()[:2] == sums


def test_central_replays_by_its_own_verb_and_still_runs_by_its_name_alone(
    small_store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    [gate] = a_site(small_store)
    decides(small_store, gate, tap="t-1")
    small_store.close()
    served: list[str] = []
    monkeypatch.setattr(edge.run.platform, "serve", lambda database, _: served.append(database))
    by_audit = polso_audit(tmp_path)
    command = ["central", "replay", SITE, "--database", str(tmp_path / "central.db")]
    replayed = CliRunner().invoke(main, command)
    assert (replayed.exit_code, replayed.output) == by_audit
    assert served == []
    assert CliRunner().invoke(main, ["central", "--database", "other.db"]).exit_code == 0
    assert served == ["other.db"]


def test_a_difference_is_named_by_its_place_and_fails(small_store: Store, tmp_path: Path) -> None:
    [gate] = a_site(small_store)
    decided = decides(small_store, gate, tap="t-1")
    lied = msgspec.structs.replace(decided.decision, reason=Reason.EXITED)
    gate.says(Kind.DECIDED, body_of(msgspec.structs.replace(decided, decision=lied)))
    small_store.close()
    code, told = polso_audit(tmp_path)
    assert code == 1
    assert f"{gate.device.id} 0/2 decided: said exited, now entered (reason)" in told
    code, told = polso_audit(tmp_path, "--json")
    found = msgspec.json.decode(told)
    kinds = {"decided": {"judged": 2, "equal": 1, "moved_on": 0}}
    assert (code, found["equal"], found["judged"]["kinds"]) == (1, False, kinds)
    assert found["judged"]["different"][0][:3] == [gate.device.id, 0, 2]
