"""TLS: how the ways to central and to the site's book are secured, and which are too open to be gone."""

from __future__ import annotations

import ipaddress
from pathlib import Path
from urllib.parse import urlsplit

from edge.config import READERS_MAX, Central, Site
from edge.errors import ConfigError
from sync.client import Cable

SHUT = "Use https: site.ca pins the authority of your nodes; plain http is for nodes on this very machine."
OPEN = (
    "Use https (central.ca pins a certificate of your own); on a network of your own set central.plain_http."
)


def cable_for(central: Central, url: str, *, ca: str = "") -> Cable:
    """Return the way out to ``url`` as the configuration wants it secured, or say why that is none.

    ``ca`` is the authority that was named at enrolment; the configuration has the last word.
    """
    where = urlsplit(url)
    if where.scheme == "http" and not (central.plain_http or is_loopback(where.hostname or "")):
        raise ConfigError(f"{url} is plain http: whoever is on the way reads along.", hint=OPEN)
    return Cable(ca=_readable(central.ca or ca, "central.ca"))


def site_cable(site: Site) -> Cable:
    """Return the way to the site's etcd, or say why it is none: who may write there opens gates."""
    for node in site.etcd:
        where = urlsplit(node)
        if where.scheme == "http" and not is_loopback(where.hostname or ""):
            raise ConfigError(
                f"site.etcd: {node} is plain http: whoever is on the way writes along.", hint=SHUT
            )
    certificate = _readable(site.certificate, "site.certificate")
    return Cable(ca=_readable(site.ca, "site.ca"), certificate=certificate, pool_max=READERS_MAX)


def is_loopback(host: str) -> bool:
    """Say whether a name or address is this machine itself."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _readable(ca: str, key: str) -> str:
    """Return the whole path of a key's PEM file, which must be there: without it nothing is pinned."""
    if not ca:
        return ""
    try:
        text = Path(ca).read_text(encoding="ascii")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{key}: {ca} cannot be read: {error}.", hint="Name a PEM file.") from error
    if "-----BEGIN CERTIFICATE-----" not in text:
        raise ConfigError(f"{key}: {ca} holds no certificate.", hint="Name a PEM file.")
    return str(Path(ca).absolute())
