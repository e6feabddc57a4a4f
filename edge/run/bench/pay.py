"""The sale: in the edge, over HTTP and cut off from central, beside bare PostgreSQL and a bare POST."""

from __future__ import annotations

import http.client
import json
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from statistics import median

from edge.clock import wall_ms
from edge.core.events import Lane
from edge.errors import Offline
from edge.run.bench.figures import BenchError, as_json, percentile
from edge.run.bench.gatehouse import PRIVATE_KEY
from edge.run.bench.parkday import SEED, Day
from edge.run.bench.served import Served, ask
from edge.run.bench.shop import GUESTS, PRICE, TILLS, Shop
from edge.run.bench.sync import central_at, hand_over
from sync.central.accounting.day import prove
from sync.central.accounting.ops import op_table
from sync.central.money.ledger import trial_balance
from sync.central.sites import sites
from sync.central.store import Store, bare_commits_per_s, func, select
from sync.client import Drained, enrol
from sync.wire import EnrolAnswer

FEW, MANY = 8, 64
ROUNDS = 3
TURNS = 8
BACKLOG = 10_000
PROVED = 100_000
"""Ops of a large site's day, to which the time of its proof is scaled."""
DAY_MS = 86_400_000
FILL_LANES = 32
DAYS = 5
SMALL_MINOR_MAX = 5_000_000
"""A cap that an operator might choose without counting guests."""
PUSH_EVERY_S = 0.05
SELL_EVERY_S = 0.02
"""While a backlog drains the tills go on, fifty baskets a second: none of them may wait for it."""
SALES, BARE = "/bench/sales", "/bench/bare"
Figures = dict[str, float | int | str]


def measure(database: str, seconds: float) -> str:
    """Return the figures as JSON; ``database`` is the PostgreSQL that is asked for bare commits."""
    with tempfile.TemporaryDirectory(prefix="polso-bench-") as made:
        folder = Path(made)
        with central_at(str(folder / "central.db"), wallets=GUESTS) as ready:
            welcome = enrol(ready.url, ready.code, private_key=PRIVATE_KEY, name="bench")
            shop = Shop(folder / "edge", site=welcome.site, device=welcome.device)
            try:
                figures = _sales(shop, ready.url, welcome, seconds=seconds / 4)
                figures |= _over_http(shop, database, seconds / 2)
                figures |= _settled(shop, ready.url, welcome)
            finally:
                shop.close()
        figures |= _proved(str(folder / "central.db"), shop)
    return as_json(figures | _day())


def _sales(shop: Shop, url: str, welcome: EnrolAnswer, *, seconds: float) -> Figures:
    """Sell in short turns with central at hand, its other end busy with our journal, and cut off from it."""
    for number in range(TILLS):
        shop.sell(number)
    online: list[float] = []
    offline: list[float] = []
    pushed = 0
    for turn in range(2 * TURNS):
        times = offline if turn % 2 else online
        with _pushing(shop, "" if turn % 2 else url, welcome) as counted:
            until = time.perf_counter() + seconds / TURNS / 2
            while time.perf_counter() < until:
                times.append(shop.sell(len(times)))
        pushed += counted[0]
    if not pushed:
        raise BenchError("Nothing reached central while it was at hand.")
    return {
        "p50_ms": percentile(online + offline, 0.5),
        "p99_ms": percentile(online + offline, 0.99),
        "offline_p99_ms": percentile(offline, 0.99),
        "online_p99_ms": percentile(online, 0.99),
        "ratio_offline_p99": percentile(offline, 0.99) / percentile(online, 0.99),
        "pushed_online": pushed,
    }


@contextmanager
def _pushing(shop: Shop, url: str, welcome: EnrolAnswer) -> Iterator[list[int]]:
    """Hand the money lane over as it grows; without a url nobody answers, and it is tried again and again."""
    done, counted = threading.Event(), [0]

    def push() -> None:
        while not done.wait(PUSH_EVERY_S):
            try:
                counted[0] += hand_over(shop, url or "http://127.0.0.1:9", welcome, lane=Lane.PRIORITY).events
                shop.health.contact(reached=True)  # as the product says: a till then looks whether to ask
            except Offline:
                shop.health.contact(reached=False)

    thread = threading.Thread(target=push)
    thread.start()
    try:
        yield counted
    finally:
        done.set()
        thread.join()


def _over_http(shop: Shop, database: str, seconds: float) -> Figures:
    """Few and many clients, a bare POST and bare PostgreSQL, in turns."""
    with Served(shop, screens_max=MANY) as served:
        _add_routes(served, shop)
        rounds = [_round(served, database, seconds / ROUNDS) for _ in range(ROUNDS)]
    told = {name: median(one[name] for one in rounds) for name in rounds[0]}
    figures: Figures = {
        "http_8_per_s": told["few"],
        "http_64_per_s": told["many"],
        "errors": int(sum(one["errors"] for one in rounds)),
        "bare_post_8_per_s": told["bare"],
        "ratio_bare_post": told["few"] / told["bare"],
    }
    if database:
        figures["postgres_8_per_s"] = told["postgres"]
        figures["ratio_postgres"] = median(one["few"] / one["postgres"] for one in rounds)
    return figures


def _round(served: Served, database: str, seconds: float) -> dict[str, float]:
    def rate(path: str, clients: int) -> tuple[float, float]:
        question: dict[str, object] = {
            "port": served.port, "path": path, "clients": clients, "seconds": seconds / 4,
        }  # fmt: skip
        told = ask("edge.run.bench.pay", question)
        return told["per_s"][0], told["errors"][0]

    few, few_errors = rate(SALES, FEW)
    many, many_errors = rate(SALES, MANY)
    bare, _ = rate(BARE, FEW)
    told = {"few": few, "many": many, "bare": bare, "errors": few_errors + many_errors}
    if database:
        store = Store(database, now_ms=wall_ms)
        try:
            told["postgres"] = bare_commits_per_s(store, FEW, seconds=seconds / 4)
        finally:
            store.close()
    return told


def _add_routes(served: Served, shop: Shop) -> None:
    """A whole sale by one POST: ring up, wait for the band, let it pay; and one that does nothing."""

    def sell(number: int) -> str:
        shop.sell(number)
        return "{}"

    served.app.add_url_rule(f"{SALES}/<int:number>", "bench_sales", sell, methods=["POST"])
    served.app.add_url_rule(f"{BARE}/<int:number>", "bench_bare", lambda number: "{}", methods=["POST"])


def _settled(shop: Shop, url: str, welcome: EnrolAnswer) -> Figures:
    """Hand a backlog over while the tills go on selling; central books each exactly once or refuses it."""
    _fill(shop)
    sold: list[float] = []
    done = threading.Event()

    def go_on() -> None:
        while not done.wait(SELL_EVERY_S):
            sold.append(shop.sell(len(sold)))

    thread = threading.Thread(target=go_on)
    thread.start()
    try:
        drained = _drained(shop, url, welcome)
    finally:
        done.set()
        thread.join()
    hand_over(shop, url, welcome, lane=Lane.PRIORITY)
    return {
        "settle_10000_s": drained.seconds * BACKLOG / drained.events,
        "settled": drained.events,
        "selling_meanwhile": len(sold),
        "selling_meanwhile_p99_ms": percentile(sold, 0.99),
    }


def _proved(database: str, shop: Shop) -> Figures:
    """Each sale stands at central once, all its accounts sum to nothing, and the day's proof explains all."""
    store = Store(database, now_ms=wall_ms)
    try:
        with store.reading() as tx:
            booked = int(tx.execute(select(func.count()).select_from(op_table)).scalar() or 0)
            owed = {site: sum(trial_balance(tx, site).values()) for site in sites(tx)}
        if booked != shop.sold or any(owed.values()):
            raise BenchError(f"{shop.sold} were sold and {booked} booked; accounts sum to {owed}.")
        began = time.perf_counter()
        unexplained = sum(prove(store, site, 0, until_ms=wall_ms() + DAY_MS).unexplained for site in owed)
        proved_s = time.perf_counter() - began
    finally:
        store.close()
    return {
        "day_100000_s": proved_s * PROVED / booked,
        "day_ops": booked,
        "day_unexplained": unexplained,
    }


def _drained(shop: Shop, url: str, welcome: EnrolAnswer) -> Drained:
    drained = hand_over(shop, url, welcome, lane=Lane.PRIORITY)
    if drained.events < BACKLOG:
        raise BenchError(f"Only {drained.events} of {BACKLOG} were handed over.")
    return drained


def _fill(shop: Shop) -> None:
    def lane(number: int) -> None:
        for _ in range(BACKLOG // FILL_LANES + 1):
            shop.sell(number)

    _at_once([partial(lane, number) for number in range(FILL_LANES)])


def _day() -> Figures:
    """Seeded days by the cap that the plan comes to; beside it by less room, and at the entry only."""

    def share(*, expected: bool = True, device_minor_max: int | None = None) -> float:
        played = [
            Day(SEED + number, expected=expected, device_minor_max=device_minor_max).play()
            for number in range(DAYS)
        ]
        return sum(day.accepted for day in played) / sum(day.funded for day in played)

    return {
        "accepted_share": share(),
        "accepted_share_small_cap": share(device_minor_max=SMALL_MINOR_MAX),
        "accepted_share_at_entry": share(expected=False),
        "days": DAYS,
        "price_minor": PRICE,
    }


def _at_once(acts: list[Callable[[], None]]) -> None:
    threads = [threading.Thread(target=act) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def client(port: int, path: str, *, clients: int, seconds: float) -> dict[str, list[float]]:
    """Post from so many clients at once, each on a kept connection; what is answered badly is an error."""
    counts, errors = [0] * clients, [0] * clients
    until = time.perf_counter() + seconds

    def lane(number: int) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        headers = {"Content-Type": "application/json"}
        while time.perf_counter() < until:
            connection.request("POST", f"{path}/{number}", "{}", headers)
            answer = connection.getresponse()
            answer.read()
            counts[number] += answer.status == http.client.OK
            errors[number] += answer.status != http.client.OK

    began = time.perf_counter()
    _at_once([partial(lane, number) for number in range(clients)])
    took_s = time.perf_counter() - began
    return {"per_s": [sum(counts) / took_s], "errors": [float(sum(errors))]}


if __name__ == "__main__":
    sys.stdout.write(json.dumps(client(**json.load(sys.stdin))))
