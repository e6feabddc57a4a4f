"""A stranger on the site's network: its nodes speak with nobody who shows no certificate of the site's."""

from __future__ import annotations

from pathlib import Path

import pytest
import trustme

from edge.config import Site
from edge.core.site import Said
from edge.run.tls import site_cable
from sync.client import Cable
from tests.faults.gates import a_book, a_use, three_nodes

pytestmark = [pytest.mark.real("etcd"), pytest.mark.timeout(120)]
PATIENT_S = 5.0


def a_certificate(ca: trustme.CA, name: str, folder: Path) -> str:
    file = folder / f"{name}.pem"
    ca.issue_cert(name).private_key_and_cert_chain_pem.write_to_path(str(file))
    return str(file)


def test_only_who_shows_a_certificate_of_the_site_writes_in_its_book(tmp_path: Path) -> None:
    ca, authority = trustme.CA(), tmp_path / "ca.pem"
    ca.cert_pem.write_to_path(str(authority))
    node, gate = (a_certificate(ca, name, tmp_path) for name in ("127.0.0.1", "gate-1.local"))
    strangers = a_certificate(trustme.CA(), "gate-2.local", tmp_path)
    shut = {
        "cert-file": node,
        "key-file": node,
        "trusted-ca-file": str(authority),
        "client-cert-auth": "true",
    }
    ours = site_cable(Site("site-1", ("https://gate-1.local:2379",), str(authority), gate))
    with three_nodes(tmp_path / "nodes", cable=ours, tls=shut) as nodes:
        use = a_use("ticket-1")
        assert a_book(nodes.urls, ours).claim((use,), PATIENT_S).said is Said.MINE
        for other in (
            Cable(ca=str(authority)),
            Cable(ca=str(authority), certificate=strangers),
            Cable(certificate=gate),
        ):
            stolen = a_use("ticket-2", device="stranger")
            assert a_book(nodes.urls, other).claim((stolen,), PATIENT_S).said is Said.UNREACHABLE
        late = a_use("ticket-2", device="edge-2")
        assert a_book(nodes.urls, ours).claim((late,), PATIENT_S).said is Said.MINE
