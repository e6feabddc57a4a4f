"""Every look at a guest is written down: who, whom and when, never what was typed; refused sign-ins too."""

from __future__ import annotations

import json
import re
from importlib import resources

import msgspec
import pytest

from edge.core.bands import Band
from edge.core.outliers import FLOORS, Figure
from sync.central.console import acts, looks, operators
from sync.central.console.acts import Act
from sync.central.console.looks import LIVE_MS, Shown
from sync.central.console.operators import NotLetIn, Role
from sync.central.console.tries import WRONG_MAX, Paused
from sync.central.privacy import erasure
from sync.central.registry import bands, guests
from sync.central.registry.bands import BandCard
from sync.central.registry.guests import Guest
from sync.central.store import Store
from tests.sync.builders import SITE, Clockwork
from tests.sync.console.desk import HOME, Browser, a_browser, an_admin, an_operator

BAND = bytes([7]) * 16


@pytest.fixture
def browser(store: Store) -> Browser:
    made = an_admin(store)
    with store.transaction() as tx:
        guests.put_guests(tx, SITE, [Guest(id=f"g-{n}", name=f"Giulia {n}") for n in range(3)])
        bands.add_bands(tx, SITE, [BandCard(band=Band(id=BAND), guest="g-1")])
    return made


def last(store: Store, site: str | None = SITE) -> Act:
    with store.reading() as tx:
        return acts.acts(tx, site)[0]


def count(store: Store, site: str | None = SITE) -> int:
    with store.reading() as tx:
        return len(acts.acts(tx, site))


def shown(act: Act) -> Shown:
    return msgspec.json.decode(act.after, type=Shown)


@pytest.mark.parametrize(
    ("path", "what", "target", "whom"),
    [
        ("/guests/g-1", "guest_seen", "g-1", None),
        ("/guests/g-1/change", "guest_seen", "g-1", None),
        ("/guests/g-1/export", "guest_exported", "g-1", None),
        ("/guests?q=Giulia", "guests_seen", "", ("g-0", "g-1", "g-2")),
        ("/guests", "guests_seen", "", ("g-0", "g-1", "g-2")),
        ("/guests.csv?q=Giulia", "guests_exported", "", ("g-0", "g-1", "g-2")),
        ("/bands", "bands_seen", "", ("g-1",)),
        ("/bands.csv", "bands_exported", "", ("g-1",)),
        (f"/bands/{BAND.hex()}", "band_seen", BAND.hex(), ("g-1",)),
        ("/entitlements", "entitlements_seen", "", ()),
        ("/entitlements.csv", "entitlements_exported", "", ()),
        (f"/events?band={BAND.hex()}", "events_seen", BAND.hex(), ()),
        ("/events?band=Giulia", "events_seen", "", ()),
        (f"/events.csv?band={BAND.hex()}", "events_exported", "", ()),
    ],
)
def test_a_look_is_written_down_with_the_name(
    browser: Browser, store: Store, path: str, what: str, target: str, whom: tuple[str, ...] | None
) -> None:
    assert browser.get(HOME + path).status_code == 200
    act = last(store)
    assert (act.who, act.what, act.target, act.at_ms > 0) == ("olga", what, target, True)
    assert "Giulia" not in repr(act)
    if whom is not None:
        assert shown(act).guests == whom
    page = browser.says(f"{HOME}/acts")
    assert "olga" in page
    assert "{" not in page, "people read words"


def test_what_is_not_there_was_not_seen_and_a_form_that_is_sent_is_no_look(
    browser: Browser, store: Store
) -> None:
    before = count(store)
    assert browser.get(f"{HOME}/guests/nobody").status_code == 404
    assert browser.get("/console/sites/nowhere/guests").status_code == 404
    assert browser.get("/console/sites/nowhere/guests.csv").status_code == 404
    assert browser.post(f"{HOME}/guests/g-1/change", name="Giulia 1").status_code == 303
    assert (count(store), count(store, "nowhere")) == (before, 0)


def test_a_page_that_looks_again_by_itself_is_one_look_in_ten_minutes(
    browser: Browser, store: Store, clock: Clockwork
) -> None:
    for wanted in (1, 2):
        for _ in range(3):
            browser.get(f"{HOME}/events?band={BAND.hex()}")
        assert count(store) == wanted
        clock.ms += LIVE_MS
    browser.get(f"{HOME}/events?band=ab")
    assert last(store).target == "ab"


def test_many_guests_are_kept_as_whole_ids_and_their_number(browser: Browser, store: Store) -> None:
    with store.transaction() as tx:
        guests.put_guests(tx, SITE, [Guest(id=f"guest-{n:02}-{'x' * 30}") for n in range(40)])
    browser.get(f"{HOME}/guests?q=guest")
    act = last(store)
    assert len(act.after) <= acts.STATE_CHARS_MAX
    assert shown(act).count == 40
    assert len(shown(act).guests) >= 5
    assert all(one.endswith("x" * 30) for one in shown(act).guests)


def test_an_erased_guest_leaves_the_looks_and_the_others_stay(browser: Browser, store: Store) -> None:
    browser.get(f"{HOME}/guests")
    browser.get(f"{HOME}/bands/{BAND.hex()}")
    with store.transaction() as tx:
        erasure.erase(tx, SITE, "g-1")
    with store.reading() as tx:
        listed = next(one for one in acts.acts(tx, SITE) if one.what == "guests_seen")
        assert "g-1" not in "".join(one.after for one in acts.acts(tx, SITE))
    assert shown(listed) == Shown(guests=("g-0", "g-2"), count=3)


def test_who_looks_at_many_and_who_exports_stand_out(browser: Browser, store: Store) -> None:
    an_operator(store, "vera", Role.CARE)
    vera = a_browser(store, "vera")
    for _ in range(FLOORS[Figure.LOOK_UPS]):
        vera.get(f"{HOME}/guests/g-1")
    for _ in range(FLOORS[Figure.EXPORTS]):
        browser.get(f"{HOME}/guests.csv")
    with store.reading() as tx:
        found = looks.outliers(tx, SITE, store.now_ms() - 1, until_ms=store.now_ms() + 1)
    assert {(one.staff, one.figure) for one in found} == {
        ("vera", Figure.LOOK_UPS), ("olga", Figure.EXPORTS)
    }  # fmt: skip
    page = browser.says(f"{HOME}/outliers")
    assert "vera (console) look-ups" in page
    assert "olga (console) exports of guests" in page


def test_each_look_at_one_page_counts_as_a_copy_too_and_both_have_their_sentence() -> None:
    """Read from the code: whatever a page may write down as looked at, ``look`` may write down as copied."""
    home = resources.files("sync.central.console")
    pages = [one.read_text() for one in (home / "pages").iterdir() if one.name.endswith(".py")]
    of_one = {name for page in pages for name in re.findall(r'looks\.look\(\s*ask,\s*"(\w+)_seen"', page)}
    assert {"guest", "case", "band", "diary"} <= of_one
    written = {f"{name}{end}" for name in of_one for end in ("_seen", "_copied")}
    assert written <= looks.COUNTED.keys()
    assert {looks.COUNTED[one] for one in written if one.endswith("_copied")} == {Figure.EXPORTS}
    for language in ("en", "it"):
        told = json.loads((home / "sentences" / f"{language}.json").read_text())
        assert {f"act.{one}" for one in (*written, *looks.COUNTED)} <= told.keys(), language


def test_refused_sign_ins_stand_on_the_acts_page(browser: Browser, store: Store) -> None:
    for _ in range(WRONG_MAX):
        with pytest.raises(NotLetIn):
            operators.sign_in(store, "olga", "not the password")
    for _ in range(3):
        with pytest.raises(Paused):
            operators.sign_in(store, "olga", "not the password")
    with store.reading() as tx:
        told = [(one.who, one.what) for one in acts.acts(tx)]
    assert told == [("olga", "sign_in_paused"), *[("olga", "sign_in_refused")] * WRONG_MAX]
    page = browser.says("/console/acts")
    assert "was refused: wrong password" in page
    assert "paused after wrong passwords" in page


def test_an_unknown_name_is_not_kept_and_fills_no_record(store: Store, clock: Clockwork) -> None:
    for n in range(5):
        with pytest.raises(NotLetIn):
            operators.sign_in(store, f"my secret {n}", "not the password")
    assert (count(store, None), last(store, None).who) == (1, "")
    clock.ms += operators.REFUSED_MS
    with pytest.raises(NotLetIn):
        operators.sign_in(store, "my secret", "not the password")
    assert count(store, None) == 2
