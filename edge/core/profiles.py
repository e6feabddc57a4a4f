"""A profile: what central says of a band and its guest, whole enough to decide alone."""

from __future__ import annotations

import msgspec

from edge.core.bands import Band, Trust
from edge.core.consent import Consent
from edge.core.entitlements import Entitlement, Party
from edge.core.wallet import WalletLink

SPEAKS = "language:"
"""How the word begins that says a guest's language: no code of a segment, no consent is asked for it."""


class Profile(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One band's row in the local copy. A guest with two bands has two equal profiles but for the band.

    Three fields speak of the person: name, words with codes and language among them, consents. Age and height
    come beside them where a point, a product or a till of the site asks, and else nowhere.
    """

    band: Band
    rev: int
    """Rises with every change central makes to this profile."""
    guest: str | None = None
    """Pseudonym of the guest; None: a stock band that nobody wears yet."""
    name: str = ""
    """First name or nickname, empty unless the guest allows it on screens."""
    entitlements: tuple[Entitlement, ...] = ()
    party: Party | None = None
    tier: str = ""
    tags: tuple[str, ...] = ()
    """Words of the operator, the language (``in_words``), and what ``consents`` cover: codes of segments and
    codes of articles that they looked for (``edge.core.unfinished``), what lacks to a tier, or a wait."""
    age_band: str | None = None
    """Youngest and oldest age it can be, as ``"8-11"``; never a birth date."""
    height_cm: int | None = None
    payments: bool = False
    wallet: WalletLink | None = None
    """What the band pays from; it pays only where ``payments`` says so, too."""
    consents: tuple[Consent, ...] = ()
    """What the guest allows beyond the ticket; ask ``edge.core.consent.may``, never this."""
    staff: str | None = None
    """Id of the member of staff whose badge this band is."""
    remark_key: bytes = b""
    """What staff's words about this guest (of a band of nobody: about it) are sealed under; no secret."""

    @property
    def language(self) -> str:
        """In which language the guest is spoken to; nothing where it is not told here."""
        return next((tag.removeprefix(SPEAKS) for tag in self.tags if tag.startswith(SPEAKS)), "")


def in_words(language: str) -> tuple[str, ...]:
    """Return a language as it stands among a guest's words."""
    return (SPEAKS + language,) if language else ()


def of_ticket(band: bytes, right: Entitlement) -> Profile:
    """Return the profile of a nameless guest who holds nothing but a ticket: no revision of central's."""
    own = Band(id=band, trust_min=Trust.SUN)
    return Profile(band=own, rev=0, guest=right.id, entitlements=(right,))


class RemarkKey(msgspec.Struct, frozen=True, kw_only=True):
    """The public half of a key that central holds: whoever has it can seal, and cannot open.

    Body of an item of kind ``remarks``: the site's own, for words about nobody who is known.
    """

    owner: str
    public: bytes


def remark_key_of(profile: Profile) -> RemarkKey | None:
    """Return under which key words about the wearer of a band are sealed, if central gave one."""
    if not profile.remark_key:
        return None
    owner = remark_owner(profile.guest, profile.band.id)
    return RemarkKey(owner=owner, public=profile.remark_key)


def remark_owner(guest: str | None, band: bytes) -> str:
    """Return whose key words about a band are sealed under: its guest's, or its own while it has none."""
    return f"g:{guest}" if guest else f"b:{band.hex()}"


class ProfileItem(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A profile on its way to an edge, with the band's own keys by number; the edge stores those sealed."""

    profile: Profile
    keys: dict[int, bytes] = {}
    on_air: bytes = b""
    """By what it names itself on the radio (``edge.core.onair``), of who is expected; at central sealed."""


class StaffMember(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Somebody who works here, as far as a gate must know: roles, badge and the hash of a PIN."""

    id: str
    name: str
    roles: tuple[str, ...] = ()
    badge: str = ""
    """BandId of the badge in hex; empty: none."""
    pin_hash: str = ""
    """Argon2id, in its own text form."""


class Item(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One thing that central says of a site: the newest version of ``kind`` and ``key``; no body = gone.

    ``profile`` is keyed by BandId in hex and holds a ProfileItem, ``staff`` by id, ``layout`` by nothing.
    """

    kind: str
    key: str
    version: int
    body: bytes | None = None


class Cursor(msgspec.Struct, frozen=True):
    """How far a site's feed has been applied; another epoch means that the sequence began anew."""

    epoch: int = 0
    seq: int = 0
