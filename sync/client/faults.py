"""Faults: why a thing of the feed cannot be used, by the forms and figures that later reads rely on."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from edge.core.bands import BAND_ID_BYTES
from edge.core.catalogue import (
    AGE_MAX,
    ARTICLE,
    CODE_CHARS_MAX,
    CODES_MAX,
    GROUP,
    PRICE_MINOR_MAX,
    TAX_PERMILLE_MAX,
    Article,
    Group,
)
from edge.core.checkpoint import Checkpoint
from edge.core.conditions import CONDITIONS, Conditions
from edge.core.delivery import fault_of as delivery_fault
from edge.core.orders import ORDER, STOCK, Order, Stock
from edge.core.places import Layout
from edge.core.profiles import Item, ProfileItem, RemarkKey, StaffMember
from edge.core.slots import SLOT, Slot
from edge.errors import Refused
from edge.published import HEAD, PART, PART_BYTES_MAX, PARTS_MAX, SLOTS, Head, Part
from sync.client import beside
from sync.packing import UNREADABLE
from sync.wire import ITEM_BYTES_MAX, KEY_CHARS_MAX, REMARKS

NUMBER_MAX = 253_370_764_800_000
"""The last year of the calendar in milliseconds: no time, amount or count of ours is beyond it."""
NEGATIVE = frozenset({"price_minor", "position", "on_hand"})
"""What may be below nothing: a deposit, a tile's place, a shelf that was counted wrongly."""
KEY_BYTES = 32
FORMS: dict[str, type[msgspec.Struct]] = {
    **{"profile": ProfileItem, "layout": Layout, "staff": StaffMember, REMARKS: RemarkKey},
    **{ARTICLE: Article, GROUP: Group, SLOT: Slot, ORDER: Order, STOCK: Stock},
    **{HEAD: Head, PART: Part, "checkpoint": Checkpoint, CONDITIONS: Conditions},
}
_READ = {kind: msgspec.msgpack.Decoder(form).decode for kind, form in FORMS.items()}
_CURRENCY = re.compile(r"[A-Z]{3}")
OTHER_NAME = "it has another name than it is told under"


def fault_of(item: Item, site: str, *, layout: Layout | None) -> str:
    """Say why an item cannot be used at this site, whose layout is ``layout`` so far; empty: it can."""
    if len(item.key) > KEY_CHARS_MAX or len(item.body or b"") > ITEM_BYTES_MAX:
        return "it is larger than agreed"
    if item.kind in beside.KINDS:
        return _beside(item)
    if item.kind == "profile" and not _is_band(item.key):
        return "its key is no band's"
    if item.body is None or item.kind not in FORMS:
        return ""
    try:
        told = _READ[item.kind](item.body)
    except UNREADABLE as error:
        return f"no {FORMS[item.kind].__name__} of this version: {error}"
    if isinstance(told, Layout):
        return _numbers(told) or _layout(told, site, before=layout)
    if isinstance(told, Checkpoint):
        return "" if told.device == item.key else OTHER_NAME
    return _numbers(told) or _named(item.key, told) or _figures(told)


def _beside(item: Item) -> str:
    """Read what goes into the sequencer's store as it is read when it goes there."""
    try:
        beside.read([item], own="")
    except Refused as error:
        return str(error)
    return ""


def _is_band(key: str) -> bool:
    try:
        return len(bytes.fromhex(key)) == BAND_ID_BYTES
    except ValueError:
        return False


def _numbers(told: msgspec.Struct) -> str:
    """Look at every figure in it, however deep."""
    waiting: list[tuple[str, Any]] = [("", msgspec.to_builtins(told, builtin_types=(bytes,)))]
    while waiting:
        name, one = waiting.pop()
        if isinstance(one, dict):
            waiting += one.items()
        elif isinstance(one, (list, tuple)):
            waiting += ((name, part) for part in one)
        elif isinstance(one, int) and not -NUMBER_MAX <= one <= NUMBER_MAX:
            return f"{name or 'a figure'} is beyond every figure"
        elif isinstance(one, int) and one < 0 and name not in NEGATIVE:
            return f"{name or 'a figure'} is below nothing"
    return ""


def _named(key: str, told: Any) -> str:  # noqa: ANN401 - whatever is told of, by its kind
    """Say whether it is what its key says: two keys with one name would be two things of one."""
    match told:
        case ProfileItem():
            same = told.profile.band.id.hex() == key.lower()
        case Slot():
            same = told.key == key
        case Stock():
            same = f"{told.article}/{told.store}" == key
        case Article() | Group() | Order() | StaffMember():
            same = told.id == key
        case Head():
            same = str(told.slot) == key
        case _:
            same = True
    return "" if same else OTHER_NAME


def _figures(told: Any) -> str:  # noqa: ANN401 - as above
    """Say which figure of it cannot be, beside what holds for all of them."""
    match told:
        case Article():
            return _first(_article(told))
        case Slot():
            return _first(_slot(told))
        case Order():
            return "" if all(line.quantity > 0 for line in told.lines) else "a line of it orders nothing"
        case RemarkKey():
            return "" if len(told.public) == KEY_BYTES else "its key has another length"
        case Head():
            return "" if 0 < told.parts <= PARTS_MAX else "it has no such number of parts"
        case Part():
            fits = told.slot < SLOTS and told.number < PARTS_MAX and len(told.octets) <= PART_BYTES_MAX
            return "" if fits else "it is a part of no bundle"
    return ""


def _first(found: Iterable[tuple[bool, str]]) -> str:
    return next((why for is_so, why in found if is_so), "")


def _article(told: Article) -> Iterable[tuple[bool, str]]:
    yield abs(told.price_minor) > PRICE_MINOR_MAX, "its price is above every price"
    yield told.tax_permille > TAX_PERMILLE_MAX, "its tax is above every tax"
    yield told.age_min > AGE_MAX, "nobody is so old"
    long = any(len(code) > CODE_CHARS_MAX for code in told.codes)
    yield long or len(told.codes) > CODES_MAX, "it bears more codes than a till reads"
    yield told.deposit == told.id, "it is its own deposit"
    yield told.delivery is not None and bool(delivery_fault(told.delivery)), "its delivery cannot be"


def _slot(told: Slot) -> Iterable[tuple[bool, str]]:
    yield told.end_ms <= told.start_ms, "it ends before it begins"
    most = told.capacity_max
    yield most is not None and sum(told.gates.values()) > most, "its gates let in more than there is room for"


def _layout(told: Layout, site: str, *, before: Layout | None) -> str:
    return _first(_layout_faults(told, site, before))


def _layout_faults(told: Layout, site: str, before: Layout | None) -> Iterable[tuple[bool, str]]:
    yield told.site != site, "it is another site's"
    yield not _is_zone(told.timezone), "its time zone is not known here"
    other = before is not None and before.currency != told.currency
    yield other or not _CURRENCY.fullmatch(told.currency), "its currency is none of this site's"
    priced = [product.price.currency for product in told.products if product.price is not None]
    yield any(one != told.currency for one in priced), "a product of it is priced in another currency"
    for things in (told.points, told.zones, told.products):
        yield len({one.id for one in things}) < len(things), "two things of it have one name"


def _is_zone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True
