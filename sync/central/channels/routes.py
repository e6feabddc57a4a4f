"""Routes of the channel API, from which its OpenAPI document is made."""

from __future__ import annotations

from sync.central.channels.messages import (
    MEDIA_EVENTS,
    MEDIA_JSON,
    TOUCHES_MAX,
    Batch,
    Journey,
    Offered,
    Reservation,
    Reserved,
    Said,
    Stands,
    Taken,
)
from sync.central.channels.naming import Bearer, Found, Naming, Proven, Spelled, Tried
from sync.routes import DEVICES, Query, Route
from sync.wire import Problem

DOCUMENT = "/v1/channels/openapi.json"
ASKED = (*DEVICES, Problem.TOO_OFTEN)
PROBLEMS = (*ASKED, Problem.INVALID)
ROUTES = (
    Route(
        name="touches",
        method="POST",
        path="/v1/touches",
        about=f"Tell of what guests did, at most {TOUCHES_MAX} entries; told again they change nothing.",
        body=Batch,
        sent=MEDIA_EVENTS,
        media=MEDIA_JSON,
        answer=Taken,
        problems=PROBLEMS,
    ),
    Route(
        name="consents",
        method="PUT",
        path="/v1/guests/{guest}/consents",
        about="Tell what a guest allows, or no longer; it holds everywhere.",
        body=Said,
        media=MEDIA_JSON,
        answer=Stands,
        problems=PROBLEMS,
    ),
    Route(
        name="reservations",
        method="POST",
        path="/v1/reservations",
        about="Book a time for a guest, out of the places that are set aside for this channel.",
        body=Reservation,
        media=MEDIA_JSON,
        answer=Reserved,
        problems=PROBLEMS,
    ),
    Route(
        name="journey",
        method="GET",
        path="/v1/guests/{guest}/journey",
        about="A guest's diary, as far as it may be used in this channel.",
        media=MEDIA_JSON,
        answer=Journey,
        queries=(Query("cursor", str, "Where the page before ended; none: the newest."),),
        problems=ASKED,
    ),
    Route(
        name="articles",
        method="GET",
        path="/v1/articles/{article}",
        about="Where an article can be had, and when it comes to whom it is sent, in words for a guest.",
        media=MEDIA_JSON,
        answer=Offered,
        problems=ASKED,
    ),
    Route(
        name="aliases",
        method="POST",
        path="/v1/aliases",
        about="Claim an address for a guest, and bring them the code; a channel's own numbers need none.",
        body=Naming,
        media=MEDIA_JSON,
        answer=Bearer,
        problems=PROBLEMS,
    ),
    Route(
        name="codes",
        method="POST",
        path="/v1/aliases/codes",
        about="Tell the code that a guest was brought: it proves that the address is theirs.",
        body=Tried,
        media=MEDIA_JSON,
        answer=Proven,
        problems=PROBLEMS,
    ),
    Route(
        name="find",
        method="POST",
        path="/v1/guests/find",
        about="Find the guest who is known by a proven address or number.",
        body=Spelled,
        media=MEDIA_JSON,
        answer=Found,
        problems=PROBLEMS,
    ),
)
