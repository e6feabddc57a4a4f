"""Ten thousand days at a till by dice: no unit appears or is lost, and four planted faults are seen."""

from __future__ import annotations

import os
from collections.abc import Callable
from random import Random
from typing import Any

import msgspec
import pytest

from edge.core.basket import Line
from tests.builders import HOUR_MS
from tests.core import test_money_machine
from tests.core.days import Days, a_number
from tests.core.purses import a_line
from tests.core.test_money_machine import KINDS, OUTSIDE, Till

SEED = int(os.environ.get("POLSO_SEED", "20261128"))
SHARDS, SHARD_RUNS, SHARD_STEPS = 20, 500, 20


def a_line_of(dice: Random) -> Line:
    """One line of a basket."""
    item, tax = dice.choice(("beer", "soup")), dice.choice((0, 40, 100, 220))
    return a_line(a_number(dice, 1, 700), dice.choice((1, 1, 2, 3)), item=item, tax_permille=tax)


def an_amount(dice: Random) -> int:
    return a_number(dice, 1, 1_500)


def perhaps(dice: Random, draw: Callable[[Random], object]) -> object:
    return None if dice.random() < 0.5 else draw(dice)


def one(dice: Random) -> dict[str, object]:
    """Which of the sales or baskets that there are."""
    return {"number": dice.randrange(10**6)}


def a_piece(dice: Random) -> tuple[int, int]:
    return dice.randint(0, 4), dice.randint(1, 3)


def a_kind(dice: Random) -> str:
    return dice.choice([*KINDS])


DAYS = Days(
    Till,
    {
        "open_leases": lambda dice: {
            "first": a_number(dice, 0, 3_000), "second": a_number(dice, 0, 500), "drinks": dice.randint(0, 3),
        },
        "charge": lambda dice: {
            "basket": [a_line_of(dice) for _ in range(dice.randint(1, 4))], "part": perhaps(dice, an_amount),
            "declined": frozenset(kind for kind in KINDS.values() if dice.random() < 0.3),
        },
        "pay_on": lambda dice: one(dice) | {"part": perhaps(dice, an_amount)},
        "pay_outside": lambda dice: one(dice) | {"minor": an_amount(dice), "tender": dice.choice(OUTSIDE)},
        "hold": lambda dice: {"minor": an_amount(dice)},
        "capture": lambda dice: one(dice) | {"price": a_number(dice, 0, 1_500)},
        "void": lambda dice: one(dice) | {"piece": perhaps(dice, a_piece)},
        "refund": lambda dice: one(dice) | {"piece": perhaps(dice, a_piece)},
        "time_passes": lambda dice: {"ms": dice.choice((1_000, HOUR_MS // 4))},
        "top_up": lambda dice: {"minor": an_amount(dice)},
        "cash_out": lambda dice: {"minor": an_amount(dice)},
        "close": lambda dice: {"name": dice.choice(("one", "two"))},
        "grant": lambda dice: {"total": a_number(dice, 0, 4_000)},
        "grant_units": lambda dice: {"name": a_kind(dice), "total": a_number(dice, 0, 80)},
        "give_units_back": lambda dice: {"name": a_kind(dice), "units": a_number(dice, 1, 40)},
        "withdraw": lambda dice: {"name": a_kind(dice)},
    },
)  # fmt: skip


def play(shard: int) -> list[int]:
    """Play five hundred days; return how many acts each had."""
    return [DAYS.play(f"{SEED}-{shard}-{number}", SHARD_STEPS).ops for number in range(SHARD_RUNS)]


@pytest.mark.journey
@pytest.mark.slow  # a step is counted by the few runs above
@pytest.mark.timeout(300)
@pytest.mark.parametrize("shard", range(SHARDS))
def test_ten_thousand_days_at_a_till(shard: int) -> None:
    """Twenty times five hundred days; one that breaks a law says its steps."""
    assert max(play(shard)) > 10, "hardly anything happened"


@pytest.mark.parametrize(
    ("what", "field", "was"),
    [
        ("decide_refund", "sale", lambda facts: facts[0]),
        ("decide_void", "leases", lambda _: ()),
        ("expire", "leases", lambda _: ()),
        ("decide_top_up", "lease", lambda facts: facts[0]),
    ],
)
@pytest.mark.journey
@pytest.mark.slow
def test_a_ruling_that_is_not_kept_is_seen_within_five_hundred_days(
    what: str, field: str, was: Callable[[tuple[Any, ...]], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = getattr(test_money_machine, what)

    def faulty(*facts: Any, **more: Any) -> Any:
        ruling = kept(*facts, **more)
        return msgspec.structs.replace(ruling, **{field: was(facts)}) if hasattr(ruling, field) else ruling

    monkeypatch.setattr(test_money_machine, what, faulty)
    with pytest.raises(AssertionError):
        play(0)
