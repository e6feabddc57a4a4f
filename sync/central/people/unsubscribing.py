"""Unsubscribing: a word in each mail by which its reader takes back exactly what it was sent by."""

from __future__ import annotations

import base64
import binascii
import hmac
from typing import NamedTuple

import msgspec

from edge.core.consent import TEXT_VERSION, Channel, Consent, is_topic
from edge.errors import Refused, Unknown
from sync.central.people import aliases
from sync.central.registry import consents, guests, profiles
from sync.central.registry.turn import take_turn
from sync.central.store import Connection, now_of

PATH = "/own/unsubscribe"
WORD_CHARS_MAX = 400
MARK = "unsubscribe"
"""Under the site's key of aliases, and no kind of alias: no digest of a name passes for a mark."""
_decode = msgspec.msgpack.Decoder(tuple[str, str, str]).decode


class NoMail(Unknown):
    """This is no word of any mail of ours."""

    hint = "Use the link as it stands in the mail."


class Mailed(NamedTuple):
    """To whom a mail was sent, and by which topic, as ``offers:behaviour@email``."""

    site: str
    guest: str
    topic: str


def word(tx: Connection, mailed: Mailed) -> str:
    """Return the word for one mail's address; it says whose it is to nobody but central, and never ends.

    No row is kept of it: it is good for as long as there is its guest.
    """
    site, _, topic = mailed
    if not is_topic(topic) or topic.partition("@")[2] not in frozenset(Channel):
        raise Refused(f"Nothing is sent by {topic[:40]!r}.", hint="Name purpose, namespace and channel.")
    said, mark = msgspec.msgpack.encode(tuple(mailed)), aliases.keyed(tx, site, MARK, *mailed)
    return f"{_plain(said)}.{_plain(mark)}"


def headers(public_url: str, spoken: str) -> dict[str, str]:
    """Return what a mail says so that one press in the reader's own program is enough (RFC 8058, 3.1)."""
    return {
        "List-Unsubscribe": f"<{public_url}{PATH}?t={spoken}>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
    }


def read(tx: Connection, spoken: str) -> Mailed:
    """Return which mail a word is of, or raise ``NoMail``."""
    body, _, marked = spoken[:WORD_CHARS_MAX].partition(".")
    try:
        mailed, given = Mailed(*_decode(_octets(body))), _octets(marked)
    except (ValueError, binascii.Error, msgspec.MsgspecError) as error:
        raise NoMail from error
    mark = aliases.known_keyed(tx, mailed.site, MARK, *mailed)
    if mark is None or not hmac.compare_digest(given, mark):
        raise NoMail
    return mailed


def take_back(tx: Connection, spoken: str) -> Mailed:
    """Withdraw what a mail was sent by, at once and everywhere; twice is once, and nobody's is nothing."""
    mailed = read(tx, spoken)
    site, guest, topic = mailed
    take_turn(tx, site)
    if guest in guests.guests_of(tx, site, [guest]):
        source = topic.partition("@")[2]
        said = Consent(purpose=topic, turns=0, since_ms=now_of(tx), source=source, text=TEXT_VERSION)
        if consents.say(tx, site, guest, wanted=said, given=False):
            profiles.publish_guests(tx, site, [guest])
    return mailed


def _plain(octets: bytes) -> str:
    return base64.urlsafe_b64encode(octets).decode().rstrip("=")


def _octets(text: str) -> bytes:
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
