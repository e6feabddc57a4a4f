"""The configuration: defaults, a site's own file over them, and errors that say where and what to do."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import msgspec
import pytest

from edge.config import Config, Equipment, default_text, load, parse
from edge.errors import ConfigError

OWN = """
[site]
id = "rome"

[screens]
port = 9000

[[readers]]
name = "gate-1"
driver = "nfcpy"
point = "gate-1"
settings = { path = "usb" }
"""


def test_defaults_alone_are_a_whole_configuration() -> None:
    config = load()
    assert config.screens.host == "127.0.0.1", "nothing opens on the network beyond the machine unless told"
    assert config.readers == ()
    assert config.central.url == ""


def test_site_file_states_only_what_differs(tmp_path: Path) -> None:
    file = tmp_path / "polso.toml"
    file.write_text(OWN)
    config = load(file)
    assert (config.site.id, config.screens.port) == ("rome", 9000)
    assert config.screens.screens_max == load().screens.screens_max
    assert config.readers == (
        Equipment(name="gate-1", driver="nfcpy", point="gate-1", settings={"path": "usb"}),
    )


def test_every_key_stands_commented_in_the_defaults_file() -> None:
    text = default_text()
    for table in msgspec.structs.fields(Config):
        if not isinstance(table.type, type):
            assert f"[[{table.encode_name}]]" in text
            continue
        for field in msgspec.structs.fields(table.type):
            commented = rf"(?m)^# .+\n(?:# .+\n)*{field.encode_name} = "
            assert re.search(commented, text), f"{table.encode_name}.{field.encode_name} has no comment"


def test_example_equipment_in_the_defaults_file_is_valid_once_uncommented() -> None:
    tail = default_text().split("# One table per reader.")[1]
    example = "\n".join(
        line[2:]
        for line in tail.splitlines()
        if re.match(r"# (\[\[|name|driver|point|settings)", line) and "`" not in line
    )
    config = parse(example, "example")
    assert [len(config.readers), len(config.gates), len(config.lights)] == [1, 1, 1]


UUID = "11111111-2222-3333-4444-555555555555"
WRONG = [
    ("[screens]\nport = 'x'\n", "own.toml:2: screens.port", "commented default"),
    ("[screens]\nport = 70000\n", "own.toml:2: screens.port", "commented default"),
    ("[screen]\nport = 1\n", "own.toml:1: there is no key 'screen'", "Did you mean 'screens'"),
    ("[site]\nid = 'a'\n[screens]\nprot = 1\n", "own.toml:4: there is no key 'screens.prot'", "'port'"),
    ("screens.prot = 1\n", "own.toml:1: there is no key 'screens.prot'", "'port'"),
    ("[site]\nid = 'a b'\n", "own.toml:2: site.id", "commented default"),
    ("[site]\nname\n", "not TOML: .*line 2", "Mend the line"),
    ("[central]\nurl = 'central.example'\n", "own.toml:2: central.url", "commented default"),
    ("[[readers]]\nname = 'a'\ndriver = 'd'\n", r"own.toml:1: readers\[0\]", "commented default"),
    (
        "[[readers]]\nname='a'\ndrivr='d'\npoint='p'\n",
        "own.toml:3: there is no key 'readers.drivr'",
        "'driver'",
    ),
    ("zzz = 1\n", "own.toml:1: there is no key 'zzz'", "Known here: site"),
    (
        "[[gates]]\nname='a'\ndriver='d'\npoint='p'\n[[gates]]\nname='a'\ndriver='d'\npoint='p'\n",
        "two gates are named 'a'",
        "its own name",
    ),
    ("[[radios]]\nname='a'\nadapter='usb0'\n", r"own.toml:3: radios\[0\].adapter", "commented default"),
    ("[[radios]]\nname='a'\nmodus='precise'\n", "own.toml:3: there is no key 'radios.modus'", "'mode'"),
    ("[[radios]]\nname='a'\nref1m_dbm=59\n", r"own.toml:3: radios\[0\].ref1m_dbm", "commented default"),
    (
        "[[radios]]\nname='a'\n[[radios]]\nname='b'\n",
        "own.toml:3: two radios listen by hci0",
        "adapter of its own",
    ),
    (
        "[[readers]]\nname='a'\ndriver='d'\npoint='p'\n[[radios]]\nname='a'\n",
        "a radio and another device are named 'a'",
        "a name of its own",
    ),
    (
        "[[radios]]\nname='a'\nmode='precise'\nbeacons=['ibeacon:12']\n",
        "own.toml:4: radio a: 'ibeacon:12' is no beacon's address; write one as ibeacon:UUID/MAJOR/MINOR",
        "on the beacon",
    ),
    (
        f"[[radios]]\nname='a'\nreference='ibeacon:{UUID}'\nmode='precise'\n",
        "own.toml:3: radio a: .* is a family of beacons",
        "the one beacon",
    ),
    (
        f"[[radios]]\nname='a'\nmode='privacy'\nbeacons=['ibeacon:{UUID}']\n",
        "own.toml:4: radio a: in privacy mode only Polso's own frames",
        'mode = "precise"',
    ),
    (
        f"[[radios]]\nname='a'\nreference='ibeacon:{UUID}/1/2'\n",
        "own.toml:3: radio a: in privacy mode only Polso's own frames",
        'mode = "precise"',
    ),
    (
        "[[radios]]\nname='a'\nmode='precise'\nbeacons=['polso:00000000000000a1']\n",
        "own.toml:4: radio a: .* is a band of Polso's",
        "Leave it out",
    ),
]


@pytest.mark.parametrize(("text", "message", "hint"), WRONG, ids=[row[1] for row in WRONG])
def test_error_names_the_key_the_line_and_the_remedy(text: str, message: str, hint: str) -> None:
    with pytest.raises(ConfigError, match=message) as error:
        parse(text, "own.toml")
    assert hint in error.value.hint


def test_missing_file_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="does not exist") as error:
        load(tmp_path / "none.toml")
    assert "--config" in error.value.hint


def test_unreadable_bytes_are_an_error_of_the_configuration(tmp_path: Path) -> None:
    file = tmp_path / "polso.toml"
    file.write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigError, match="cannot be read"):
        load(file)


def test_defaults_file_holds_no_secret() -> None:
    words = {key for table in tomllib.loads(default_text()).values() for key in table}
    assert not words & {"token", "password", "secret", "key", "credential", "pin"}


@pytest.mark.parametrize(
    ("told", "listens"),
    [
        ("", "privacy"),
        ("area = 'piazza'", "privacy"),
        ("point = 'kiosk-1'", "precise"),
        (f"beacons = ['ibeacon:{UUID}']", "precise"),
        ("point = 'kiosk-1'\nmode = 'privacy'", "privacy"),
        ("mode = 'precise'", "precise"),
    ],
)
def test_radio_is_private_unless_a_kiosk_or_other_makes_need_more(told: str, listens: str) -> None:
    (radio,) = parse(f"[[radios]]\nname = 'a'\n{told}\n", "own.toml").radios

    assert radio.listens == listens
    assert radio.adapter == "hci0"


def test_example_radio_in_the_defaults_file_is_valid_once_uncommented() -> None:
    tail = default_text().split("# [[radios]]")[1]
    lines = [line[2:] for line in tail.splitlines() if line.startswith("# ")]
    (radio,) = parse("\n".join(["[[radios]]", *lines]), "example").radios

    assert radio.at_kiosk
    assert radio.other_makes is False
