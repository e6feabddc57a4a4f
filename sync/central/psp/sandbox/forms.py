"""Forms: a request's ``metadata[charge_id]=…`` as nested JSON, and the lists that the API answers."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import parse_qsl

from sync.central.psp.sandbox.book import Thing, refused

FIELDS_MAX = 200
LIMIT_MAX = 100
TIME_MAX = 2**53
PART = re.compile(r"[^\[\]]+")


def nested(text: str) -> Thing:
    """Return a form's fields, those in brackets inside one another; numbered ones as lists."""
    made: Thing = {}
    for name, value in parse_qsl(text, keep_blank_values=True, max_num_fields=FIELDS_MAX):
        parts = PART.findall(name)
        if not parts:
            raise refused("parameter_unknown", name)
        here: Any = made
        for part in parts[:-1]:
            here = here.setdefault(part, {})
            if not isinstance(here, dict):
                raise refused("parameter_invalid", name)
        here[parts[-1]] = value
    return made


def number(asked: Thing, name: str, *, low: int, high: int) -> int:
    """Return a whole number of a form."""
    text = str(asked.get(name, ""))
    if not text.isdecimal() or not low <= int(text) <= high:
        raise refused("parameter_invalid_integer", name)
    return int(text)


def page_of(found: list[Thing], asked: Thing, url: str) -> Thing:
    """Return one page of a list, after the object that was named."""
    limit = number(asked, "limit", low=1, high=LIMIT_MAX) if "limit" in asked else 10
    created = asked["created"] if isinstance(asked.get("created"), dict) else {}
    since = number(created, "gte", low=0, high=TIME_MAX) if "gte" in created else 0
    until = number(created, "lt", low=0, high=TIME_MAX) if "lt" in created else TIME_MAX
    rows = [one for one in found if since <= one["created"] < until]
    after = asked.get("starting_after")
    if after:
        ids = [one["id"] for one in rows]
        if after not in ids:
            raise refused("resource_missing", "starting_after")
        rows = rows[ids.index(after) + 1 :]
    return {"object": "list", "url": url, "data": rows[:limit], "has_more": len(rows) > limit}
