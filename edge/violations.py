"""Violations: what browsers report of our own policy for pages, counted, and told once a minute in sum."""

from __future__ import annotations

import logging
import re
import threading
from collections import Counter
from collections.abc import Callable
from urllib.parse import urlsplit

import msgspec

from edge.core.cards import holds_card_number
from edge.errors import Refused

LOG = logging.getLogger(__name__)
BODY_BYTES_MAX = 16 * 1024
"""The longest report that is read at all: browsers cut what they quote of a page at 40 characters."""
REPORTS_MAX = 20
"""Reports of one body that are counted."""
KINDS_MAX = 50
"""Different ones in one minute; the others are counted alone."""
EACH_S = 60.0
WORD_CHARS_MAX = 80
OLD, NEW = "application/csp-report", "application/reports+json"
"""The two ways in which browsers send them: by ``report-uri``, and by the Reporting API."""
OTHER = "other"
DIRECTIVES = frozenset(
    (
        *(
            "base-uri",
            "connect-src",
            "default-src",
            "font-src",
            "form-action",
            "frame-ancestors",
            "frame-src",
        ),
        *("img-src", "manifest-src", "media-src", "object-src", "script-src", "script-src-attr"),
        *("script-src-elem", "style-src", "style-src-attr", "style-src-elem", "worker-src"),
    )
)
_WORD = re.compile(r"[a-z][a-z-]{0,30}")
Later = Callable[[float, Callable[[], None]], object]


class Told(msgspec.Struct, frozen=True, kw_only=True, rename="kebab"):
    """What one violation says that is looked at."""

    document_uri: str = ""
    effective_directive: str = ""
    violated_directive: str = ""
    blocked_uri: str = ""


class Body(msgspec.Struct, frozen=True):
    """One report by ``report-uri`` (CSP level 2)."""

    told: Told = msgspec.field(name="csp-report")


class Seen(msgspec.Struct, frozen=True, kw_only=True):
    """The same in the words of the Reporting API (CSP level 3)."""

    document: str = msgspec.field(name="documentURL", default="")
    directive: str = msgspec.field(name="effectiveDirective", default="")
    blocked: str = msgspec.field(name="blockedURL", default="")


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """One report among several by the Reporting API; there are other types than ours."""

    type: str
    body: Seen = Seen()


Kind = tuple[str, str, str]
"""Directive, what it kept out, and on which page."""
_OLD = msgspec.json.Decoder(Body).decode
_NEW = msgspec.json.Decoder(tuple[Report, ...]).decode
UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


def read(body: bytes, media: str) -> tuple[Kind, ...]:
    """Return the violations in a body of either format, or refuse it; no query of an address is in them."""
    try:
        if media == OLD:
            one = _OLD(body).told
            return (
                _kind(one.effective_directive or one.violated_directive, one.blocked_uri, one.document_uri),
            )
        if media == NEW:
            found = [one.body for one in _NEW(body)[:REPORTS_MAX] if one.type == "csp-violation"]
            return tuple(_kind(one.directive, one.blocked, one.document) for one in found)
    except UNREADABLE as error:
        raise Refused(f"No report of a violation: {error}") from error
    raise Refused("A report of a violation is needed.", hint=f"Send it with Content-Type {OLD} or {NEW}.")


class Violations:
    """Counts them by directive; the first after a silence begins a minute, and its end tells the sum."""

    def __init__(self, count: Callable[[str], None], *, later: Later | None = None) -> None:
        """Tell each directive to ``count``; ``later`` calls back after so many seconds."""
        self._tell, self._later = count, later or _in_a_thread
        self._lock = threading.Lock()
        self._minute: Counter[Kind] = Counter()
        self._more = 0

    def take(self, body: bytes, media: str) -> None:
        """Read a report and count what it tells, or refuse it."""
        kinds = read(body, media)
        with self._lock:
            begins = bool(kinds) and not self._minute
            for kind in kinds:
                if kind in self._minute or len(self._minute) < KINDS_MAX:
                    self._minute[kind] += 1
                else:
                    self._more += 1
        for directive, _, _ in kinds:
            self._tell(directive)
        if begins:
            self._later(EACH_S, self._sum)

    def _sum(self) -> None:
        with self._lock:
            told, more = self._minute, self._more
            self._minute, self._more = Counter(), 0
        words = "; ".join(
            f"{count} x {directive} kept out {blocked} at {page}"
            for (directive, blocked, page), count in told.most_common()
        )
        LOG.warning("pages broke their policy: %s%s", words, f"; and {more} others" if more else "")


def _in_a_thread(seconds: float, call: Callable[[], None]) -> None:
    timer = threading.Timer(seconds, call)
    timer.daemon = True
    timer.start()


def _kind(directive: str, blocked: str, page: str) -> Kind:
    word = directive if directive in DIRECTIVES else OTHER
    return (word, _without_card(_blocked(blocked)), _without_card(_page(page)))


def _without_card(text: str) -> str:
    """Return a text, or nothing of it where the number of a payment card stands in it."""
    return OTHER if holds_card_number(text) else text


def _blocked(text: str) -> str:
    """Return whose it was that was kept out, or the browser's own word for it, as ``inline``."""
    parts = _parts(text)
    if parts is not None and parts[0] in ("http", "https", "ws", "wss"):
        return f"{parts[0]}://{parts[1]}"
    word = text.partition(":")[0]
    return word if _WORD.fullmatch(word) else OTHER


def _page(text: str) -> str:
    """Return the first room of an address: what follows may name a guest, or be a way in."""
    parts = _parts(text)
    return OTHER if parts is None else "/" + parts[2].lstrip("/").partition("/")[0]


def _parts(text: str) -> tuple[str, str, str] | None:
    """Return scheme, host and path in plain characters; None where it is no address."""
    try:
        found = urlsplit(text)
        host = found.netloc.rpartition("@")[2]
    except ValueError:
        return None
    parts = (found.scheme, host, found.path)
    if not all(part.isascii() and part.isprintable() and " " not in part for part in parts):
        return None
    return found.scheme, host[:WORD_CHARS_MAX], found.path[:WORD_CHARS_MAX]
