"""Every use of cryptography in the product is found and known: a new primitive needs its reason."""

from __future__ import annotations

import ast
import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from tests.tidy.source import ROOT

ROOMS = ("edge", "kiosk", "sync", "hardware")
LIBRARIES = frozenset({"argon2", "cryptography", "http_message_signatures", "ssl"})
BY_NAME = frozenset({"algorithms", "hashlib", "modes", "ssl"})
"""Modules whose members are primitives: ``hashlib.blake2b``, ``modes.CBC``."""
NAMED = re.compile(rf"\b(?:{'|'.join(sorted(LIBRARIES | BY_NAME | {'hmac'}))})\b")
"""Whoever chooses a primitive names one of these: a file that names none need not be parsed."""
HELP = ("exceptions", "serialization", "Cipher", "HTTPMessage", "HTTPSignature", "InvalidSignature", "Type")
"""Names that choose nothing: errors, encodings, and the frame of a cipher."""
KNOWN = {
    "AEAD": "remarks, HPKE",
    "AESSIV": "cells at rest",
    "CMAC": "a band's proof",
    "Ed25519PrivateKey": "devices and central sign",
    "Ed25519PublicKey": "and are checked",
    "HKDF": "keys on air",
    "KDF": "remarks, HPKE",
    "KEM": "remarks, HPKE",
    "PasswordHasher": "PINs and passwords",
    "SHA256": "keys on air",
    "Suite": "remarks, HPKE",
    "TripleDES": "FeliCa Lite-S, as the chip has it",
    "X25519PrivateKey": "remarks; keys on air",
    "X25519PublicKey": "remarks; keys on air",
    "algorithms.AES": "a band's proof; names on air",
    "algorithms.ED25519": "the only one that a request may be signed by",
    "hashlib.blake2b": "chains, names of things, blind columns",
    "hashlib.file_digest": "whether a backup is as it was made",
    "hashlib.sha256": "tokens at rest; the names of bands",
    "hmac sha1": "RFC 6238, as telephones have it",
    "hmac sha256": "PINs and names of bands under a key; a band's name for one integrator",
    "modes.CBC": "a band's messages, as the chip has them",
    "modes.ECB": "one block alone, to build on",
    "ssl.PROTOCOL_TLS_SERVER": "a receiver of letters that is measured",
    "ssl.SSLContext": "lines that we begin; that receiver",
    "ssl.TLSVersion": "the lowest that is spoken",
    "x509": "that receiver's own certificate",
}
"""What is used, and what for; keys, where they live and how they change are in .docs/security.md."""


def read(text: str) -> Iterator[str]:
    """Everything of a text that chooses a primitive; names mean what Python takes them for (PEP 3131)."""
    if NAMED.search(unicodedata.normalize("NFKC", text)):
        yield from names_in(ast.parse(text))


def names_in(tree: ast.AST) -> Iterator[str]:
    """Everything of a file that chooses a primitive."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] in LIBRARIES:
            for one in node.names:
                if not any(word in f"{node.module}.{one.name}" for word in HELP) and one.name not in BY_NAME:
                    yield one.name
        elif (
            isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in BY_NAME
        ):
            if node.value.id == "hashlib" or node.attr[0].isupper():
                yield f"{node.value.id}.{node.attr}"
        elif isinstance(node, ast.Call) and _is_hmac(node.func):
            chosen = node.args[-1]
            yield f"hmac {chosen.value if isinstance(chosen, ast.Constant) else ast.unparse(chosen)}"


def _is_hmac(called: ast.expr) -> bool:
    if not (isinstance(called, ast.Attribute) and isinstance(called.value, ast.Name)):
        return False
    return called.value.id == "hmac" and called.attr in ("digest", "new")


def found() -> dict[str, set[Path]]:
    uses: dict[str, set[Path]] = defaultdict(set)
    for path in (path for room in ROOMS for path in (ROOT / room).rglob("*.py")):
        for name in read(path.read_text(encoding="utf-8")):
            uses[name].add(path.relative_to(ROOT))
    return uses


def test_every_primitive_in_use_is_known_and_every_known_one_is_in_use() -> None:
    uses = found()
    strange = {name: sorted(map(str, uses[name])) for name in uses.keys() - KNOWN.keys()}
    assert strange == {}, "say in KNOWN what it is for, and in .docs/security.md where its key lives"
    assert KNOWN.keys() - uses.keys() == set(), "nobody uses these any more"


def test_a_primitive_that_nobody_has_named_is_found() -> None:
    """The control."""
    planted = (
        "import hashlib\nfrom cryptography.hazmat.primitives.ciphers.aead import AESGCM\nhashlib.md5(b'')\n"
    )
    assert set(read(planted)) == {"AESGCM", "hashlib.md5"}
    for other in (
        "hmac.new(b'', b'', 'md5')",
        "\uff48ashlib.md5(b'')",
        "modes.GCM(b'')",
        "x = ssl.CERT_NONE",
    ):
        assert set(read(other)) == set(names_in(ast.parse(other))) != set(), "and no file is passed over"
    assert set(read("def hash_lib(): ...")) == set()
