"""Kept: each promise of the day, what was looked at for it, and whether it held."""

from __future__ import annotations

from collections.abc import Iterator

from edge.run.simulate.day.found import Found
from edge.run.simulate.day.page import Promise
from edge.run.simulate.day.play import Day

SERVED_PERMILLE = 990
"""Of baskets whose wallets hold enough, where there is a way to central; the handbook's floor for a day."""
FUNDED_LEAST = 500
"""Of fewer baskets a single lost message would break it."""


def promises(day: Day, found: Found) -> tuple[Promise, ...]:
    """Return all of them."""
    return (*_of_money(day, found), *_of_answers(day, found))


def _of_money(day: Day, found: Found) -> Iterator[Promise]:
    told, walked, money = day.told, found.walked, found.money
    here = sum(one.here for one in walked.ends)
    yield Promise(
        "Every record of every edge is at central, once and in its order",
        f"{here:,} records, {sum(one.apart for one in walked.ends)} apart",
        not any(one.apart or one.fault for one in walked.ends),
    )
    yield Promise(
        "Every answer has its durable record, and a tap said twice has one",
        f"{told.taps - told.again:,} answers, {walked.decided:,} records",
        not told.contradictions and walked.decided == told.taps - told.again,
    )
    yield Promise("Nothing is overspent", f"{money.overspent} wallets", not money.overspent)
    yield Promise(
        "Each wallet holds what its guests were told, to the cent",
        f"{sum(one.is_head for one in day.known):,} wallets, {money.apart} apart",
        not money.apart and money.funded == money.spent + money.free + money.held,
    )
    yield Promise(
        "The ledger comes to zero, and nothing of the day is unexplained",
        f"{found.proof.postings:,} postings, {found.proof.unexplained} unexplained",
        found.proof.proven and not any(money.trial.values()),
    )


def _served(day: Day) -> Promise:
    told = day.told
    served, funded = told.served["connected"], told.funded["connected"]
    return Promise(
        "Whoever can pay is let, 99 of 100 at least, where there is a way to central",
        f"{served:,} of {funded:,}" + ("" if funded >= FUNDED_LEAST else ", too few to judge"),
        funded < FUNDED_LEAST or served * 1_000 >= funded * SERVED_PERMILLE,
    )


def _of_answers(day: Day, found: Found) -> Iterator[Promise]:
    told, walked, judged = day.told, found.walked, found.judged
    yield _served(day)
    yield Promise(
        "A ticket opens once where the edges can talk, and each time too many is reported once",
        f"{walked.elsewhere} too many in the dark, {len(judged.conflicts)} reported",
        not walked.twice_here and walked.elsewhere == len(judged.conflicts),
    )
    yield Promise(
        "A revoked band opens nothing where that was heard",
        f"{len(told.revoked):,} revoked, {walked.revoked_in} opened",
        not walked.revoked_in,
    )
    yield Promise(
        "Central judges every decision and payment the same",
        f"{judged.equal:,} of {judged.judged:,} equal, {judged.moved_on} not judged",
        judged.equal == judged.judged and not judged.moved_on,
    )
    yield Promise(
        "Central chooses every offer the same",
        f"{found.choices.equal:,} of {found.choices.judged:,} equal",
        found.choices.equal == found.choices.judged and not found.choices.unknown,
    )
