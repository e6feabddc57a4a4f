"""Goods: the kinds of things that central tells a site about what it sells and books, and who is there."""

from __future__ import annotations

import msgspec

from edge.core.catalogue import ARTICLE, GROUP, Article, Group
from edge.core.conditions import CONDITIONS, Conditions
from edge.core.orders import ORDER, STOCK, Order, Stock
from edge.core.siblings import SIBLING, Sibling
from edge.core.slots import SLOT, Slot

GOODS: dict[str, type[msgspec.Struct]] = {
    **{ARTICLE: Article, GROUP: Group},
    **{SLOT: Slot, ORDER: Order, STOCK: Stock, SIBLING: Sibling},
    CONDITIONS: Conditions,
}
"""The form of each kind's body in the feed."""
