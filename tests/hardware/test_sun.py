"""A SUN link is believed only under its band's key, and nothing that is posted as one breaks the check."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hardware.nfc import sun
from hardware.nfc.uri import first_link, link_record
from hardware.port import ReadFault, Trust
from hardware.virtual.bands.ntag424 import Mirror, Ntag424
from tests.hardware.nfc_bench import KEY, OTHER_KEY, SUN_UID, keys


def a_link(counter: int = 7, **changes: bool) -> str:
    return Ntag424(SUN_UID, {2: KEY, 3: KEY}, mirror=Mirror(**changes), counter=counter).link()


def test_link_in_clear_proves_band_and_counter() -> None:
    found = sun.check(a_link(), keys)

    assert (found.trust, found.uid, found.counter, found.fault) == (Trust.SUN, SUN_UID, 7, None)


def test_encrypted_link_needs_the_key_that_opens_it() -> None:
    link = a_link(encrypted=True)

    assert sun.check(link, keys, layout=sun.Layout(meta_key=KEY)).trust is Trust.SUN
    assert sun.check(link, keys).fault is ReadFault.GARBAGE


def test_encrypted_link_under_another_key_is_garbage_and_proves_nothing() -> None:
    other = sun.Layout(meta_key=OTHER_KEY)
    found = [sun.check(a_link(encrypted=True), keys, layout=other) for _ in range(30)]

    # One in 256 opens by chance to what looks like a number, which then is nobody's.
    assert all(one.trust < Trust.SUN for one in found)
    assert sum(one.fault is ReadFault.GARBAGE for one in found) > len(found) // 2


def test_link_of_a_band_whose_key_is_unknown_is_an_identifier_and_no_more() -> None:
    found = sun.check(a_link(), lambda uid, key_no: None)

    assert (found.trust, found.uid, found.counter) == (Trust.UID, SUN_UID, None)


def test_link_that_speaks_for_another_band_than_the_one_in_the_field_is_refused() -> None:
    found = sun.check(a_link(), keys, seen_uid=b"\x04" + bytes(6))

    assert (found.trust, found.fault) == (Trust.NONE, ReadFault.NOT_AUTHENTIC)


def test_file_that_the_mac_does_not_cover_is_not_handed_on() -> None:
    found = sun.check(f"{a_link()}&enc={'AB' * 16}", keys)

    assert (found.trust, found.file) == (Trust.SUN, b"")


@pytest.mark.parametrize("part", ["uid", "ctr", "cmac"])
@given(st.data())
def test_any_changed_bit_of_a_link_is_noticed(part: str, data: st.DataObject) -> None:
    link = a_link()
    start = link.index(f"{part}=") + len(part) + 1
    end = (link + "&").index("&", start)
    value = int(link[start:end], 16)
    bit = data.draw(st.integers(0, 4 * (end - start) - 1))
    changed = f"{value ^ 1 << bit:0{end - start}X}"

    found = sun.check(link[:start] + changed + link[end:], lambda uid, key_no: KEY)

    assert (found.trust, found.fault) == (Trust.NONE, ReadFault.NOT_AUTHENTIC)


@given(st.text(max_size=600))
def test_no_text_breaks_the_check(text: str) -> None:
    for link in (text, f"https://polso.example/b?{text}", f"https://polso.example/b?picc_data={text}"):
        assert sun.check(link, keys, layout=sun.Layout(meta_key=KEY)).trust is Trust.NONE


@pytest.mark.parametrize(
    "link",
    [
        "https://polso.example/b",
        "https://polso.example/b?uid=04DE5F1EACC041&ctr=000007",
        "https://polso.example/b?uid=04DE5F1EACC041&uid=04DE5F1EACC041&ctr=000007&cmac=0000000000000000",
        "https://polso.example/b?uid=04DE5F1E&ctr=000007&cmac=0000000000000000",
        "https://polso.example/b?uid=04DE5F1EACC041&ctr=0007&cmac=0000000000000000",
        "https://polso.example/b?uid=04DE5F1EACC041&ctr=000007&cmac=00000000",
        "https://polso.example/b?uid=04DE5F1EACC041&ctr=000007&cmac=0000000000000000&enc=AB",
        "https://polso.example/b?uid=04+E5F1EACC041&ctr=000007&cmac=0000000000000000",
        "https://[polso.example/b?uid=04DE5F1EACC041&ctr=000007&cmac=0000000000000000",
        "https://polso.example/b?" + "&".join(f"a{n}=1" for n in range(40)),
        "https://polso.example/b?x=" + "A" * sun.URL_MAX,
    ],
)
def test_link_of_another_form_is_garbage_and_not_guessed(link: str) -> None:
    assert sun.check(link, lambda uid, key_no: KEY).fault is ReadFault.GARBAGE


def test_results_never_show_an_identifier_in_a_log() -> None:
    assert SUN_UID.hex() not in repr(sun.check(a_link(), keys)).lower()
    assert KEY.hex() not in repr(sun.Layout(meta_key=KEY))


@given(st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=200))
def test_link_comes_out_of_a_record_as_it_went_in(tail: str) -> None:
    for head in ("https://www.", "https://", "http://", "tel:"):
        assert first_link(link_record(head + tail)) == head + tail


@given(st.binary(max_size=80))
def test_no_octets_break_the_reading_of_a_record(octets: bytes) -> None:
    found = first_link(octets)

    assert found is None or found.isascii()


def test_query_is_not_percent_encoded_on_the_way() -> None:
    assert first_link(link_record("https://x.example/?e=1&c=2")) == "https://x.example/?e=1&c=2"
