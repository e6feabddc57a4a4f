"""The demo park's file: its site, its points, its guests and the wristbands they wear."""

from __future__ import annotations

import hashlib
import random
import tomllib
from importlib import resources

import msgspec

from edge.core.bands import BandState
from edge.core.catalogue import Article, Group
from edge.core.entitlements import Entitlement, Party, Product, Status, Terms, TimeSlot
from edge.core.places import Layout, Point, Zone
from edge.run.demo import resort
from kiosk.park import DemoBand, Story

HOUR_MS = 3_600_000
PSEUDONYM_BYTES = 4
MINUTE_MS = 60_000
QUARTER_MS = 15 * MINUTE_MS
LATE_SHARE, UNPAID_SHARE, BOOKED_SHARE = 0.03, 0.02, 0.4
BUYER_EACH = 6
"""One in so many of the crowd has money on the band."""
VISITOR_MINOR, VISITOR_STEPS = 3_000, 40
LANGUAGES = ("it", "it", "it", "en", "de", "fr", "es")
SLOT_POINT = "volo-1"
CHIPS = {
    "ntag424": ("NTAG 424 DNA", "LIVE"),
    "felica_lite_s": ("FeliCa Lite-S", "LIVE"),
    "ntag213": ("NTAG213", "UID"),
    "mifare_classic": ("MIFARE Classic", ""),
}
"""What a card of the tray says of its chip: its maker's name and the best it can prove."""


class Site(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The park itself."""

    id: str
    timezone: str
    currency: str
    reset_min: int
    names: dict[str, str]


class Right(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A right relative to the moment the park opens: hours of validity, minutes of a slot."""

    product: str
    valid_h: tuple[int, int] | None = None
    slot_min: tuple[int, int] | None = None
    status: Status = Status.VALID
    attention: str = ""


class Chip(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The virtual chip in a band; keys are the site's unless it says others."""

    kind: str
    uid: str
    keys: dict[str, str] = {}
    fault: str = ""
    fault_at: int = 0
    factory: bool = False
    """As its maker sends it: the desk gives it the site's keys."""


class Purse(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A wallet with money on it; the PIN is one that everybody may know."""

    id: str
    minor: int = 0
    pin: str = ""
    pin_above_minor: int | None = None
    low_minor: int | None = None
    """Below this a stored card fills it up to ``fill_minor``; None: there is no card."""
    fill_minor: int | None = None


class Pays(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """From which wallet a guest pays, and within which limits of their own."""

    wallet: str
    head: bool = False
    no_charge: bool = False
    day_minor_max: int | None = None
    free_drinks: int = 0
    """Of this guest alone, whoever else pays from the wallet."""
    gift_minor: int = 0
    """Gift credit, spent before money."""


class Wearer(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A guest with a band, or (``strangers``) a band that is nobody's."""

    id: str
    name: str
    story: Story
    chip: Chip
    language: str = ""
    tier: str = ""
    tags: tuple[str, ...] = ()
    age_band: str = ""
    height_cm: int | None = None
    party: Party | None = None
    rights: tuple[Right, ...] = ()
    state: str = "active"
    stock: bool = False
    agrees: tuple[str, ...] = ()
    """Purposes to which the guest said yes when the ticket was bought."""
    pays: Pays | None = None

    @property
    def uid(self) -> bytes:
        """The chip's identifier."""
        return bytes.fromhex(self.chip.uid)

    @property
    def pseudonym(self) -> str:
        """Who central knows the guest as: a number; a name would lie in each record."""
        return f"g-{hashlib.blake2b(self.id.encode(), digest_size=PSEUDONYM_BYTES).hexdigest()}"

    @property
    def card(self) -> DemoBand:
        """The band as a card of the tray; with foreign keys, none or a fault it proves nothing."""
        chip, trust = CHIPS[self.chip.kind]
        if self.chip.keys or self.chip.fault or self.chip.factory:
            trust = ""
        return DemoBand(
            id=self.id, name=self.name, story=self.story, chip=chip, trust=trust, language=self.language
        )


class Colleague(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Somebody who works in the demo park, with a PIN that everybody may know."""

    id: str
    name: str
    roles: tuple[str, ...]
    pin: str
    sells_at: str = ""
    """The till at which the demo's own hands sell in this name; empty: nobody's but yours."""


class Operator(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Who may look into central's console of the demo, and the word that lets them in."""

    name: str
    word: str


class Crowd(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How many invented day visitors there are, and the seed they are invented from."""

    guests: int
    seed: int


class Park(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The whole file."""

    site: Site
    zones: tuple[Zone, ...]
    points: tuple[Point, ...]
    products: tuple[Product, ...]
    groups: tuple[Group, ...]
    articles: tuple[Article, ...]
    staff: tuple[Colleague, ...]
    wallets: tuple[Purse, ...]
    guests: tuple[Wearer, ...]
    strangers: tuple[Wearer, ...]
    crowd: Crowd
    console: Operator

    @property
    def wearers(self) -> tuple[Wearer, ...]:
        """Every band of the tray, guests' first."""
        return self.guests + self.strangers

    @property
    def banded(self) -> tuple[Wearer, ...]:
        """The guests who have a band when the park opens."""
        return tuple(wearer for wearer in self.guests if not wearer.chip.factory)

    @property
    def visitors(self) -> tuple[Wearer, ...]:
        """The crowd: the same people at every start."""
        chance = random.Random(self.crowd.seed)  # noqa: S311 - invented people, nothing secret
        return tuple(_visitor(number, chance) for number in range(self.crowd.guests))

    @property
    def purses(self) -> tuple[Purse, ...]:
        """Every wallet, those of the crowd last."""
        paying = [one.pays.wallet for one in self.visitors if one.pays is not None]
        return self.wallets + tuple(
            Purse(id=wallet, minor=VISITOR_MINOR + 100 * (place % VISITOR_STEPS))
            for place, wallet in enumerate(paying)
        )

    @property
    def settings(self) -> Layout:
        """The site's own settings as a layout without places."""
        site = self.site
        return Layout(
            site=site.id,
            version=0,
            timezone=site.timezone,
            currency=site.currency,
            reset_min=site.reset_min,
            names=site.names,
        )


def _visitor(number: int, chance: random.Random) -> Wearer:
    """Invent one day visitor: nearly all have paid, some have booked a flight, a few come a day late."""
    day = Right(product="giornata", valid_h=(-12, 24))
    odds = chance.random()
    if odds < LATE_SHARE:
        day = Right(product="giornata", valid_h=(-60, -24))
    elif odds < LATE_SHARE + UNPAID_SHARE:
        day = Right(product="giornata", valid_h=(-12, 24), status=Status.UNPAID)
    start = 15 * chance.randrange(-2, 24)
    booked = (Right(product="volo-prenotato", slot_min=(start, start + 30)),)
    return Wearer(
        id=f"v{number:04}",
        name="",
        story=Story.DAY_TICKET,
        chip=Chip(kind="ntag424", uid=f"04C0{number:08X}01"),
        language=chance.choice(LANGUAGES),
        height_cm=chance.randrange(105, 195),
        pays=Pays(wallet=f"w-v{number:04}") if number % BUYER_EACH == 0 else None,
        rights=(day, *(booked if chance.random() < BOOKED_SHARE else ())),
    )


def load() -> Park:
    """Read the file that ships with the package, with the rest of the resort around it."""
    text = resources.files("edge.run.demo").joinpath("park.toml").read_text(encoding="utf-8")
    tray = msgspec.convert(tomllib.loads(text), Park, strict=False)
    return msgspec.structs.replace(
        tray,
        zones=(*tray.zones, *resort.zones()),
        points=(*tray.points, *resort.points()),
        groups=(*tray.groups, *resort.groups()),
        articles=(*tray.articles, *resort.articles()),
    )


def state_of(wearer: Wearer) -> BandState:
    """Return the band's state by its name in the file."""
    return BandState[wearer.state.upper()]


def rights_of(wearer: Wearer, park: Park, opened_ms: int) -> tuple[Entitlement, ...]:
    """Return a guest's entitlements for a park that opened at ``opened_ms`` (UTC)."""
    terms = {product.id: product.terms for product in park.products}
    return tuple(
        _right(f"{wearer.pseudonym}-{right.product}", right, terms[right.product], opened_ms=opened_ms)
        for right in wearer.rights
    )


def _right(id_: str, right: Right, terms: Terms, *, opened_ms: int) -> Entitlement:
    hours = right.valid_h or (None, None)
    own = msgspec.structs.replace(terms, attention=right.attention) if right.attention else None
    return Entitlement(
        id=id_,
        product=right.product,
        status=right.status,
        valid_from_ms=None if hours[0] is None else opened_ms + hours[0] * HOUR_MS,
        valid_until_ms=None if hours[1] is None else opened_ms + hours[1] * HOUR_MS,
        slot=None if right.slot_min is None else _slot(right.slot_min, opened_ms),
        terms=own,
    )


def _slot(minutes: tuple[int, int], opened_ms: int) -> TimeSlot:
    """Lay a slot on quarter hours, as people book them; the present one stays present."""
    start = (opened_ms + minutes[0] * MINUTE_MS) // QUARTER_MS * QUARTER_MS
    end = -(-(opened_ms + minutes[1] * MINUTE_MS) // QUARTER_MS) * QUARTER_MS
    return TimeSlot(start_ms=start, end_ms=end, point=SLOT_POINT)
