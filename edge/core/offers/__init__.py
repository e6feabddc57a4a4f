"""Offers: who may be told what, here and now, and why not the others."""

from __future__ import annotations

from edge.core.offers.bundle import Bundle, Category, Control, Experiment, Group, OfferRule
from edge.core.offers.choice import Choice, Drawn, Exposure, Loser, Tile, Why, exposure_of
from edge.core.offers.choose import choose, exposures
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
    about_now,
    digest_of,
    facts_of,
    unknown,
)
from edge.core.offers.control import bucket_of, draw_of
from edge.core.offers.message import Message, faults_of, in_language
from edge.core.offers.occasion import Count, Occasion, Standing, history_of, is_young, standing_by
from edge.core.offers.offer import Budget, Cap, Counted, Effect, Kind, Level, Offer, Period, Span, Unit
from edge.core.offers.price import Applied, applied, comes_back
from edge.core.offers.stack import Stack, best
from edge.core.offers.worth import Benefit, Worth, benefit, worth_of

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
    "Applied",
    "Benefit",
    "Budget",
    "Bundle",
    "Cap",
    "Category",
    "Choice",
    "Context",
    "Control",
    "Count",
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
    "Occasion",
    "Offer",
    "OfferRule",
    "Period",
    "Span",
    "Stack",
    "Standing",
    "StockCode",
    "Tile",
    "Unit",
    "Why",
    "Worth",
    "about_now",
    "applied",
    "benefit",
    "best",
    "bucket_of",
    "choose",
    "comes_back",
    "digest_of",
    "draw_of",
    "exposure_of",
    "exposures",
    "facts_of",
    "faults_of",
    "history_of",
    "in_language",
    "is_young",
    "standing_by",
    "unknown",
    "worth_of",
]
