"""An outpost for measurements: one device of real parts, enrolled at a central that it follows online."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from pathlib import Path

from edge.clock import Clock
from edge.core.events import Lane
from edge.core.segments import is_code
from edge.feed import Feed
from edge.health import Health, Watched
from edge.keys.ring import new_ring
from edge.run.bench import town
from edge.run.bench.figures import BenchError
from edge.run.bench.gatehouse import tap_of
from edge.run.waiting import until
from edge.sequencer import Sequencer
from edge.service import Rooms, Service
from edge.store.journal import Journal
from edge.store.profiles import Profiles
from edge.store.state import Store
from edge.vault import Vault
from sync.client import Cable, Client, Place, Ports, Sender, enrol
from sync.signing import Keys, public_half
from sync.wire import EnrolAnswer

WAIT_S_MAX = 30
LOOK_S = 0.01
KEY_BYTES = 32


class Outpost:
    """Decides, shows and follows central as every device does."""

    def __init__(self, folder: Path, url: str, code: str) -> None:
        """Enrol with a code, open in ``folder`` and begin to follow."""
        folder.mkdir()
        self._key = secrets.token_bytes(KEY_BYTES)
        welcome = enrol(url, code, private_key=self._key, name=folder.name)
        vault, clock = Vault(welcome.band_key, new_ring()), Clock()
        self._sequencer = Sequencer(
            Store(folder),
            clock,
            site=welcome.site,
            device=welcome.device,
            public_key=public_half(self._key),
        )
        self._sequencer.start()
        self._journal, self._profiles, self._taps = Journal(folder), Profiles(folder, vault), 0
        watched = Watched(
            sequencer=self._sequencer,
            profiles=self._profiles,
            journal=self._journal,
            clock=clock,
            folder=folder,
        )
        self.service = Service(
            Rooms(
                sequencer=self._sequencer,
                profiles=self._profiles,
                journal=self._journal,
                vault=vault,
                clock=clock,
                feed=Feed(),
                health=Health(watched),
                device=welcome.device,
                readers={town.GATE: town.GATE},
                central_key=welcome.central_key,
            )
        )
        self.service.start()
        self._follow(url, welcome, clock)

    def _follow(self, url: str, welcome: EnrolAnswer, clock: Clock) -> None:
        ports = Ports(
            journal=self._journal,
            books=self._sequencer,
            profiles=self._profiles,
            clock=clock,
            describe=lambda report: report,
        )
        keys = Keys(key_id=welcome.key_id, private_key=self._key, central=welcome.central_key)
        sender = Sender(site=welcome.site, device=welcome.device, incarnation=welcome.incarnation)
        self._cable = Cable()
        self._client = Client(sender, Place(url=url, keys=keys), ports, cable=self._cable)
        self._sequencer.after_commit(self._client.committed)
        self._client.start()

    def says(self, number: int = 0) -> str:
        """Let the town's n-th band be read once; return the reason."""
        self._taps += 1
        return str(self.service.present(tap_of(self._taps, number)).reason)

    def plug(self, *, up: bool) -> None:
        """Cut the internet; or restore it, and wait until central has heard what happened meanwhile."""
        if not up:
            self._cable.pull()
            return
        self._cable.plug()
        self._client.kick()
        once(self._heard, "central hears what happened while it was away")

    def _heard(self) -> bool:
        return all(self._journal.head(lane).seq == self._journal.acked(lane) for lane in Lane)

    def codes(self, band: bytes) -> set[str]:
        """Return the codes of segments that lie here of a band's wearer."""
        profile = self._profiles.get(band)
        return set() if profile is None else {tag for tag in profile.tags if is_code(tag)}

    def close(self) -> None:
        """Close everything."""
        self._client.stop()
        self.service.stop()
        self._profiles.close()
        self._journal.close()
        self._sequencer.stop()


def once(holds: Callable[[], bool], what: str) -> float:
    """Look again and again until something holds; return when that was."""
    if not until(holds, WAIT_S_MAX, look_s=LOOK_S):
        raise BenchError(f"It never came about: {what}.")
    return time.monotonic()
