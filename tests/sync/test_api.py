"""Central's API as a device meets it: who may ask, what is refused, and the document that says so."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator

import msgspec
import pytest

from sync.central import feed
from sync.central.api import Api
from sync.central.app import create_app
from sync.central.channels import routes as channels
from sync.central.machines import devices
from sync.central.settings import Settings
from sync.central.store import Store
from sync.central.telling.pages import AGAIN_MS
from sync.client import Cable, Line
from sync.packing import decode, pack
from sync.routes import ENROLMENTS, HOOKS, LOOKS, ROUTES, Route
from sync.signing import NEW_DEVICE
from sync.wire import (
    BATCH_BYTES_MAX,
    MEDIA,
    MEDIA_PROBLEM,
    STATUS,
    Ack,
    Attested,
    EnrolRequest,
    Page,
    Problem,
    ProblemDocument,
)
from tests.sync.builders import KEY, NOW_MS, a_device, a_journal
from tests.sync.caller import Caller
from tests.sync.ends import a_report, a_welcome, keys_of, served, until

TO_CHANNELS = (
    *(Problem.INVALID, Problem.TOO_OFTEN),
    *(Problem.FULL, Problem.OVER, Problem.USED, Problem.NOT_THEIRS),
)
PAGES = ("/console", "/own")
"""Where people walk, operators and guests; the document tells programs."""
HEAD_BYTES_MAX = 800
"""First line and headers, the signature and its digest among them: two bytes an event in a batch of 500."""


@pytest.fixture
def caller(small_store: Store) -> Iterator[Caller]:
    with create_app(small_store).test_client() as http:
        yield Caller(http, small_store)


def refused(told: tuple[int, str, bytes], problem: Problem) -> ProblemDocument:
    status, media, body = told
    document = msgspec.json.decode(body, type=ProblemDocument)
    assert (media, document.problem, document.status) == (MEDIA_PROBLEM, problem, status)
    assert document.time_ms == NOW_MS
    return document


def test_a_batch_is_answered_by_an_ack(caller: Caller) -> None:
    journal = a_journal(caller.device)
    journal.write(3)
    status, media, body = caller.post(caller.events, journal.batch(1, 3))
    assert (status, media) == (200, MEDIA)
    assert msgspec.msgpack.decode(body, type=Ack).ack == 3


def test_a_gap_names_device_lane_and_place(caller: Caller) -> None:
    journal = a_journal(caller.device)
    journal.write(3, lane=1)
    document = refused(caller.post(caller.events, journal.batch(2, 3, lane=1)), Problem.GAP)
    assert (document.device, document.lane, document.ack) == (caller.device.id, 1, 0)
    assert document.head == journal.before(1, 1).hex()


def test_a_report_is_kept_and_answered_with_what_central_holds(caller: Caller) -> None:
    journal = a_journal(caller.device)
    journal.write(2)
    caller.post(caller.events, journal.batch(1, 2))
    _, _, body = caller.post(caller.report, a_report(caller.device.id))
    assert [(tip.lane, tip.seq) for tip in msgspec.msgpack.decode(body, type=Attested).tips] == [(0, 2)]
    with caller.store.reading() as tx:
        assert devices.device(tx, "park", caller.device.id).report == a_report(caller.device.id)


@pytest.mark.parametrize("key_id", ["nonsense", "park.edge-1.1", "a.b.c.d", "x" * 200])
def test_an_unknown_key_is_401_everywhere(caller: Caller, key_id: str) -> None:
    for path in ("/v1/sites/park/feed", "/v1/sites/park/snapshot"):
        refused(caller.get(path, key_id), Problem.UNKNOWN_DEVICE)
    for path in (caller.events, caller.report):
        message = a_report(caller.device.id)
        refused(caller.post(path, message, key_id=key_id), Problem.UNKNOWN_DEVICE)


def test_a_revoked_device_is_403_from_the_next_request_on(caller: Caller) -> None:
    with caller.store.transaction() as tx:
        devices.revoke(tx, "park", caller.device.id)
    document = refused(caller.get("/v1/sites/park/feed"), Problem.REVOKED)
    assert document.device == caller.device.id


def test_a_device_speaks_for_itself_and_its_site_only(caller: Caller) -> None:
    other, _ = a_device(caller.store)
    refused(caller.post(f"/v1/devices/{other.id}/report", a_report(other.id)), Problem.NOT_FOUND)
    refused(caller.post(caller.report, a_report(other.id)), Problem.MALFORMED)
    refused(caller.get("/v1/sites/elsewhere/feed"), Problem.NOT_FOUND)


def test_another_epoch_is_410(caller: Caller) -> None:
    refused(caller.get("/v1/sites/park/feed?epoch=5&cursor=0"), Problem.EPOCH)


@pytest.mark.parametrize("query", ["cursor=-1", "cursor=x", "wait=1e9", "limit=99999999999999999999"])
def test_a_query_that_is_no_number_is_refused(caller: Caller, query: str) -> None:
    refused(caller.get(f"/v1/sites/park/feed?{query}"), Problem.MALFORMED)


def test_a_body_of_another_kind_or_size_is_refused(caller: Caller) -> None:
    refused(caller.post(caller.events, a_report(caller.device.id)), Problem.MALFORMED)
    refused(caller.post(caller.report, a_report(caller.device.id), media="text/plain"), Problem.MALFORMED)
    flood = pack(bytes(40_000_000))[0]
    headers = caller.headers(caller.events, flood, method="POST")
    told = caller.http.post(caller.events, data=flood, headers=headers)
    refused((told.status_code, told.content_type, told.data), Problem.TOO_LARGE)
    told = caller.http.post(caller.events, data=bytes(BATCH_BYTES_MAX + 1), headers={"Content-Type": MEDIA})
    refused((told.status_code, told.content_type, told.data), Problem.TOO_LARGE)


def test_a_code_that_does_not_work_is_403(caller: Caller) -> None:
    told = caller.post(ENROLMENTS, EnrolRequest(code="0000-1111", public_key=KEY), key_id=NEW_DEVICE)
    refused(told, Problem.CODE_REFUSED)


def test_a_worker_that_holds_enough_polls_says_when_to_ask_again(small_store: Store) -> None:
    app = create_app(small_store, Settings(polls_max=1))
    first, second = Caller(app.test_client(), small_store), Caller(app.test_client(), small_store)
    with small_store.reading() as tx:
        path = f"/v1/sites/park/feed?epoch={feed.head(tx, 'park').epoch}&wait=3"
    told: list[Page] = []

    def ask(caller: Caller) -> None:
        told.append(msgspec.msgpack.decode(caller.get(path)[2], type=Page))

    askers = [threading.Thread(target=ask, args=(caller,)) for caller in (first, second)]
    for asker in askers:
        asker.start()
    until(lambda: told)
    with small_store.transaction() as tx:
        feed.publish(tx, "park", [feed.Change("profile", "a", b"x")])
    for asker in askers:
        asker.join()
    sent_home, held = told
    assert (sent_home.items, sent_home.again_ms) == ((), AGAIN_MS)
    assert ([item.key for item in held.items], held.again_ms) == (["a"], 0)


@pytest.mark.slow
@pytest.mark.timeout(30)
def test_the_document_is_valid_and_names_every_route(caller: Caller) -> None:
    from openapi_spec_validator import validate  # builds grammars for seconds

    document = json.loads(caller.http.get("/openapi.json").data)
    validate(document)
    named = {(method.upper(), path) for path, methods in document["paths"].items() for method in methods}
    looks, hooks = {("GET", look.path) for look in LOOKS}, {("POST", hook.path) for hook in HOOKS}
    assert named == {(route.method, route.path) for route in ROUTES} | looks | hooks


def test_every_refusal_of_the_document_is_one_that_an_edge_believes(caller: Caller) -> None:
    document = json.loads(caller.http.get("/openapi.json").data)
    shown: set[Problem] = set()
    for route in ROUTES:
        answers = document["paths"][route.path][route.method.lower()]["responses"]
        assert {answer for answer in answers if answer != "200"} == {str(STATUS[p]) for p in route.problems}
        for status, told in answers.items():
            for name, one in told["content"].get(MEDIA_PROBLEM, {}).get("examples", {}).items():
                read = msgspec.convert(one["value"], ProblemDocument)
                assert (read.problem, str(read.status)) == (Problem(name), status)
                shown.add(Problem(name))
    assert shown == set(Problem) - set(TO_CHANNELS), "which are said to channels alone"


def test_every_address_that_is_no_page_for_people_is_in_the_document(small_store: Store) -> None:
    ruled = {
        re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", str(rule))
        for rule in create_app(small_store).url_map.iter_rules()
    }
    bare = {path for path in ruled if not path.startswith(PAGES)} - {"/"}
    assert bare == {one.path for one in (*ROUTES, *LOOKS, *HOOKS, *channels.ROUTES)} | {channels.DOCUMENT}


def test_a_request_carries_little_beside_its_body(small_store: Store) -> None:
    with served(small_store) as url:
        welcome = a_welcome(url, small_store)
        line = Line(url, Cable(), device=welcome.device, keys=keys_of(welcome))
        for _ in range(2):  # the first one learns central's time
            before = line.sent_bytes
            line.post(f"/v1/devices/{welcome.device}/report", a_report(welcome.device), Attested)
    assert line.sent_bytes - before - len(msgspec.msgpack.encode(a_report(welcome.device))) < HEAD_BYTES_MAX


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.name)
def test_every_route_of_the_table_is_served_by_a_method(route: Route) -> None:
    assert callable(getattr(Api, route.name))


def test_every_v1_rule_of_the_app_is_in_the_table(small_store: Store) -> None:
    served = {
        str(rule) for rule in create_app(small_store).url_map.iter_rules() if str(rule).startswith("/v1/")
    }
    table = {route.path.replace("{", "<").replace("}", ">") for route in (*ROUTES, *channels.ROUTES)}
    assert served == table | {channels.DOCUMENT}


def test_a_supervisor_can_ask_how_central_is(caller: Caller) -> None:
    assert caller.http.get("/healthz").status_code == 200
    assert caller.http.get("/readyz").data == b"ready, 1 sites\n"


def test_answers_are_packed_as_the_asker_understands(caller: Caller) -> None:
    with caller.store.transaction() as tx:
        feed.publish(tx, "park", [feed.Change("profile", str(number), b"same" * 20) for number in range(50)])
        epoch = feed.head(tx, "park").epoch
    for encoding in ("zstd", "gzip"):
        path = f"/v1/sites/park/feed?epoch={epoch}"
        told = caller.http.get(path, headers={**caller.headers(path), "Accept-Encoding": encoding})
        assert told.headers["Content-Encoding"] == encoding
        assert len(decode(told.data, encoding, Page).items) == 50
