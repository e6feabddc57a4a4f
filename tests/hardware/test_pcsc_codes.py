"""PC/SC's return codes: which are the daemon's or the reader's, each with its act, and which the band's."""

from __future__ import annotations

import pytest

from hardware.port import DeviceError

pytestmark = pytest.mark.real("pyscard")

DEVICE = {
    0x8010001D: "enable --now pcscd.socket",
    0x8010001E: "enable --now pcscd.socket",
    0x80100013: "enable --now pcscd.socket",
    0x80100003: "enable --now pcscd.socket",
    0x80100009: "plug the reader in",
    0x80100017: "plug the reader in",
    0x8010000B: "another program holds the reader",
    0x8010006A: "polso-pcsc.rules",
}
BAND = (0x80100069, 0x80100068, 0x80100067, 0x80100066, 0x8010000C, 0x80100016, 0x8010002F, 0x8010000F)


@pytest.mark.parametrize("code", DEVICE)
def test_fault_of_daemon_or_reader_says_what_to_do(code: int) -> None:
    from hardware.nfc.pcsc.service import fault_of

    fault = fault_of(code - (1 << 32), "reader x")

    assert isinstance(fault, DeviceError)
    assert DEVICE[code] in fault.hint
    assert "reader x" in str(fault)


@pytest.mark.parametrize("code", BAND)
def test_fault_of_the_band_costs_no_reader(code: int) -> None:
    from hardware.nfc.pcsc.lost import BandLost
    from hardware.nfc.pcsc.service import fault_of

    assert isinstance(fault_of(code - (1 << 32), "reader x"), BandLost)


def test_reader_that_was_pulled_out_is_gone_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    """A state that the virtual reader cannot show: its cable is a file of the daemon's configuration."""
    from smartcard import scard

    from hardware.nfc.pcsc.service import Context

    gone = scard.SCARD_STATE_UNKNOWN | scard.SCARD_STATE_CHANGED
    monkeypatch.setattr(scard, "SCardGetStatusChange", lambda handle, wait, states: (0, [("x", gone, [])]))

    with pytest.raises(DeviceError, match="gone") as told:
        Context(0).look("x", known=0, wait_ms=0)

    assert "plug the reader in" in told.value.hint
