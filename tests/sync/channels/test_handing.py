"""A segment as a file: who allows it and nobody else, under no name of ours, and taken back by a no."""

from __future__ import annotations

import csv
import io
from typing import Any

import pytest

from edge.core.consent import Channel, Namespace, Source
from edge.core.entitlements import Party
from edge.core.retention import DAY_MS
from sync.central.channels import handed, handing
from sync.central.channels.book import May
from sync.central.export import told_of
from sync.central.people import aliases, merging
from sync.central.people.aliases import Claim, Kind, Proof
from sync.central.people.merging import Pair
from sync.central.privacy import erasure
from sync.central.registry import guests, segments
from sync.central.registry.guests import Guest
from sync.central.store import Store, func, select
from tests.sync.builders import SITE, Clockwork
from tests.sync.channels.test_channels import APP, INTEREST_HERE
from tests.sync.channels.test_offering import Stand

CODE = "interest:boats"
PEOPLE = [f"p-{number:02}" for number in range(11)]
"""One more than so few that nothing is handed out."""
HERE = f"/v1/segments/{CODE}/members"


class Receiver(Stand):
    """A system that takes only batches."""

    def file(self, query: str = "") -> tuple[int, bytes]:
        """What it is handed."""
        status, told = self.asks("GET", HERE + query, raw=True)
        return status, told

    def sends(self, asked: Any, path: str, **said: Any) -> tuple[int, Any]:
        if not said.pop("raw", False):
            return super().sends(asked, path, **said)
        headers = {name: value for name, value in asked.headers.items() if name != "Content-Length"}
        reply = self.http.open(path, method="GET", headers=headers)
        self.answered = reply.headers
        return reply.status_code, reply.data

    def rows(self, query: str = "") -> list[dict[str, str]]:
        status, body = self.file(query)
        assert status == 200, body
        return list(csv.DictReader(io.StringIO(body.decode())))

    def withdrawn(self, cursor: str = "") -> tuple[list[str], str]:
        status, told = self.asks("GET", f"/v1/segments/withdrawn?cursor={cursor}")
        assert status == 200, told
        return [one["subject"] for one in told["withdrawn"]], told["cursor"]


@pytest.fixture
def receiver(sealed_store: Store, clock: Clockwork) -> Receiver:
    made = Receiver(sealed_store, clock)
    with sealed_store.transaction() as tx:
        guests.put_guests(tx, SITE, [Guest(id=one, name="Giulia Canary") for one in PEOPLE])
        for one in PEOPLE:
            segments.put(tx, SITE, one, codes=[CODE])
    for one in PEOPLE:
        made.says_of(INTEREST_HERE, one)
    return made


def test_each_row_has_a_name_for_this_receiver_alone_and_the_yes_that_it_rests_on(
    receiver: Receiver,
) -> None:
    store = receiver.book.store
    with store.transaction() as tx:
        mine, other = (aliases.named(Kind.LOYALTY, "=4711", channel=one) for one in (APP.id, "other"))
        order = aliases.named(Kind.ORDER, "o-1", channel=APP.id)
        mail = aliases.named(Kind.EMAIL, "canary@park.example")
        for name, guest in ((mine, "p-00"), (other, "p-01"), (order, "p-01"), (mail, "p-01")):
            aliases.prove(tx, SITE, Claim(name, guest), proof=Proof.CHANNEL, by=APP.id)
    rows = receiver.rows()
    assert receiver.answered["Content-Type"] == "text/csv; charset=utf-8"
    assert receiver.answered["Cache-Control"] == "no-store"
    assert len({row["subject"] for row in rows}) == len(PEOPLE)
    assert sorted(row["known_as"] for row in rows) == [*[""] * 10, "'=4711"], "no formula for a spreadsheet"
    assert not any(word in str(rows) for word in ("Giulia", "canary", "o-1", *PEOPLE))
    assert {(row["segment"], row["purpose"], row["channel"]) for row in rows} == {(CODE, "offers", "app")}
    assert {row["consent_version"] for row in rows} == {"0"}
    assert all(row["consent_since"] < row["ask_again"] for row in rows)
    elsewhere = receiver.by(id="other")
    assert not {row["subject"] for row in rows} & {row["subject"] for row in elsewhere.rows()}


def test_who_said_no_by_any_word_or_is_a_child_or_wants_quiet_is_not_in_it(receiver: Receiver) -> None:
    whole = {row["subject"] for row in receiver.rows()}
    for topic in INTEREST_HERE:
        receiver.says_of((topic,), "p-00", given=False)
        assert {row["subject"] for row in receiver.rows()} < whole, topic
        receiver.says_of((topic,), "p-00")
        assert {row["subject"] for row in receiver.rows()} == whole
    receiver.says_of(("quiet",), "p-00")
    assert len(receiver.rows()) == 10
    receiver.clock.ms += DAY_MS
    assert len(receiver.rows()) == 11
    with receiver.book.store.transaction() as tx:
        child = Guest(id="p-00", party=Party(id="p", size=2, role="child"))
        guests.put_guests(tx, SITE, [child])
    assert len(receiver.rows()) == 10


def test_research_takes_a_yes_of_its_own_beside_the_one_that_lets_a_code_out(receiver: Receiver) -> None:
    status, told = receiver.file("?purpose=research")
    assert (status, b"Fewer than 10" in told) == (400, True)
    wanted = tuple(topic.replace("offers", "research") for topic in INTEREST_HERE)
    for one in PEOPLE:
        receiver.says_of(wanted, one)
    assert {row["purpose"] for row in receiver.rows("?purpose=research")} == {"research"}
    receiver.says_of(("offers",), "p-00", given=False)
    assert len(receiver.rows("?purpose=research")) == 10
    for query in ("?purpose=presence", "?purpose=x", "?format=xml"):
        assert receiver.file(query)[0] == 400, query


def test_of_fewer_than_ten_people_nothing_is_handed_out_and_two_guests_can_be_one(
    receiver: Receiver,
) -> None:
    with receiver.book.store.transaction() as tx:
        merging.join(tx, SITE, Pair("p-01", "p-00"), grounds=merging.Grounds("olga", "one", Source.CONSOLE))
    assert len(receiver.rows()) == 10
    with receiver.book.store.transaction() as tx:
        merging.join(tx, SITE, Pair("p-02", "p-00"), grounds=merging.Grounds("olga", "one", Source.CONSOLE))
    status, told = receiver.file()
    assert (status, b"Fewer than 10" in told) == (400, True)
    with receiver.book.store.reading() as tx:
        assert [one.people for one in handed.handouts(tx, SITE)] == [10], "what is refused is not noted"


def test_one_guest_of_a_person_who_says_no_takes_the_person_out(receiver: Receiver) -> None:
    with receiver.book.store.transaction() as tx:
        merging.join(tx, SITE, Pair("p-01", "p-00"), grounds=merging.Grounds("olga", "one", Source.CONSOLE))
    rows = receiver.rows()
    receiver.says_of(("offers@app",), "p-01", given=False)
    (out,), _ = receiver.withdrawn()
    assert out in {row["subject"] for row in rows}
    assert receiver.file()[0] == 400


def test_whoever_says_no_later_is_told_to_the_receiver_once_and_in_order(receiver: Receiver) -> None:
    assert receiver.withdrawn() == ([], "0")
    whole = {row["subject"] for row in receiver.rows()}
    receiver.says_of(("offers:behaviour",), "p-00")
    receiver.says_of(("offers:behaviour",), "p-00", given=False)
    assert receiver.withdrawn()[0] == [], "what does not concern what was handed out takes nothing back"
    receiver.says_of(("offers@app",), "p-00", given=False)
    first, cursor = receiver.withdrawn()
    left = {row["subject"] for row in receiver.rows()}
    assert first == [*(whole - left)]
    receiver.says_of(("offers:interest",), "p-01", given=False)
    second, cursor = receiver.withdrawn(cursor)
    assert len(second) == 1
    assert second != first
    assert receiver.withdrawn(cursor) == ([], cursor)
    assert receiver.by(id="other").withdrawn()[0] == [], "it was handed nothing"
    receiver.says_of(("offers@app",), "p-00")
    receiver.says_of(("offers:interest",), "p-01")
    assert {row["subject"] for row in receiver.rows()} == whole
    assert receiver.withdrawn()[0] == [], "who said yes again and was handed again is not to be taken out"
    assert receiver.asks("GET", "/v1/segments/withdrawn?cursor=x")[0] == 400


def test_a_yes_that_was_said_a_year_ago_has_to_be_asked_for_again(receiver: Receiver) -> None:
    (until,) = {row["ask_again"] for row in receiver.rows()}
    assert until.startswith("2025-11-0"), "a file is used for thirty days"
    receiver.clock.ms += 364 * DAY_MS
    soon = receiver.rows()
    assert {row["ask_again"][:10] for row in soon} == {"2026-10-09"}
    receiver.clock.ms += DAY_MS
    assert receiver.file()[0] == 400


def test_an_erased_guest_is_told_back_and_nothing_recorded_leads_to_them(receiver: Receiver) -> None:
    subjects = {row["subject"] for row in receiver.rows()}
    store = receiver.book.store
    with store.reading() as tx:
        (mine,) = told_of(tx, SITE, "p-00").handed
    assert (mine.channel, mine.segment, mine.purpose) == (APP.id, CODE, "offers")
    with store.transaction() as tx:
        erasure.erase(tx, SITE, "p-00")
    (out,), _ = receiver.withdrawn()
    assert out in subjects
    with store.reading() as tx:
        assert handed.of_guest(tx, SITE, "p-00") == ()


def test_with_its_days_what_was_handed_out_goes_but_not_while_it_may_be_used(receiver: Receiver) -> None:
    receiver.rows()

    def left() -> int:
        with receiver.book.store.reading() as tx:
            tables = (handed.handed_table, handed.handout_table)
            return sum(tx.execute(select(func.count()).select_from(one)).scalar_one() for one in tables)

    at_ms = receiver.clock.ms
    with receiver.book.store.transaction() as tx:
        assert handed.delete_before(tx, at_ms + 1) == 1, "the note of it; the file is still in use"
    receiver.clock.ms += 40 * DAY_MS
    receiver.says_of(("offers",), "p-00", given=False)
    with receiver.book.store.transaction() as tx:
        assert handed.delete_before(tx, at_ms + 31 * DAY_MS) == 10, "a withdrawal is there for its own days"
    assert left() == 1


def test_it_is_for_those_alone_who_have_the_right_and_the_part(receiver: Receiver) -> None:
    for said in (
        {"id": "a", "routes": frozenset(May) - {May.SEGMENTS}},
        {"id": "b", "namespaces": frozenset({Namespace.BEHAVIOUR})},
    ):
        other = receiver.by(**said)
        assert other.asks("GET", HERE)[0] == 403
    assert receiver.by(id="c", via=Channel.EMAIL).asks("GET", HERE)[0] == 400, "nobody allows mails"
    assert receiver.asks("GET", "/v1/segments/boats/members")[0] == 404
    assert receiver.asks("GET", "/v1/segments/interest:none/members")[0] == 400


def test_a_file_of_columns_has_the_same_rows_with_moments(receiver: Receiver) -> None:
    pytest.importorskip("pyarrow", reason="Parquet is written by pyarrow: pip install polso[analysis]")
    import pyarrow.parquet as pq

    status, body = receiver.file("?format=parquet")
    assert (status, receiver.answered["Content-Type"]) == (200, handing.MEDIA_PARQUET)
    table = pq.read_table(io.BytesIO(body))
    assert [str(table.schema.field(name).type) for name in ("consent_version", "ask_again")] == [
        "int64",
        "timestamp[ms, tz=UTC]",
    ]
    rows = receiver.rows()
    assert table.column_names == [*rows[0]]
    assert table.column("subject").to_pylist() == [row["subject"] for row in rows]
    told = [one.isoformat()[:19] for one in table.column("ask_again").to_pylist()]
    assert told == [row["ask_again"][:19] for row in rows]


def test_without_the_extra_that_writes_it_the_answer_says_what_to_install(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sync.central.analysis.wanted.find_spec", lambda name: None)
    status, told = receiver.file("?format=parquet")
    assert (status, b"not written here" in told) == (400, True)
    assert receiver.file()[0] == 200
