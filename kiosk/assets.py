"""Files for browsers: under an address that carries their digest, so that they may be kept for ever."""

from __future__ import annotations

import gzip
import hashlib
import mimetypes
import re
from functools import cache, lru_cache
from importlib import resources
from pathlib import Path

import msgspec
from flask import Response, request

from edge.errors import Unknown
from kiosk.ask import Ask
from kiosk.routes import FILES, Audience, Route
from kiosk.texts import AUDIENCES, LANGUAGES

FOLDER = Path(str(resources.files("kiosk"))) / "static"
PACKED_FILES_MAX = 128
FOR_EVER = "public, max-age=31536000, immutable"
PACKED_ALREADY = ("font/woff2", "image/png")
REMARKS = re.compile(rb"^[ \t]*/\*(?:(?!\*/).)*\*/[ \t]*\n", re.DOTALL | re.MULTILINE)
TYPES = {".js": "text/javascript", ".woff2": "font/woff2", ".webmanifest": "application/manifest+json"}


@cache
def digest() -> str:
    """Return 12 hex digits over all static files and texts: a new one means that pages are old."""
    state = hashlib.blake2b(digest_size=6)
    for folder in (FOLDER, FOLDER.parent / "texts", FOLDER.parent / "templates"):
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                state.update(path.name.encode() + b"\0" + path.read_bytes())
    return state.hexdigest()


def address(name: str) -> str:
    """Return the address of the static file ``name``; imports inside it inherit the digest."""
    return f"/assets/{digest()}/{name}"


def texts_address(audience: str, language: str) -> str:
    """Return the address of the sentences that a browser of ``audience`` needs."""
    return f"/texts/{digest()}/{audience}/{language}.json"


def asset(ask: Ask) -> Response:
    """Answer one static file; nothing outside the folder can be named."""
    path = (FOLDER / ask.path["name"]).resolve()
    if not path.is_relative_to(FOLDER.resolve()) or not path.is_file():
        raise Unknown("There is no such file.")
    octets = path.read_bytes()
    if path.suffix in (".js", ".css") and "vendor" not in path.parts:
        octets = spoken(octets)
    kind = TYPES.get(path.suffix) or mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    return _kept(Response(octets, mimetype=kind), ask)


def spoken(source: bytes) -> bytes:
    """Return a script or a sheet without the comments that have lines of their own: a browser reads none."""
    return REMARKS.sub(b"", source)


def texts(ask: Ask) -> Response:
    """Answer the sentences of one audience in one language."""
    audience, language = ask.path["audience"], ask.path["language"].removesuffix(".json")
    if audience not in AUDIENCES or language not in LANGUAGES:
        raise Unknown("There are no such texts.")
    return _kept(Response(ask.house.texts.bundle(audience, language), mimetype="application/json"), ask)


def service_worker(ask: Ask) -> Response:
    """Answer the service worker, which must live at the root to see all pages."""
    script = (FOLDER / "sw.js").read_text("utf-8").replace("{digest}", digest())
    response = Response(script, mimetype="text/javascript")
    response.headers["Cache-Control"] = "no-cache"
    return response


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """What a browser needs to show a page without its own furniture."""

    name: str = "Polso"
    short_name: str = "Polso"
    start_url: str = "/"
    display: str = "fullscreen"
    icons: tuple[dict[str, str], ...] = ()


def manifest(ask: Ask) -> Response:
    """Answer the web manifest."""
    icons = ({"src": address("icon.svg"), "sizes": "any", "type": "image/svg+xml"},)
    return Response(msgspec.json.encode(Manifest(icons=icons)), mimetype="application/manifest+json")


def _kept(response: Response, ask: Ask) -> Response:
    current = ask.path["digest"] == digest()
    response.headers["Cache-Control"] = FOR_EVER if current else "no-cache"
    response.headers["Vary"] = "Accept-Encoding"
    if request.accept_encodings.quality("gzip") > 0 and response.mimetype not in PACKED_ALREADY:
        response.set_data(packed(response.get_data()))
        response.headers["Content-Encoding"] = "gzip"
    return response


@lru_cache(maxsize=PACKED_FILES_MAX)
def packed(plain: bytes) -> bytes:
    """Return a file as gzip; it is the same for everybody, so its length tells nothing."""
    return gzip.compress(plain, mtime=0)


ROUTES = (
    Route("GET", "/assets/<digest>/<path:name>", asset, Audience.ANYONE, "One static file.", rate=FILES),
    Route(
        "GET",
        "/texts/<digest>/<audience>/<language>",
        texts,
        Audience.ANYONE,
        "Sentences of one language.",
        rate=FILES,
    ),
    Route("GET", "/sw.js", service_worker, Audience.ANYONE, "The service worker.", rate=FILES),
    Route("GET", "/manifest.webmanifest", manifest, Audience.ANYONE, "The web manifest.", rate=FILES),
)
