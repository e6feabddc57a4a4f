"""Bands on a desk: written, tried, shown, given new keys and retired, by somebody whom central knows."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from edge import config as configuration
from edge.errors import PolsoError
from edge.keys.source import write_whole
from edge.run.keys import agreed, desk_keys
from edge.run.platform import opened
from edge.run.tls import cable_for
from hardware.ble.eid import K_DEFAULT
from sync.central.console import operators
from sync.central.personalisation import Desk, seated
from sync.client import Cable
from sync.client.desk import DistantDesk
from sync.desk import Beacon

if TYPE_CHECKING:
    from hardware.nfc.nfcpy.desk import Apdu

WAIT_S = 30.0
Say = Callable[[str], None]


class Choices(msgspec.Struct, frozen=True, kw_only=True):
    """What the person at the desk said."""

    reader: str
    database: str = ""
    central: str = ""
    """A running central's address; then ``token`` stands for site, operator and password."""
    token: str = ""
    ca: str = ""
    site: str = ""
    operator: str = ""
    password: str = ""
    code: str = ""
    guest: str = ""
    label: str = ""
    url: str = ""
    fresh: bool = False
    """Make a new version of the site's keys first."""
    beacon: str = ""
    """Public key of a radio of another maker, its clock and its identity at that moment beside it, in hex."""
    clock: int = 0
    identity: str = ""
    key_file: str = ""
    wait_s: float = WAIT_S

    def __repr__(self) -> str:
        """Leave the password out."""
        return f"Choices(reader={self.reader!r}, site={self.site!r}, operator={self.operator!r})"


class BandRefused(PolsoError):
    """The band on the desk could not be served."""

    hint = "Lay it down again, or take another band."


def personalise(said: Choices, say: Say) -> str:
    """Make the band on the reader one of the site's, or finish what was begun; return its BandId."""
    from hardware.nfc.nfcpy import desk as chips

    with _desk(said) as desk, _band(said) as apdu:
        version = desk.newest(fresh=said.fresh)
        seen = chips.shown(apdu)
        if not chips.is_original(seen):
            say("warning: NXP's signature is missing or wrong; the chip may be of another maker")
        desk.begin(seen.uid, version)

        def note(step: str) -> None:
            desk.note(seen.uid, step)
            say(step)

        chips.personalised(apdu, desk.keys, chips.Plan(said.url, version), note=note)
        return desk.finish(seen.uid, version, guest=said.guest, label=said.label)


def verify(said: Choices, say: Say) -> None:
    """Try the band on the reader as a gate and as a thief would."""
    from hardware.nfc.nfcpy import desk as chips

    with _desk(said) as desk, _band(said) as apdu:
        seen = chips.shown(apdu)
        keys = desk.keys(seen.uid, seen.versions[1])
        if keys is None:
            raise BandRefused(f"Its keys have version {seen.versions[1]}, which is none of ours.")
        chips.verify(apdu, seen.uid, keys)
        say(f"proves itself with keys of version {seen.versions[1]}, and refuses the factory's")


def retire(said: Choices) -> str:
    """Revoke the band on the reader everywhere; return its BandId."""
    from hardware.nfc.nfcpy import desk as chips

    with _desk(said) as desk, _band(said) as apdu:
        return desk.retire(chips.shown(apdu).uid)


def resolver(said: Choices) -> str:
    """Return the site's public half in hex."""
    with _desk(said) as desk:
        return desk.resolver().hex()


def radio(said: Choices, say: Say) -> None:
    """Register the radio of the band on the reader; a band of our own gets its key through a file."""
    from hardware.nfc.nfcpy import desk as chips

    beacon = _beacon(said) if said.beacon else None
    if beacon is None and not said.key_file:
        raise BandRefused("Nowhere is said where the new key goes.", hint="Name a file with --key-file.")
    with _desk(said) as desk, _band(said) as apdu:
        key = desk.radio(chips.shown(apdu).uid, beacon)
    if beacon is None:
        write_whole(Path(said.key_file), key.hex().encode() + b"\n")
        say(f"its key is in {said.key_file}: write it into the band with the time of UTC, then delete it")
    say(f"registered: goes by another identity each {1 << K_DEFAULT} seconds")


def _beacon(said: Choices) -> Beacon:
    try:
        told = {"public": bytes.fromhex(said.beacon), "identity": bytes.fromhex(said.identity)}
        return msgspec.convert({**told, "clock_s": said.clock}, Beacon)
    except (ValueError, msgspec.ValidationError) as error:
        hint = "A public key has 64 hex digits, an identity 16; a clock counts seconds in 32 bits."
        raise BandRefused(f"What the band said of itself is not whole: {error}", hint=hint) from error


def show(said: Choices, say: Say) -> None:
    """Say what lies on the reader and what it proves; neither its identifier nor a key is printed."""
    from hardware.nfc.nfcpy import desk as chips

    with _band(said) as apdu:
        seen = chips.shown(apdu)
    original = "made by NXP (its signature fits; that raises no trust)"
    say(f"{seen.product}: {original if chips.is_original(seen) else 'no valid signature of NXP'}")
    factory = all(version == 0 for version in seen.versions)
    versions = ", ".join(f"{number}: {version}" for number, version in enumerate(seen.versions))
    say("keys: the factory's" if factory else f"versions of keys: {versions}")
    say(f"link: {seen.link.partition('?')[0] or 'none'}")


@contextmanager
def _desk(said: Choices) -> Iterator[Desk | DistantDesk]:
    if said.central:
        yield DistantDesk(said.central, said.token, cable=_cable(said))
        return
    if not (said.site and said.operator):
        raise BandRefused("Nobody is named.", hint="Give --central and --token, or --site and --operator.")
    store = opened(said.database)
    try:
        session = operators.sign_in(store, said.operator, said.password, code=said.code)
        yield seated(store, said.site, session=session, make=desk_keys, agree=agreed)
    finally:
        store.close()


def _cable(said: Choices) -> Cable:
    """Return the way to central: https, but on this machine itself."""
    return cable_for(configuration.load().central, said.central, ca=said.ca)


@contextmanager
def _band(said: Choices) -> Iterator[Apdu]:
    from hardware.nfc.nfcpy.desk import ChipError, laid

    try:
        with laid(said.reader, said.wait_s) as apdu:
            yield apdu
    except (ChipError, ValueError) as error:
        raise BandRefused(str(error), hint=getattr(error, "hint", "")) from error
