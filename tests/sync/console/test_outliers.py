"""The page of outliers: who stands out on a day, in words, from events that devices sent."""

from __future__ import annotations

import msgspec
import pytest

from edge.core.events import Acted, Kind
from edge.core.outliers import Figure
from edge.core.profiles import StaffMember
from sync.central import intake
from sync.central.registry import staff
from sync.central.store import Store
from tests.sync.builders import SITE, a_device, a_journal
from tests.sync.console.desk import HOME, Browser, an_admin
from tests.sync.console.test_words import SAID


@pytest.fixture
def browser(small_store: Store) -> Browser:
    return an_admin(small_store)


def some_attempts(store: Store) -> None:
    device, _ = a_device(store)
    journal = a_journal(device)
    body = msgspec.msgpack.encode(Acted(staff="anna", point="gate", reason="self"))
    for _ in range(2):
        journal.append(0, body, kind=int(Kind.ATTEMPT_REFUSED))
    journal.append(0, b"\xc1", kind=int(Kind.ATTEMPT_REFUSED))
    journal.append(0, b"\xc1", kind=int(Kind.OVERRIDDEN))
    intake.take(store, device, journal.batch(1, 4))


def test_a_quiet_day_says_what_will_be_here(browser: Browser) -> None:
    assert "Here will be who stands out" in browser.says(f"{HOME}/outliers")


def test_who_stands_out_is_named_with_the_figure_and_the_way_to_their_record(
    browser: Browser, small_store: Store
) -> None:
    with small_store.transaction() as tx:
        staff.put_staff(tx, SITE, StaffMember(id="anna", name="Anna", roles=("supervisor",)))
    some_attempts(small_store)
    page = browser.get(f"{HOME}/outliers").text
    assert f'href="{HOME}/staff/anna"' in page
    assert "forbidden attempts" in browser.says(f"{HOME}/outliers")
    assert ">2<" in page
    assert (
        browser.get(f"{HOME}/outliers?file=outliers")
        .text.splitlines()[1]
        .startswith("Anna,forbidden attempts,2,")
    )
    assert browser.get(f"{HOME}/outliers?file=staff").status_code == 404


def test_each_day_has_its_own_page_and_a_day_that_is_none_is_refused(
    browser: Browser, small_store: Store
) -> None:
    some_attempts(small_store)
    assert "forbidden" not in browser.says(f"{HOME}/outliers?day=2020-01-01").partition("Here")[0]
    assert "2020-01-02" in browser.says(f"{HOME}/outliers?day=2020-01-01")
    assert browser.get(f"{HOME}/outliers?day=soon").status_code == 422


def test_every_figure_has_its_words() -> None:
    assert [one for one in Figure if f"figure.{one}" not in SAID["en"]] == []
