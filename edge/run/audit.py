"""The audit in words, and as JSON: what a site's journaled judgements come to here."""

from __future__ import annotations

import msgspec

from edge.run.platform import opened_site
from sync.central.audit import Audit, Count, Different, audit
from sync.central.choices import Choices, judge_choices

NAMES = {
    "decided": "decisions",
    "confirmed": "decisions",
    "overridden": "decisions",
    "paid": "payments",
    "payment_voided": "voids, captures and refunds",
    "captured": "voids, captures and refunds",
    "refund_asked": "voids, captures and refunds",
}
"""What people call what is judged, by its kind."""


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that was judged again of one site."""

    site: str
    equal: bool
    judged: Audit
    offers: Choices


def report(database: str, site: str) -> Report:
    """Judge a site's decisions, payments and choices of offers again."""
    with opened_site(database, site) as store:
        judged, offers = audit(store, site), judge_choices(store, site)
    equal = judged.judged == judged.equal and offers.judged == offers.equal
    return Report(site=site, equal=equal, judged=judged, offers=offers)


def in_json(found: Report) -> str:
    """Return all of it for a machine."""
    return msgspec.json.encode(found).decode()


def in_words(found: Report) -> str:
    """Return it for people: sums, then every difference by its place in the journal."""
    judged, offers = found.judged, found.offers
    lines = [
        *(f"{one.judged} {name} judged again, {one.equal} equal" for name, one in _by_name(judged).items()),
        f"{judged.moved_on} not judged: what they stood on is kept no longer",
        f"{offers.judged} choices of offers made again, {offers.equal} equal",
        *map(_line, judged.different),
        *(f"  one too many: {one.use.entitlement} at {one.use.point}" for one in judged.conflicts),
        *(f"  {one.device} {one.seq}: chose {one.said}, now {one.now}" for one in offers.different),
    ]
    return "\n".join(lines)


def _by_name(judged: Audit) -> dict[str, Count]:
    sums = {name: Count() for name in NAMES.values()}
    for kind, one in judged.kinds.items():
        total = sums[NAMES[kind]]
        total.judged += one.judged
        total.equal += one.equal
    return sums


def _line(one: Different) -> str:
    what = f" ({', '.join(one.fields)})" if one.fields else ""
    return f"  {one.device} {one.lane}/{one.seq} {one.kind}: said {one.said}, now {one.now}{what}"
