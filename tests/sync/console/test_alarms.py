"""Alarms in the console: a list, a badge on every page of the site, and somebody who has looked."""

from __future__ import annotations

from sync.central import alarms
from sync.central.alarms import Alarm
from sync.central.store import Store
from tests.sync.builders import NOW_MS, SITE
from tests.sync.console.desk import HOME, an_admin

BADGE = '<span class="mark ill">1</span>'


def test_an_alarm_is_on_every_page_of_the_site_until_somebody_has_looked(small_store: Store) -> None:
    browser = an_admin(small_store)
    assert "No band looks copied" in browser.says(f"{HOME}/alarms")
    alarm = Alarm(device="d1", id="a-1", reason="tap_replayed", point="gate", at_ms=NOW_MS, band=bytes(16))
    with small_store.transaction() as tx:
        alarms.raise_alarm(tx, SITE, alarm)
    assert "Alarms 1" in browser.says(HOME)
    assert BADGE in browser.get(f"{HOME}/bands").text
    assert "The counter is not new" in browser.says(f"{HOME}/alarms")
    assert browser.post(f"{HOME}/alarms/seen", device="d1", alarm="a-1").status_code == 303
    assert BADGE not in browser.get(f"{HOME}/bands").text
    with small_store.reading() as tx:
        [seen] = alarms.alarms(tx, SITE)
    assert (seen.seen_by, bool(seen.seen_ms)) == ("olga", True)
    assert "looked at an alarm" in browser.says(f"{HOME}/acts")


def test_an_alarm_that_is_none_cannot_be_looked_at(small_store: Store) -> None:
    browser = an_admin(small_store)
    assert browser.post(f"{HOME}/alarms/seen", device="d1", alarm="a-1").status_code == 404
