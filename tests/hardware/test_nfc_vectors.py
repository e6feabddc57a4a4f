"""The cryptography of bands gives the values that its makers published."""

from __future__ import annotations

import pytest

from hardware.nfc import aes, diversify, felica, ntag424, sun
from hardware.nfc.lrp import Lrp
from hardware.port import ReadFault, Trust
from tests.hardware.vectors import nxp

octets = bytes.fromhex


@pytest.mark.parametrize(("message", "mac"), nxp.AES_CMAC)
def test_aes_cmac_is_that_of_rfc_4493(message: str, mac: str) -> None:
    assert aes.cmac(octets(nxp.RFC4493_KEY), octets(message)).hex() == mac


@pytest.mark.parametrize(("key", "message", "mac"), nxp.LRP_CMAC)
def test_lrp_cmac_is_that_of_an12304(key: str, message: str, mac: str) -> None:
    assert Lrp(octets(key)).cmac(octets(message)).hex().upper() == mac


@pytest.mark.parametrize("link", nxp.SUN, ids=lambda link: link.source)
def test_published_sun_links_are_judged_rightly(link: nxp.SunLink) -> None:
    layout = sun.Layout(
        mac_over=sun.MacOver(link.mac_over),
        lrp=link.lrp,
        meta_key=octets(link.meta_key) if link.meta_key else None,
    )

    found = sun.check(
        f"https://polso.example/b?{link.query}", lambda uid, key_no: octets(link.file_key), layout=layout
    )

    if link.valid:
        assert found == sun.Checked(Trust.SUN, octets(link.uid), link.counter, file=octets(link.file))
    else:
        assert (found.trust, found.fault) == (Trust.NONE, ReadFault.NOT_AUTHENTIC)


def test_live_proof_sends_and_understands_table_14_octet_for_octet() -> None:
    told, sent = nxp.EV2_FIRST, []

    def chip(command: bytes) -> bytes:
        sent.append(command.hex().upper())
        return octets(told[f"answer_{len(sent)}"])

    proof = ntag424.authenticate(chip, bytes(16), 0, rnd_a=octets(told["rnd_a"]))

    assert sent == [told["command_1"], told["command_2"]]
    assert proof.outcome is ntag424.Outcome.PROVED
    assert proof.session == ntag424.Session(octets(told["ti"]), octets(told["enc"]), octets(told["mac"]))


def test_session_keys_are_those_of_table_23() -> None:
    told = nxp.EV2_SESSION

    made = ntag424.session_keys(bytes(16), octets(told["rnd_a"]), octets(told["rnd_b"]))

    assert made == (octets(told["enc"]), octets(told["mac"]))


@pytest.mark.parametrize(("master", "key"), nxp.AN10922)
def test_band_keys_are_diversified_as_an10922_says(master: str, key: str) -> None:
    assert diversify.diversified(octets(master), octets(nxp.AN10922_MESSAGE)).hex().upper() == key


def test_short_identity_is_padded_to_two_blocks_unlike_rfc_4493() -> None:
    master, message = octets(nxp.AN10922[0][0]), b"\x04\x78\x2e"

    assert diversify.diversified(master, message) != aes.cmac(master, b"\x01" + message)


@pytest.mark.parametrize("size", [0, 32])
def test_identity_that_an10922_does_not_take_is_refused(size: int) -> None:
    with pytest.raises(ValueError, match="1 to 31 octets"):
        diversify.diversified(bytes(16), bytes(size))


def test_keys_of_256_bits_and_full_identities_are_diversified_too() -> None:
    made = {diversify.diversified(bytes(32), bytes(31)), diversify.diversified(bytes(32), bytes(30))}

    assert {len(key) for key in made} == {32}
    assert len(made) == 2


def test_keys_of_one_band_differ_by_number_and_by_band() -> None:
    made = {diversify.band_key(bytes(16), bytes([uid]) * 7, number) for uid in (1, 2) for number in range(5)}

    assert len(made) == 10


@pytest.mark.parametrize(("to_card", "mac"), nxp.FELICA_MAC)
def test_felica_mac_is_that_of_nfcpy(to_card: bool, mac: str) -> None:
    made = felica.mac(bytes(range(32)), bytes(range(16)), bytes(range(8)), to_card=to_card)

    assert made.hex() == mac
