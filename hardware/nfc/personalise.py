"""Personalising an NTAG 424 DNA at a desk: from any point at which it was pulled away to a band of ours."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from hardware.nfc import ntag424, sun
from hardware.nfc.messaging import (
    CHANGE_FILE_SETTINGS,
    CHANGE_KEY,
    GET_FILE_SETTINGS,
    GET_KEY_VERSION,
    Channel,
    ChipError,
    new_key,
    refusal,
)
from hardware.nfc.mirrors import NDEF_NO, Template, template
from hardware.nfc.ntag424 import Apdu, Outcome
from hardware.nfc.uri import first_link
from hardware.port import Trust

MASTER_NO = 0
GATE_NOS = (1, 2, 3, 4)
FACTORY_KEY, FACTORY_VERSION = bytes(16), 0
_WRITE_OCTETS = 96
_ANOTHER = "Take another band; this one may be of another site."

DeskKeys = Callable[[bytes, int], Mapping[int, bytes] | None]
"""From identifier and key version to the band's keys by number, 0 to 4; None for a version nobody made."""
Note = Callable[[str], None]
"""Hears of every step that was done, for the record; never a key."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What a band is to become: the address in its link and the version of its keys."""

    url: str
    version: int = 1


@dataclass(frozen=True, slots=True)
class Shown:
    """What a band on the desk is and how far it is ours; no key is in it."""

    uid: bytes
    product: str
    versions: tuple[int, ...] = ()
    link: str = ""
    signature: bytes = b""


def recognise(apdu: Apdu) -> bytes:
    """Return the identifier of an NTAG 424 DNA, or raise ``ChipError`` for anything else."""
    if ntag424.select_application(apdu) != ntag424.OK or ntag424.product(apdu) != "NTAG 424 DNA":
        raise ChipError(
            "This is no NTAG 424 DNA.", "Only such bands are personalised; link others by their UID."
        )
    frames = [apdu(b"\x90\xaf\x00\x00\x00") for _ in range(2)]
    if frames[0][-2:] != ntag424.MORE or frames[1][-2:] != ntag424.DONE or len(frames[1]) < 9:
        raise ChipError("The band did not say who it is.", "Lay it down again.")
    return frames[1][:7]


def show(apdu: Apdu) -> Shown:
    """Say what lies on the desk: identifier, versions of its keys, its link and NXP's signature."""
    uid = recognise(apdu)
    versions = tuple(_version(apdu, number) for number in (MASTER_NO, *GATE_NOS))
    signed = apdu(b"\x90\x3c\x00\x00\x01\x00\x00")
    signature = signed[:-2] if signed[-2:] in (b"\x91\x90", ntag424.DONE) else b""
    message = ntag424.read_ndef(apdu)
    return Shown(uid, "NTAG 424 DNA", versions, first_link(message) or "" if message else "", signature)


def personalise(apdu: Apdu, keys: DeskKeys, plan: Plan, *, note: Note) -> bytes:
    """Make a band ours, or finish what was begun; return its identifier once a gate would believe it.

    Each step is looked for before it is done, and key 0 changes last: wherever the band is pulled away, its
    key 0 is the factory's or one that its own version octet names, and the next call goes on from there.
    """
    uid = recognise(apdu)
    wanted = keys(uid, plan.version)
    if wanted is None:
        raise ChipError(f"There is no key version {plan.version}.", "Make it at central first.")
    held = _version(apdu, MASTER_NO)
    _write_link(apdu, _key(keys, uid, version=held, number=MASTER_NO), template(plan.url), note=note)
    channel = _open(apdu, _key(keys, uid, version=held, number=MASTER_NO))
    for number in GATE_NOS:
        found = channel.ask(GET_KEY_VERSION, bytes([number]))[0]
        if found != plan.version:
            old = _key(keys, uid, version=found, number=number)
            channel.tell(CHANGE_KEY, bytes([number]), new_key(wanted[number], plan.version, old=old))
            note(f"key {number}, version {plan.version}")
    if held != plan.version:
        channel.end_with(bytes([MASTER_NO]), new_key(wanted[MASTER_NO], plan.version, old=None))
        note(f"key {MASTER_NO}, version {plan.version}")
    verify(apdu, uid, wanted)
    note("verified")
    return uid


def verify(apdu: Apdu, uid: bytes, keys: Mapping[int, bytes]) -> None:
    """Try a band as a gate would, and as a thief would; raise ``ChipError`` where it fails either."""
    if ntag424.select_application(apdu) != ntag424.OK:
        raise ChipError("The band left the reader.", "Lay it down again: nothing is lost.")
    if ntag424.authenticate(apdu, FACTORY_KEY, MASTER_NO).outcome is Outcome.PROVED:
        raise ChipError("The band still has its factory key.", "Run `polso band personalise` again.")
    proof = ntag424.authenticate(apdu, keys[GATE_NOS[0]], GATE_NOS[0])
    if proof.outcome is not Outcome.PROVED:
        raise refusal(proof.status)
    ntag424.select_application(apdu)
    message = ntag424.read_ndef(apdu)
    link = first_link(message) if message else None
    found = sun.check(link or "", lambda _, number: keys.get(number), seen_uid=uid)
    if found.trust is not Trust.SUN:
        raise ChipError(
            f"The band's link proves nothing: {found.cause}.", "Run `polso band personalise` again."
        )


def _key(keys: DeskKeys, uid: bytes, *, version: int, number: int) -> bytes:
    """Return the key that a version octet names; a version we never made is somebody else's."""
    if version == FACTORY_VERSION:
        return FACTORY_KEY
    known = keys(uid, version)
    if known is None:
        raise ChipError(f"Key {number} of this band has version {version}, which is none of ours.", _ANOTHER)
    return known[number]


def _version(apdu: Apdu, number: int) -> int:
    answer = apdu(bytes([0x90, GET_KEY_VERSION, 0, 0, 1, number, 0]))
    if answer[-2:] != ntag424.DONE or len(answer) != 3:
        raise refusal(answer[-2:])
    return answer[0]


def _open(apdu: Apdu, key: bytes) -> Channel:
    """Begin a session as the band's master; a wrong key is tried once and never again."""
    if ntag424.select_application(apdu) != ntag424.OK:
        raise ChipError("The band left the reader.", "Lay it down again: nothing is lost.")
    proof = ntag424.authenticate(apdu, key, MASTER_NO)
    if proof.session is None:
        if proof.status == ntag424.AUTHENTICATION_ERROR:
            raise ChipError(
                "Key 0 of this band is neither the factory's nor ours.", _ANOTHER, status=proof.status
            )
        raise refusal(proof.status)
    return Channel(apdu, proof.session)


def _write_link(apdu: Apdu, master: bytes, wanted: Template, *, note: Note) -> None:
    """Write link and mirrors where they are not as they should be."""
    channel = _open(apdu, master)
    settled = channel.ask(GET_FILE_SETTINGS, bytes([NDEF_NO])) == wanted.told
    ntag424.select_application(apdu)
    message = ntag424.read_ndef(apdu) or b""
    if settled and wanted.fits(len(message).to_bytes(2) + message):
        return
    # Written in plain, which may or may not move the session's counter: so in a session of its own.
    _open(apdu, master)
    _update(apdu, wanted.file)
    note("link written")
    _open(apdu, master).tell(CHANGE_FILE_SETTINGS, bytes([NDEF_NO]), wanted.settings)
    note("mirrors set")


def _update(apdu: Apdu, file: bytes) -> None:
    for start in range(0, len(file), _WRITE_OCTETS):
        part = file[start : start + _WRITE_OCTETS]
        where = bytes([NDEF_NO]) + start.to_bytes(3, "little") + len(part).to_bytes(3, "little")
        answer = apdu(bytes([0x90, 0x8D, 0, 0, len(where + part)]) + where + part + b"\0")
        if answer[-2:] != ntag424.DONE:
            raise refusal(answer[-2:])
