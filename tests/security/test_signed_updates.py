"""A device takes what two of three people signed, and nothing that is old, mixed, endless or changed."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from edge.errors import ConfigError, Offline
from edge.run import release
from edge.run.release import LOCK, NotVouchedFor, fetched, trust
from tests.security.repository import FRESH, PEOPLE, House, Served, a_wheel, served

pytestmark = [pytest.mark.slow, pytest.mark.timeout(60)]


class Device:
    """A device that has pinned the house's root and updates over loopback."""

    def __init__(self, house: House, keep: Path, url: str) -> None:
        self.house, self.keep, self.url = house, keep, url
        trust(keep, house.root)

    def updates(self) -> str:
        return fetched(self.url, self.keep)[0].version

    def refuses(self) -> str:
        with pytest.raises(NotVouchedFor) as refused:
            self.updates()
        assert refused.value.hint
        return str(refused.value)


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> House:
    monkeypatch.setenv("POLSO_KEY_PASSPHRASE", "long enough")
    made = House(tmp_path)
    made.release("1.0")
    return made


@pytest.fixture
def server(house: House) -> Iterator[tuple[str, Served]]:
    with served(house.folder) as found:
        yield found


@pytest.fixture
def device(house: House, server: tuple[str, Served], tmp_path: Path) -> Device:
    return Device(house, tmp_path / "keep", server[0])


def test_what_two_of_three_signed_comes_whole(device: Device) -> None:
    told, folder = fetched(device.url, device.keep)
    assert (told.version, sorted(told.files)) == ("1.0", ["polso-1.0-py3-none-any.whl", LOCK])
    assert {path.name for path in folder.iterdir()} == {*told.files, "release.json"}
    assert "--hash=sha256:" in (folder / LOCK).read_text()
    device.house.release("1.1")
    assert device.updates() == "1.1"
    assert not (folder / "polso-1.0-py3-none-any.whl").exists()


def test_a_stick_is_as_good_as_a_server(house: House, tmp_path: Path) -> None:
    trust(tmp_path / "keep", house.root)
    assert fetched(str(house.folder), tmp_path / "keep")[0].version == "1.0"


def test_one_stolen_key_signs_nothing_even_with_the_one_that_freshens(device: Device) -> None:
    assert device.updates() == "1.0"
    house = device.house
    house.stage("6.6")
    house.sign("anna")
    house.sign("anna")  # twice by the same is not by two
    staged = sorted((house.folder / "metadata/staged").iterdir())
    assert [path.name for path in staged] == ["2.snapshot.json", "2.targets.json"]
    for path in staged:
        shutil.move(path, house.folder / "metadata" / path.name)
    house.freshen()
    assert "snapshot was signed by 1/2 keys" in device.refuses()


def test_the_key_that_freshens_signs_no_release(device: Device) -> None:
    device.house.stage("6.6")
    with pytest.raises(SystemExit, match="none of this repository"):
        device.house.sign(FRESH)


def test_an_older_release_than_was_seen_is_refused(device: Device) -> None:
    old = device.house.copy("old")
    device.house.release("1.1")
    assert device.updates() == "1.1"
    shutil.rmtree(device.house.folder)
    shutil.copytree(old, device.house.folder)
    assert "version" in device.refuses()


def test_an_old_list_under_a_new_timestamp_is_refused(device: Device) -> None:
    device.house.release("1.1")
    assert device.updates() == "1.1"
    (device.house.folder / "metadata/2.snapshot.json").unlink()
    device.house.freshen()  # now for the first snapshot again, by a stolen key
    assert "version" in device.refuses()


def test_a_repository_that_nobody_freshens_is_refused(
    device: Device, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert device.updates() == "1.0"
    monkeypatch.setattr(device.house.tool, "FRESH_DAYS", -1)
    device.house.freshen()
    assert "expired" in device.refuses()


def test_a_repository_may_not_vouch_for_longer_than_a_week(
    device: Device, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(device.house.tool, "FRESH_DAYS", 9)
    device.house.freshen()
    assert "longer than a week" in device.refuses()
    monkeypatch.setattr(device.house.tool, "FRESH_DAYS", 7)
    device.house.freshen()
    assert device.updates() == "1.0"


def test_a_clock_that_runs_behind_is_noticed(device: Device, monkeypatch: pytest.MonkeyPatch) -> None:
    now_ms = release.wall_ms()
    monkeypatch.setattr(release, "wall_ms", lambda: now_ms - 2 * 24 * 3_600_000)
    assert "longer than a week" in device.refuses()


def test_parts_of_two_releases_are_refused(device: Device) -> None:
    device.house.release("1.1")
    metadata = device.house.folder / "metadata"
    shutil.copy(metadata / "1.targets.json", metadata / "2.targets.json")
    assert "Expected targets v2, got v1" in device.refuses()


def test_another_file_of_the_same_length_is_refused(device: Device) -> None:
    wheel = next((device.house.folder / "targets").glob("*.polso-1.0-*.whl"))
    content = wheel.read_bytes()
    wheel.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    assert "hash" in device.refuses()
    assert not list((device.keep / "files").glob("polso*"))
    wheel.write_bytes(content)
    assert device.updates() == "1.0"


@pytest.mark.parametrize("what", ["timestamp.json", "1.snapshot.json", "1.targets.json", "polso-1.0"])
def test_data_without_end_is_cut_off(device: Device, server: tuple[str, Served], what: str) -> None:
    server[1].endless = what
    device.refuses()
    assert 0 < server[1].sent < 50_000_000


def test_a_changed_file_of_the_week_is_refused(device: Device) -> None:
    path = device.house.folder / "metadata/timestamp.json"
    told = json.loads(path.read_bytes())
    told["signed"]["version"] = 9
    path.write_text(json.dumps(told))
    assert "signed" in device.refuses()


def test_new_keys_take_two_of_the_old_ones(device: Device) -> None:
    house = device.house
    names = ("dora", "elia", "fabio")
    for name in names:
        house.tool.make_key(house.place / name)
    house.tool.keys(house.folder, *(house.place / f"{name}.pub" for name in (*names, FRESH)))
    house.sign("dora", "elia", "anna")
    assert (house.folder / "metadata/staged/2.root.json").exists()
    shutil.copy(house.folder / "metadata/staged/2.root.json", house.folder / "metadata/2.root.json")
    assert "root was signed by 1/2 keys" in device.refuses()
    (house.folder / "metadata/2.root.json").unlink()
    house.sign("bruno")
    house.stage("2.0")
    house.sign("dora", "fabio")
    house.freshen()
    assert device.updates() == "2.0"


def test_a_root_that_one_key_could_replace_is_never_pinned(
    house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(house.tool, "SIGNED_BY", 1)
    house.tool.keys(tmp_path / "weak", *(tmp_path / f"{name}.pub" for name in (*PEOPLE, FRESH)))
    house.tool.sign(tmp_path / "weak", tmp_path / "anna")
    with pytest.raises(ConfigError, match="one key alone"):
        trust(tmp_path / "keep", tmp_path / "weak/metadata/1.root.json")
    told = json.loads(house.root.read_bytes())
    told["signatures"] = told["signatures"][:1]
    (tmp_path / "half").write_text(json.dumps(told))
    with pytest.raises(ConfigError, match="no root of trust"):
        trust(tmp_path / "keep", tmp_path / "half")
    with pytest.raises(ConfigError, match="pinned"):
        fetched(str(house.folder), tmp_path / "keep")


def test_names_that_lead_elsewhere_are_refused_though_signed(
    house: House, device: Device, monkeypatch: pytest.MonkeyPatch
) -> None:
    listed = {"version": "1.1", "files": ["../../etc/cron.d/polso.whl", LOCK]}
    monkeypatch.setattr(house.tool, "json", SimpleNamespace(dumps=lambda told: json.dumps(listed)))
    house.stage("1.1")
    house.sign("anna", "carla")
    house.freshen()
    assert "no release has" in device.refuses()


def test_wheels_of_other_machines_stay_where_they_are(
    house: House, device: Device, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(release.platform, "machine", lambda: "aarch64")
    kinds = [("seal", "2.0", f"cp311-abi3-manylinux_2_28_{machine}") for machine in ("x86_64", "aarch64")]
    house.release("1.1", *kinds)
    _, folder = fetched(device.url, device.keep)
    assert [path.name for path in folder.glob("seal*")] == ["seal-2.0-cp311-abi3-manylinux_2_28_aarch64.whl"]
    assert (folder / LOCK).read_text().count("--hash") == 3


def test_a_server_that_is_away_is_no_attack_and_plain_http_is_none_at_all(
    house: House, tmp_path: Path
) -> None:
    trust(tmp_path / "keep", house.root)
    with served(house.folder) as (url, _):
        pass
    with pytest.raises(Offline):
        fetched(url, tmp_path / "keep")
    with pytest.raises(ConfigError, match="plain http"):
        fetched("http://releases.example", tmp_path / "keep")


def test_a_release_is_made_of_wheels_and_one_polso(house: House, tmp_path: Path) -> None:
    a_wheel(tmp_path / "odd", "1.0", "other")
    with pytest.raises(SystemExit, match="one of Polso"):
        house.tool.add(house.folder, tmp_path / "odd")
