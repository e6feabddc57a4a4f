"""Loading: blocks of families go in by central's own rooms, and what is in is never loaded twice."""

from __future__ import annotations

import datetime as dt
import itertools
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple
from zoneinfo import ZoneInfo

from msgspec.structs import replace

from edge.core.bands import BandState
from edge.core.calendar import day_of, instant
from edge.core.catalogue import Article
from edge.core.entitlements import Entitlement, Party
from edge.core.money import tax_within
from edge.errors import Refused
from edge.run.demo.history.almanac import almanac
from edge.run.demo.history.campaigns import open_campaigns
from edge.run.demo.history.declared import declare, said
from edge.run.demo.history.deeds import Deed, Matter, Past, Sale, past
from edge.run.demo.history.people import Family, Person, families
from edge.run.demo.history.seen import seen
from edge.run.demo.history.words import dated
from edge.run.demo.park import Park
from sync.central.analysis.facts import EPOCH_ORDINAL
from sync.central.campaigns import readings
from sync.central.care import cases
from sync.central.care.case import Links, Step, Told
from sync.central.channels import exposures
from sync.central.imports.lines import Line
from sync.central.imports.load import Desk, load
from sync.central.journey import diary
from sync.central.journey.entry import Entry, Via, What
from sync.central.money import ledger, pots
from sync.central.money.bookings import MONEY
from sync.central.money.ledger import Posting
from sync.central.near import feedback
from sync.central.people import aliases
from sync.central.people.aliases import Claim, Kind, Proof
from sync.central.registry import bands, consents, members, profiles, wallets
from sync.central.registry.guests import Guest
from sync.central.registry.members import Member
from sync.central.registry.turn import take_turn
from sync.central.registry.wallets import Wallet
from sync.central.sites import band_key
from sync.central.store import Connection, Store

FAMILIES_EACH = 25
"""Families of one block: what waits for central's database meanwhile is not to notice it."""
SOURCE = "/central/imports/past"
"""Under what these entries stand in diaries, with the last day that they go to behind it."""
CHIP, PRODUCT = "ntag424", "giornata"
STATES = {"lost": BandState.LOST, "replaced": BandState.REPLACED, "cloned": BandState.REVOKED}
TOP_UP_MINOR = 1_000
"""People put whole tens on their wallets."""
WORDS_CHARS_MAX = 120
DAY_MINUTES = 1_440


class Site(NamedTuple):
    """Where the past goes, and what was sold there."""

    desk: Desk
    zone: dt.tzinfo
    currency: str
    articles: Mapping[str, Article]

    @property
    def shelves(self) -> dict[str, tuple[str, ...]]:
        """Return the articles of each group, by name."""
        found: dict[str, list[str]] = defaultdict(list)
        for one in self.articles.values():
            found[one.group].append(one.id)
        return {group: tuple(sorted(ids)) for group, ids in sorted(found.items())}


class Whole(NamedTuple):
    """Which past it is: of whose invention, how many guests, and up to which day."""

    seed: int
    guests: int
    last: int


def told(whole: Whole, shelves: dict[str, tuple[str, ...]]) -> Iterator[Past]:
    """Yield the past of each family: the same for ever of the same seed, guests and last day."""
    days = almanac(whole.seed, whole.last)
    for family in families(whole.seed, whole.guests):
        yield past(whole.seed, family, days, shelves=shelves)


def site_of(store: Store, park: Park, *, diversify: bands.Diversify | None) -> Site:
    """Return the park's site in this store as the past finds it."""
    own, sold = park.site, {one.id: one for one in park.articles}
    return Site(Desk(store, own.id, diversify), ZoneInfo(own.timezone), own.currency, sold)


def load_past(site: Site, whole: Whole, progress: Callable[[int], bool]) -> int:
    """Load what is not in yet and return how many guests are in; ``progress`` hears of it and says go on."""
    done, whole = 0, _as_begun(site, whole)
    with site.desk.store.transaction() as tx:
        open_campaigns(tx, site.desk.site, whole.last, zone=site.zone)
    blocks = _blocks(told(whole, site.shelves))
    for block in blocks:
        if not _is_in(site, block):
            _store(site, block, whole)
        done += sum(len(one.family.people) for one in block)
        if not progress(done):
            return done
    readings.bring(site.desk.store, site.desk.site, whole.last - EPOCH_ORDINAL)
    return done


def yesterday(zone: dt.tzinfo, now_ms: int) -> int:
    """Return the last day of which anything can be told."""
    return day_of(zone, 0, now_ms) - 1


def _blocks(told: Iterable[Past]) -> Iterator[list[Past]]:
    waiting = iter(told)
    while block := list(itertools.islice(waiting, FAMILIES_EACH)):
        yield block


def _as_begun(site: Site, whole: Whole) -> Whole:
    """Return the past that was begun here before: another day's would be other people's lives."""
    first = itertools.islice(families(whole.seed, whole.guests), FAMILIES_EACH)
    last = _told_until(site, first)
    return whole if last is None else whole._replace(last=last)


def _is_in(site: Site, block: Sequence[Past]) -> bool:
    """Whether anybody's diary tells of it: one guest may have been erased, or have nothing left in it."""
    return _told_until(site, (past.family for past in block)) is not None


def _told_until(site: Site, those: Iterable[Family]) -> int | None:
    """Return the last day of the past that diaries of these families tell of; None: they tell of none."""
    with site.desk.store.reading() as tx:
        for one in (person for family in those for person in family.people):
            for entry in diary.held_of(tx, site.desk.site, f"g:{one.id}", limit=diary.PAGE_MAX):
                if entry.source.startswith(SOURCE):
                    return int(entry.source.rpartition("/")[2])
    return None


def _store(site: Site, block: Sequence[Past], whole: Whole) -> None:
    """Bring in one block: its people as a file of guests would, then all that they did, at one stroke."""
    lines = [line._replace(number=number) for number, line in enumerate(_lines(site, block))]
    loaded = load(site.desk, lines, lambda done, wrong: None)
    if loaded.wrong:
        raise Refused(f"The past does not fit this park: {loaded.first_wrong[0].why}.")
    name = site.desk.site
    with site.desk.store.transaction() as tx:
        take_turn(tx, name)
        for one in block:
            _allow(tx, site, one)
            declare(tx, name, one.family, seed=whole.seed, at_ms=_came_ms(site, one))
            _join(tx, site, one.family)
            _part_with_bands(tx, name, one.family)
        ledger.post_all(tx, [posting for one in block for posting in _postings(site, one)])
        for sale, word in (said for one in block for said in dated(one)):
            feedback.take(tx, name, word, at_ms=instant(site.zone, sale.day, sale.minute))
        diary.put(tx, name, [entry for one in block for entry in _entries(site, one, whole.last)])
        exposures.bring(tx, name, seen(tx, (name, site.zone), block))
        for one in block:
            for matter in one.matters:
                _settle(tx, site, matter)


def _came_ms(site: Site, one: Past) -> int:
    return instant(site.zone, min(deed.day for deed in one.deeds), 600)


def _lines(site: Site, block: Sequence[Past]) -> Iterator[Line]:
    for one in block:
        for person in one.family.people:
            came = max(deed.day for deed in one.deeds if deed.what is What.ENTERED)
            ticket = Entitlement(
                id=f"{person.id}-{PRODUCT}",
                product=PRODUCT,
                valid_from_ms=instant(site.zone, came, 0),
                valid_until_ms=instant(site.zone, came, DAY_MINUTES),
            )
            yield Line(0, _guest(one.family, person), person.uid, CHIP, person.name, ticket)
            if person.fate in ("replaced", "cloned"):
                yield Line(0, _guest(one.family, person), person.spare, CHIP, person.name, None)


def _guest(family: Family, person: Person) -> Guest:
    role = "child" if person.is_child else "adult"
    party = Party(id=f"p-h{family.number}", size=len(family.people), role=role)
    return Guest(
        id=person.id,
        name=person.name,
        language=person.language,
        age_band=person.age_band,
        height_cm=person.height_cm,
        party=party if len(family.people) > 1 else None,
    )


def _allow(tx: Connection, site: Site, one: Past) -> None:
    """Keep what everybody said, and how they are known."""
    name, came_ms = site.desk.site, _came_ms(site, one)
    for person in one.family.people:
        if person.words:
            consents.stand(tx, name, person.id, words=said(person, came_ms))
        if person.email:
            spelled = aliases.named(Kind.EMAIL, person.email)
            aliases.prove(tx, name, Claim(spelled, person.id), proof=Proof.STAFF, by="import")


def _join(tx: Connection, site: Site, family: Family) -> None:
    """Open the family's wallet and say who pays from it; children have things, and pay for none."""
    if not family.wallet:
        return
    name = site.desk.site
    wallets.create(tx, name, Wallet(id=family.wallet, currency=site.currency))
    for place, person in enumerate(family.people):
        joined = Member(guest=person.id, wallet=family.wallet, head=place == 0, no_charge=person.is_child)
        members.join(tx, name, joined)


def _part_with_bands(tx: Connection, site: str, family: Family) -> None:
    secret = band_key(tx, site)
    for person in family.people:
        if person.fate:
            card = bands.band(tx, site, bands.band_id(secret, person.uid))
            state = replace(card.band, state=STATES[person.fate])
            profiles.publish_state(tx, site, replace(card, band=state))


def _postings(site: Site, one: Past) -> Iterator[Posting]:
    """Yield what was paid in and what was sold, a posting each; every one sums to nothing."""
    wallet, spent = one.family.wallet, defaultdict[int, int](int)
    for sale in one.sales:
        spent[sale.day] += _total(site, sale) if sale.guest else 0
        yield from _sold(site, sale, wallet=wallet if sale.guest else "")
    for day, minor in spent.items():
        paid = -(-minor // TOP_UP_MINOR) * TOP_UP_MINOR
        if paid:
            sums = {"bank": -paid, pots.pot(wallet, MONEY): paid}
            at_ms = instant(site.zone, day, 540)
            yield _posting(site, (f"past:{wallet}/{day}", "top_up"), at_ms, sums=sums, wallet=wallet)


def _sold(site: Site, sale: Sale, *, wallet: str) -> Iterator[Posting]:
    sums = defaultdict[str, int](int)
    for article, pieces in sale.lines:
        known = site.articles[article]
        gross = known.price_minor * pieces - sale.off_minor  # who took an offer up bought that one thing
        tax = tax_within(gross, known.tax_permille)
        sums[f"tax:{known.tax_permille}"] += tax
        sums[f"sales:{sale.point}"] += gross - tax
    payer = pots.pot(wallet, MONEY) if wallet else f"cash:{sale.point}"
    sums[payer] -= _total(site, sale)
    at_ms = instant(site.zone, sale.day, sale.minute)
    yield _posting(site, (f"past:{sale.ref}", "sale"), at_ms, sums=sums, wallet=wallet)
    if sale.back:
        gone = {account: -minor for account, minor in sums.items()}
        yield _posting(site, (f"past:{sale.ref}/back", "refund"), at_ms + 60_000, sums=gone, wallet=wallet)


def _posting(
    site: Site, named: tuple[str, str], at_ms: int, *, sums: Mapping[str, int], wallet: str
) -> Posting:
    key, kind = named
    entries = tuple(ledger.Entry(account, minor) for account, minor in sums.items() if minor)
    return Posting(
        site=site.desk.site, key=key, kind=kind, at_ms=at_ms, currency=site.currency,
        entries=entries, wallet=wallet,
    )  # fmt: skip


def _total(site: Site, sale: Sale) -> int:
    whole = sum(site.articles[article].price_minor * pieces for article, pieces in sale.lines)
    return whole - sale.off_minor


def _entries(site: Site, one: Past, last: int) -> Iterator[Entry]:
    """Yield the lines of diaries, each under a name of its own."""
    made = itertools.chain(
        (_done(site, deed) for deed in one.deeds),
        (entry for sale in one.sales if sale.guest for entry in _bought(site, sale)),
        _words_of(site, one),
    )
    for number, entry in enumerate(made):
        yield entry._replace(source=f"{SOURCE}/{last}", id=f"{one.family.number}.{number}")


def _done(site: Site, deed: Deed) -> Entry:
    return Entry(
        source="", id="", owner=f"g:{deed.guest}", hlc=instant(site.zone, deed.day, deed.minute) << 16,
        uncertainty_ms=0, via=deed.via, what=deed.what, point=deed.point, subject=deed.subject, ref=deed.ref,
    )  # fmt: skip


def _bought(site: Site, sale: Sale) -> Iterator[Entry]:
    bought = Entry(
        source="", id="", owner=f"g:{sale.guest}", hlc=instant(site.zone, sale.day, sale.minute) << 16,
        uncertainty_ms=0, via=Via.TILL, what=What.BOUGHT, point=sale.point,
        subject=" ".join(article for article, _ in sale.lines)[:WORDS_CHARS_MAX],
        ref=sale.ref, amount_minor=_total(site, sale), currency=site.currency,
    )  # fmt: skip
    yield bought
    if sale.back:
        yield bought._replace(hlc=bought.hlc + (60_000 << 16), what=What.REFUNDED, subject="")


def _words_of(site: Site, one: Past) -> Iterator[Entry]:
    came_ms = _came_ms(site, one)
    for person in one.family.people:
        for word in said(person, came_ms):
            yield Entry(
                source="", id="", owner=f"g:{person.id}", hlc=word.since_ms << 16, uncertainty_ms=0,
                via=Via.KIOSK, what=What.CONSENT_CHANGED, point=word.point, subject=word.purpose,
                ref="yes" if word.given else "no",
            )  # fmt: skip


def _settle(tx: Connection, site: Site, matter: Matter) -> None:
    """Open a case, answer it and close it, as it went then."""
    name, at_ms = site.desk.site, instant(site.zone, matter.day, 900)
    links = Links(guest=matter.guest)
    first = Told(
        op=f"past/{matter.ref}", step=Step.OPENED, at_ms=at_ms, word=matter.subject.value,
        via=matter.via.value, links=links,
    )  # fmt: skip
    case = cases.open_case(tx, name, first)
    for number, (step, word) in enumerate(((Step.ANSWERED, ""), (Step.CLOSED, matter.result.value)), 1):
        step_told = Told(
            op=f"past/{matter.ref}/{number}", step=step, at_ms=at_ms + number * 600_000, word=word
        )
        cases.tell(tx, name, case.id, told=step_told)
