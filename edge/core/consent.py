"""Consent: what a guest allows beyond the ticket itself, one purpose at a time, and what holds in doubt."""

from __future__ import annotations

import enum
from collections.abc import Iterable, Sequence

import msgspec
from msgspec.structs import replace

CONSENTS_MAX = 96
"""Topics that one guest can have an opinion on, a little more than there are; what is beyond is not read."""
TEXT_VERSION = 1
"""Which wording of the consents our screens show: a word says what it was said to.

It is raised where another thing is asked; the same in better words keeps its number (decision 0075).
"""
QUIET = "quiet"
"""Topic of a wish, not of a consent: no offers for the rest of the local day."""


class Purpose(enum.StrEnum):
    """What somebody may allow; a topic is one of these, see ``topic_of``."""

    PRESENCE = "presence"
    """That we notice the band from afar and know that its guest is near."""
    OFFERS = "offers"
    """That we choose offers for this guest and not for anybody."""
    RESEARCH = "research"
    """That the visit counts in what we learn about visits."""


class Namespace(enum.StrEnum):
    """What is known of a guest, in three parts: each is allowed for itself."""

    DEMOGRAPHIC = "demographic"
    """What they declared of themselves: age class, household, language."""
    INTEREST = "interest"
    """What they say or look for."""
    BEHAVIOUR = "behaviour"
    """What they did here before."""


class Channel(enum.StrEnum):
    """By which way somebody may be spoken to."""

    KIOSK = "kiosk"
    TILL = "till"
    APP = "app"
    EMAIL = "email"
    PHONE = "phone"
    POST = "post"


class Source(enum.StrEnum):
    """Where somebody said so."""

    KIOSK = "kiosk"
    STAFF = "staff"
    CONSOLE = "console"
    TILL = "till"
    APP = "app"
    EMAIL = "email"
    PHONE = "phone"
    POST = "post"


class Consent(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """What a guest last said of one topic: a purpose, in ``purpose``, alone or narrowed down.

    ``turns`` counts how often it was changed: odd is given, even is withdrawn. Of two answers the one with
    more turns holds, so that a withdrawal is never overtaken by the consent that it took back, whatever any
    clock says and in whatever order both arrive.
    """

    purpose: str
    turns: int
    since_ms: int = 0
    source: str = ""
    text: int = 0
    """The version of the wording it was said to; 0: from before wordings were counted."""
    point: str = ""
    """Where it was said."""

    @property
    def given(self) -> bool:
        """Whether it stands; a topic or a source that we do not know gives nothing."""
        return self.turns > 0 and self.turns % 2 == 1 and is_topic(self.purpose) and self.source in SOURCES


class Consented(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Body of CONSENT_SET: who said what, where, and with whose help."""

    guest: str
    consent: Consent
    point: str | None = None
    staff: str | None = None


SOURCES = frozenset(Source)
ON_THE_SPOT = frozenset({Channel.KIOSK, Channel.TILL})
"""Ways that a yes said without naming any is for; every other way needs a yes of its own."""


_ON_THE_SPOT = tuple(f"@{channel}" for channel in sorted(ON_THE_SPOT))


def topic_of(purpose: str, namespace: str = "", channel: str = "") -> str:
    """Return the topic of a word, as ``offers``, ``offers:behaviour`` or ``offers:interest@app``."""
    return f"{purpose}{':' * bool(namespace)}{namespace}{'@' * bool(channel)}{channel}"


TOPICS = tuple(
    topic
    for purpose in Purpose
    for topic in (
        purpose.value,
        *(topic_of(purpose, name) for name in Namespace if purpose == Purpose.OFFERS),
    )
)
"""What a guest is asked at a screen, in its order."""
_EVERY = frozenset(
    topic_of(purpose, namespace, channel)
    for purpose in Purpose
    for namespace in ("", *Namespace)
    for channel in ("", *Channel)
)


def is_topic(topic: str) -> bool:
    """Say whether anybody can have said anything of this."""
    return topic in _EVERY or topic == QUIET


def may(
    consents: Sequence[Consent], purpose: Purpose, namespace: str = "", *, channel: Channel | None = None
) -> bool:
    """Say whether a guest allows a purpose: the one question of everything that would use what it opens.

    A namespace needs both: the purpose itself and its own. A channel away from the spot needs a yes to each
    of them for itself; on the spot it is open unless it was closed. No word, or one that makes no sense, is
    a no.
    """
    standing = {consent.purpose: consent.given for consent in merged(consents)}
    whole = dict.fromkeys((topic_of(purpose), topic_of(purpose, namespace)))
    narrow = [topic_of(topic, channel=channel) for topic in whole] if channel is not None else []
    silent = channel in ON_THE_SPOT
    open_ = all(standing.get(topic, False) for topic in whole)
    return open_ and all(standing.get(topic, silent) for topic in narrow)


def silence(topic: str) -> bool:
    """Say whether who said nothing lets it happen: a way on the spot does, once the purpose is open."""
    return topic.endswith(_ON_THE_SPOT)


def quiet_since(consents: Sequence[Consent]) -> int | None:
    """Return when a guest asked for no more offers; None: not at all. It holds for that local day."""
    wish = next((one for one in merged(consents) if one.purpose == QUIET and one.given), None)
    return None if wish is None else wish.since_ms


def merged(*told: Iterable[Consent]) -> tuple[Consent, ...]:
    """Return what holds of several accounts of one guest, by purpose: the answer with the most turns."""
    found: dict[str, Consent] = {}
    for consent in (one for account in told for one in account):
        known = found.get(consent.purpose)
        if known is None or _weight(consent) > _weight(known):
            found[consent.purpose] = consent
    return tuple(found[name] for name in sorted(found)[:CONSENTS_MAX])


def said(consents: Sequence[Consent], wanted: Consent, *, given: bool, anew: bool = False) -> Consent | None:
    """Return the answer that ``wanted`` becomes after all that is known; None where it says nothing new.

    ``anew``: it counts although the same was said before, as a wish of another day does.
    """
    known = next((one for one in merged(consents) if one.purpose == wanted.purpose), None)
    turns = known.turns if known is not None and known.turns > 0 else 0
    if not anew and known is not None and known.given is given and (turns % 2 == 1) is given:
        return None
    if known is None and not given and not silence(wanted.purpose):
        return None
    # What an unknown source gave stands as no: saying yes again must still be a new turn.
    return replace(wanted, turns=turns + (1 if (turns % 2 == 1) is not given else 2))


def _weight(consent: Consent) -> tuple[int, bool, int, str]:
    return consent.turns, not consent.given, consent.since_ms, consent.source
