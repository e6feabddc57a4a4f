"""Life of a campaign: drafted by one, looked through by another, published, paused, ended."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from msgspec.structs import replace

from edge.errors import NotAllowed, Refused, Unknown
from sync.central.campaigns import checks, standing
from sync.central.money import policy as policies
from sync.central.offers import bundles
from sync.central.offers.campaigned import (
    Campaign,
    Plan,
    State,
    campaign_of,
    campaign_table,
    in_force,
    own,
    row_of,
    standing_of,
    today_of,
)
from sync.central.store import Connection, insert, now_of, select, update

MOVES: Mapping[State, frozenset[State]] = MappingProxyType(
    {
        State.DRAFT: frozenset({State.REVIEWED, State.ENDED}),
        State.REVIEWED: frozenset({State.SCHEDULED, State.ENDED}),
        State.SCHEDULED: frozenset({State.PAUSED, State.ENDED}),
        State.PAUSED: frozenset({State.SCHEDULED, State.ENDED}),
        State.ENDED: frozenset(),
    }
)
"""What may follow what."""


def make(tx: Connection, site: str, name: str, *, plan: Plan, by: str) -> Campaign:
    """Keep a campaign as a draft: its first, or another revision beside the one that is live."""
    policies.lock(tx, site)
    before = revisions(tx, site, name)
    taken = {one.id for one in bundles.draft_in_force(tx, site).bundle.offers}
    if not before and name in taken:
        raise Refused(f"An offer of the bundle is called {name}.", hint="Give the campaign another name.")
    now_ms, revision = now_of(tx), before[0].revision + 1 if before else 1
    made = Campaign(
        id=name,
        revision=revision,
        state=State.DRAFT,
        plan=plan,
        made_by=by,
        made_ms=now_ms,
        changed_by=by,
        changed_ms=now_ms,
    )
    checks.demand_sound(tx, site, made)
    for one in before:
        if one.state in (State.DRAFT, State.REVIEWED):
            _put(tx, site, replace(one, state=State.ENDED), by=by)
    tx.execute(insert(campaign_table).values(row_of(site, made)))
    return made


def bring(tx: Connection, site: str, one: Campaign) -> None:
    """Keep a campaign that ran before this site was here, as it ran, under a name that nobody has.

    Nothing is published by it: whoever brings one that still runs publishes the bundle afterwards.
    """
    policies.lock(tx, site)
    if revisions(tx, site, one.id):
        raise Refused(f"There is a campaign {one.id} already.", hint="Give it another name.")
    checks.demand_sound(tx, site, one)
    tx.execute(insert(campaign_table).values(row_of(site, one)))


def review(tx: Connection, site: str, name: str, *, by: str) -> Campaign:
    """Let a second person say that a draft is good: never the one who wrote it."""
    found = _moving(tx, site, name, to=State.REVIEWED)
    if by == found.made_by:
        raise NotAllowed("Whoever made it does not look it through.", hint="Let somebody else read it.")
    return _put(tx, site, replace(found, state=State.REVIEWED, reviewed_by=by), by=by)


def schedule(tx: Connection, site: str, name: str, *, by: str) -> Campaign:
    """Publish a campaign that two people stand for, in a new bundle; it holds from its first day on.

    It takes the place of a revision that is live. Call it last in the transaction.
    """
    found = _moving(tx, site, name, to=State.SCHEDULED)
    if found.plan.offer.period.last < today_of(tx, site):
        raise Refused(f"The last day of {name} has gone by.", hint="Give it another one: make it anew.")
    version = bundles.waiting(tx, site)
    if version:
        raise Refused(
            f"Version {version} of the offers waits for its hour.", hint="Publish the campaign after it."
        )
    for one in revisions(tx, site, name):
        if one.revision < found.revision and one.state in (State.SCHEDULED, State.PAUSED):
            _put(tx, site, replace(one, state=State.ENDED), by=by)
    now = _put(tx, site, replace(found, state=State.SCHEDULED), by=by)
    made = bundles.make(tx, site, bundles.draft_in_force(tx, site), by=now.made_by)
    bundles.review(tx, site, made.version, by=now.reviewed_by)
    bundles.go_live(tx, site, made.version, by=by)
    done = _put(tx, site, replace(now, version=made.version), by=by)
    standing.tell(tx, site)
    return done


def pause(tx: Connection, site: str, name: str, *, by: str) -> Campaign:
    """Take a campaign out of what is published, at once and by one person; its budget comes back."""
    return _taken_out(tx, site, _moving(tx, site, name, to=State.PAUSED), state=State.PAUSED, by=by)


def end(tx: Connection, site: str, name: str, *, by: str) -> Campaign:
    """End a campaign for good, or let a draft go."""
    found = _moving(tx, site, name, to=State.ENDED)
    if found.state is not State.SCHEDULED:
        return _put(tx, site, replace(found, state=State.ENDED), by=by)
    return _taken_out(tx, site, found, state=State.ENDED, by=by)


def stop_all(tx: Connection, site: str, *, by: str) -> None:
    """Publish no offer at all from now on; campaigns in force are paused, and their budgets come back."""
    policies.lock(tx, site)
    mine = in_force(tx, site)
    version = bundles.stop(tx, site, by=by, back=[one.kind for one in mine if one.plan.budget]).version
    for one in mine:
        _put(tx, site, replace(one, state=State.PAUSED, version=version), by=by)
    standing.tell(tx, site)


def revisions(tx: Connection, site: str, name: str) -> tuple[Campaign, ...]:
    """Return every revision of a campaign, the newest first."""
    query = select(campaign_table).where(own.site_id == site, own.campaign_id == name)
    return tuple(map(campaign_of, tx.execute(query.order_by(own.revision.desc()))))


def find(tx: Connection, site: str, name: str) -> Campaign:
    """Return the revision of a campaign that stands, or raise ``Unknown``."""
    return standing_of(_written(tx, site, name))


def steps(every: Sequence[Campaign]) -> frozenset[State]:
    """Return what can be done next with a campaign of these revisions, the newest first."""
    return frozenset(to for to in MOVES if to in MOVES[_stepping(every, to).state])


def _written(tx: Connection, site: str, name: str) -> tuple[Campaign, ...]:
    found = revisions(tx, site, name)
    if not found:
        raise Unknown(f"There is no campaign {name[:40]!r} at this site.")
    return found


def published(tx: Connection, site: str, name: str) -> Campaign | None:
    """Return the revision that guests are shown or were shown last; None: none ever was."""
    return next((one for one in revisions(tx, site, name) if one.version), None)


def _moving(tx: Connection, site: str, name: str, *, to: State) -> Campaign:
    """Return the revision that may move on so, which nobody changes until the commit."""
    policies.lock(tx, site)
    one = _stepping(_written(tx, site, name), to)
    if to not in MOVES[one.state]:
        raise Refused(f"{name} is {one.state}: it cannot become {to}.", hint="Look at it again.")
    return one


def _stepping(every: Sequence[Campaign], to: State) -> Campaign:
    """Return which revision a step is about: the one that stands, and to pause the one that is published.

    Beside a draft the published one can still be paused; once the draft is let go, it goes on by itself.
    """
    inside = next((one for one in every if one.state is State.SCHEDULED), None)
    return inside if inside is not None and to is State.PAUSED else standing_of(every)


def _taken_out(tx: Connection, site: str, found: Campaign, *, state: State, by: str) -> Campaign:
    now = _put(tx, site, replace(found, state=state), by=by)
    done = _put(tx, site, replace(now, version=bundles.take_out(tx, site, by=by).version), by=by)
    standing.tell(tx, site)
    return done


def _put(tx: Connection, site: str, one: Campaign, *, by: str) -> Campaign:
    now = replace(one, changed_by=by, changed_ms=now_of(tx))
    there = (own.site_id == site, own.campaign_id == now.id, own.revision == now.revision)
    tx.execute(update(campaign_table).where(*there).values(row_of(site, now)))
    return now
