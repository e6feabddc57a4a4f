"""A reader's radio field on 127.0.0.1 in the text protocol of nfcpy's udp driver."""

from __future__ import annotations

import socket
import threading

from hardware.virtual.bands.band import Band, is_poll

_FRAME_MAX = 1024
_FIELD_OFF = b"RFOFF"


class Field:
    """One field with at most one band in it, served by one thread until ``close``.

    ``place`` and ``remove`` may be called from any thread; ``unplug`` makes the reader seem gone, ``replug``
    brings it back with the band that lies on it.
    """

    def __init__(self, port: int = 0) -> None:
        """Open the field; port 0 takes a free one."""
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", port))
        self.port: int = self._socket.getsockname()[1]
        self._lock = threading.Lock()
        self._band: Band | None = None
        self._plugged = True
        self.polls = 0
        """Poll frames that were asked, for the figures of idling."""
        self._thread = threading.Thread(target=self._serve, name=f"field-{self.port}", daemon=True)
        self._thread.start()

    @property
    def path(self) -> str:
        """Return the path by which the nfcpy driver opens this field."""
        return f"udp:127.0.0.1:{self.port}"

    @property
    def plugged(self) -> bool:
        """Say whether the field answers at all."""
        return self._plugged

    @property
    def band(self) -> Band | None:
        """Return the band that lies in the field."""
        return self._band

    def place(self, band: Band) -> None:
        """Lay a band into the field, in place of the one that was there."""
        with self._lock:
            band.place()
            self._band = band

    def remove(self) -> None:
        """Take the band away."""
        with self._lock:
            self._band = None

    def unplug(self) -> None:
        """Pull the cable: nothing is answered any more."""
        self._plugged = False

    def replug(self) -> None:
        """Put the cable back."""
        with self._lock:
            if self._band is not None:
                self._band.reset()
            self._plugged = True

    def close(self) -> None:
        """Switch the field off and join its thread."""
        if self._thread.is_alive():
            self._socket.sendto(b"", ("127.0.0.1", self.port))
            self._thread.join(timeout=2)
        self._socket.close()

    def _serve(self) -> None:
        """Answer datagrams until an empty one says that it is over."""
        while True:
            datagram, sender = self._socket.recvfrom(_FRAME_MAX)
            if not datagram:
                return
            answer = self.answer(datagram) if self._plugged else None
            if answer is not None:
                self._socket.sendto(answer, sender)

    def answer(self, datagram: bytes) -> bytes | None:
        """Answer one datagram: technology and octets in hexadecimal, or the technology alone for "nobody"."""
        if datagram.startswith(_FIELD_OFF):
            with self._lock:
                if self._band is not None:
                    self._band.reset()
            return None
        words = datagram.split()
        try:
            brty, frame = words[0].decode("ascii"), bytes.fromhex(words[1].decode("ascii"))
        except (IndexError, ValueError):
            return None
        with self._lock:
            told = self._band.answer(brty, frame) if self._band is not None else None
        poll = is_poll(brty, frame)
        self.polls += poll
        if told is not None:
            return words[0] + b" " + told.hex().encode("ascii")
        return words[0] if poll else None
