"""The past comes in by central's own rooms: the books balance, consents hold, and no block comes in twice."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from edge.core.catalogue import LANGUAGES
from edge.keys.memory import MemoryKey
from edge.run.demo.history.behind import Behind
from edge.run.demo.history.declared import likes
from edge.run.demo.history.deeds import CAMPAIGNS
from edge.run.demo.history.load import Site, Whole, load_past, site_of, told
from edge.run.demo.history.people import Person
from edge.run.demo.history.trials import TRIALS
from edge.run.demo.history.words import SORE, words_of
from edge.run.demo.park import load
from edge.run.demo.seed import seed
from edge.run.platform import opened, settings
from sync.central.analysis import facts
from sync.central.analysis.nightly import Nightly
from sync.central.campaigns import readings
from sync.central.care import cases
from sync.central.care.case import State
from sync.central.care.cases import Wanted
from sync.central.choices import judge_choices
from sync.central.journey import diary
from sync.central.journey.entry import What
from sync.central.money import ledger
from sync.central.near import feedback
from sync.central.offers import bundles, campaigned
from sync.central.people import aliases
from sync.central.people.aliases import Kind
from sync.central.registry import bands
from sync.central.registry.layout import publish_layout
from sync.central.store import Store

pytestmark = [pytest.mark.journey, pytest.mark.timeout(90)]
WHOLE = Whole(2026, 120, dt.date(2026, 10, 31).toordinal())


class Filled(NamedTuple):
    store: Store
    site: Site


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Filled]:
    store = opened(str(Path(tmp_path_factory.mktemp("past")) / "central.db"), MemoryKey())
    park = load()
    seed(store, park)
    with store.transaction() as tx:
        publish_layout(tx, park.site.id, [])
    site = site_of(store, park, diversify=settings().diversify)
    assert load_past(site, WHOLE, lambda done: False) < 120, "left off after its first block"
    assert load_past(site, WHOLE, lambda done: True) == 120, "and went on from there"
    yield Filled(store, site)
    store.close()


def counted(filled: Filled) -> tuple[Any, ...]:
    with filled.store.reading() as tx:
        name = filled.site.desk.site
        entries = [len(diary.held_of(tx, name, f"g:{one.id}", limit=500)) for one in everybody(filled)]
        return entries, ledger.standings(tx, name), len(cases.listed(tx, name, Wanted()))


def everybody(filled: Filled) -> list[Person]:
    return [person for one in told(WHOLE, filled.site.shelves) for person in one.family.people]


def test_every_account_sums_to_nothing_and_no_wallet_is_below_it(filled: Filled) -> None:
    with filled.store.reading() as tx:
        assert set(ledger.trial_balance(tx, filled.site.desk.site).values()) == {0}
        stands = {one.account: one.minor for one in ledger.standings(tx, filled.site.desk.site)}
    assert min(minor for account, minor in stands.items() if account.startswith("wallet:")) >= 0
    assert all(stands[account] > 0 for account in ("tax:40", "tax:100", "tax:220"))


def test_the_next_day_finds_it_all_there_and_changes_nothing(filled: Filled) -> None:
    before = counted(filled)
    tomorrow = WHOLE._replace(last=WHOLE.last + 1)
    assert load_past(filled.site, tomorrow, lambda done: True) == 120
    assert counted(filled) == before


def test_what_guests_said_of_themselves_is_as_old_as_their_first_visit(filled: Filled) -> None:
    site = filled.site.desk.site
    with filled.store.reading() as tx:
        today = facts.Calendar(tx, site).day(filled.store.now_ms())
        mine = {one.id for one in everybody(filled)}
        declared = [one for one in facts.rows(tx, site, first=0, last=today)["declared"] if one[1] in mine]
    assert {namespace for _, _, namespace, _, _ in declared} == {"interest", "demographic"}
    assert all(day < today for *_, day in declared)
    families = [one.family for one in told(WHOLE, filled.site.shelves)]
    liked = {guest for one in families for guest in likes(WHOLE.seed, one)}
    assert liked
    assert {guest for _, guest, namespace, _, _ in declared if namespace == "interest"} == liked


def test_once_all_is_in_the_night_is_not_waited_for(filled: Filled) -> None:
    wakes = filled.store.wakes
    before, behind = wakes.seen(Nightly.woken_by), Behind(filled.site, seed=WHOLE.seed, guests=WHOLE.guests)
    behind.start(lambda: None)
    try:
        assert wakes.wait(Nightly.woken_by, before, 30)
    finally:
        behind.stop()
    assert behind.state is not None
    assert behind.state.guests == WHOLE.guests


def test_who_was_erased_does_not_come_back_with_the_others(filled: Filled) -> None:
    site = filled.site.desk.site
    first = everybody(filled)[0]
    with filled.store.transaction() as tx:
        diary.forget(tx, site, [f"g:{first.id}"])
    before = counted(filled)
    assert load_past(filled.site, WHOLE._replace(last=WHOLE.last + 1), lambda done: True) == 120
    assert counted(filled) == before
    with filled.store.reading() as tx:
        assert not diary.held_of(tx, site, f"g:{first.id}", limit=1)


def test_a_diary_holds_what_its_guest_allows_and_never_a_search_of_who_said_nothing(filled: Filled) -> None:
    by_consent = {What.SEARCHED, What.ASKED, What.MAILED, What.OPENED, What.OFFERED}
    kept = {True: set[What](), False: set[What]()}
    with filled.store.reading() as tx:
        for one in everybody(filled):
            found = diary.held_of(tx, filled.site.desk.site, f"g:{one.id}", limit=500)
            kept[bool(one.words)] |= {entry.what for entry in found}
    assert not kept[False] & by_consent
    assert {What.ENTERED, What.BOUGHT} <= kept[False]
    assert {What.SEARCHED, What.OFFERED, What.CONSENT_CHANGED} <= kept[True]


def test_bands_that_went_astray_are_shut_out_and_their_cases_closed(filled: Filled) -> None:
    with filled.store.reading() as tx:
        site = filled.site.desk.site
        found = cases.listed(tx, site, Wanted())
        worn = bands.bands_of(tx, site, [one.id for one in everybody(filled)])
        mailed = next(one for one in everybody(filled) if one.email)
        known = aliases.find(tx, site, aliases.named(Kind.EMAIL, mailed.email))
    astray = [one for one in everybody(filled) if one.fate]
    assert {one.state for one in found} == {State.CLOSED}
    assert sum(card.band.state.name != "ACTIVE" for card in worn) == len(astray)
    assert known == mailed.id


def test_what_they_said_of_what_they_bought_is_counted_once_and_pleases_less_where_it_is_slow(
    filled: Filled,
) -> None:
    with filled.store.reading() as tx:
        found = feedback.scores(tx, filled.site.desk.site)
    own = [word for one in told(WHOLE, filled.site.shelves) for word in words_of(one)]
    assert sum(one.times for one in found) == sum(len(word.articles) for word in own) > 30
    more = [word for one in told(WHOLE._replace(guests=1_500), filled.site.shelves) for word in words_of(one)]
    slow, others = ([word.score for word in more if (word.point in SORE) is sore] for sore in (True, False))
    assert sum(slow) / len(slow) + 0.5 < sum(others) / len(others)


def test_twelve_campaigns_speak_five_languages_and_two_of_them_run_as_experiments(filled: Filled) -> None:
    site = filled.site.desk.site
    with filled.store.reading() as tx:
        found = {one.id: one for one in campaigned.newest(tx, site)}
        (live,) = (one for one in bundles.versions(tx, site) if one.state is bundles.State.LIVE)
    assert set(found) == set(CAMPAIGNS)
    assert all(set(one.plan.offer.messages) == set(LANGUAGES) for one in found.values())
    trials = {one.campaign for one in TRIALS}
    assert {name for name, one in found.items() if one.state is campaigned.State.SCHEDULED} == trials
    assert {(one.id, one.salt) for one in live.draft.bundle.experiments} == {
        (one.campaign, one.salt) for one in TRIALS
    }, "the arms of the past are the bundle's"


def test_every_choice_of_the_past_is_made_again_octet_for_octet(filled: Filled) -> None:
    found = judge_choices(filled.store, filled.site.desk.site)
    stood = sum(len(one.stands) for one in told(WHOLE, filled.site.shelves))
    assert found.judged == found.equal == stood > 20
    assert (found.unknown, found.different) == (0, [])


def test_each_campaign_has_its_nights_and_they_add_up_to_what_was_shown_and_bought(filled: Filled) -> None:
    site, pasts = filled.site.desk.site, list(told(WHOLE, filled.site.shelves))
    stood = [stand for one in pasts for stand in one.stands]
    shown = Counter(name for one in stood for name in one.shown)
    taken = Counter(name for one in stood for name, _ in one.took)
    assert min(len(shown), len(taken)) >= 5
    with filled.store.reading() as tx:
        for name in CAMPAIGNS:
            nights = [one.reading for one in readings.kept(tx, site, name)]
            assert len(nights) > 40
            assert sum(one.told.shown for one in nights) == shown[name]
            assert sum(one.told.redeemed for one in nights) == taken[name]
            assert all(
                (one.read is None) == (name not in {trial.campaign for trial in TRIALS}) for one in nights
            )
        refs = {ref: one.guest for one in stood for _, ref in one.took}
        for ref, guest in refs.items():
            mine = diary.held_of(tx, site, f"g:{guest}", limit=500)
            assert [one.ref for one in mine if one.what is What.BOUGHT].count(ref) == 1
            assert What.REDEEMED in {one.what for one in mine}
