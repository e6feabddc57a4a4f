"""Offers: who may be told what, here and now, and why not the others."""

from __future__ import annotations

from edge.core.offers.bundle import Bundle, Category, Control, Experiment, Group, OfferRule
from edge.core.offers.choice import Choice, Drawn, Exposure, Loser, Tile, Why, exposure_of
from edge.core.offers.context import (
    AboutBasket,
    AboutGuest,
    AboutHistory,
    AboutNow,
    AboutOrders,
    AboutPoint,
    AboutSite,
    AboutStock,
    AboutVisit,
    Context,
    StockCode,
    digest_of,
    facts_of,
    unknown,
)
from edge.core.offers.message import Message, faults_of, in_language
from edge.core.offers.offer import Budget, Cap, Counted, Effect, Kind, Level, Offer, Period, Span, Unit

__all__ = [
    "AboutBasket",
    "AboutGuest",
    "AboutHistory",
    "AboutNow",
    "AboutOrders",
    "AboutPoint",
    "AboutSite",
    "AboutStock",
    "AboutVisit",
    "Budget",
    "Bundle",
    "Cap",
    "Category",
    "Choice",
    "Context",
    "Control",
    "Counted",
    "Drawn",
    "Effect",
    "Experiment",
    "Exposure",
    "Group",
    "Kind",
    "Level",
    "Loser",
    "Message",
    "Offer",
    "OfferRule",
    "Period",
    "Span",
    "StockCode",
    "Tile",
    "Unit",
    "Why",
    "digest_of",
    "exposure_of",
    "facts_of",
    "faults_of",
    "in_language",
    "unknown",
]
