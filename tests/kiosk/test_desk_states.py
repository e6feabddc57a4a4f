"""The reducers of staff and ops and the stream's patience: pure functions, run as a browser runs them."""

from __future__ import annotations

import json
from typing import Any

from tests.kiosk.scripts import run

STAFF = "const s = await load('staff_state.js'); "
OPS = "const o = await load('ops_state.js'); "
STREAM = "const m = await load('stream.js'); "


def a_view(number: int, **changes: Any) -> dict[str, Any]:
    view = {
        "seq": number, "tap_id": f"r:b:{number}", "family": "go", "outcome": "granted", "reason": "entered",
        "at_ms": 1000 * number, "point": "north", "direction": "in", "next": {"act": "go_on"},
    }  # fmt: skip
    return view | changes


def reduced(*events: dict[str, Any]) -> Any:
    return run(f"{STAFF} return {json.dumps(events)}.reduce(s.reduce, s.begin());")


def decision(view: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"type": "decision", "body": view, "age": 0, **more}


def test_a_tap_pre_empts_what_is_shown_and_goes_on_top_of_the_list() -> None:
    state = reduced(*(decision(a_view(n)) for n in range(1, 25)))
    assert state["shown"] == "r:b:24"
    assert [view["seq"] for view in state["recent"]] == list(range(24, 4, -1))


def test_an_old_tap_goes_to_the_list_only() -> None:
    state = reduced(decision(a_view(1)), decision(a_view(2), age=7000))
    assert state["shown"] == "r:b:1"
    assert [view["seq"] for view in state["recent"]] == [2, 1]


def test_nothing_pre_empts_somebody_who_is_giving_a_reason() -> None:
    state = reduced(decision(a_view(1)), decision(a_view(2), busy=True))
    assert (state["shown"], len(state["recent"])) == ("r:b:1", 2)


def test_a_tap_that_was_let_pass_takes_the_place_of_its_refusal() -> None:
    refused = a_view(2, outcome="denied", reason="already_used_here", family="used")
    passed = a_view(9, tap_id="r:b:2", at_ms=2000)
    state = reduced(decision(refused), decision(a_view(3)), decision(passed), decision(refused))
    assert [(view["tap_id"], view["seq"]) for view in state["recent"]] == [("r:b:3", 3), ("r:b:2", 9)]
    assert state["shown"] == "r:b:3"


def test_without_contact_nobody_is_named_any_more() -> None:
    found = {"type": "found", "body": {"text": "Giulia", "cards": [{"name": "Giulia"}]}}
    state = reduced(decision(a_view(1, name="Giulia")), found, {"type": "link", "body": "stale"})
    assert "Giulia" not in json.dumps(state)
    assert state["link"] == "stale"


def test_help_calls_stay_until_somebody_goes() -> None:
    call = {"id": "h1", "point": "kiosk", "at_ms": 5}
    waiting = reduced({"type": "help", "body": call}, {"type": "help", "body": {**call, "escalated": True}})
    assert [(one["id"], one["escalated"]) for one in waiting["help"]] == [("h1", True)]
    assert (
        reduced({"type": "help", "body": call}, {"type": "help", "body": {**call, "acknowledged_ms": 9}})[
            "help"
        ]
        == []
    )


def test_what_staff_may_do_follows_outcome_reason_and_role() -> None:
    views = {
        "in": a_view(1),
        "used": a_view(1, outcome="denied", reason="already_used_here"),
        "fake": a_view(1, outcome="referred", reason="band_not_authentic"),
        "height": a_view(1, outcome="referred", reason="height_confirm"),
        "unwritten": a_view(0, outcome="referred", reason="store_unavailable"),
    }
    asked = json.dumps([views, ["confirm", "undo_here", "override"], ["confirm", "undo_here"]])
    found = run(
        f"{STAFF} const [views, lead, gate] = {asked};"
        "const may = (roles) => Object.fromEntries(Object.entries(views)"
        ".map(([name, view]) => [name, s.actsOn(view, roles)]));"
        "return [may(lead), may(gate)];"
    )
    lead, gate = found
    assert (lead["in"].get("undo"), lead["in"].get("override")) == (True, False)
    assert lead["used"]["override"] is True
    assert gate["used"]["override"] is False
    assert lead["fake"]["override"] is False
    assert gate["height"]["confirm"] == "height"
    assert lead["unwritten"] == {}


def test_news_from_central_grow_amber_after_a_minute_and_red_after_five() -> None:
    ages = [0, 59_999, 60_000, 299_999, 300_000, None]
    found = run(f"{STAFF} return {json.dumps(ages)}.map((age) => s.syncColour({{ sync_age_ms: age }}));")
    assert found == ["good", "good", "aging", "aging", "aged", "aged"]


def test_ops_keep_one_sample_per_report_and_forget_the_oldest() -> None:
    events = [{"type": "health", "body": {"at_ms": n, "p50_ms": 1.5}} for n in [*range(200), 199]]
    samples = run(f"{OPS} return {json.dumps(events)}.reduce(o.reduce, o.begin()).samples;")
    assert len(samples) == 144
    assert [samples[0]["at_ms"], samples[-1]["at_ms"]] == [56, 199]


def test_ops_rank_reasons_and_tell_points_apart() -> None:
    counters = {
        "entered": {"north": 5},
        "exited": {"south": 2},
        "denied": {"north": 1},
        "per_minute": [0, 3, 1],
    }
    asked = json.dumps([counters, {"entered": 5, "wrong_gate": 1, "annulled": 1}])
    found = run(
        f"{OPS} const [c, r] = {asked}; const inside = {{ site: 4, park: 4 }};"
        " return [o.byPoint(c), o.ranked(r), o.minutes(c), o.sum(r), o.sum(inside, ['site', 'none'])];"
    )
    assert found == [
        [["north", 5, 0, 1], ["south", 0, 2, 0]],
        [["entered", 5, 1], ["annulled", 1, 0.2], ["wrong_gate", 1, 0.2]],
        [[2, 0], [1, 3], [0, 1]],
        7,
        4,
    ]


def test_the_stream_comes_back_within_two_seconds_and_never_in_step() -> None:
    pauses = run(f"{STREAM} return [0, 1, 2, 3, 40].map((n) => [m.pause(n, 0), m.pause(n, 1)]);")
    assert pauses == [[500, 500], [500, 1000], [500, 2000], [500, 2000], [500, 2000]]


def test_the_link_is_stale_after_fifteen_seconds_unless_moved() -> None:
    found = run(
        f"{STREAM} return [['live', 14999], ['live', 15000], ['reconnecting', 15001], ['moved', 99999]]"
        ".map(([link, silent]) => m.linkAfter(link, silent));"
    )
    assert found == ["live", "stale", "stale", "moved"]


def test_a_stream_goes_on_where_it_stopped() -> None:
    found = run(
        f"{STREAM} return m.addressOf({{ topics: ['gate-north', 'help'], screen: 's 1', after: 'b-7' }});"
    )
    assert found == "/events?topics=gate-north%2Chelp&page=&v=&screen=s+1&after=b-7"


def test_a_choice_is_named_by_its_product_and_told_apart_where_two_are_alike() -> None:
    names = run(
        "const { choiceNames } = await load('staff_state.js'); const ids = ['right-0001', 'right-0002'];"
        " const of = (...products) => choiceNames({ choice_products: products }, ids,"
        " { day: 'Giornata', ride: 'Falco' }).map(([id, name]) => name);"
        " return [of('day', 'ride'), of('day', 'day'), of('day', 'later'), of('', 'ride'),"
        " choiceNames({}, ['right-0001'], {})];"
    )
    assert names == [
        ["Giornata", "Falco"], ["Giornata · 0001", "Giornata · 0002"], ["Giornata", "later"],
        ["right-0001", "Falco"], [["right-0001", "right-0001"]],
    ]  # fmt: skip


# Requests for a second person


def a_request(number: int, **changes: Any) -> dict[str, Any]:
    request = {"id": f"a{number}", "kind": "override", "stage": "open", "asked_by": "bruno"}
    return request | {"at_ms": 1000 * number, "until_ms": 1000 * number + 300_000} | changes


def test_requests_wait_in_order_and_leave_when_they_are_settled() -> None:
    heard = [{"type": "approval", "body": a_request(n)} for n in (2, 1, 3)]
    settled = {"type": "approval", "body": a_request(1, stage="spent")}
    assert [one["id"] for one in reduced(*heard)["asks"]] == ["a1", "a2", "a3"]
    assert [one["id"] for one in reduced(*heard, settled)["asks"]] == ["a2", "a3"]


def test_what_may_be_done_about_a_request_is_never_answering_ones_own() -> None:
    script = f"""const a = await load('asks_state.js'); const one = {json.dumps(a_request(1))};
      const all = ["approve", "call_second"], refused = {{ ...one, stage: "refused" }};
      return [a.answersTo(one, "anna", all), a.answersTo(one, "bruno", all), a.answersTo(one, "carla", []),
        a.waiting([one], one.until_ms).length, a.outcome(one, "bruno"),
        a.outcome(refused, "bruno"), a.outcome(refused, "anna")];"""
    assert run(script) == [
        {"mine": False, "answer": True, "here": False},
        {"mine": True, "answer": False, "here": True},
        {"mine": False, "answer": False, "here": False},
        0,
        "",
        "staff.ask.refused",
        "",
    ]


def test_a_reader_whose_cable_was_pulled_is_never_green_while_it_is_looked_for() -> None:
    states = ["idle", "reading", "degraded", "opening", "lost", "closed"]
    colours = run(f"{STAFF} return {json.dumps(states)}.map((state) => s.deviceColour({{ state }}));")
    assert colours == ["good", "good", "aging", "aging", "aged", "aged"]
