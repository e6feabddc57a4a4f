"""Gates of one site on a real etcd: what agreeing adds to a tap, and that no right opens two of them."""

from __future__ import annotations

import dataclasses
import itertools
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TypeVar

import msgspec

from edge.config import Site
from edge.core.bands import Band, Trust
from edge.core.decision import Basis, Outcome
from edge.core.entitlements import Entitlement, Terms, Use
from edge.core.profiles import Item, Profile, ProfileItem
from edge.core.site import Said, SiteMode
from edge.run import site
from edge.run.bench import town
from edge.run.bench.figures import BenchError, as_json, in_turns, percentile
from edge.run.bench.gatehouse import STRIDE, Gatehouse, tap_of
from edge.run.bench.nodes import Nodes
from edge.run.waiting import until
from edge.service import Rooms
from edge.vault import Vault
from edge.views import StaffView
from sync.client import Cable, Sender
from sync.site import Gateway, Member, SiteBook

OUTPOSTS, GATES = 3, 40
BANDS = 20_000
WARM = 50
READY_S_MAX = 20.0
PATIENT_S = 30.0
"""What a claim may take in a race of forty on one machine: who gave up would have lost, not won."""
SITE = "bench"
T = TypeVar("T")


def measure(races: int, seconds: float) -> str:
    """Return the figures of one run as JSON; ``races`` rights are raced for by gates, and then by claims."""
    with tempfile.TemporaryDirectory(prefix="polso-bench-") as made:
        folder = Path(made)
        nodes = Nodes(folder)
        try:
            return as_json(_figures(folder, nodes.urls, races=races, seconds=seconds))
        finally:
            nodes.close()


class Outpost(Gatehouse):
    """A gate that agrees with others through the site's nodes."""

    def __init__(self, folder: Path, device: str, nodes: Sequence[str], *, races: int) -> None:
        """Open one that knows the town, and ``races`` guests with a ticket for one entry each."""
        self._races, self._nodes = races, tuple(nodes)
        super().__init__(folder, BANDS, site=SITE, device=device)
        for start, _ in site.begun(self.member, self.sequencer):
            start()
            _await(lambda: site.mode(self.member) is SiteMode.AGREED)

    def _rooms(self, vault: Vault) -> Rooms:
        rooms = super()._rooms(vault)
        who = Sender(site=SITE, device=self.device, incarnation=1)
        parts = site.Parts(self.sequencer, self.journal, self.profiles, self.clock)
        self.member: Member | None = site.member(Site(SITE, self._nodes, "", ""), who, parts)
        return dataclasses.replace(rooms, site=self.member)

    def _items(self, vault: Vault) -> Iterator[Item]:
        yield from super()._items(vault)
        for number in range(BANDS, BANDS + self._races):
            id_ = vault.band_id(town.uid(number))
            right = Entitlement(id=f"once-{number}", product="day", terms=Terms(zones=("park",), uses_max=1))
            band = Band(id=id_, trust_min=Trust.UID)
            profile = Profile(band=band, rev=1, guest=f"g{number}", entitlements=(right,))
            body = msgspec.msgpack.encode(ProfileItem(profile=profile))
            yield Item(kind="profile", key=id_.hex(), version=number + 2, body=body)

    def tap(self) -> StaffView:
        """Let the next band of this gate's own part of the town pass: guests do not walk that fast."""
        number = next(self._numbers)
        share = BANDS // (OUTPOSTS + 1)
        place = int(self.device.rpartition("-")[2]) * share + number * STRIDE % share
        view = self.service.present(tap_of(number, place))
        if view.outcome != "granted" or view.seq < 1:
            raise BenchError(f"A band was {view.outcome}: {view.reason}.")
        return view

    def race(self, number: int) -> StaffView:
        """Let the guest of one race pass here, or not."""
        tap = tap_of(next(self._numbers), BANDS + number)
        return self.service.present(dataclasses.replace(tap, tap_id=f"{self.device}:{tap.tap_id}"))

    def close(self) -> None:
        """Leave the site, then close everything."""
        if self.member is not None:
            self.member.stop()
        super().close()


def _figures(
    folder: Path, nodes: Sequence[str], *, races: int, seconds: float
) -> dict[str, float | int | str]:
    alone = Outpost(folder / "alone", "bench-0", (), races=0)
    gates = [Outpost(folder / f"edge-{n}", f"bench-{n}", nodes, races=races) for n in range(1, OUTPOSTS + 1)]
    try:
        agreed, plain = _taps(alone, gates, seconds)
        greens = _together([gate.race for gate in gates], races)
    finally:
        for gate in (alone, *gates):
            gate.close()
    claims = _claims(nodes, races)
    return {
        "added_p50_ms": percentile(agreed, 0.5) - percentile(plain, 0.5),
        "added_p99_ms": percentile(agreed, 0.99) - percentile(plain, 0.99),
        "agreed_p50_ms": percentile(agreed, 0.5),
        "agreed_p99_ms": percentile(agreed, 0.99),
        "alone_p50_ms": percentile(plain, 0.5),
        "alone_p99_ms": percentile(plain, 0.99),
        "races": races,
        "gates": OUTPOSTS,
        "double_greens": _doubles(greens, lambda view: _green(view) and view.basis is Basis.LIVE),
        "greens_alone": sum(
            _green(view) and view.basis is not Basis.LIVE for race in greens for view in race
        ),
        "no_green": sum(not any(_green(view) for view in race) for race in greens),
        "claimants": GATES,
        "double_claims": _doubles(claims, lambda said: said is Said.MINE),
        "no_claim": sum(Said.MINE not in race for race in claims),
    }


def _taps(alone: Gatehouse, gates: Sequence[Gatehouse], seconds: float) -> tuple[list[float], list[float]]:
    """Time taps that agree, at each gate in turn, beside taps of a gate that has nobody to ask."""
    turns = itertools.cycle(gates)
    for _ in range(WARM):
        alone.tap()
        next(turns).tap()
    return in_turns(lambda: next(turns).tap(), alone.tap, seconds)


def _claims(nodes: Sequence[str], races: int) -> list[list[Said]]:
    """Have forty claimants race for each of the rights that are named here."""
    cable = Cable(pool_max=GATES)

    def claimant(n: int) -> Callable[[int], Said]:
        near = n % len(nodes)
        book = SiteBook(Gateway([*nodes[near:], *nodes[:near]], cable), SITE, incarnation=1)

        def claim(number: int) -> Said:
            use = Use(
                entitlement=f"claim-{number}", ordinal=1, scan_ms=1,
                device=f"bench-{n}", point=town.GATE, tap_id=f"{n}:{number}",
            )  # fmt: skip
            return book.claim((use,), PATIENT_S).said

        return claim

    return _together([claimant(n) for n in range(GATES)], races)


def _together(acts: Sequence[Callable[[int], T]], races: int) -> list[list[T]]:
    """Run each race on a thread per act, all from one moment on; return what each was told."""
    told: list[list[T]] = [[] for _ in range(races)]
    begin = threading.Barrier(len(acts))

    def lane(act: Callable[[int], T]) -> None:
        for number in range(races):
            begin.wait()
            told[number].append(act(number))

    threads = [threading.Thread(target=lane, args=(act,)) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if any(len(race) < len(acts) for race in told):
        raise BenchError("A gate fell out of the race.")
    return told


def _green(view: StaffView) -> bool:
    return view.outcome is Outcome.GRANTED


def _doubles(races: list[list[T]], won: Callable[[T], bool]) -> int:
    return sum(sum(won(one) for one in race) > 1 for race in races)


def _await(true: Callable[[], bool]) -> None:
    if not until(true, READY_S_MAX, look_s=0.01):
        raise BenchError("The site's nodes do not answer.")
