"""TLS to central: one pinned authority is believed, whatever else a certificate may say for itself."""

from __future__ import annotations

import datetime
import re
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import trustme
import werkzeug.serving

from edge.clock import wall_ms
from edge.config import Central, Site
from edge.errors import ConfigError
from edge.run.enrol import enrol
from edge.run.tls import cable_for, site_cable
from sync.central.app import create_app
from sync.central.enrolment import Invitation, invite
from sync.central.settings import Settings
from sync.central.sites import create_site
from sync.central.store import Store
from sync.client import Cable, Line
from sync.client import enrol as ask
from sync.client.line import Unreachable
from sync.wire import Attested
from tests.sync.ends import PRIVATE_KEY, a_report, keys_of

YESTERDAY = datetime.datetime.now(datetime.UTC) - datetime.timedelta(days=1)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = Store(str(tmp_path / "central.db"), now_ms=wall_ms)
    with opened.transaction() as tx:
        create_site(tx, "park")
    yield opened
    opened.close()


def a_code(store: Store) -> str:
    with store.transaction() as tx:
        return invite(tx, Invitation(site="park"))


@contextmanager
def over_tls(
    store: Store, cert: trustme.LeafCert, *, shape: Callable[[ssl.SSLContext], None] = lambda _: None
) -> Iterator[str]:
    """Central behind TLS with this certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    cert.configure_cert(context)
    shape(context)
    server = werkzeug.serving.make_server("127.0.0.1", 0, lambda *_: [], threaded=True, ssl_context=context)
    url = f"https://127.0.0.1:{server.server_port}"
    server.app = create_app(store, Settings(public_url=url, behind_tls=True))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield url
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def pinned(ca: trustme.CA, folder: Path) -> str:
    path = folder / "ca.pem"
    ca.cert_pem.write_to_path(str(path))
    return str(path)


def test_the_right_certificate_is_believed_from_enrolment_on(store: Store, tmp_path: Path) -> None:
    ca = trustme.CA()
    with over_tls(store, ca.issue_cert("127.0.0.1")) as url:
        cable = Cable(ca=pinned(ca, tmp_path))
        welcome = ask(url, a_code(store), private_key=PRIVATE_KEY, cable=cable)
        line = Line(url, cable, device=welcome.device, keys=keys_of(welcome))
        report = f"/v1/devices/{welcome.device}/report"
        assert line.post(report, a_report(welcome.device), Attested).device == welcome.device


WRONG: dict[str, Callable[[trustme.CA], trustme.LeafCert]] = {
    "another authority": lambda ca: trustme.CA().issue_cert("127.0.0.1"),
    "another name": lambda ca: ca.issue_cert("central.example"),
    "an expired one": lambda ca: ca.issue_cert("127.0.0.1", not_after=YESTERDAY),
}


@pytest.mark.parametrize("cert", WRONG.values(), ids=WRONG.keys())
def test_a_wrong_certificate_spends_no_code(
    store: Store, tmp_path: Path, cert: Callable[[trustme.CA], trustme.LeafCert]
) -> None:
    ca = trustme.CA()
    code = a_code(store)
    with over_tls(store, cert(ca)) as url, pytest.raises(Unreachable):
        ask(url, code, private_key=PRIVATE_KEY, cable=Cable(ca=pinned(ca, tmp_path)))
    with over_tls(store, ca.issue_cert("127.0.0.1")) as url:
        assert ask(url, code, private_key=PRIVATE_KEY, cable=Cable(ca=pinned(ca, tmp_path))).device


def test_an_authority_that_is_not_pinned_is_not_believed_because_the_system_knows_others(
    store: Store,
) -> None:
    with over_tls(store, trustme.CA().issue_cert("127.0.0.1")) as url, pytest.raises(Unreachable):
        ask(url, a_code(store), private_key=PRIVATE_KEY, cable=Cable())


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning")
def test_an_old_tls_is_not_spoken(store: Store, tmp_path: Path) -> None:
    def old(context: ssl.SSLContext) -> None:
        context.set_ciphers("ALL:@SECLEVEL=0")
        context.minimum_version, context.maximum_version = ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1

    ca = trustme.CA()
    with over_tls(store, ca.issue_cert("127.0.0.1"), shape=old) as url, pytest.raises(Unreachable):
        ask(url, a_code(store), private_key=PRIVATE_KEY, cable=Cable(ca=pinned(ca, tmp_path)))


def a_way(**changes: object) -> Central:
    told = {"url": "", "push_ms": 200, "ca": "", "plain_http": False, **changes}
    return Central(**told)  # type: ignore[arg-type]  # each test knows its own


@pytest.mark.parametrize("url", ["http://central.example", "http://10.0.0.7:8443", "http://[2001:db8::1]"])
def test_plain_http_is_gone_only_where_the_configuration_says_so(url: str) -> None:
    with pytest.raises(ConfigError) as refused:
        cable_for(a_way(), url)
    assert "https" in refused.value.hint
    assert cable_for(a_way(plain_http=True), url).plugged


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:8443", "http://localhost:1", "http://[::1]:1", "https://x", ""]
)
def test_on_this_machine_and_over_tls_nothing_needs_saying(url: str) -> None:
    assert cable_for(a_way(), url).plugged


def test_an_authority_that_is_no_certificate_is_named(tmp_path: Path) -> None:
    for file in (tmp_path / "none.pem", tmp_path / "note.pem"):
        with pytest.raises(ConfigError, match=file.name):
            cable_for(a_way(ca=str(file)), "https://central.example")
        (tmp_path / "note.pem").write_text("not a certificate")


@pytest.mark.parametrize("node", ["http://gate-2.local:2379", "http://10.0.0.7:2379"])
def test_the_sites_book_is_never_kept_over_an_open_line(node: str) -> None:
    """Who may write there opens gates: no word of the configuration allows it."""
    with pytest.raises(ConfigError, match=r"site\.etcd") as refused:
        site_cable(Site("site-1", ("https://gate-1.local:2379", node), "", ""))
    assert "https" in refused.value.hint


def test_a_device_shows_the_sites_nodes_who_it_is(tmp_path: Path) -> None:
    ca, own = trustme.CA(), tmp_path / "gate.pem"
    trustme.CA().issue_cert("gate-1.local").private_key_and_cert_chain_pem.write_to_path(str(own))
    book = Site("site-1", ("https://gate-1.local:2379",), pinned(ca, tmp_path), str(own))
    with site_cable(book).session() as session:
        assert (session.verify, session.cert) == (pinned(ca, tmp_path), str(own))
    with pytest.raises(ConfigError, match=r"site\.certificate"):
        site_cable(Site("site-1", (), "", str(tmp_path / "none.pem")))


def test_enrolment_by_plain_http_over_the_network_is_refused_before_anything_is_sent(tmp_path: Path) -> None:
    config = tmp_path / "polso.toml"
    config.write_text(f'store = {{ folder = "{tmp_path / "kept"}" }}\n')
    began = time.monotonic()
    with pytest.raises(ConfigError, match="plain http"):
        enrol("http://central.example", "0000-0000-0000-0000-0000", config)
    assert time.monotonic() - began < 2
    assert not (tmp_path / "kept").exists()


RECOMMENDED = re.compile(r"TLS_(AES|CHACHA20)\w+|ECDHE-\w+-(AES(128|256)-GCM-SHA\d+|CHACHA20-POLY1305)")


def only(suite: str) -> Callable[[ssl.SSLContext], None]:
    """A server that speaks TLS 1.2 with this suite and nothing else."""

    def shape(context: ssl.SSLContext) -> None:
        context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_2
        context.set_ciphers(suite)

    return shape


@pytest.mark.parametrize(
    "suite", ["ECDHE-ECDSA-AES128-SHA", "ECDHE-ECDSA-AES256-SHA384", "ECDHE-ECDSA-AES128-CCM"]
)
def test_a_suite_that_nobody_recommends_any_more_is_not_spoken(
    store: Store, tmp_path: Path, suite: str
) -> None:
    ca = trustme.CA()
    with over_tls(store, ca.issue_cert("127.0.0.1"), shape=only(suite)) as url, pytest.raises(Unreachable):
        ask(url, a_code(store), private_key=PRIVATE_KEY, cable=Cable(ca=pinned(ca, tmp_path)))


def test_the_suites_that_a_device_offers_are_the_recommended_ones_strongest_first(
    store: Store, tmp_path: Path
) -> None:
    offered = [one["name"] for one in Cable().poolmanager.connection_pool_kw["ssl_context"].get_ciphers()]
    assert [name for name in offered if not RECOMMENDED.fullmatch(name)] == []
    assert "256" in offered[0]
    ca = trustme.CA()
    with over_tls(store, ca.issue_cert("127.0.0.1"), shape=only("ECDHE-ECDSA-AES128-GCM-SHA256")) as url:
        cable = Cable(ca=pinned(ca, tmp_path))
        assert ask(url, a_code(store), private_key=PRIVATE_KEY, cable=cable).device, "the control"
