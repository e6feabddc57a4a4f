"""Signatures read and made without a parser: never one more than the library would take, nor another one."""

from __future__ import annotations

import random
import re
from base64 import b64encode
from collections.abc import Iterator

import msgspec
import pytest
import requests
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from edge.clock import wall_ms
from sync import plain, signing
from sync.signing import DEVICE_TAG, Keys, Message, NotSigned, Proof, Stale, fields, public_half, sign_answer
from tests.security.forgery import carried, mutants
from tests.sync.builders import PRIVATE_KEY
from tests.sync.caller import URL

KEYS = Keys(key_id="park/edge-1/1", private_key=PRIVATE_KEY)
PUBLIC = public_half(PRIVATE_KEY)
AN_ANSWER = plain.Answered(200, "application/x", "zstd", b"answer", 1)
TARGETS = (
    "/v1/devices/edge-1/events",
    "/v1/sites/park/feed?epoch=1&cursor=7&urgent=0&wait=25",
    "/v1/sites/the%20park/feed",
    "/v1//x/../y?",
)
HOSTS = (
    "https://central.example",
    "http://127.0.0.1:8080",
    "https://central.example:443",
    "https://Central.example",
)


def a_request(target: str = TARGETS[0], host: str = URL, **said: str) -> requests.PreparedRequest:
    headers = {"Idempotency-Key": "k" * 32, "Content-Type": "application/x", **said}
    signer = signing.Signer(KEYS, wall_ms, dialled=host)
    return requests.Request("POST", host + target, headers=headers, data=b"abc", auth=signer).prepare()


def arrived(sent: requests.PreparedRequest) -> Message:
    return Message(
        method=str(sent.method),
        url=str(sent.url),
        headers=fields(sent.headers.items()),
        body=bytes(sent.body or b""),  # type: ignore[arg-type]  # these are bytes
    )


def read_plainly(message: Message) -> plain.Plain | None:
    told = plain.read(message.method, message.url, message.headers, body=message.body)
    return told if told is not None and told.holds(PUBLIC) else None


def by_the_library(monkeypatch: pytest.MonkeyPatch, message: Message, now_ms: int) -> Proof | None:
    with monkeypatch.context() as alone:
        alone.setattr(plain, "read", lambda *_, **__: None)
        return judged(message, now_ms)


def judged(message: Message, now_ms: int) -> Proof | None:
    try:
        return signing.verify(message, PUBLIC, now_ms=now_ms)
    except (NotSigned, Stale):
        return None


def test_what_devices_sign_is_read_plainly() -> None:
    for host, target in zip(HOSTS[:2], TARGETS[:2], strict=True):
        told = read_plainly(arrived(a_request(target, host)))
        assert told is not None
        assert (told.key_id, told.tag) == (KEYS.key_id, DEVICE_TAG)


def odd(sent: requests.PreparedRequest) -> Iterator[requests.PreparedRequest]:
    """The request with something that has more than one writing, or that is read in two places."""
    for name, change in (
        ("Signature", lambda value: value.replace("==:", "=:")),
        ("Signature", lambda value: f"{value}, other={value.partition('=')[2]}"),
        ("Signature-Input", lambda value: f"{value}, other={value.partition('=')[2]}"),
        ("Signature-Input", lambda value: f" {value}"),
        ("Signature-Input", lambda value: f"{value}\n"),
        ("Signature-Input", lambda value: value.replace(";created", "; created")),
        ("Signature-Input", lambda value: value.replace(' "idempotency-key"', "")),
        ("Signature-Input", lambda value: re.sub(r';nonce="[^"]*"', "", value)),
        ("Signature-Input", lambda value: value.replace(";tag", ";expires=9999999999;tag")),
        ("Content-Digest", lambda value: f"{value}, {value}"),
        ("Content-Digest", lambda value: value.replace("sha-256", "sha-512")),
        ("Idempotency-Key", lambda value: f"{value} "),
        ("Idempotency-Key", lambda value: f"{value}\u00e9"),
    ):
        changed = sent.copy()
        changed.headers[name] = change(str(sent.headers[name]))
        yield changed


@pytest.mark.timeout(120)
def test_nothing_is_read_plainly_that_the_library_would_refuse(monkeypatch: pytest.MonkeyPatch) -> None:
    now_ms, seen, taken = wall_ms(), 0, 0
    for host in HOSTS:
        for target in TARGETS:
            sent = a_request(target, host)
            for changed in (sent, *odd(sent)):
                message = arrived(changed)
                told = read_plainly(message)
                if told is not None:
                    assert by_the_library(monkeypatch, message, now_ms) == Proof(told.key_id, told.nonce)
                assert judged(message, now_ms) == by_the_library(monkeypatch, message, now_ms), (
                    changed.headers
                )
                seen, taken = seen + 1, taken + (told is not None)
    assert (seen, taken) == (len(HOSTS) * len(TARGETS) * 14, 6), "the control: plain hosts, plain targets"


PIECES = (
    *'";,= ?&#@:()%~*+.-_/Aa09', "\\", "\t", "\r\n ", "\n", "\0", "\x7f", "\u00e9", "%41", "..", "//", ", ",
    ":443", ":80", ":0443", "[::1]", ';alg="ed25519"', ';alg="hmac-sha256"', ";created=1",
    ";created=99999999999", ";expires=9999999999", ';keyid="a"', ';nonce="aaaaaaaaaaaaaaaaaaaaaa"',
    ';tag="polso-device"', ";req", ";sf", ' "@path"', "sha-512=:AA==:",
)  # fmt: skip
"""What is put anywhere into a request: again, elsewhere, in other letters, or what does not belong there."""


PARTS = ("method", "url", "Signature-Input", "Content-Digest", "Idempotency-Key")
SEAMS = re.compile(r'[;" /:=]|$')


def at_each_seam(message: Message) -> Iterator[tuple[str, str]]:
    """Each piece put into each place where something ends; what, and how it reads then."""
    said = {"method": message.method, "url": message.url, **message.headers}
    for what in PARTS:
        for seam in SEAMS.finditer(said[what]):
            for piece in PIECES:
                yield what, said[what][: seam.start()] + piece + said[what][seam.start() :]


def anywhere(chance: random.Random, message: Message) -> tuple[str, str]:
    """What of it says something else now in one to three places, and how it reads then."""
    what = chance.choice(PARTS)
    text = {"method": message.method, "url": message.url, **message.headers}[what]
    for _ in range(chance.choice((1, 1, 1, 2, 3))):
        at = chance.randrange(len(text) + 1)
        end = chance.randrange(at, len(text) + 1)
        text = chance.choice(
            (
                text[:at] + chance.choice(PIECES) + text[at + 1 :],
                text[:at] + text[at + 1 :],
                text[:end] + text[at:end] + text[end:],
                text[:at] + text[at:end].swapcase() + text[end:],
            )
        )
    return what, text


def changed_in(message: Message, what: str, text: str, **more: str) -> Message:
    headers = {**message.headers, **more}
    if what in ("method", "url"):
        return msgspec.structs.replace(message, headers=fields(headers.items()), **{what: text})
    return msgspec.structs.replace(message, headers=fields({**headers, what: text}.items()))


@pytest.mark.timeout(60)
def test_whoever_has_the_key_gets_nothing_read_plainly_that_the_library_reads_otherwise(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What is changed above no longer has a signature that holds; this is signed as it would be read."""
    key, now_ms = Ed25519PrivateKey.from_private_bytes(PRIVATE_KEY), wall_ms()
    chance = random.Random(9421)  # noqa: S311  # the same each time
    sent = [arrived(a_request(target, host)) for host in HOSTS for target in TARGETS]
    tried = [(sent[0], *odd) for odd in at_each_seam(sent[0])]
    tried += [(one, *anywhere(chance, one)) for one in sent for _ in range(150)]
    read = 0
    for message, what, text in tried:
        asked = changed_in(message, what, text)
        told = plain.read(asked.method, asked.url, asked.headers, body=asked.body)
        if told is not None:
            proof = f"polso=:{b64encode(key.sign(told.base)).decode()}:"
            asked = changed_in(message, what, text, Signature=proof)
            assert judged(asked, now_ms) == by_the_library(monkeypatch, asked, now_ms), (what, text)
            read += 1
    assert read > 400, "the control: much of it is read plainly"


def test_no_byte_of_a_plain_request_can_be_changed() -> None:
    true = a_request()
    now_ms = wall_ms()
    forged = [mutant for mutant in mutants(true) if carried(mutant)]
    assert len(forged) > 900
    read = [
        arrived(mutant) for mutant in forged if mutant.headers != true.headers or mutant.body != true.body
    ]
    assert [message for message in read if read_plainly(message) is not None] == []
    assert judged(arrived(true), now_ms) is not None


def test_a_plain_request_of_another_time_or_for_another_is_refused() -> None:
    message, now_ms = arrived(a_request()), wall_ms()
    for off_ms in (-7_000, 67_000):
        with pytest.raises(Stale):
            signing.verify(message, PUBLIC, now_ms=now_ms + off_ms)
    with pytest.raises(NotSigned):
        signing.verify(message, PUBLIC, now_ms=now_ms, tag="polso-hook")
    assert plain.read(message.method, message.url, message.headers, body=b"abd") is None
    told = read_plainly(message)
    assert told is not None
    for stranger in (public_half(b"l" * 32), b"no key"):
        assert not told.holds(stranger)


def test_a_usual_port_that_is_signed_for_is_none_of_ours() -> None:
    """What is signed leaves it out: who signs for it has signed for something else."""
    told = {}
    for authority in ("central.example:443", "central.example:444"):
        sent = a_request(host=f"https://{authority}")
        parameters = str(sent.headers["Signature-Input"]).partition("=")[2]
        base = (
            f'"@method": POST\n"@authority": {authority}\n"@target-uri": {sent.url}\n'
            f'"content-digest": {sent.headers["Content-Digest"]}\n'
            f'"idempotency-key": {sent.headers["Idempotency-Key"]}\n"@signature-params": {parameters}'
        )
        made = Ed25519PrivateKey.from_private_bytes(PRIVATE_KEY).sign(base.encode())
        sent.headers["Signature"] = f"polso=:{b64encode(made).decode()}:"
        told[authority] = read_plainly(arrived(sent)) is not None
    assert told == {"central.example:443": False, "central.example:444": True}


def test_an_answer_is_signed_as_the_library_signs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Byte for byte: whoever looks at it cannot say which of the two made it."""
    asked, now_ms = arrived(a_request()), wall_ms()
    answered = Message(method=asked.method, url=URL, headers=asked.headers, body=b"answer")
    said = {"Content-Type": "application/x", "Content-Encoding": "zstd"}
    assert plain.answer(PRIVATE_KEY, "k", asked.headers, said=AN_ANSWER) is not None
    ours, theirs = dict(said), dict(said)
    sign_answer(KEYS, answered, status=200, headers=ours, now_ms=now_ms)
    monkeypatch.setattr(plain, "answer", lambda *_, **__: None)
    sign_answer(KEYS, answered, status=200, headers=theirs, now_ms=now_ms)
    assert ours == theirs


def test_an_answer_to_no_plain_request_is_left_to_the_library() -> None:
    asked = arrived(a_request())
    for name in ("Signature", "Signature-Input"):
        other = fields([*asked.headers.items(), (name, "x")])
        assert plain.answer(PRIVATE_KEY, "k", other, said=AN_ANSWER) is None
    for said in (AN_ANSWER._replace(media="a b"), AN_ANSWER._replace(packed="")):
        assert plain.answer(PRIVATE_KEY, "k", asked.headers, said=said) is None
    assert plain.answer(PRIVATE_KEY, 'k"', asked.headers, said=AN_ANSWER) is None
