"""Promises: what must hold in every world, each a small function that says how it was broken."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial

from edge.core.bands import BandState
from edge.core.events import Kind, Lane, chain_start, verify_chain
from edge.core.lease import Lease
from edge.run.simulate.device import Device
from edge.run.simulate.platform import key_of
from edge.run.simulate.records import leases_in, moved_in
from edge.run.simulate.watching import Green
from edge.run.simulate.world import World
from edge.service.payments import chest
from edge.store.transaction import Transaction
from sync.central.audit import audit
from sync.central.money.placed import LIVING
from sync.signing import public_half

Promise = Callable[[World], str]


# After every step, from the journals


def order_is_the_device_s_own(world: World) -> str:
    """Numbers are contiguous, the chain is whole, and the logical clock rises whatever anybody sets."""
    for number, life in enumerate(world.lives):
        for lane in Lane:
            start = chain_start(
                world.central.site,
                world.central.devices[number],
                lane,
                public_key=public_half(key_of(number)),
            )
            found = verify_chain(life.events[lane], lane, start)
            if found is not None:
                return f"device {number} lane {lane}: {found.fault} at {found.seq}"
    return world.watch.turned_back[0] if world.watch.turned_back else ""


def same_tap_same_answer(world: World) -> str:
    """Who asks again hears what they heard, and every answer has its durable row."""
    if world.contradictions:
        return world.contradictions[0]
    for tap_id, (_, number, told) in world.taps.items():
        life = world.lives[number]
        if not life.doomed and told.seq > len(life.events[Lane.ORDINARY]):
            return f"{tap_id}: answered #{told.seq}, which is not in the journal"
    return ""


def sold_means_paid(world: World) -> str:
    """No till shows a basket as sold of which no durable record says so."""
    return world.unpaid[0] if world.unpaid else ""


def one_green_per_right(world: World) -> str:
    """A right opens once at each device, once by the site's word, and nowhere that could have heard of it."""
    for right, opened in world.watch.greens.items():
        where = [green.device for green in opened]
        if len(set(where)) < len(where):
            return f"{right} opened twice at one device"
        agreed = [green.book for green in opened if green.book]
        if len(set(agreed)) < len(agreed):
            return f"{right} opened twice with the site's word: {opened}"
    return world.watch.heard_too_late[0] if world.watch.heard_too_late else ""


def nothing_is_overspent(world: World) -> str:
    """Of each wallet no more is spent, over all devices, than was ever in it."""
    spent = spendings(world)
    for wallet, minor in spent.items():
        if minor > world.funded[wallet]:
            return f"{wallet}: {minor} spent of {world.funded[wallet]}"
    return ""


def a_copy_spends_nothing(world: World) -> str:
    """What was restored from an old copy, and central knows better, sells nothing and is not believed."""
    for device in world.devices:
        life = world.lives[device.number]
        if not life.doomed:
            continue
        for event in device.journal.range(Lane.PRIORITY, 0):
            known = life.events[Lane.PRIORITY]
            fresh = event.seq > len(known) or known[event.seq - 1].h != event.h
            if fresh and event.kind == Kind.PAID and world.is_accepted(event):
                return f"device {device.number}: the copy sold something"
    return ""


def revoked_means_closed(world: World) -> str:
    """After a device has heard that a band is lost, replaced or revoked, that band opens nothing there."""
    return world.watch.shut_out[0] if world.watch.shut_out else ""


def no_lease_is_prolonged(world: World) -> str:
    """Nothing is paid out of a lease after its time, whatever happens to clocks."""
    return world.watch.overdue[0] if world.watch.overdue else ""


def no_flipped_bit_is_believed(world: World) -> str:
    """A row in which a bit flipped is put back or goes to staff, or nothing is written."""
    return world.believed[0] if world.believed else ""


def limits_hold(world: World) -> str:
    """No message, queue or disk holds more than the product says is the most."""
    for device in world.devices:
        world.limits.kept(device)
    return world.limits.broken[0] if world.limits.broken else ""


# After every step that central was part of


def central_holds_a_beginning(world: World) -> str:
    """What central has of each lane is the device's own, whole from the first on, each record once."""
    for number, life in enumerate(world.lives):
        for lane, held in enumerate(world.far.held[number]):
            own = life.events[lane][: len(held)]
            if [one.h for one in own] != [h for _, h in held]:
                return f"device {number} lane {lane}: central holds another history"
            if [seq for seq, _ in held] != list(range(1, len(held) + 1)):
                return f"device {number} lane {lane}: central has a gap or a record twice"
    return ""


def nothing_acked_is_lost(world: World) -> str:
    """What a device heard to be at central is there."""
    for number, life in enumerate(world.lives):
        for lane in Lane:
            held = len(world.far.held[number][lane])
            if held < life.owed[lane]:
                continue  # central was put back to less, and the device sends it again
            life.owed = (0, life.owed[1]) if lane == Lane.ORDINARY else (life.owed[0], 0)
            if not life.doomed and life.acked[lane] > held:
                return f"device {number} lane {lane}: {life.acked[lane]} acked, {held} held"
    return ""


def accounts_sum_to_zero(world: World) -> str:
    """Every account of the ledger together holds nothing, and no wallet has less than nothing free."""
    far = world.far
    if any(far.sums.values()):
        return f"the ledger holds {far.sums}"
    short = [wallet for wallet, minor in far.free.items() if minor < 0]
    return f"{short[0]} has {far.free[short[0]]} free" if short else ""


def central_is_never_more_generous(world: World) -> str:
    """Of every lease central has granted at least what the device has, and heard at most what happened."""
    for far in world.far.placed.values():
        world.seen[f"lease at central {far.state}"] += 1
    for device, lease in _leases(world):
        world.seen[f"lease {lease.state}"] += 1
        if len(world.far.held[device.number][Lane.PRIORITY]) < world.lives[device.number].alone:
            world.seen["grant that only its device knows"] += 1
            continue
        row = world.far.placed.get(lease.id)
        if row is None and _on_its_way(world, lease.id):
            continue
        if row is None:
            return f"device {device.number} holds {lease.id}, of which central knows nothing"
        there, own = row.counters, lease.counters
        if there.granted < own.granted:
            return f"device {device.number}: {own.granted} granted here, {there.granted} at central"
        if there.spent > own.spent or there.voided > own.voided or there.returned > own.returned:
            return f"device {device.number}: central has heard more of {lease.id} than happened"
    return ""


def parts_are_had_once(world: World) -> str:
    """What one till passes on is taken by one till, whichever, and once."""
    for part, takers in world.parts().items():
        if len(takers) > 1:
            return f"{part} was taken by devices {[number for number, _ in takers]}"
    return ""


# At the end, when everything was healed and has come to rest


def everything_drains(world: World) -> str:
    """Every lane is at central, every cursor at its head; only a history that is not believed stays out."""
    for device in world.devices:
        doomed, trouble = world.lives[device.number].doomed, device.books.trouble
        if trouble is not None and not doomed:
            return f"device {device.number} writes nothing any more: {trouble.words}"
        if doomed != bool(device.frozen):
            return f"device {device.number}: doomed {doomed}, frozen {device.frozen!r}"
        owned = [len(lane) for lane in world.lives[device.number].events]
        if not doomed and [len(lane) for lane in world.far.held[device.number]] != owned:
            return f"device {device.number}: central does not hold all of it"
        if not doomed and device.outbox():
            return f"device {device.number}: {device.outbox()} events wait"
        if not doomed and device.profiles.cursor().seq != world.central.head():
            return f"device {device.number}: its copy of the site is not the newest"
    return ""


def revocations_arrive(world: World) -> str:
    """Every device has applied every revocation."""
    for device in world.devices:
        for band in world.revoked if not device.frozen else ():
            held = device.books.peek(partial(Transaction.held, band=band))
            if held.state is not BandState.REVOKED:
                return f"device {device.number}: a revoked band is {held.state.name}"
    return ""


def both_ends_agree_on_money(world: World) -> str:
    """Central's totals of every lease are the device's."""
    for device, lease in _leases(world):
        row = world.far.placed.get(lease.id)
        if not device.frozen and (row is None or row.counters != lease.counters):
            return f"device {device.number}: {lease.id} is not the same at both ends"
    return ""


def closing_leases_close(world: World) -> str:
    """What central wants back from a device that is believed is accounted for at both ends."""
    believed = {world.central.devices[one.number] for one in world.devices if not one.frozen}
    for row in world.far.placed.values():
        if row.closing and row.state in LIVING and row.device in believed:
            return f"{row.lease} was asked back of {row.device} and is still {row.state}"
    return ""


def central_judges_the_same(world: World) -> str:
    """Every decision and payment comes out equal, and each passage too many is reported once."""
    found = audit(world.central.store, world.central.site)
    world.seen["judged again"] += found.judged
    if found.different or found.moved_on:
        many = found.judged - found.equal
        return f"{many} come out otherwise, {found.moved_on} not judged: {found.different[:1]}"
    extra = sum(len(opened) - 1 for opened in _at_central(world).values())
    if extra != len(found.conflicts):
        return f"{extra} passages too many, {len(found.conflicts)} reported"
    world.seen["passages too many"] += extra
    return ""


ALWAYS: tuple[Promise, ...] = (
    order_is_the_device_s_own,
    same_tap_same_answer,
    sold_means_paid,
    one_green_per_right,
    nothing_is_overspent,
    a_copy_spends_nothing,
    revoked_means_closed,
    no_lease_is_prolonged,
    parts_are_had_once,
    no_flipped_bit_is_believed,
    limits_hold,
    central_holds_a_beginning,
    nothing_acked_is_lost,
    accounts_sum_to_zero,
    central_is_never_more_generous,
)
QUIET: tuple[Promise, ...] = (everything_drains, both_ends_agree_on_money, closing_leases_close)
"""Once these hold nothing moves any more."""
AT_REST: tuple[Promise, ...] = (
    everything_drains,
    revocations_arrive,
    both_ends_agree_on_money,
    closing_leases_close,
    central_judges_the_same,
)


def spendings(world: World) -> Counter[str]:
    """Return what went out of each wallet at devices, less what came back or was paid in there."""
    spent: Counter[str] = Counter()
    for life in world.lives:
        for event in life.events[Lane.PRIORITY]:
            for wallet, minor in moved_in(event):
                spent[wallet] += minor
    return spent


def _on_its_way(world: World, lease: str) -> bool:
    """Say whether a lease is one of which central can have heard from nobody yet."""
    tellers = [
        (number, one)
        for number, life in enumerate(world.lives)
        for one in life.events[Lane.PRIORITY]
        if lease in leases_in(one)
    ]
    return bool(tellers) and all(
        one.seq > len(world.far.held[number][Lane.PRIORITY]) for number, one in tellers
    )


def _at_central(world: World) -> dict[str, list[Green]]:
    """Return the greens that central has heard of."""
    tips = [len(held[Lane.ORDINARY]) for held in world.far.held]
    heard = {
        right: [green for green in opened if green.seq <= tips[green.device]]
        for right, opened in world.watch.greens.items()
    }
    return {right: opened for right, opened in heard.items() if opened}


def _leases(world: World) -> Iterator[tuple[Device, Lease]]:
    """Yield every lease that a device of a believed history holds."""
    for device in world.devices:
        if (
            device.flipped
            or device.frozen
            or device.books.trouble is not None
            or world.lives[device.number].doomed
        ):
            continue
        for lease in device.books.peek(lambda tx: list(chest.all_leases(tx))):
            yield device, lease
