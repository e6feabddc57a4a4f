"""What comes in from outside: remote readers, phones, central's time; and what it is told of us."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterable, Mapping
from importlib import metadata

import msgspec

from edge.clock import Clock
from edge.config import Config, Equipment
from edge.core.caps import Caps
from edge.errors import Refused, Unknown
from edge.health import Health
from edge.run.identity import Identity
from edge.views import HealthView
from hardware.port import Medium, Reader, Tap, Trust
from hardware.webnfc import PhoneBusy, WebNfcReader
from kiosk.house import RemoteTap
from sync import passes
from sync.client import Cable, Place, Sender
from sync.client.claiming import Claims
from sync.client.claiming import claims as claims_of
from sync.client.ports import Time
from sync.signing import Keys
from sync.wire import DeviceReport, ReaderState

BOOT = secrets.token_hex(8)
"""This start of the process, told apart from every other."""


class Listening:
    """The clock as sync knows it; that central answered is health too."""

    def __init__(self, clock: Clock, health: Health) -> None:
        """Pass what is heard on to both."""
        self._clock = clock
        self._health = health

    def now_ms(self) -> int:
        """Return corrected UTC milliseconds."""
        return self._clock.now_ms()

    def monotonic_ms(self) -> int:
        """Return milliseconds that only rise."""
        return self._clock.monotonic_ms()

    def central_ms(self) -> int:
        """Return what central's clock shows."""
        return self._clock.central_ms()

    def heard(self, central_ms: int, round_trip_ms: int) -> None:
        """Take central's time from an answer."""
        self._clock.heard(central_ms, round_trip_ms)
        self._health.contact(reached=True)


def sender(who: Identity) -> Sender:
    """Return whose journal this is, as sync says it."""
    return Sender(site=who.site, device=who.device, incarnation=who.incarnation)


def described(report: DeviceReport, health: HealthView, *, bundle: int = 0) -> DeviceReport:
    """Fill in what only the whole device knows of itself."""
    readers = tuple(
        ReaderState(
            device=seen.device, kind=seen.kind, state=seen.state, reason=seen.reason, point=seen.point
        )
        for seen in health.devices
    )
    return msgspec.structs.replace(
        report,
        boot=BOOT,
        version=metadata.version("polso"),
        writable=health.writable,
        cause=health.cause,
        readers=readers,
        bundle=bundle,
    )


def keys(who: Identity) -> Keys:
    """Return by which keys this device and central know each other."""
    return Keys(key_id=who.key_id, private_key=who.private_key, central=who.central_key)


def caps(config: Config) -> Caps:
    """Return how much central, and the site's nodes, may take from guests within an hour."""
    told = config.caps
    return Caps(revoked_percent_max=told.revoked_percent_max, revoked_min=told.revoked_min)


def claims(who: Identity, cable: Cable, clock: Time) -> Claims | None:
    """Return who asks central what becomes of a code that a guest typed; None: there is no central."""
    if not (who.central and who.key_id):
        return None
    return claims_of(who.device, Place(url=who.central, keys=keys(who)), cable, clock=clock)


def own_pages(who: Identity, pages: str) -> Callable[[str, int], str] | None:
    """Return how an address of a guest's own page at central is made: with this device's signed word."""
    if not (who.central and who.key_id):
        return None
    base = pages or who.central

    def address(guest: str, at_ms: int) -> str:
        return f"{base}/own/?t={passes.issue(who.key_id, who.private_key, guest=guest, at_ms=at_ms)}"

    return address


def tap_of(remote: RemoteTap) -> Tap:
    """Return a remote reader's band as a tap of ours."""
    return Tap(
        reader=remote.reader,
        seq=remote.seq,
        tap_id=remote.tap_id,
        uid=remote.uid,
        trust=Trust(remote.trust),
        at_ns=time.monotonic_ns(),
        medium=Medium.NFC,
        product=remote.product,
        counter=remote.counter,
    )


def hear(equipment: Iterable[Equipment], readers: Mapping[str, Reader], *, point: str, reading: bytes) -> str:
    """Hand a phone's reading to the reader that stands for phones at its point; return that one's name."""
    for one in equipment:
        reader = readers[one.name]
        if one.point == point and isinstance(reader, WebNfcReader):
            try:
                reader.hear(reading)
            except PhoneBusy as error:
                raise Refused(str(error), hint="Hold the band a moment longer.") from error
            return one.name
    raise Unknown(
        f"No phone is configured as a reader at {point}.",
        hint='Add a [[readers]] table with driver = "webnfc" for this point.',
    )
