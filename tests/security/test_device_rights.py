"""Promise P9: a device may call what its kind has a row for, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from sync.central.app import create_app
from sync.central.machines.devices import NewDevice, add_device
from sync.central.sites import create_site
from sync.central.store import Store
from sync.rights import RIGHTS, DeviceKind, may_call
from sync.routes import ROUTES, Route
from sync.wire import Problem
from tests.sync.builders import KEY, Clockwork
from tests.sync.caller import Caller
from tests.sync.ends import a_report

BY_DEVICE = [route for route in ROUTES if route.by_device]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = Store(str(tmp_path / "central.db"), now_ms=Clockwork())
    yield opened
    opened.close()


def a_caller(store: Store, kind: str) -> Caller:
    with store.transaction() as tx:
        create_site(tx, "park")
        new = NewDevice(site="park", kind=kind, name="", points=(), public_key=KEY)
        device, key_id = add_device(tx, new)
    caller = Caller(create_app(store).test_client(), store)
    caller.device, caller.key_id = device, key_id
    return caller


def test_every_route_has_its_row_and_every_row_its_route() -> None:
    assert set(RIGHTS) == {(route.method, route.path) for route in BY_DEVICE}
    assert all(RIGHTS.values()), "a row that lets nobody in is a route too many"


@pytest.mark.parametrize("kind", [*DeviceKind, "spy"])
@pytest.mark.parametrize("route", BY_DEVICE, ids=lambda route: route.name)
def test_each_kind_may_call_what_its_rows_say(store: Store, route: Route, kind: str) -> None:
    caller = a_caller(store, kind)
    path = route.path.replace("{device}", caller.device.id).replace("{site}", "park")
    body = b"" if route.method == "GET" else msgspec.msgpack.encode(a_report(caller.device.id))
    told = caller.send(caller.signed(route.method, path, body))
    allowed = kind in RIGHTS[route.method, route.path]
    assert (caller.problem(told) is Problem.FORBIDDEN) is not allowed
    assert (told[0] == 403) is not allowed


@pytest.mark.parametrize("method", ["HEAD", "OPTIONS", "PUT", "PATCH", "DELETE", "TRACE"])
@pytest.mark.parametrize("route", BY_DEVICE, ids=lambda route: route.name)
def test_no_other_method_opens_a_route(store: Store, route: Route, method: str) -> None:
    caller = a_caller(store, DeviceKind.EDGE)
    path = route.path.replace("{device}", caller.device.id).replace("{site}", "park")
    assert caller.send(caller.signed(method, path))[0] in (403, 404, 405)


def test_the_control_without_a_row_nobody_is_let_in() -> None:
    assert not any(may_call(kind, "GET", "/v1/secrets") for kind in DeviceKind)
