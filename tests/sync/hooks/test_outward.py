"""The way out: https alone, to public addresses alone, wherever a name may lead."""

from __future__ import annotations

from pathlib import Path

import pytest
import requests

from sync.central.hooks import outward
from sync.central.hooks.outward import Letter, exchange, is_public
from sync.central.hooks.service import why_of
from tests.sync.hooks.receiver import listening


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "127.8.8.8", "10.0.0.1", "172.16.5.4", "192.168.1.1", "169.254.169.254", "100.64.0.1",
        "0.0.0.0",  # noqa: S104  # bound by nobody
        "255.255.255.255", "224.0.0.1", "192.0.2.1", "198.18.0.1", "::1", "::", "fe80::1", "fc00::1",
        "fd12::5", "ff02::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "2002:7f00:1::", "2001:0:1:1:1:1:1:1",
        "2001:db8::1",
    ],
)  # fmt: skip
def test_what_is_private_or_special_is_no_way_out(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", ["93.184.216.34", "8.8.8.8", "2606:2800:220:1::1", "::ffff:8.8.8.8"])
def test_the_whole_internet_is(address: str) -> None:
    assert is_public(address)


def test_a_name_that_leads_into_the_house_is_sent_nothing(tmp_path: Path) -> None:
    with listening(tmp_path) as receiver:
        letter = Letter("POST", receiver.url, {}, b"secret")
        with outward.session(ca=receiver.ca) as line, pytest.raises(requests.ConnectionError) as caught:
            exchange(line, letter)
        assert "private address" in why_of(caught.value)
        assert receiver.posts == []
        # The control: nothing but the look at the address stood in the way.
        with receiver.session() as line:
            assert exchange(line, Letter("POST", receiver.url, {}, b"[]")).status_code == 204
        assert len(receiver.posts) == 1


def test_a_redirect_is_not_followed(tmp_path: Path) -> None:
    with listening(tmp_path) as receiver, receiver.session() as line:
        receiver.answers = lambda _: (302, {"Location": receiver.url + "/elsewhere"})
        assert exchange(line, Letter("POST", receiver.url, {}, b"[]")).status_code == 302
        assert receiver.paths == []


@pytest.mark.parametrize("url", ["http://example.org/", "ftp://example.org/", "file:///etc/passwd"])
def test_nothing_but_https_is_spoken(url: str) -> None:
    with outward.session() as line, pytest.raises(requests.exceptions.InvalidSchema):
        exchange(line, Letter("POST", url, {}, b"[]"))


def test_a_certificate_of_a_stranger_is_not_believed(tmp_path: Path) -> None:
    with listening(tmp_path) as receiver:
        line = outward.session(reaches=lambda _: True)
        with line, pytest.raises(requests.exceptions.SSLError) as caught:
            exchange(line, Letter("POST", receiver.url, {}, b"[]"))
        assert "certificate" in why_of(caught.value)
        assert receiver.posts == []
