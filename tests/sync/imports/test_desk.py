"""The import desk: files in parts, threads of its own, and a job that says how far it is."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence

import pytest

from edge.errors import Refused, Unknown
from sync.central.imports import desk as desks
from sync.central.imports import jobs
from sync.central.imports.desk import Imports, Lost
from sync.central.imports.jobs import Job, State
from sync.central.registry import guests
from sync.central.store import Store
from tests.sync.builders import SITE
from tests.sync.imports.files import a_file, a_row, an_open_site, keys_of


@pytest.fixture
def imports(small_store: Store) -> Iterator[Imports]:
    an_open_site(small_store)
    made = Imports(small_store, keys_of)
    yield made
    made.stop()


def ended(store: Store, id_: str) -> Job:
    """The job, as soon as it has ended."""
    until = time.monotonic() + 4
    while time.monotonic() < until:
        with store.reading() as tx:
            job = jobs.job(tx, SITE, id_)
        if job.state not in jobs.OPEN:
            return job
        time.sleep(0.005)
    raise AssertionError("the import never ended")


def test_a_file_in_parts_is_loaded_and_its_wrong_lines_kept(small_store: Store, imports: Imports) -> None:
    body = a_file([a_row(1), "g2,Bea,zz,ntag424,day,,", a_row(3)])
    id_ = imports.begin(SITE, name="guests.csv", who="olga")
    imports.part(SITE, id_, 0, body=body[:40])
    imports.part(SITE, id_, 40, body=body[40:])
    imports.part(SITE, id_, 40, body=body[40:])
    imports.start(SITE, id_)
    imports.start(SITE, id_)
    job = ended(small_store, id_)
    assert (job.state, job.lines, job.done, job.wrong) == (State.DONE, 3, 2, 1)
    assert job.first_wrong[0].number == 3
    with small_store.reading() as tx:
        assert guests.count_guests(tx, SITE) == 2
        assert [one.id for one in jobs.jobs(tx, SITE)] == [id_]


def test_what_is_no_csv_fails_with_what_to_do(small_store: Store, imports: Imports) -> None:
    id_ = imports.begin(SITE, name="guests.xlsx", who="olga")
    imports.part(SITE, id_, 0, body=b"PK\x03\x04\0\0")
    imports.start(SITE, id_)
    job = ended(small_store, id_)
    assert job.state is State.FAILED
    assert "Save it as CSV UTF-8" in job.why


def test_a_hole_between_parts_is_refused(imports: Imports) -> None:
    id_ = imports.begin(SITE, name="f", who="olga")
    with pytest.raises(Refused, match="missing"):
        imports.part(SITE, id_, 10, body=b"x")
    with pytest.raises(Lost):
        imports.part(SITE, "nowhere", 0, body=b"x")
    with pytest.raises(Refused, match="MiB"):
        imports.part(SITE, id_, desks.FILE_BYTES_MAX, body=b"x")


def test_only_so_many_files_are_on_their_way_at_once(imports: Imports) -> None:
    for number in range(desks.FILES_MAX):
        imports.begin(SITE, name=str(number), who="olga")
    with pytest.raises(Refused, match="already"):
        imports.begin(SITE, name="one more", who="olga")


def test_a_restart_marks_what_was_running_and_asks_for_the_file_again(
    small_store: Store, imports: Imports
) -> None:
    id_ = imports.begin(SITE, name="f", who="olga")
    later = Imports(small_store, keys_of)
    with small_store.reading() as tx:
        assert jobs.job(tx, SITE, id_).state is State.INTERRUPTED
        with pytest.raises(Unknown):
            jobs.job(tx, SITE, "nowhere")
    with pytest.raises(Lost, match="anew"):
        later.part(SITE, id_, 0, body=b"x")
    later.stop()


def test_a_stopped_central_ends_its_import_with_the_chunk(small_store: Store) -> None:
    an_open_site(small_store)

    def closing(master: bytes, uids: Sequence[bytes]) -> list[dict[int, bytes]]:
        small_store.wakes.close()
        return keys_of(master, uids)

    imports = Imports(small_store, closing)
    id_ = imports.begin(SITE, name="f", who="olga")
    imports.part(SITE, id_, 0, body=a_file([a_row(1)]))
    imports.start(SITE, id_)
    imports.stop(wait=True)
    with small_store.reading() as tx:
        assert jobs.job(tx, SITE, id_).state is State.RUNNING, "the next start calls it interrupted"
        assert guests.count_guests(tx, SITE) == 1


def test_a_broken_import_tells_so_instead_of_dying_silently(
    small_store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    an_open_site(small_store)
    threads: list[str] = []

    def broken(master: bytes, uids: object) -> list[dict[int, bytes]]:
        threads.append(threading.current_thread().name)
        raise RuntimeError("no cipher")

    imports = Imports(small_store, broken)
    id_ = imports.begin(SITE, name="f", who="olga")
    imports.part(SITE, id_, 0, body=a_file([a_row(1)]))
    imports.start(SITE, id_)
    job = ended(small_store, id_)
    assert (job.state, job.why) == (State.FAILED, "Something broke: RuntimeError.")
    assert threads[0].startswith("import")
    imports.stop()
