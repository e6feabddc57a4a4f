"""Segments as files at the console: made by a marketer, on record, taken back; and no page shows a person."""

from __future__ import annotations

import csv
import io

import pytest
from werkzeug.test import TestResponse

from edge.core.consent import Channel, Namespace
from sync.central.analysis.results import Result, keep
from sync.central.channels import book, handed
from sync.central.channels.book import May, Member
from sync.central.console.operators import Role
from sync.central.registry import consents, guests, segments
from sync.central.registry.guests import Guest
from sync.central.registry.turn import take_turn
from sync.central.store import Store
from tests.sync.builders import KEY, SITE, Clockwork
from tests.sync.console.desk import HOME, Browser, a_browser, an_open_park, an_operator

CODE, HERE = "behaviour:weekly", f"{HOME}/handouts"
PEOPLE = [f"canary-{number:02}" for number in range(11)]
TOPICS = ("offers", "offers:behaviour", "offers@app", "offers:behaviour@app")
FORM = {"segment": CODE, "receiver_channel": "mailer", "use_for": "offers", "file_form": "csv"}


def says(store: Store, guest: str, *topics: str, given: bool) -> None:
    with store.transaction() as tx:
        take_turn(tx, SITE)
        for topic in topics:
            consents.set_here(tx, SITE, guest, purpose=topic, given=given)


def lets_in(store: Store, id_: str, *routes: May, part: Namespace = Namespace.BEHAVIOUR) -> None:
    made = Member(site=SITE, id=id_, via=Channel.APP, routes=frozenset(routes),
                  namespaces=frozenset({part}), public_key=KEY)  # fmt: skip
    with store.transaction() as tx:
        book.add(tx, made)


@pytest.fixture
def marta(sealed_store: Store) -> Browser:
    """A marketer before a site of which one segment is known, and a system that takes only batches."""
    store = sealed_store
    an_open_park(store)
    an_operator(store, "marta", Role.MARKETER)
    with store.transaction() as tx:
        guests.put_guests(tx, SITE, [Guest(id=one, name="Giulia Canary") for one in PEOPLE])
        for one in PEOPLE:
            segments.put(tx, SITE, one, codes=[CODE])
        sizes = ((CODE, len(PEOPLE)), ("behaviour:best", 0), ("demographic:age.young", 40))
        keep(tx, SITE, [Result(code, 1, 20_000, size, 1_000, "", ()) for code, size in sizes])
    for one in PEOPLE:
        says(store, one, *TOPICS, given=True)
    lets_in(store, "mailer", May.SEGMENTS)
    lets_in(store, "app", May.OFFERS)
    return a_browser(store, "marta")


def rows(reply: TestResponse) -> list[dict[str, str]]:
    assert reply.status_code == 200, reply.text
    assert reply.headers["Cache-Control"] == "no-store"
    return list(csv.DictReader(io.StringIO(reply.text.removeprefix("\ufeff"))))


def test_what_is_handed_out_is_a_file_a_line_on_the_page_and_on_record(
    marta: Browser, sealed_store: Store
) -> None:
    assert "Here will be which segments left as files" in marta.says(HERE)
    form = marta.says(f"{HERE}/new")
    assert f"{CODE} · 11" in form
    assert "mailer · app or online" in form
    assert "behaviour:best" not in form, "nobody is in it"
    assert "demographic" not in form, "no receiver may have that"
    reply = marta.post(f"{HERE}/new", **FORM)
    assert reply.headers["Content-Disposition"].endswith(f'{SITE}-behaviour-weekly-mailer.csv"')
    made = rows(reply)
    assert len({row["subject"] for row in made}) == len(PEOPLE)
    page = " ".join(marta.says(HERE).split())
    assert f"{CODE} mailer offers csv 11 marta" in page
    assert page.count("2025-11-0") == 1, "used for thirty days"
    for shown in (page, marta.get(f"{HERE}.csv").text, reply.text):
        assert "anary" not in shown
    with sealed_store.reading() as tx:
        assert [(one.channel, one.people, one.who) for one in handed.handouts(tx, SITE)] == [
            ("mailer", 11, "marta")
        ]
    an_operator(sealed_store, "olga")
    assert "handed a segment out as a file" in a_browser(sealed_store, "olga").says(f"{HOME}/acts")


def test_a_hand_out_that_takes_its_time_stands_all_the_same(
    marta: Browser, sealed_store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Clockwork()

    def dragging() -> int:
        clock.ms += 60
        return clock.ms

    monkeypatch.setattr(sealed_store, "_now_ms", dragging)
    rows(marta.post(f"{HERE}/new", **FORM))
    with sealed_store.reading() as tx:
        (one,) = handed.standing(tx, SITE)
    assert one.until_ms is not None


def test_who_says_no_later_is_counted_and_is_in_the_file_of_who_has_to_be_taken_out(
    marta: Browser, sealed_store: Store
) -> None:
    made = {row["subject"] for row in rows(marta.post(f"{HERE}/new", **FORM))}
    out = f"{HERE}/mailer/withdrawn.csv"
    assert rows(marta.get(out)) == []
    says(sealed_store, PEOPLE[0], "offers@app", given=False)
    assert "1 to take out" in marta.says(HERE)
    assert out in marta.get(HERE).text
    (row,) = rows(marta.get(out))
    assert row["Name for this receiver"] in made
    assert "anary" not in str(row)
    rows(marta.post(f"{HERE}/new", **FORM))
    page = " ".join(marta.says(HERE).split())
    assert "1 to take out" in page, "who is not handed anew has still to be taken out of the former file"
    assert [row["Segment"] for row in rows(marta.get(f"{HERE}.csv"))] == [CODE, CODE]
    assert marta.get(f"{HERE}/nobody/withdrawn.csv").status_code == 404


def test_of_fewer_than_ten_people_and_to_whom_may_not_have_it_nothing_goes(
    marta: Browser, sealed_store: Store
) -> None:
    assert marta.post(f"{HERE}/new", **{**FORM, "receiver_channel": "app"}).status_code == 422
    assert marta.post(f"{HERE}/new", **{**FORM, "segment": "behaviour:best"}).status_code == 422
    assert marta.post(f"{HERE}/new", **{**FORM, "use_for": "presence"}).status_code == 422
    for one in PEOPLE[:2]:
        says(sealed_store, one, "offers", given=False)
    reply = marta.post(f"{HERE}/new", **FORM)
    assert (reply.status_code, "Fewer than 10 people" in reply.text) == (422, True)
    assert "Of so few nothing is handed out." in reply.text
    assert "Here will be" in marta.says(HERE), "what was refused left nothing"


def test_a_later_file_takes_the_place_of_the_former_one(marta: Browser, clock: Clockwork) -> None:
    rows(marta.post(f"{HERE}/new", **FORM))
    clock.ms += 1_000
    pytest.importorskip("pyarrow", reason="Parquet is written by pyarrow: pip install polso[analysis]")
    reply = marta.post(f"{HERE}/new", **{**FORM, "file_form": "parquet"})
    assert (reply.status_code, reply.data[:4]) == (200, b"PAR1")
    page = " ".join(marta.says(HERE).split())
    assert page.count("a later file took its place") == 1
