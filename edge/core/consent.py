"""Consent: what a guest allows beyond the ticket itself, one purpose at a time, and what holds in doubt."""

from __future__ import annotations

import enum
from collections.abc import Iterable, Sequence

import msgspec
from msgspec.structs import replace

CONSENTS_MAX = 32
"""Purposes that one guest can have an opinion on; what is beyond is not read."""


class Purpose(enum.StrEnum):
    """What somebody may allow; a namespace may follow after a colon, as ``offers:behaviour``."""

    PRESENCE = "presence"
    """That we notice the band from afar and know that its guest is near."""
    OFFERS = "offers"
    """That we choose offers for this guest and not for anybody."""
    RESEARCH = "research"
    """That the visit counts in what we learn about visits."""


class Source(enum.StrEnum):
    """Where somebody said so."""

    KIOSK = "kiosk"
    STAFF = "staff"
    CONSOLE = "console"


class Consent(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """What a guest last said of one purpose.

    ``turns`` counts how often it was changed: odd is given, even is withdrawn. Of two answers the one with
    more turns holds, so that a withdrawal is never overtaken by the consent that it took back, whatever any
    clock says and in whatever order both arrive.
    """

    purpose: str
    turns: int
    since_ms: int = 0
    source: str = ""

    @property
    def given(self) -> bool:
        """Whether it stands; a purpose or a source that we do not know gives nothing."""
        return self.turns > 0 and self.turns % 2 == 1 and _known(self.purpose) and self.source in SOURCES


class Consented(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Body of CONSENT_SET: who said what, where, and with whose help."""

    guest: str
    consent: Consent
    point: str | None = None
    staff: str | None = None


SOURCES = frozenset(Source)
PURPOSES = frozenset(Purpose)


def may(consents: Sequence[Consent], purpose: Purpose, namespace: str = "") -> bool:
    """Say whether a guest allows a purpose: the one question of everything that would use what it opens.

    A namespace needs both: the purpose itself and its own. No word, or one that makes no sense, is a no.
    """
    needed = [purpose.value, *([f"{purpose.value}:{namespace}"] if namespace else [])]
    standing = {consent.purpose: consent for consent in merged(consents)}
    return all(name in standing and standing[name].given for name in needed)


def merged(*told: Iterable[Consent]) -> tuple[Consent, ...]:
    """Return what holds of several accounts of one guest, by purpose: the answer with the most turns."""
    found: dict[str, Consent] = {}
    for consent in (one for account in told for one in account):
        known = found.get(consent.purpose)
        if known is None or _weight(consent) > _weight(known):
            found[consent.purpose] = consent
    return tuple(found[name] for name in sorted(found)[:CONSENTS_MAX])


def said(consents: Sequence[Consent], wanted: Consent, *, given: bool) -> Consent | None:
    """Return the answer that ``wanted`` becomes after all that is known; None where it says nothing new."""
    known = next((one for one in merged(consents) if one.purpose == wanted.purpose), None)
    turns = known.turns if known is not None and known.turns > 0 else 0
    if known is not None and known.given is given and (turns % 2 == 1) is given:
        return None
    if known is None and not given:
        return None
    # What an unknown source gave stands as no: saying yes again must still be a new turn.
    return replace(wanted, turns=turns + (1 if (turns % 2 == 1) is not given else 2))


def _known(purpose: str) -> bool:
    return purpose.partition(":")[0] in PURPOSES


def _weight(consent: Consent) -> tuple[int, bool, int, str]:
    return consent.turns, not consent.given, consent.since_ms, consent.source
