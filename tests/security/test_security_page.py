"""The page on security names each test that shows a promise, and only such as exist."""

from __future__ import annotations

import re
from pathlib import Path

from kiosk import guard as kiosk
from sync.central.console import guard as console
from tests.tidy.source import ROOT

PAGE = (ROOT / ".docs/security.md").read_text()
HERE = Path(__file__).parent
OTHERS = {
    "test_asvs": "every requirement of a standard",
    "test_band_keys": "a part of test_cloned_band",
    "test_card_numbers": "what is kept of people",
    "test_channels_conform": "a part of test_hostile_bytes",
    "test_device_rights": "a part of test_signed_requests",
    "test_enrolment_races": "a part of test_signed_requests",
    "test_erasure": "what is kept of people",
    "test_erasure_by_id": "what is kept of people",
    "test_erasure_everywhere": "what is kept of people",
    "test_hostile_central_caps": "a part of test_hostile_central",
    "test_https_only": "a part of test_rogue_lan",
    "test_least_at_an_edge": "what is kept of people",
    "test_malformed_requests": "a part of test_hostile_bytes",
    "test_offered_ways": "a part of test_matrix",
    "test_plain_signatures": "a part of test_signed_requests",
    "test_primitives": "a requirement of the standard",
    "test_own_band": "a part of test_dishonest_staff",
    "test_rogue_lan_rates": "a part of test_rogue_lan",
    "test_saved_tables": "a part of test_matrix",
    "test_security_page": "this",
    "test_violations": "a requirement of the standard",
}
"""Tests here that show something else than one row of the table of threats."""


def test_each_named_test_exists() -> None:
    named = re.findall(r"\]\(\.\./(tests/[\w/.]+)\)", PAGE)

    assert len(named) > 15
    assert [path for path in named if not (ROOT / path).is_file()] == []


def test_each_test_of_a_threat_is_named() -> None:
    there = {path.stem for path in HERE.glob("test_*.py")}
    named = set(re.findall(r"\[(test_\w+)\]", PAGE))

    assert there - named == set(OTHERS)


def test_each_kind_of_hole_in_a_package_has_its_days() -> None:
    """How long a package with a known hole may stay, and how old any may grow."""
    packages = PAGE.partition("## Packages")[2].partition("\n## ")[0]
    days = [int(each) for each in re.findall(r"(\d+) days", packages)]

    assert sorted(days) == [7, 30, 90]
    assert "nfcpy" in packages, "the one that is risky is named"


def test_each_verb_and_key_that_the_page_names_is_there() -> None:
    reference = (ROOT / ".docs" / "reference.md").read_text()

    for word in re.findall(r"`((?:polso|retention)[ .][\w ]+)`", PAGE):
        assert f"`{word}" in reference, word


def test_each_feature_of_a_browser_that_is_asked_for_is_on_the_page_and_no_other() -> None:
    chapter = PAGE.partition("## What a browser must know")[2].partition("\n## ")[0]
    named = set(re.findall(r"`([A-Z][A-Za-z]*(?:-[A-Z][A-Za-z]+)+)`", chapter)) - {"Sec-Fetch-Site"}
    for guard in (kiosk, console):
        assert {*guard.HEADERS, guard.HTTPS_ONLY[0]} == named


def test_each_cipher_that_a_quantum_computer_breaks_has_what_takes_its_place() -> None:
    plan = PAGE.partition("### When a cipher has to go")[2].partition("\n## ")[0]
    rows = [row.split("|")[1:4] for row in plan.splitlines() if row.startswith("|")][2:]
    assert all(cell.strip() for row in rows for cell in row)
    for primitive in ("TLS", "HPKE", "X25519", "Ed25519", "AES", "HMAC", "argon2id"):
        assert any(primitive in row[0] for row in rows), primitive
