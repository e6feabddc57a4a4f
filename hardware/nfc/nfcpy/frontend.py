"""nfcpy's contactless frontend, kept inside a tap's budget."""

from __future__ import annotations

import errno
import logging
from typing import Any

import nfc.clf
import nfc.clf.acr122
import nfc.clf.pn53x
import nfc.clf.pn532

from hardware.nfc.budget import Budget

_TIMING_ITEM, _ATR_INDEX, _DEP_INDEX = 0x02, 10, 11
_FRAMING = {"A": 0b00, "B": 0b11, "F": 0b10}
_BIT_RATES = (106, 212, 424, 848)
_HOST_EXTRA_S = 0.1

# nfcpy writes identifiers and FeliCa card keys at level DEBUG; neither may reach a log.
logging.getLogger("nfc").setLevel(logging.CRITICAL + 1)


def timeout_index(wanted_s: float, left_s: float) -> int:
    """Return the PN532's code for a waiting time: the first that covers it, but none beyond ``left_s``.

    The chip waits 100 us x 2^(n-1) for n = 1 ... 16, so the covering step may be twice what was wanted.
    """
    index = 1
    while index < 16 and 1e-4 * 2 ** (index - 1) < wanted_s:
        index += 1
    while index > 1 and 1e-4 * 2 ** (index - 1) > left_s:
        index -= 1
    return index


class Frontend(nfc.clf.ContactlessFrontend):  # type: ignore[misc]  # nfcpy is untyped
    """Senses and exchanges within the budget; on a PN532 without commands that would change nothing."""

    def __init__(self, budget: Budget) -> None:
        """Begin without a device; ``adopt`` brings it."""
        super().__init__()
        self._budget = budget
        self._tuned = False
        self._timing = 0

    def adopt(self, device: Any, path: str) -> None:  # noqa: ANN401 - nfcpy's drivers share no typed base
        """Take an opened driver; nfcpy names it by its path in messages, and fails where it has none."""
        device._path = path
        self.device = device
        self._tuned, self._timing = False, 0

    def sense(self, *targets: Any, **options: Any) -> Any:  # noqa: ANN401 - nfcpy's signature
        """Look for a band; the chip's registers are the chip's own afterwards."""
        self._tuned = False
        return super().sense(*targets, **options)

    def exchange(self, send_data: bytes, timeout: float) -> bytearray:
        """Exchange one frame; a band's own wish for time is cut to what the tap has left."""
        wanted = self._budget.clamp(timeout)
        target = self.target
        if isinstance(self.device, nfc.clf.pn532.Device) and target is not None and target.rid_res is None:
            return self._lean_exchange(bytearray(send_data), wanted)
        answer: bytearray | None = super().exchange(send_data, wanted)
        if answer is None:
            raise nfc.clf.TimeoutError("no answer")
        return answer

    def _lean_exchange(self, frame: bytearray, wanted_s: float) -> bytearray:
        """Exchange through a PN532 with one chip command instead of four, where nothing changed between."""
        chipset = self.device.chipset
        try:
            if not self._tuned:
                self._tune(chipset)
            index = timeout_index(wanted_s, self._budget.left_s())
            if index != self._timing:
                chipset.rf_configuration(_TIMING_ITEM, bytearray([_ATR_INDEX, _DEP_INDEX, index]))
                self._timing = index
            answer = chipset.in_communicate_thru(frame, 1e-4 * 2 ** (index - 1) + _HOST_EXTRA_S)
        except nfc.clf.pn53x.Chipset.Error as error:
            raise (nfc.clf.TimeoutError if error.errno == 1 else nfc.clf.TransmissionError)(
                str(error)
            ) from error
        except OSError as error:
            self._tuned, self._timing = False, 0
            if error.errno == errno.ETIMEDOUT:
                raise nfc.clf.TimeoutError("the chip did not answer") from error
            raise
        return self._checked(bytearray(answer))

    def _checked(self, answer: bytearray) -> bytearray:
        """Check the CRC of type 2 bands here: the chip was told not to (short acknowledgements)."""
        target = self.target
        if not target.sens_res or target.sel_res[0] & 0x60 or len(answer) <= 2:
            return answer
        if self.device.check_crc_a(answer) is False:
            raise nfc.clf.TransmissionError("crc_a check error")
        return answer[:-2]

    def _tune(self, chipset: Any) -> None:  # noqa: ANN401 - nfcpy is untyped
        """Set bit rate and framing once after a band was found (PN532 user manual, CIU registers)."""
        registers = ("CIU_TxMode", "CIU_RxMode", "CIU_TxAuto")
        send, receive, auto = chipset.read_register(*registers)
        modes = []
        for value, brty in ((send, self.target.brty_send), (receive, self.target.brty_recv)):
            speed = _BIT_RATES.index(int(brty[:-1])) << 4
            modes.append(value & 0b10001100 | speed | _FRAMING[brty[-1]])
        auto = auto & 0b10111111 | self.target.brty_send.endswith("A") << 6
        chipset.write_register(*zip(registers, (*modes, auto), strict=True))
        self._tuned = True

    def close(self) -> None:
        """Give the device back; an ACR122U is not powered down, or it stays dead until it is replugged."""
        if isinstance(self.device, nfc.clf.acr122.Device):
            device, self.device = self.device, None
            device.chipset.close()
            return
        super().close()
