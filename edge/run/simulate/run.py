"""Running seeds: a plan of acts, every promise looked at after each, then everything healed and compared."""

from __future__ import annotations

import tempfile
from collections import Counter
from functools import partial
from pathlib import Path

import msgspec

from edge.run.simulate.acts import ACTS, Act
from edge.run.simulate.meeting import meet
from edge.run.simulate.outages import find_out
from edge.run.simulate.platform import Shared
from edge.run.simulate.promises import ALWAYS, AT_REST, QUIET, Promise
from edge.run.simulate.quiet import drawn, memory, quiet
from edge.run.simulate.source import commit
from edge.run.simulate.world import DEVICES, FUNDS, World

STEPS = 10
ROUNDS_MAX = 24
"""After so many meetings with central in good weather everything has to be at rest."""
COMES_HOME_MS = 11_000
"""In two turns of each device whatever part nobody took has come home."""
TURNS = 0.4
"""How often a device has its turn at the site's book between two acts."""
TRIES_MAX = 60
"""So many stories are played to find a shorter one that fails: some seconds."""
TOLD_MAX = 50
"""So many of the last steps are told of a seed that fails."""


class Failure(msgspec.Struct, frozen=True):
    """One seed in which a promise was broken: which, how, at which step, and the story up to there."""

    seed: int
    step: int
    promise: str
    how: str
    story: tuple[str, ...]
    without: tuple[int, ...] = ()
    """Steps whose acts were left out, because it is broken without them, too."""

    def words(self) -> str:
        """Return it for people, with the command that plays it again."""
        told = "\n".join(self.story[-TOLD_MAX:])
        head = f"seed {self.seed}, commit {commit()}, step {self.step}"
        again = f"polso simulate --seed {self.seed}" + "".join(f" --without {one}" for one in self.without)
        return f"{told}\n{head}: {self.promise} does not hold: {self.how}\nagain: {again}"


class Ran(msgspec.Struct):
    """What came of seeds: how many, what happened in them, and the first that failed."""

    seeds: int = 0
    seen: Counter[str] = msgspec.field(default_factory=Counter)
    failure: Failure | None = None


def run_seed(
    seed: int, *, steps: int = STEPS, seen: Counter[str] | None = None, without: frozenset[int] = frozenset()
) -> tuple[Failure | None, str]:
    """Play one seed, but for the acts of some steps; return what broke, if anything did, and the story."""
    with quiet(), drawn(seed), tempfile.TemporaryDirectory(prefix="polso-simulate-", dir=memory()) as folder:
        world = _world(seed, Path(folder))
        try:
            failure = _play(world, steps, without)
        finally:
            world.close()
        if seen is not None:
            seen.update(world.seen)
            seen.update(world.weather.seen)
            seen.update(world.lines.seen if world.lines is not None else {})
            seen.update({f"central said {word}": count for word, count in world.central.refused.items()})
        return failure, "\n".join(world.log)


def run_seeds(seeds: range, *, steps: int = STEPS) -> Ran:
    """Play many seeds until one fails."""
    ran = Ran()
    for seed in seeds:
        ran.failure, _ = run_seed(seed, steps=steps, seen=ran.seen)
        ran.seeds += 1
        if ran.failure is not None:
            break
    return ran


def shrunk(failure: Failure, *, steps: int = STEPS) -> Failure:
    """Leave out the acts of a story one by one while the same promise is broken; return the least found.

    The last acts first: of most stories a beginning is what it takes. ``TRIES_MAX`` are played at most.
    """
    least, tries = failure, 0
    while tries < TRIES_MAX:
        before = least
        left = [one for one in range(min(least.step, steps), 0, -1) if one not in least.without]
        for one in left[: TRIES_MAX - tries]:
            tries += 1
            found, _ = run_seed(failure.seed, steps=steps, without=frozenset({*least.without, one}))
            if found is not None and found.promise == failure.promise:
                least = msgspec.structs.replace(found, without=tuple(sorted({*least.without, one})))
        if least is before:
            break
    return least


def summary(ran: Ran) -> str:
    """Return how often everything happened, in words."""
    counted = "\n".join(f"  {count:6} {what}" for what, count in sorted(ran.seen.items()))
    return f"{counted}\n{ran.seeds} seeds: every promise holds"


def _play(world: World, steps: int, without: frozenset[int]) -> Failure | None:
    acts = [act for act in ACTS if not act.fault or world.dice.random() < 0.5]
    weights = [act.weight for act in acts]
    for world.step in range(1, steps + 1):
        [act] = world.dice.choices(acts, weights)
        if world.step in without:
            continue
        world.seen[f"act {act.do.__name__}"] += 1
        broken = _step(world, act)
        if broken is not None:
            return broken
    return _rest(world)


def _step(world: World, act: Act) -> Failure | None:
    act.do(world)
    world.passes(world.dice.randint(1, 2_000))
    for device in world.devices if world.lines is not None else ():
        if world.dice.random() < TURNS:
            world.neighbourly(device)
    if world.dice.random() < TURNS:
        find_out(world)
    return _look(world, ALWAYS)


def _rest(world: World) -> Failure | None:
    """Heal everything, let every device meet central until nothing moves, and look at the end."""
    world.heal()
    find_out(world)
    for turn in range(ROUNDS_MAX):
        device = world.devices[turn % len(world.devices)]
        device.books.dies = ""
        if world.lines is not None:
            world.passes(COMES_HOME_MS)
            world.neighbourly(device)
        world.attempt(device, "meets central", partial(meet, world, device))
        if turn and not any(promise(world) for promise in QUIET):
            break
    return _look(world, ALWAYS) or _look(world, AT_REST)


def _look(world: World, promises: tuple[Promise, ...]) -> Failure | None:
    for promise in promises:
        how = promise(world)
        if how:
            return Failure(world.seed, world.step, promise.__name__, how, tuple(world.log))
    return None


class _Kept:
    """What the worlds of this process share: central's database, and disks of devices that have met it."""

    folder: tempfile.TemporaryDirectory[str] | None = None
    shared: Shared | None = None


def _world(seed: int, folder: Path) -> World:
    if _Kept.folder is None or _Kept.shared is None:
        _Kept.folder = tempfile.TemporaryDirectory(prefix="polso-simulate-", dir=memory())
        kept = Path(_Kept.folder.name)
        with drawn(0):
            _Kept.shared = Shared(kept / "central.db", devices=DEVICES, funds=FUNDS)
            _begin(kept, _Kept.shared)
    return World(seed, folder, _Kept.shared, begun=Path(_Kept.folder.name) / "begun")


def _begin(kept: Path, shared: Shared) -> None:
    """Let every device meet central once in good weather, and keep what that leaves."""
    world = World(0, kept, shared)
    world.weather.heal()
    for device in world.devices:
        meet(world, device)
        device.crash()
        device.copied(kept / "begun" / str(device.number))
    shared.keep()
