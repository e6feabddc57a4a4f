"""Every door at which strangers' bytes come in, with what it may raise and a sample that passes it."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from zoneinfo import ZoneInfo

import msgspec

from edge import config, unsent
from edge.core.bands import BandState
from edge.core.checkpoint import decoded
from edge.core.entry import decide
from edge.core.events import body_of, decided_in
from edge.core.profiles import Item, ProfileItem
from edge.core.replay import record
from edge.errors import ConfigError, Refused, StoreDamaged
from edge.keys.ring import Ring
from edge.rules import compile_rule
from edge.tickets import Forged, Ticket, written
from edge.tickets import read as read_ticket
from edge.unsent import Piece
from edge.vault import Vault
from hardware.ble.frames import BandFrame, band_payload, frames, split
from hardware.nfc import felica, ntag424, sun, tags
from hardware.nfc.pcsc.felica import BlockRefused, NotPassedOn
from hardware.nfc.pcsc.felica import Blocks as PassedOn
from hardware.nfc.pcsc.lost import BandLost
from hardware.nfc.pcsc.names import card_named
from hardware.nfc.uri import first_link, link_record
from hardware.osdp.cards import card_of
from hardware.qr import Decoder
from hardware.webnfc import WebNfcReader
from sync.central import intake
from sync.central.imports import lines
from sync.client import pulling, urgent
from sync.lending import BLOCK, BlockNotice
from sync.packing import decode, pack, unpack
from sync.signing import public_half
from sync.wire import (
    ALARM,
    Ack,
    Attested,
    BandNotice,
    Batch,
    DeviceReport,
    EnrolAnswer,
    EnrolRequest,
    ErasureNotice,
    Page,
    ProblemDocument,
    SnapshotHead,
    SnapshotManifest,
    Tip,
)
from tests.builders import facts_for
from tests.fuzz.signed import SIGNED
from tests.fuzz.vouched import VOUCHED

KEY, UID = bytes(16), bytes.fromhex("04DE5F1EACC040")
SUN_LINK = "https://polso.example/t?uid=04DE5F1EACC040&ctr=00003D&cmac=94EED9EE65337086"
ADVERT = bytes((13 + 3, 0x16, 0xAA, 0xFE)) + band_payload(BandFrame(bytes(8), -60, 1, 3))
MESSAGES = (Ack, Attested, Batch, DeviceReport, EnrolAnswer, EnrolRequest, Page, ProfileItem, BandNotice)


@dataclass(frozen=True, slots=True)
class Parser:
    """One door: ``feed`` returns, or raises one of ``may_raise``; anything else is a fault."""

    feed: Callable[[bytes], object]
    samples: tuple[bytes, ...]
    may_raise: tuple[type[Exception], ...] = ()


class Gone(Exception):
    """The band left the field, as a driver says it."""


def keys(uid: bytes, key_no: int, /) -> bytes | None:
    """Knows one band."""
    return KEY if uid == UID else None


def answers_of(octets: bytes) -> Callable[[bytes], bytes]:
    """A band whose answers are cut out of the given octets, each led by its length; then it is gone."""
    left = io.BytesIO(octets)

    def apdu(command: bytes) -> bytes:
        size = left.read(1)
        if not size:
            raise Gone
        return left.read(size[0])

    return apdu


class Blocks:
    """A FeliCa card whose blocks are the given octets."""

    def __init__(self, octets: bytes) -> None:
        self._left = io.BytesIO(octets)

    def read(self, *blocks: int) -> bytes:
        return self._left.read(16 * len(blocks))

    def write(self, octets: bytes, *blocks: int) -> None:
        if not self._left.read(1):
            raise Gone


def unsent_sales(octets: bytes) -> object:
    return [decoded(piece.seen) for piece in unsent.read(io.BytesIO(octets))]


def type4(octets: bytes) -> object:
    return tags.prove_type4(answers_of(octets), UID, keys)


def link(octets: bytes) -> object:
    return sun.check(octets.decode("latin-1"), keys)


def felica_card(octets: bytes) -> object:
    return felica.authenticate(Blocks(octets), KEY)


def felica_passed_on(octets: bytes) -> object:
    """A FeliCa card behind a PC/SC reader: its frames, each with the reader's status words behind it."""
    blocks = PassedOn(answers_of(octets), IDM)
    try:
        return blocks.is_lite_s() and felica.authenticate(blocks, KEY)
    except Gone:
        return None


def wired_card(octets: bytes) -> object:
    """A door reader's card: its format and the number of its bits lead."""
    kind, bits, number = (octets[0], octets[1], octets[2:]) if len(octets) > 1 else (0, 0, b"")
    return card_of({"format": kind % 4, "length": bits, "data": number})


def advert(octets: bytes) -> object:
    return list(frames(split(octets)))


def ndef(octets: bytes) -> object:
    return ntag424.read_ndef(answers_of(octets))


def typed(octets: bytes) -> list[str]:
    """Key events as a scanner sends them: two octets each."""
    decoder = Decoder()
    pairs = zip(octets[::2], octets[1::2], strict=False)
    return [code for key, value in pairs if (code := decoder.feed(key, value % 3)) is not None]


def by_phone(octets: bytes) -> object:
    reader = WebNfcReader(keys)
    reader.hear(octets)
    return reader.read(0)


def wire(octets: bytes) -> object:
    kind = MESSAGES[octets[0] % len(MESSAGES)] if octets else Batch
    return decode(octets[1:], "identity", kind)


def packed(octets: bytes) -> object:
    return unpack(octets[1:], ("zstd", "gzip")[octets[0] % 2] if octets else "zstd", bytes_max=100_000)


def event(octets: bytes) -> object:
    row = intake.look(0, 1, octets, h=bytes(32))
    assert (row.columns is None) is bool(row.why)
    return row


def decision(octets: bytes) -> object:
    try:
        return decided_in(octets, bytes(16))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Refused(str(error)) from error


def snapshot(octets: bytes) -> object:
    frames: Iterator[bytes] = pulling.unframed(iter([octets]))
    first = next(frames, b"")
    head = pulling.head_of(first, "park")
    return list(pulling.checked_items(iter([first, *frames]), head, vouched=lambda told: None))


def notices(octets: bytes) -> object:
    """The first octet says of which kind, each of those that bind every gate at once."""
    kind = URGENT[octets[0] % len(URGENT)] if octets else URGENT[0]
    return urgent.check([Item(kind=kind, key="00", version=1, body=octets[1:])])


def problem(octets: bytes) -> object:
    try:
        return msgspec.json.decode(octets, type=ProblemDocument).problem
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Refused(str(error)) from error


def table(octets: bytes) -> object:
    text = io.TextIOWrapper(io.BytesIO(octets), encoding="utf-8-sig", errors="surrogateescape", newline="")
    return list(lines.read(text, lines.Terrain(frozenset({"day"}), ZoneInfo("Europe/Rome"))))


def settings(octets: bytes) -> object:
    return config.parse(octets.decode("utf-8", "replace"), "polso.toml")


def rule(octets: bytes) -> object:
    return compile_rule(octets.decode("utf-8", "replace"))


def sealed(octets: bytes) -> object:
    return VAULT.open(octets, "profiles", "name", row=b"1")


def framed(*bodies: bytes) -> bytes:
    return b"".join(len(body).to_bytes(4, "big") + body for body in bodies)


def led(*answers: bytes) -> bytes:
    return b"".join(bytes([len(answer)]) + answer for answer in answers)


def a_snapshot() -> bytes:
    """A whole snapshot of nothing."""
    head, items = ENCODE(SnapshotHead(site="park", epoch=1, seq=4, schema=1)), ENCODE([])
    digest = hashlib.blake2b(framed(head, items), digest_size=32).digest()
    manifest = SnapshotManifest(site="park", epoch=1, seq=4, schema=1, count=0, digest=digest)
    return framed(head, items, ENCODE(manifest))


def a_decision() -> bytes:
    """The body of a green."""
    facts = facts_for()
    return ENCODE(body_of(record(facts, decide(facts), cursor=1)))


def ticket(octets: bytes) -> object:
    """A scanned code that claims to be a ticket."""
    return read_ticket(octets, public_half(bytes(32)))


TICKET = written(Ticket(bytes(10), "day", 0, 1), bytes(32)).encode()
VAULT = Vault(bytes(range(32)), Ring({1: bytes(range(64))}))
ENCODE = msgspec.msgpack.encode
ATTESTED = b"\x01" + ENCODE(Attested(device="edge-1", time_ms=1, tips=(Tip(lane=0, seq=1),)))
BATCH = b"\x02" + ENCODE(
    Batch(v=1, site="park", device="e", incarnation=1, lane=0, first=1, last=1, prev=b"", head=b"", rows=())
)
CSV = b"guest,name,language,tags,uid,product\nguest-1,Giulia,it,vip,04DE5F1EACC040,day\n"
TOML = b"""[screens]
port = 8080
[[readers]]
name = "gate-1"
driver = "nfcpy"
point = "gate-1"
"""
LIVE = led(b"\x90\x00", b"\x11" * 16 + b"\x91\xaf", b"\x22" * 32 + b"\x91\x00", *[b"\x91\xae"] * 4)
IDM = bytes.fromhex("0102030405060708")
ATR = bytes.fromhex("3B8F8001804F0CA000000306030001000000006A")
FOUND = b"\x12\x01" + IDM + bytes.fromhex("00F1000000C1C100") + b"\x90\x00"
WRITTEN = b"\x0c\x09" + IDM + b"\0\0\x90\x00"
PASSED_ON = (BandLost, BlockRefused, NotPassedOn)
FILE = led(b"\x90\x00", b"\x00\x10" + bytes(16) + b"\x90\x00")
READ = msgspec.json.encode({"url": SUN_LINK, "serial": "04:de:5f:1e:ac:c0:40"})
PACKED = (b"\x00" + pack(CSV * 9, "zstd")[0], b"\x01" + pack(CSV * 9, "gzip")[0])
URGENT = (urgent.BAND, urgent.ERASE, ALARM, BLOCK)
NOTICES = (
    b"\x00" + ENCODE(BandNotice(band=bytes(16), state=BandState.REVOKED, epoch=1)),
    b"\x01" + ENCODE(ErasureNotice(guest="g-1", bands=(bytes(16),))),
    b"\x03" + ENCODE(BlockNotice(wallet="w-1", epoch=1)),
)
PROBLEM = b'{"type":"urn:polso:problem:gap","title":"","status":409,"time_ms":1}'
EVENT = ENCODE((0, 1, 1 << 16, 0, 0, 1, 1, None, ENCODE({})))

PARSERS = {
    "type 4 answers": Parser(type4, (LIVE,), (Gone,)),
    "ndef file": Parser(ndef, (FILE,), (Gone,)),
    "felica blocks": Parser(felica_card, (bytes(100),), (Gone,)),
    "felica over pc/sc": Parser(felica_passed_on, (led(FOUND, WRITTEN),), PASSED_ON),
    "card's name in an ATR": Parser(card_named, (ATR,)),
    "card on a wire": Parser(wired_card, (b"\x01\x1a\x12\x34\x56\x80",)),
    "advertisement": Parser(advert, (ADVERT,)),
    "ndef message": Parser(first_link, (link_record(SUN_LINK),)),
    "sun link": Parser(link, (SUN_LINK.encode(),)),
    "ticket": Parser(ticket, (TICKET,), (Forged,)),
    "scanner keys": Parser(typed, (bytes((16, 1, 16, 0, 17, 1, 17, 0, 28, 1)),)),
    "phone": Parser(by_phone, (READ,)),
    "wire message": Parser(wire, (ATTESTED, BATCH), (Refused,)),
    "packed message": Parser(packed, PACKED, (Refused,)),
    "event": Parser(event, (EVENT,)),
    "decision": Parser(decision, (a_decision(),), (Refused,)),
    "snapshot": Parser(snapshot, (a_snapshot(),), (pulling.BadPage,)),
    "urgent notice": Parser(notices, NOTICES, (Refused,)),
    "problem document": Parser(problem, (PROBLEM,), (Refused,)),
    "csv of guests": Parser(table, (CSV,), (Refused,)),
    "configuration": Parser(settings, (TOML,), (ConfigError,)),
    "rule": Parser(rule, (b'entries_today < 3 && tier == "gold"',), (Refused,)),
    "unsent sales": Parser(unsent_sales, (unsent.framed(Piece(1, bytes(32), (b"row",), 1, b"seen")),)),
    "sealed cell": Parser(sealed, (VAULT.seal(b"Giulia", "profiles", "name", row=b"1"),), (StoreDamaged,)),
}
PARSERS |= {name: Parser(*row) for name, row in (SIGNED | VOUCHED).items()}
"""A new parser of foreign bytes gets its row here."""


def fault_of(parser: Parser, octets: bytes) -> Exception | None:
    """What came out of a parser that must not come out of it."""
    try:
        parser.feed(octets)
    except parser.may_raise:
        return None
    except Exception as error:  # whatever it is, it is the finding
        return error
    return None
