"""The demo park end to end: real driver code, real processes, real HTTP."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median

import pytest
import requests

from tests.conftest import FIGURES
from tests.journeys.park import Park, a_park, polso, until

pytestmark = [pytest.mark.journey, pytest.mark.real("nfcpy"), pytest.mark.timeout(90)]


@pytest.fixture(scope="module")
def park(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Park]:
    """One park for every story that leaves it as it was."""
    with a_park(tmp_path_factory.mktemp("park") / "kept") as opened:
        yield opened


@pytest.fixture(autouse=True)
def _fresh(request: pytest.FixtureRequest) -> None:
    if "park" in request.fixturenames:
        request.getfixturevalue("park").post("reset")


def test_newcomer_gets_addresses_on_loopback_and_six_idle_readers(park: Park) -> None:
    assert park.said["ready"] is True
    assert park.edge.startswith("http://127.0.0.1:")
    assert park.central.startswith("http://127.0.0.1:")
    readers = park.state()["readers"]
    assert [one["kind"] for one in readers] == ["gate", "door", "attraction", "kiosk", "till", "till"]
    until(lambda: all(one["state"] == "idle" for one in park.state()["readers"]), 5)
    assert requests.get(f"{park.edge}/readyz", timeout=5).json() == {"ok": True, "cause": ""}


@pytest.mark.parametrize(
    ("band", "reader", "outcome", "reason"),
    [
        ("giulia", "gate-1", "granted", "entered"),
        ("yuki", "gate-1", "granted", "entered"),
        ("hans", "volo-1", "denied", "too_early"),
        ("sofia", "door-214", "granted", "entered"),
        ("giulia", "door-214", "denied", "wrong_product"),
        ("giulia", "kiosk-1", "granted", "identified"),
        ("paolo", "gate-1", "referred", "unpaid"),
        ("eva", "gate-1", "denied", "too_late"),
        ("leo", "gate-1", "denied", "companion_required"),
        ("nora", "gate-1", "referred", "band_lost"),
        ("pia", "gate-1", "referred", "band_replaced"),
        ("rocco", "gate-1", "referred", "band_revoked"),
        ("nuovo", "gate-1", "referred", "band_unlinked"),
        ("nina", "kiosk-1", "referred", "band_unknown"),
        ("clone", "gate-1", "referred", "band_not_authentic"),
        ("copia", "gate-1", "referred", "band_wrong_kind"),
        ("telefono", "gate-1", "referred", "band_random_uid"),
        ("altrove", "gate-1", "referred", "band_unknown"),
        ("strappo", "gate-1", "referred", "band_read_error"),
    ],
)
def test_every_band_of_the_tray_tells_its_story(
    park: Park, band: str, reader: str, outcome: str, reason: str
) -> None:
    told = park.tap(band, reader)
    assert (told["outcome"], told["reason"]) == (outcome, reason)
    assert told["seq"] > 0, "refusals are decisions too, and in the journal"
    assert told["took_ms"] < 500


def test_child_enters_after_the_adult_of_the_party(park: Park) -> None:
    assert park.tap("anna")["outcome"] == "granted"
    assert park.tap("leo")["outcome"] == "granted"


def test_slot_opens_for_who_booked_now_and_waits_for_who_booked_later(park: Park) -> None:
    for band in ("emma", "hans", "tim"):
        assert park.tap(band)["outcome"] == "granted"
    assert park.tap("emma", "volo-1")["reason"] == "entered"
    assert park.tap("hans", "volo-1")["reason"] == "too_early"
    assert park.tap("tim", "volo-1")["reason"] == "height_min"


def test_second_entry_is_refused_and_names_the_first(park: Park) -> None:
    assert park.tap("luca")["outcome"] == "granted"
    assert park.tap("luca")["reason"] in ("inside_already", "already_used_here")


def test_nobody_at_the_gate_notices_that_the_internet_is_cut(park: Park) -> None:
    online = [park.tap("chloe", "kiosk-1")["took_ms"] for _ in range(8)]
    until(lambda: park.state()["outbox"] == 0, 15)
    park.post("internet", up=False)
    offline = [park.tap("chloe", "kiosk-1") for _ in range(8)]
    assert all(told["outcome"] == "granted" for told in offline)
    assert median(told["took_ms"] for told in offline) < 3 * median(online) + 20
    assert park.state()["outbox"] >= len(offline)
    park.post("internet", up=True)
    until(lambda: park.state()["outbox"] == 0, 15)
    tap_id = offline[-1]["tap_id"]
    until(lambda: story(park, tap_id)["acknowledged_ms"] is not None, 10)


def story(park: Park, tap_id: str) -> dict[str, object]:
    return park.answer(requests.get(f"{park.edge}/demo/taps/{tap_id}", timeout=5))


def test_unplugged_reader_is_lost_and_reads_again_after_it_is_plugged_in(
    park: Park, record_property: Callable[[str, object], None]
) -> None:
    park.post("reader", reader="volo-1", plugged=False)
    until(lambda: park.reader("volo-1")["state"] in ("lost", "opening"), 6)
    assert park.tap("giulia")["outcome"] == "granted", "the other readers go on"
    refused = park.post("taps", band="giulia", reader="volo-1")
    assert refused.status_code == 422
    assert "unplugged" in refused.json()["title"]
    park.post("reader", reader="volo-1", plugged=True)
    took_s = until(lambda: park.reader("volo-1")["state"] == "idle", 10)
    assert took_s < 10
    record_property(FIGURES, f"a reader that is plugged in reads after {took_s:.1f} s (floor 10, goal 3)")
    assert park.tap("giulia", "volo-1")["seq"] > 0


def test_full_disk_sends_everybody_to_staff_and_the_gate_comes_back_by_itself(park: Park) -> None:
    park.post("disk", full=True)
    until(lambda: requests.get(f"{park.edge}/readyz", timeout=5).status_code == 503, 5)
    told = park.tap("giulia")
    assert (told["outcome"], told["reason"], told["seq"]) == ("referred", "store_unavailable", 0)
    park.post("disk", full=False)
    until(lambda: requests.get(f"{park.edge}/readyz", timeout=5).status_code == 200, 5)
    assert park.tap("giulia")["outcome"] == "granted"


def test_crowd_goes_through_the_readers(park: Park) -> None:
    def taps() -> float:
        lines = requests.get(f"{park.edge}/metrics", timeout=5).text.splitlines()
        return sum(float(line.split()[-1]) for line in lines if line.startswith("polso_taps_total"))

    before = taps()
    park.post("crowd", rate=600)
    until(lambda: taps() >= before + 10, 15)
    assert park.state()["crowd"] == 600


def test_unknown_band_or_reader_is_named_with_what_there_is(park: Park) -> None:
    assert park.post("taps", band="nobody", reader="gate-1").status_code == 404
    refused = park.post("taps", band="giulia", reader="gate-9")
    assert refused.status_code == 404
    assert "gate-1" in refused.json()["hint"]


def test_second_process_on_the_same_folder_is_refused_by_name(park: Park, tmp_path: Path) -> None:
    config = tmp_path / "polso.toml"
    key = f'[key]\nsource = "file"\npath = "{park.key}"\n'
    config.write_text(f'[store]\nfolder = "{park.data_dir / "edge"}"\n{key}')
    refused = polso("run", "--config", str(config))
    assert refused.returncode == 1
    assert f"Another polso (pid {park.process.pid}) uses this folder" in refused.stderr
    assert "what to do" in refused.stderr


def test_journal_verifies_and_exports_while_the_park_is_open(park: Park) -> None:
    park.tap("giulia")
    verified = polso("journal", "verify", "--data", str(park.data_dir / "edge"))
    assert verified.returncode == 0, verified.stdout + verified.stderr
    assert verified.stdout.rstrip().endswith("whole")
    exported = polso("journal", "export", "--data", str(park.data_dir / "edge"))
    lines = exported.stdout.splitlines()
    assert lines
    assert all('"specversion":"1.0"' in line.replace(" ", "") for line in lines)


@pytest.mark.slow  # a process that counts its lines writes them down before it stops
def test_killed_park_remembers_who_is_inside_and_stops_in_two_seconds(tmp_path: Path) -> None:
    with a_park(tmp_path / "kept") as first:
        entered = first.tap("marco")
        assert entered["outcome"] == "granted"
        first.kill()
    with a_park(tmp_path / "kept") as second:
        again = second.tap("marco")
        assert again["reason"] == "inside_already"
        assert again["seq"] > entered["seq"]
        until(lambda: second.state()["outbox"] == 0, 15)
        assert second.stop() < 2
    verified = polso("journal", "verify", "--data", str(tmp_path / "kept" / "edge"))
    assert verified.returncode == 0, verified.stdout


def test_central_judges_every_decision_of_the_day_again_and_comes_out_equal(tmp_path: Path) -> None:
    bands = ("giulia", "leo", "anna", "leo", "emma", "hans", "luca", "luca", "paolo", "eva", "nora", "clone")
    with a_park(tmp_path / "kept") as park:
        for band in bands:
            park.tap(band)
        for band in ("emma", "hans", "tim", "giulia"):
            park.tap(band, "volo-1")
        until(lambda: park.state()["outbox"] == 0, 15)
    audited = polso("audit", "aurora", "--database", str(tmp_path / "kept" / "central" / "central.db"))
    assert audited.returncode == 0, audited.stdout + audited.stderr
    count = len(bands) + 4
    assert f"{count} decisions judged again, {count} equal" in audited.stdout
