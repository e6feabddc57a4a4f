"""Central as a process: its database opened, its app served until it is told to stop."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import msgspec

from edge import config as configuration
from edge import logs
from edge.clock import wall_ms
from edge.core.retention import Keeping
from edge.errors import ConfigError, StoreBusy, StoreError, Unknown
from edge.keys.source import Source
from edge.run import garbage
from edge.run.keys import agreed, desk_keys, diversify, guest_pin_hash, guest_pin_matches, pin_hash
from edge.run.provider import LateSeals, Provider, key_of
from edge.run.waiting import until_stopped
from edge.run.web import Web, address_of, listen
from sync.central import days
from sync.central.analysis.lately import Lately
from sync.central.analysis.nightly import Nightly
from sync.central.app import create_app
from sync.central.calls import Calls
from sync.central.campaigns.nights import Nights
from sync.central.campaigns.standing import Standings
from sync.central.console import operators
from sync.central.console.acts import Act, record
from sync.central.hooks.delivery import Delivery
from sync.central.journey.diarist import Diarist
from sync.central.journey.tiers import Tiers
from sync.central.learning import learn as learned_from
from sync.central.near.rounds import NearRounds
from sync.central.planning.ahead import Ahead
from sync.central.privacy.retention import Retention
from sync.central.psp.saga import saga_of
from sync.central.psp.worker import Worker
from sync.central.quarantine import replay as replayed
from sync.central.registry.onair import prove_seals
from sync.central.settings import Settings
from sync.central.settling.crediting import Crediting
from sync.central.settling.doubts import Doubts
from sync.central.sharing import Sharing
from sync.central.sites import sites
from sync.central.store import Store
from sync.central.telling.renewal import Renewal
from sync.wire import BATCH_BYTES_MAX

LOG = logging.getLogger("polso.run")
ADDRESS = re.compile(r"https?://[^\s/?#]+(/[^\s?#]*)?")
THREADS_BESIDE = 16
"""For everything else than the feed requests that are held open, each of which has a thread."""
IN_LINE_MAX = 12
"""So many of those may wait for one busy site; whoever comes then is told when to ask again."""
OPTIONS = {"max_request_body_size": 2 * BATCH_BYTES_MAX, "connection_limit": 1_000}
SQLITE_HEAD = b"SQLite format 3\0"


def opened(database: str, source: Source | None = None) -> Store:
    """Open central's database; what is wrong with it is said to whoever named it.

    ``source`` holds the key that its sealed cells open by; else it is central's own, once it is needed.
    """
    file = _file(database)
    if file is not None and file.is_file() and file.stat().st_size and not _is_sqlite(file):
        raise ConfigError(f"{file} is no SQLite file.", hint="Keep it, and name another with --database.")
    try:
        return Store(database, now_ms=wall_ms, seals=LateSeals(lambda: source or key_of(database)))
    except StoreBusy:
        raise
    except StoreError as error:
        cause = str(getattr(error.__cause__, "orig", "")).strip().partition("\n")[0]
        hint = "Check its address, its account and whether it runs; then start again."
        raise StoreError(f"Central's database cannot be opened: {cause or error}", hint=hint) from error


@contextmanager
def existing(database: str) -> Iterator[Store]:
    """Open central's database where there is one, for the length of a verb; never make one."""
    file = _file(database)
    if file is not None and not file.exists():
        raise Unknown(f"There is no database {file}.", hint="Name central's with --database.")
    store = opened(database)
    try:
        yield store
    finally:
        store.close()


def _file(database: str) -> Path | None:
    """Return the SQLite file that an address names, or nothing."""
    name = database.removeprefix("sqlite:///")
    return None if "://" in name else Path(name)


def _is_sqlite(file: Path) -> bool:
    with file.open("rb") as opened_file:
        return opened_file.read(len(SQLITE_HEAD)) == SQLITE_HEAD


class Central:
    """One worker of central: ``start`` returns when it answers."""

    def __init__(self, store: Store, settings: Settings, *, host: str, port: int) -> None:
        """Build the app over an open store; without a public address its own is what devices sign for."""
        self.store = store
        bound = listen(host, port)
        own = settings.public_url or address_of(host, bound.getsockname()[1])
        known = msgspec.structs.replace(settings, public_url=own)
        threads = {"threads": known.polls_max + THREADS_BESIDE}
        store.queues.count_max = IN_LINE_MAX
        self._web = Web(create_app(store, known), bound, {**OPTIONS, **threads})
        saga = saga_of(store, known.psp, known.seals)
        workers = (Worker(saga),) if saga else ()
        self._schedules = (
            Renewal(store),
            Sharing(store),
            Retention(store, settings.keeping),
            Doubts(store),
            Ahead(store),
            NearRounds(store),
            Crediting(store),
            Diarist(store),
            Calls(store),
            Nightly(store),
            Nights(store),
            Tiers(store),
            Lately(store),
            Standings(store),
            Delivery(store, public_url=own),
            *workers,
        )

    @property
    def url(self) -> str:
        """Where it answers."""
        return self._web.url

    def start(self) -> None:
        """Begin to answer."""
        self._web.start()
        for schedule in self._schedules:
            schedule.start()

    def stop(self) -> None:
        """Send waiters home, then close the database."""
        for schedule in self._schedules:
            schedule.stop()
        self.store.wakes.close()
        self._web.stop()
        self.store.close()


def settings(*, url: str = "", names: Sequence[str] = ()) -> Settings:
    """Return central's settings with what only the whole house knows: chips' keys and PINs' hashes."""
    if url and not ADDRESS.fullmatch(url):
        raise ConfigError(f"{url!r} is no address.", hint="Write it as https://central.example.")
    own = urlsplit(url)
    hosts = (*names, *([own.hostname] if own.hostname else []))
    return Settings(
        public_url=url.rstrip("/"),
        behind_tls=own.scheme == "https",
        trusted_hosts=tuple(name.lower() for name in hosts),
        diversify=diversify,
        desk_keys=desk_keys,
        agree=agreed,
        pin_hash=pin_hash,
        guest_pin_hash=guest_pin_hash,
        guest_pin_matches=guest_pin_matches,
    )


class Serving(msgspec.Struct, frozen=True, kw_only=True):
    """What whoever starts central says of it."""

    host: str
    port: int
    url: str = ""
    names: tuple[str, ...] = ()
    psp: str | None = None
    """The provider that charges stored credentials."""
    second_factor: bool = True
    polls: int = Settings().polls_max
    """Feed requests held open at once, each by a thread; who comes beside them asks again in 15 s."""


def serve(database: str, said: Serving) -> None:
    """Run central until SIGTERM or Ctrl-C."""
    chosen = configuration.load()
    logs.begin(chosen.log)
    known = msgspec.structs.replace(
        settings(url=said.url, names=said.names),
        keeping=Keeping(
            sealed_days=chosen.retention.sealed_days,
            moved_days=chosen.retention.moved_days,
            ended_days=chosen.retention.ended_days,
            booked_days=chosen.retention.booked_days,
            words_days=chosen.retention.words_days,
        ),
        second_factor=said.second_factor,
        polls_max=said.polls,
    )
    provider = Provider(said.psp, key_of(database)) if said.psp else None
    store = opened(database)
    with store.reading() as tx:
        prove_seals(tx)
    if provider:
        provider.prove(store)
        known = provider.settings(known)
    central = Central(store, known, host=said.host, port=said.port)
    central.start()
    if provider:
        provider.start(central.url)
    garbage.settle()
    LOG.info("ready central=%s", central.url)
    until_stopped(central.stop)
    if provider:
        provider.stop()


def let_in(database: str, name: str, password: str) -> None:
    """Let an operator into the console of a central, or give them another password."""
    store = opened(database)
    try:
        with store.transaction() as tx:
            operators.let_in(tx, name, password)
    finally:
        store.close()


def forget_factor(database: str, name: str) -> None:
    """Take an operator's lost second factor away: whoever has the machine may, and it is written down."""
    store = opened(database)
    try:
        with store.transaction() as tx:
            operators.reset_factor(tx, name)
            record(tx, Act(who="", what="factor_reset", target=name, before="at the machine"))
    finally:
        store.close()


def refuse_unknown_site(store: Store, site: str) -> None:
    """Refuse a site that this central does not have, and name those that it has."""
    with store.reading() as tx:
        known = sites(tx)
    if site not in known:
        raise Unknown(f"There is no site {site!r}.", hint=f"Known here: {', '.join(known) or 'none yet'}.")


@contextmanager
def opened_site(database: str, site: str) -> Iterator[Store]:
    """Open the database of a central that is there and has this site; it is closed afterwards."""
    with existing(database) as store:
        refuse_unknown_site(store, site)
        yield store


def learn(database: str, site: str, version: int, *, by: str) -> str:
    """Make a draft of a version's offers with what was learned of them; returns what came of it in words."""
    store = Store(database, now_ms=wall_ms)
    try:
        refuse_unknown_site(store, site)
        with store.transaction() as tx:
            lesson = learned_from(tx, site, version, by=by)
    finally:
        store.close()
    told = f"Version {lesson.draft.version} is a draft that learned from {lesson.choices} first tiles."
    if lesson.better is None:
        return told
    return f"{told} Ranking did worse than {lesson.better} alone would have: it orders by priority."


def replay(database: str, site: str) -> tuple[bool, str]:
    """Try a site's events again that were kept aside; returns whether none is left, and what became."""
    store = Store(database, now_ms=wall_ms)
    try:
        done = replayed(store, site)
    finally:
        store.close()
    lines = [
        f"{done.mended} events went to their place, {len(done.left)} stay aside",
        *(f"  {one.device} {one.lane}/{one.seq}: {one.why}" for one in done.left),
    ]
    return not done.left, "\n".join(lines)


def day(database: str, site: str, *, date: str = "", as_json: bool = False) -> tuple[bool, str]:
    """Prove a day of a site; returns whether nothing is unexplained, and the proof in words or as JSON."""
    with opened_site(database, site) as store:
        from_ms, until_ms = days.bounds(store, site, date)
        proof = days.prove(store, site, from_ms, until_ms=until_ms)
    told = msgspec.json.encode(proof).decode() if as_json else days.in_words(proof)
    return proof.proven, told
