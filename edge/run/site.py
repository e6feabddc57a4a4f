"""The site's book as the configuration names it, joined to this device's rooms."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import NamedTuple

from edge.clock import Clock
from edge.config import Site
from edge.core.entitlements import Use
from edge.core.site import Pending, SiteMode
from edge.run.tls import site_cable
from edge.sequencer import Sequencer
from edge.service import agreeing
from edge.store.journal import Journal
from edge.store.profiles import Profiles
from sync.client import Cable, Sender, passages, urgent
from sync.site import Gateway, Member, Ports, SiteBook

LANE = 0


class Parts(NamedTuple):
    """The rooms of a device that its part in the site needs."""

    sequencer: Sequencer
    journal: Journal
    profiles: Profiles
    clock: Clock


def member(site: Site, who: Sender, parts: Parts, *, cable: Cable | None = None) -> Member | None:
    """Return this device's part in its site, None where the configuration names no nodes."""
    if not site.etcd:
        return None
    books = parts.sequencer
    gateway = Gateway(site.etcd, cable or site_cable(site))
    book = SiteBook(gateway, who.site, incarnation=who.incarnation)

    def settle(done: Sequence[Pending]) -> None:
        books.submit(lambda tx: agreeing.settle(tx, done))

    def strays(uses: Sequence[Use]) -> Sequence[Use]:
        return books.submit(lambda tx: agreeing.strays(tx, uses))

    ports = Ports(
        device=who.device,
        learn=partial(passages.apply, books),
        bind=partial(urgent.bind, books),
        waiting=lambda: books.submit(agreeing.waiting),
        settle=settle,
        decided=partial(parts.journal.one, LANE),
        strays=strays,
        layout=parts.profiles.layout,
        now_ms=parts.clock.now_ms,
    )
    return Member(gateway, book, ports)


def begun(
    part: Member | None, sequencer: Sequencer
) -> Iterator[tuple[Callable[[], None], Callable[[], None]]]:
    """Yield how the device's part in the site starts and stops, where it has one."""
    if part is not None:
        sequencer.after_commit(part.committed)
        yield part.start, part.stop


def mode(part: Member | None) -> SiteMode:
    """Return what staff are told of the site."""
    if part is None:
        return SiteMode.NONE
    return SiteMode.AGREED if part.in_touch() else SiteMode.ALONE
