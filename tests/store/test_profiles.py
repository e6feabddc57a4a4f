"""The profiles: found by band, checked when read, changed page by page or whole, never half."""

from __future__ import annotations

import shutil
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace

import msgspec
import pytest

from edge.core.bands import Band
from edge.core.catalogue import ARTICLE, GROUP, Article, Catalogue, Group
from edge.core.places import Layout
from edge.core.profiles import Cursor, Item, Profile, ProfileItem, StaffMember
from edge.errors import Refused, StoreDamaged, StoreError
from edge.keys.ring import Ring
from edge.store import profilefile
from edge.store import profiles as store_profiles
from edge.store.database import open_reader, open_writer
from edge.store.former import rebuild
from edge.store.profiles import Profiles
from edge.vault import Vault
from tests.store.house import a_band, a_sequencer

VAULT = Vault(b"s" * 32, Ring({1: b"v" * 64}))


@pytest.fixture
def profiles(tmp_path: Path) -> Iterator[Profiles]:
    """An empty copy."""
    opened = Profiles(tmp_path, VAULT)
    yield opened
    opened.close()


def a_profile(number: int = 1, **changes: object) -> Profile:
    """The profile of the n-th band."""
    profile = Profile(band=Band(id=a_band(number)), rev=1, guest=f"guest-{number}", name="Zoë")
    return msgspec.structs.replace(profile, **changes)


def an_item(profile: Profile, version: int = 1, **keys: bytes) -> Item:
    """A profile on its way; keys by ``k<number>``."""
    by_number = {int(name[1:]): key for name, key in keys.items()}
    body = msgspec.msgpack.encode(ProfileItem(profile=profile, keys=by_number))
    return Item(kind="profile", key=profile.band.id.hex(), version=version, body=body)


def a_tombstone(number: int = 1, version: int = 2) -> Item:
    """What is left of the n-th band."""
    return Item(kind="profile", key=a_band(number).hex(), version=version)


def test_applied_profile_is_found_by_its_band_with_its_keys(profiles: Profiles) -> None:
    profiles.apply([an_item(a_profile(), k1=b"k" * 16)], Cursor(3, 7))
    assert profiles.get(a_band()) == a_profile()
    assert profiles.keys(a_band()) == {1: b"k" * 16}
    assert (profiles.cursor(), profiles.count()) == (Cursor(3, 7), 1)


def test_unknown_band_has_neither_profile_nor_keys(profiles: Profiles) -> None:
    assert profiles.get(a_band()) is None
    assert profiles.keys(a_band()) == {}
    assert profiles.cursor() == Cursor()


def test_older_version_never_replaces_a_newer_one(profiles: Profiles) -> None:
    profiles.apply([an_item(a_profile(name="New"), 5)], Cursor(1, 5))
    profiles.apply([an_item(a_profile(name="Old"), 4)], Cursor(1, 6))
    assert profiles.get(a_band()).name == "New"


def test_tombstone_takes_the_profile_away(profiles: Profiles) -> None:
    profiles.apply([an_item(a_profile()), a_tombstone()], Cursor(1, 2))
    assert profiles.get(a_band()) is None


def test_page_that_does_not_decode_changes_nothing_and_moves_no_cursor(profiles: Profiles) -> None:
    bad = Item(kind="profile", key=a_band(2).hex(), version=1, body=b"\xc1")
    with pytest.raises(Refused, match="does not decode"):
        profiles.apply([an_item(a_profile()), bad], Cursor(1, 2))
    assert (profiles.get(a_band()), profiles.cursor()) == (None, Cursor())


def test_profile_under_another_bands_key_is_refused(profiles: Profiles) -> None:
    wrong = msgspec.structs.replace(an_item(a_profile()), key=a_band(2).hex())
    with pytest.raises(Refused, match="speaks of another band"):
        profiles.apply([wrong], Cursor(1, 2))


def test_later_of_two_bands_with_one_key_is_refused_and_counted(profiles: Profiles) -> None:
    twin = a_band()[:8] + b"\xff" * 8
    profiles.apply([an_item(a_profile())], Cursor(1, 1))
    profiles.apply([an_item(a_profile(band=Band(id=twin)))], Cursor(1, 2))
    assert profiles.get(a_band()) == a_profile()
    assert profiles.get(twin) is None
    assert (profiles.was_refused(twin), profiles.was_refused(a_band()), profiles.refused()) == (
        True,
        False,
        1,
    )


def test_site_is_read_again_only_after_it_changed(profiles: Profiles) -> None:
    layout = Layout(site="park", version=1, timezone="Europe/Rome")
    ada = StaffMember(id="ada", name="Ada", roles=("supervisor",))
    page = [
        Item(kind="layout", key="", version=1, body=msgspec.msgpack.encode(layout)),
        Item(kind="staff", key="ada", version=1, body=msgspec.msgpack.encode(ada)),
    ]
    assert (profiles.layout(), profiles.staff()) == (None, ())
    profiles.apply(page, Cursor(1, 2))
    assert (profiles.layout(), profiles.staff()) == (layout, (ada,))
    assert profiles.layout() is profiles.layout()
    profiles.apply([Item(kind="staff", key="ada", version=2)], Cursor(1, 3))
    assert profiles.staff() == ()


def test_older_layout_never_replaces_a_newer_one(profiles: Profiles) -> None:
    for version in (2, 1):
        body = msgspec.msgpack.encode(Layout(site="park", version=version, timezone="Europe/Rome"))
        profiles.apply([Item(kind="layout", key="", version=version, body=body)], Cursor(1, version))
    assert profiles.layout().version == 2


@pytest.mark.parametrize(
    "text", ["guest-1", "zoe m", "zoe ma", "zoë martin", "ZOË M", a_band(1).hex()[:8], a_band(1).hex()]
)
def test_staff_find_a_guest_by_pseudonym_name_or_band(profiles: Profiles, text: str) -> None:
    profiles.apply([an_item(a_profile(name="Zoë Martin"))], Cursor(1, 1))
    assert profiles.search(text) == (a_profile(name="Zoë Martin"),)


@pytest.mark.parametrize("text", ["", "zoe", "   zo ", "nobody", "ffffffff", "guest", "zoe max"])
def test_too_short_or_wrong_a_search_finds_nobody(profiles: Profiles, text: str) -> None:
    profiles.apply([an_item(a_profile(name="Zoë Martin"))], Cursor(1, 1))
    assert profiles.search(text) == ()


def test_search_is_bounded(profiles: Profiles) -> None:
    page = [an_item(a_profile(number, name="Zoë Martin")) for number in range(1, 80)]
    profiles.apply(page, Cursor(1, 1))
    assert len(profiles.search("zoe martin", 10)) == 10
    assert len(profiles.search("zoe ma", 1_000)) == 50


def test_whole_name_is_found_among_more_that_begin_alike_than_are_opened(
    profiles: Profiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store_profiles, "CANDIDATES_MAX", 5)
    page = [an_item(a_profile(number, name=f"Maria{number:02}")) for number in range(1, 30)]
    profiles.apply(page, Cursor(1, 1))
    assert [one.name for one in profiles.search("maria29")] == ["Maria29"]


TAMPER = {
    "newer revision": "UPDATE profiles SET rev = 9",
    "nothing": "UPDATE profiles SET body = x''",
    "rights": "UPDATE profiles SET body = CAST(substr(body, 1, length(body) - 1) || 'x' AS BLOB)",
}


@pytest.mark.parametrize("name", TAMPER)
def test_changed_row_is_never_believed(tmp_path: Path, name: str) -> None:
    first = Profiles(tmp_path, VAULT)
    first.apply([an_item(a_profile())], Cursor(1, 1))
    first.close()
    connection = open_writer(tmp_path / "profiles.0-0.db")
    connection.execute(TAMPER[name])
    connection.close()
    again = Profiles(tmp_path, VAULT)
    with pytest.raises(StoreDamaged, match="not what central sent"):
        again.get(a_band())
    again.close()


def test_nothing_personal_lies_in_the_clear(tmp_path: Path, profiles: Profiles) -> None:
    key = b"0123456789abcdef"
    changes = {
        "name": "Zoë Planted",
        "tags": ("PLANTED-TAG",),
        "age_band": "8-11-PLANTED",
        "tier": "PLANTED-TIER",
    }
    ada = StaffMember(id="s-1", name="Ada Planted", pin_hash="$argon2id$PLANTED")
    page = [
        an_item(a_profile(guest="PLANTED-GUEST", **changes), k1=key),
        Item(kind="staff", key="s-1", version=1, body=msgspec.msgpack.encode(ada)),
    ]
    profiles.apply(page, Cursor(1, 1))
    files = {path.name: path.read_bytes().lower() for path in tmp_path.iterdir()}
    for planted in (key, b"planted", b"argon2"):
        assert [name for name, octets in files.items() if planted in octets] == []
    assert any(b"s-1" in octets for octets in files.values()), "the control: the rows are there"
    assert profiles.search("zoe planted")[0].tags == ("PLANTED-TAG",)
    assert profiles.staff() == (ada,)


def test_snapshot_goes_live_whole_while_other_threads_read(tmp_path: Path) -> None:
    with a_sequencer(tmp_path) as sequencer:
        profiles = Profiles(tmp_path, VAULT)
        profiles.apply([an_item(a_profile(number)) for number in range(1, 50)], Cursor(1, 1))
        stop, wrong = threading.Event(), []

        def read() -> None:
            while not stop.is_set():
                found = profiles.get(a_band(1))
                if found is None or found.name not in ("Zoë", "Ada"):
                    wrong.append(found)

        threads = [threading.Thread(target=read) for _ in range(4)]
        for thread in threads:
            thread.start()
        for seq in range(2, 6):
            items = (an_item(a_profile(number, name="Ada")) for number in range(1, 50))
            profiles.adopt(profiles.build(items, Cursor(2, seq), rows_min=49), sequencer.point_at)
        stop.set()
        for thread in threads:
            thread.join()
        assert wrong == []
        assert profiles.cursor() == Cursor(2, 5)
        profiles.apply([an_item(a_profile(50))], Cursor(2, 6))
        profiles.close()
    again = Profiles(tmp_path, VAULT)
    assert (again.cursor(), again.count(), again.get(a_band(1)).name) == (Cursor(2, 6), 50, "Ada")
    again.close()
    assert sorted(path.name for path in tmp_path.glob("profiles.*.db")) == ["profiles.2-5.db"]


def test_short_snapshot_is_refused_and_leaves_nothing(tmp_path: Path, profiles: Profiles) -> None:
    profiles.apply([an_item(a_profile())], Cursor(1, 1))
    with pytest.raises(Refused, match="has 1 profiles where 2 were promised"):
        profiles.build([an_item(a_profile())], Cursor(2, 1), rows_min=2)
    assert [path.name for path in tmp_path.glob("profiles.2*")] == []
    assert profiles.get(a_band()) == a_profile()


def test_snapshot_that_breaks_off_leaves_nothing(tmp_path: Path, profiles: Profiles) -> None:
    def items() -> Iterator[Item]:
        yield an_item(a_profile())
        raise ConnectionError("line is dead")

    with pytest.raises(ConnectionError):
        profiles.build(items(), Cursor(2, 1))
    assert [path.name for path in tmp_path.glob("profiles.2*")] == []


def test_snapshot_with_the_live_cursor_is_refused(profiles: Profiles) -> None:
    with pytest.raises(StoreError, match="live already"):
        profiles.build([], Cursor(0, 0))


def test_pointer_decides_at_start_and_what_was_half_built_is_removed(tmp_path: Path) -> None:
    with a_sequencer(tmp_path) as sequencer:
        profiles = Profiles(tmp_path, VAULT)
        built = profiles.build([an_item(a_profile())], Cursor(1, 5))
        profiles.close()
        first = Profiles(tmp_path, VAULT)
        assert first.get(a_band()) is None
        first.close()
        assert not built.exists()
        second = Profiles(tmp_path, VAULT)
        second.adopt(second.build([an_item(a_profile())], Cursor(1, 6)), sequencer.point_at)
        second.close()
        third = Profiles(tmp_path, VAULT)
        assert third.cursor() == Cursor(1, 6)
        third.close()


def test_disk_that_fails_during_a_page_leaves_the_cursor_where_it_was(
    profiles: Profiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    profiles.apply([an_item(a_profile())], Cursor(1, 1))

    def breaks(*args: object, **kwargs: object) -> None:
        raise sqlite3.OperationalError("disk I/O error")

    with monkeypatch.context() as patch:
        patch.setattr(profilefile, "_write_site", breaks)
        page = [an_item(a_profile(name="Ada"), 2), Item(kind="staff", key="x", version=1, body=b"\x80")]
        with pytest.raises(StoreError):
            profiles.apply(page, Cursor(1, 2))
    assert (profiles.get(a_band()).name, profiles.cursor()) == ("Zoë", Cursor(1, 1))
    profiles.apply([an_item(a_profile(name="Ada"), 2)], Cursor(1, 2))
    assert (profiles.get(a_band()).name, profiles.cursor()) == ("Ada", Cursor(1, 2))


def test_a_file_is_built_anew_at_the_start_where_a_copy_beside_a_journal_has_no_room(
    tmp_path: Path, profiles: Profiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, free = tmp_path / "some.db", [5_242_880]
    with closing(profilefile.create(path)) as connection:
        profilefile.apply(connection, VAULT, [an_item(a_profile())], cursor=Cursor(1, 1))
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=free[0]))
    with pytest.raises(StoreError, match="was not built"):
        profiles.build([an_item(a_profile())], Cursor(1, 1))
    rebuild(path, VAULT)
    free[0] = 0
    with pytest.raises(StoreError, match="was not built"):
        rebuild(path, VAULT)
    assert [one.name for one in tmp_path.glob("*.db*") if "new" in one.name] == []
    with closing(open_reader(path)) as connection:
        assert connection.execute("SELECT count(*) FROM profiles").fetchone()[0] == 1


def test_connections_of_threads_that_ended_are_closed(profiles: Profiles) -> None:
    for _ in range(5):
        thread = threading.Thread(target=profiles.get, args=(a_band(),))
        thread.start()
        thread.join()
    profiles.get(a_band())
    assert len(profiles._readers._open) == 1


def test_the_catalogue_is_read_anew_when_goods_change_and_only_then(profiles: Profiles) -> None:
    def item(thing: Article | Group, version: int, *, gone: bool = False) -> Item:
        kind = ARTICLE if isinstance(thing, Article) else GROUP
        return Item(
            kind=kind, key=thing.id, version=version, body=None if gone else msgspec.msgpack.encode(thing)
        )

    beer, bar = Article(id="beer", price_minor=480), Group(id="bar")
    assert profiles.catalogue() == Catalogue()
    profiles.apply([item(beer, 1), item(bar, 2)], Cursor(1, 2))
    kept = profiles.catalogue()
    assert kept == Catalogue(articles=(beer,), groups=(bar,))
    profiles.apply([an_item(a_profile())], Cursor(1, 3))
    assert profiles.catalogue() is kept
    profiles.apply([item(beer, 4, gone=True)], Cursor(1, 4))
    assert profiles.catalogue() == Catalogue(groups=(bar,))
