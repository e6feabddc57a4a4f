"""The desk, away from central: each step is asked of a running central, and no master key ever comes here."""

from __future__ import annotations

from collections.abc import Mapping

from sync.client.cable import Cable
from sync.client.line import Line
from sync.desk import Act, Beacon, DeskAnswer, DeskStep
from sync.routes import DESK


class DistantDesk:
    """One operator's work at one site, as far as their token reaches."""

    def __init__(self, url: str, token: str, *, cable: Cable) -> None:
        """Work over this cable."""
        self._line, self._token = Line(url, cable), token

    def newest(self, *, fresh: bool = False) -> int:
        """Return the newest version of the site's keys; ``fresh`` makes one more."""
        return self._ask("roll" if fresh else "newest").version

    def keys(self, uid: bytes, version: int) -> Mapping[int, bytes] | None:
        """Return this one band's keys of one version; None where there is no such version."""
        return self._ask("keys", uid, version=version).keys or None

    def begin(self, uid: bytes, version: int) -> None:
        """Announce a band, or that it gets new keys."""
        self._ask("begin", uid, version=version)

    def note(self, uid: bytes, step: str) -> None:
        """Record one step that was done on a chip."""
        self._ask("note", uid, step=step)

    def finish(self, uid: bytes, version: int, *, guest: str = "", label: str = "") -> str:
        """Make the new keys the only ones; return the BandId."""
        return self._ask("finish", uid, version=version, guest=guest, label=label).band

    def retire(self, uid: bytes) -> str:
        """Revoke a band everywhere; return its BandId."""
        return self._ask("retire", uid).band

    def resolver(self) -> bytes:
        """Return the site's public half for bands of other makers."""
        return self._ask("resolver").radio

    def radio(self, uid: bytes, beacon: Beacon | None) -> bytes:
        """Register a band's radio; return the key that a band of our own is to be given."""
        return self._ask("radio", uid, beacon=beacon).radio

    def _ask(self, act: Act, uid: bytes = b"", **said: object) -> DeskAnswer:
        step = DeskStep(token=self._token, act=act, uid=uid, **said)  # type: ignore[arg-type]  # fields of the step
        return self._line.post(DESK, step, DeskAnswer)
