"""The effects log: acts read what is not in its table yet as if it were, whatever happens meanwhile."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.core.entitlements import Party, Use
from edge.core.events import Acted, Kind
from edge.core.held import Change, Held, Location
from edge.errors import StoreDamaged
from edge.keys.ring import Ring
from edge.sequencer import Sequencer, Transaction
from edge.store.database import open_writer
from edge.store.effects import Effects
from edge.vault import Vault
from tests.store.house import a_band, a_ledger, a_passage, a_sequencer

KEYS = st.sampled_from("abc")
BODIES = st.binary(max_size=4)
STEP = st.one_of(
    st.tuples(st.just("put"), KEYS, BODIES),
    st.tuples(st.just("delete"), KEYS, st.just(b"")),
    st.tuples(st.just("answer"), KEYS, BODIES),
    st.tuples(st.just("use"), KEYS, BODIES),
    st.tuples(st.just("counter"), KEYS, BODIES),
)
ACT = st.tuples(st.lists(STEP, max_size=4), st.booleans())
BATCH = st.lists(ACT, min_size=1, max_size=3)
PLAN = st.lists(
    st.one_of(BATCH, st.sampled_from(["settle 1", "settle 2", "settle 99", "restart"])), max_size=12
)


class Model:
    """What the store must hold: plain dictionaries."""

    def __init__(self) -> None:
        self.rows: dict[tuple[str, str], bytes] = {}

    def change(self, steps: list[tuple[str, str, bytes]]) -> None:
        """Do what an act does that is kept."""
        for what, key, body in steps:
            if what == "delete":
                self.rows.pop(("put", key), None)
            else:
                self.rows[what, key] = body

    def read(self, tx: Transaction) -> dict[tuple[str, str], bytes]:
        """Read everything that the store holds, in the model's form."""
        found = {("put", key): body for key, body in tx.rows("thing")}
        for key in "abc":
            answer = tx.answer(f"tap-{key}")
            if answer is not None:
                found["answer", key] = answer
            held = tx.held(a_band(ord(key)), [f"right-{key}"])
            found.update((("use", key), use.tap_id.encode("latin-1")) for use in held.uses)
            if held.counter:
                found["counter", key] = (held.counter - 1).to_bytes(5, "big").lstrip(b"\0")
        return found


def act_of(steps: list[tuple[str, str, bytes]], fails: bool) -> object:
    """An act that does the steps and then may fail."""

    def act(tx: Transaction) -> None:
        seq = tx.append(Kind.LOOKED_UP, Acted())
        for what, key, body in steps:
            do(tx, what, key, body=body, seq=seq)
        if fails:
            raise ValueError("undone")

    return act


def do(tx: Transaction, what: str, key: str, *, body: bytes, seq: int) -> None:
    """One step of an act."""
    text = body.decode("latin-1")
    if what == "put":
        tx.put("thing", key, body)
    elif what == "delete":
        tx.delete("thing", key)
    elif what == "answer":
        tx.keep_answer(f"tap-{key}", body)
    elif what == "use":
        use = Use(entitlement=f"right-{key}", ordinal=1, scan_ms=1, device="d", point="p", tap_id=text)
        tx.apply(None, Change(uses=(use,)), seq)
    else:
        held = Held(counter=int.from_bytes(body, "big") + 1)
        tx.apply(a_band(ord(key)), Change(held=held), seq)


def test_counter_bodies_are_compared_as_numbers() -> None:
    assert (int.from_bytes(b"\0\1", "big")).to_bytes(5, "big").lstrip(b"\0") == b"\1"


@settings(max_examples=60, deadline=None)
@given(plan=PLAN)
@pytest.mark.timeout(60)
def test_store_equals_plain_dictionaries_over_any_course_of_acts_failures_settling_and_restarts(
    plan: list[object],
) -> None:
    model = Model()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "state.db"
        for piece in split_at_restarts(plan):
            with a_ledger(path) as ledger:
                assert ledger.run([model.read]).outcomes[0].result == normal(model.rows)
                for step in piece:
                    if isinstance(step, str):
                        ledger.settle(int(step.split()[1]))
                        continue
                    ledger.run([act_of(steps, fails) for steps, fails in step])
                    for steps, fails in step:
                        if not fails:
                            model.change(steps)
                    assert ledger.run([model.read]).outcomes[0].result == normal(model.rows)


def normal(rows: dict[tuple[str, str], bytes]) -> dict[tuple[str, str], bytes]:
    """Counters lose leading zeros, as numbers do."""
    return {key: body.lstrip(b"\0") if key[0] == "counter" else body for key, body in rows.items()}


def split_at_restarts(plan: list[object]) -> list[list[object]]:
    """The pieces of a plan between restarts, and one more restart at the end."""
    pieces: list[list[object]] = [[]]
    for step in plan:
        if step == "restart":
            pieces.append([])
        else:
            pieces[-1].append(step)
    return [*pieces, []]


def test_settling_everything_empties_the_log(tmp_path: Path) -> None:
    with a_ledger(tmp_path / "state.db") as ledger:
        ledger.run([a_passage(f"tap-{n}", right=f"right-{n}", band=a_band(n)) for n in range(300)])
        assert ledger.unsettled() == 901
        while ledger.settle(100):
            pass
        count = ledger._connection.execute("SELECT count(*) FROM effects").fetchone()
        bands = ledger._connection.execute("SELECT count(*) FROM bands").fetchone()
    assert (count, bands) == ((0,), (300,))


def test_members_of_a_party_are_found_by_their_party_before_and_after_settling(tmp_path: Path) -> None:
    party = Party(id="family", size=2, role="adult")
    held = Held(location=Location(zone="park", since_ms=1, point="north", device="d"))
    with a_ledger(tmp_path / "state.db") as ledger:

        def comes(tx: Transaction) -> None:
            tx.apply(a_band(1), Change(held=held), tx.append(Kind.DECIDED, Acted()), party=party)

        ledger.run([comes])
        before = ledger.run([lambda tx: tx.party("family")]).outcomes[0].result
        ledger.settle()
        after = ledger.run([lambda tx: tx.party("family")]).outcomes[0].result
    assert before == after
    assert [(member.band, member.role, member.location.zone) for member in before] == [
        (a_band(1), "adult", "park")
    ]


def test_a_changed_row_of_the_log_is_never_read_as_true(tmp_path: Path) -> None:
    with a_ledger(tmp_path / "state.db") as ledger:
        ledger.run([a_passage("tap-1")])
    connection = open_writer(tmp_path / "state.db")
    body = connection.execute("SELECT body FROM effects").fetchone()[0]
    connection.execute("UPDATE effects SET body = ?", (body.replace(b"ticket-1", b"ticket-2"),))
    with pytest.raises(StoreDamaged):
        Effects.load(connection)
    connection.close()


def test_a_changed_row_of_a_table_is_refused_for_that_act_alone(tmp_path: Path) -> None:
    with a_ledger(tmp_path / "state.db") as ledger:
        ledger.run([a_passage("tap-1")])
        ledger.settle()
        ledger._connection.execute("UPDATE uses SET body = zeroblob(length(body))")
        done = ledger.run([a_passage("tap-2"), a_passage("tap-3", right="other")])
    assert isinstance(done.outcomes[0].error, StoreDamaged)
    assert done.outcomes[1].result == 2


def test_what_is_kept_sealed_is_read_from_the_log_and_from_the_table_also_after_a_restart(
    tmp_path: Path,
) -> None:
    vault = Vault(b"s" * 32, Ring({1: bytes(range(64))}))

    def read(sequencer: Sequencer) -> object:
        return sequencer.submit(
            lambda tx: (tx.get("basket", "op-1"), tx.get("basket", "gone"), tx.rows("basket"))
        )

    def write(tx: Transaction) -> None:
        tx.put("basket", "op-1", b"two soups")
        tx.put("basket", "gone", b"a coffee")
        tx.delete("basket", "gone")

    whole = (b"two soups", None, [("op-1", b"two soups")])
    with a_ledger(tmp_path / "state.db", cells=vault) as ledger:
        ledger.run([write])
        assert ledger.unsettled()
    with a_sequencer(tmp_path, vault=vault) as sequencer:
        assert read(sequencer) == whole
        assert sequencer.erase_ghosts()
        assert read(sequencer) == whole
    for file in tmp_path.iterdir():
        assert b"two soups" not in file.read_bytes()
