"""What Prometheus reads of central: true figures, and not for everybody."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
import pytest
from flask.testing import FlaskClient
from prometheus_client.parser import text_string_to_metric_families

from sync.central import feed
from sync.central.app import create_app
from sync.central.machines import devices
from sync.central.metrics import ONLINE_MS_MAX
from sync.central.money.ledger import Entry, Posting, post
from sync.central.settings import Settings
from sync.central.store import Store
from tests.sync.builders import Clockwork, a_site
from tests.sync.caller import Caller
from tests.sync.ends import a_report

AFAR = {"REMOTE_ADDR": "203.0.113.9"}


@pytest.fixture
def http(store: Store) -> Iterator[FlaskClient]:
    with create_app(store, Settings(metrics_token="let-me-see")).test_client() as client:
        yield client


def figures(http: FlaskClient) -> dict[str, float]:
    """Every sample without a bucket, as name{labels}."""
    told = http.get("/metrics")
    assert told.status_code == 200, told.data
    return {
        sample.name.removeprefix("polso_central_")
        + "".join(f"{{{v}}}" for v in sample.labels.values()): sample.value
        for family in text_string_to_metric_families(told.text)
        for sample in family.samples
        if not sample.name.endswith("_bucket")
    }


def test_an_empty_central_has_figures_too(http: FlaskClient, store: Store) -> None:
    a_site(store)
    found = figures(http)
    assert (found["devices{park}"], found["feed_head{park}"], found["open_polls"]) == (0, 0, 0)


def test_events_are_counted_by_what_became_of_them(http: FlaskClient, store: Store) -> None:
    caller = Caller(http, store)
    caller.journal.write(3)
    caller.journal.append(0, b"\xc1")
    assert caller.status(caller.events, caller.journal.batch(1, 4)) == 200
    assert caller.status(caller.events, caller.journal.batch(3, 4)) == 200
    caller.journal.write(4)
    assert caller.status(caller.events, caller.journal.batch(7, 8)) == 409
    found = figures(http)
    counted = [found[f"events_total{{{became}}}"] for became in ("stored", "duplicate", "quarantined")]
    assert counted == [3, 2, 1]
    assert (found["refusals_total{gap}"], found["quarantined_events{park}"]) == (1, 1)
    assert found["request_seconds_count{api.take_events}"] == 3


def test_devices_are_online_while_they_report_and_say_what_waits(
    http: FlaskClient, store: Store, clock: Clockwork
) -> None:
    caller, silent = Caller(http, store), Caller(http, store)
    said = msgspec.structs.replace(a_report(caller.device.id), outbox=7, outbox_age_ms=2_500)
    assert caller.status(caller.report, said) == 200
    found = figures(http)
    assert (found["devices{park}"], found["devices_online{park}"]) == (2, 1)
    assert (found["lag_events{park}"], found["lag_seconds{park}"]) == (7, 2.5)
    clock.ms += ONLINE_MS_MAX + 1
    with store.transaction() as tx:
        devices.revoke(tx, "park", silent.device.id)
        devices.alarm(tx, "park", caller.device.id, why="lane 0: fork")
        feed.publish(tx, "park", [feed.Change("profile", "a", b"x")])
    found = figures(http)
    assert (found["devices{park}"], found["devices_online{park}"], found["devices_alarmed{park}"]) == (
        1,
        0,
        1,
    )
    assert found["feed_head{park}"] == 1


def test_a_frozen_lane_shows(http: FlaskClient, store: Store) -> None:
    caller = Caller(http, store)
    clone = caller.journal.copy()
    caller.journal.write(1)
    clone.write(1, note="another tap")
    caller.status(caller.events, caller.journal.batch(1, 1))
    assert caller.status(caller.events, clone.batch(1, 1)) == 422
    assert figures(http)["frozen_lanes{park}"] == 1


def test_figures_are_for_this_machine_or_for_who_has_the_token(http: FlaskClient) -> None:
    assert http.get("/metrics").status_code == 200
    assert http.get("/metrics", environ_base=AFAR).status_code == 404
    for token, status in (("let-me-see", 200), ("guessed", 404), ("", 404)):
        told = http.get("/metrics", environ_base=AFAR, headers={"Authorization": f"Bearer {token}"})
        assert told.status_code == status


def test_behind_a_proxy_being_local_proves_nothing(small_store: Store) -> None:
    client = create_app(small_store, Settings(behind_tls=True, metrics_token="let-me-see")).test_client()
    assert client.get("/metrics").status_code == 404
    assert client.get("/metrics", headers={"Authorization": "Bearer let-me-see"}).status_code == 200
    closed = create_app(small_store, Settings(behind_tls=True)).test_client()
    assert closed.get("/metrics", headers={"Authorization": "Bearer "}).status_code == 404


def test_no_figure_names_a_device(http: FlaskClient, store: Store) -> None:
    caller = Caller(http, store)
    caller.status(caller.report, a_report(caller.device.id))
    assert caller.device.id not in http.get("/metrics").text


def test_a_database_that_is_gone_is_said_so(tmp_path: object, clock: Clockwork) -> None:
    store = Store(f"{tmp_path}/central.db", now_ms=clock)
    client = create_app(store).test_client()
    with store.transaction() as tx:
        tx.exec_driver_sql("DROP TABLE quarantine")
    told = client.get("/metrics")
    assert (told.status_code, told.mimetype) == (503, "text/plain")
    store.close()


def test_what_the_operator_lost_or_is_owed_is_shown_as_it_stands_in_the_ledger(
    http: FlaskClient, store: Store
) -> None:
    a_site(store)
    lost = (("loss:in_doubt", 400), ("debt:w1", 300), ("debt:w2", 50), ("sales:till", 1000))
    with store.transaction() as tx:
        for number, (account, minor) in enumerate(lost):
            entries = (Entry(account, -minor), Entry("wallet:w1", minor))
            key = f"loss:{number}"
            post(tx, Posting(site="park", key=key, kind="loss", at_ms=1, currency="EUR", entries=entries))
    found = figures(http)
    assert found["loss_minor{loss:in_doubt}{EUR}{park}"] == 400
    assert found["loss_minor{debt}{EUR}{park}"] == 350, "wallets are summed and never named"
    assert not [name for name in found if "sales" in name or "w1" in name]
