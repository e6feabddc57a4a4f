"""The till's reducers: what is on the bill is the edge's, and the guest's side forgets in time."""

from __future__ import annotations

import pytest

from tests.kiosk.scripts import run

TILL = """
const { begin, reduce, newer, piecesOf, withMore, shownTiles, quantityIn, found, minorIn, actsOn, selling } =
  await load("till_state.js");
const tiles = [
  { id: "beer", name: "Birra", codes: ["800"], group: "bar", deposit: "cup", off: false },
  { id: "cup", name: "Bicchiere", codes: [], group: "bar", deposit: "", off: false },
  { id: "coffee", name: "Caffè", codes: ["801"], group: "hot", deposit: "", off: false },
];
const lines = [{ item: "beer", quantity: 1 }];
const basket = (state, more = {}) => ({ op_id: "b-1", rev: 1, state, lines, ...more });
"""
GUEST = """
const { asks, begin, reduce, phase, shape, CLEAR_MS } = await load("till_guest_state.js");
const basket = (state, more = {}) => ({ op_id: "b-1", state, lines: [], name: "Giulia", ...more });
const hear = (state, type, body, now = 0) => reduce(state, { type, body, now });
"""


def test_an_older_view_of_a_basket_never_replaces_a_newer_one() -> None:
    seen = run(
        TILL + "const old = basket('basket'); const now = basket('await_tap', { rev: 2 });"
        " return [newer(now, old).rev, newer(old, now).rev, newer(now, { op_id: 'b-2', rev: 1 }).op_id];"
    )
    assert seen == [2, 2, "b-2"]


def test_a_deposit_that_came_with_its_article_is_no_piece_of_its_own() -> None:
    seen = run(
        TILL + "return [piecesOf([{ item: 'beer', quantity: 2 }, { item: 'cup', quantity: 2 },"
        " { item: 'cup', quantity: -1 }], tiles), withMore([{ id: 'beer', n: 1 }], 'beer', -1),"
        " withMore([], 'cup', -2)];"
    )
    assert seen == [[{"id": "beer", "n": 2}, {"id": "cup", "n": -1}], [], [{"id": "cup", "n": -2}]]


@pytest.mark.parametrize(
    ("typed", "hit"),
    [("801", ["coffee", 1]), ("3*801", ["coffee", 3]), ("caffe", ["coffee", 1]), ("b", None)],
)
def test_a_scan_or_a_name_finds_one_article(typed: str, hit: list[object] | None) -> None:
    seen = run(TILL + f"const f = found(tiles, {typed!r}); return f && [f.tile.id, f.n];")
    assert seen == hit


def test_tiles_are_those_of_the_group_or_all_that_match() -> None:
    seen = run(
        TILL + "return [shownTiles(tiles, 'hot', ''), shownTiles(tiles, 'hot', 'bi'),"
        " shownTiles(tiles, 'hot', '3')].map((all) => all.map((one) => one.id));"
    )
    assert seen == [["coffee"], ["beer", "cup"], ["coffee"]]


@pytest.mark.parametrize(
    ("typed", "minor"), [("4,5", 450), ("4.50", 450), ("4", 400), ("4.505", None), ("x", None)]
)
def test_amounts_are_read_as_minor_units(typed: str, minor: int | None) -> None:
    assert run(TILL + f"return minorIn({typed!r}, 2);") == minor


def test_what_can_be_done_follows_the_basket() -> None:
    seen = run(
        TILL + "const may = ['sell', 'void']; return [actsOn(null, may), actsOn(basket('basket'), may),"
        " actsOn(basket('short', { ready_here_minor: 5 }), may)[0], actsOn(basket('approved'), may),"
        " actsOn(basket('declined', { reason: 'age_confirm' }), may)[0], actsOn(basket('basket'), []),"
        " selling(basket('approved')), selling(basket('pin'))];"
    )
    assert seen == [
        [],
        ["pay", "cash", "card", "hold", "give_up"],
        "part",
        ["next", "receipt", "phone", "void"],
        "age",
        [],
        False,
        True,
    ]


def test_what_is_set_aside_ends_its_bill_and_takes_no_other_tender() -> None:
    seen = run(
        TILL + "const may = ['sell', 'void']; const held = basket('held'); const asked = { hold: true };"
        " return [actsOn(held, may), selling(held), actsOn(basket('await_tap', asked), may),"
        " actsOn(basket('short', { ...asked, ready_here_minor: 5 }), may)];"
    )
    assert seen == [
        ["next", "receipt", "phone", "capture", "release"],
        False,
        ["back", "hold_until", "give_up"],
        ["part", "another", "back"],
    ]


def test_a_payment_that_waits_for_its_undo_can_only_be_left_paid() -> None:
    seen = run(
        TILL + "const { editable, keeping } = await load('till_state.js');"
        " const waits = basket('await_tap', { undoing: true });"
        " return [waits, basket('await_tap')].map((one) =>"
        " [actsOn(one, ['sell', 'void']), editable(one), keeping(one)]);"
    )
    assert seen == [[["leave_paid"], False, False], [["back", "cash", "card", "give_up"], True, True]]


def test_what_was_taken_back_has_a_slip_of_its_own() -> None:
    seen = run(
        TILL + "const may = ['sell']; const back = { back_id: 'v-1' };"
        " return ['voided', 'given_up', 'approved'].flatMap((state) =>"
        " [actsOn(basket(state), may), actsOn(basket(state, back), may)]);"
    )
    assert seen == [
        ["next", "receipt", "phone"],
        ["next", "slip", "slip_phone"],
        ["next"],
        ["next", "slip", "slip_phone"],
        ["next", "receipt", "phone"],
        ["next", "slip", "slip_phone", "receipt"],
    ]


@pytest.mark.parametrize("side", [TILL, GUEST], ids=["till", "guest"])
def test_an_answer_that_was_overtaken_does_not_undo_what_cash_came_to(side: str) -> None:
    seen = run(
        side + "const told = (op_id, state) => ({ type: 'cash', body: { op_id, state }, now: 1 });"
        " let s = reduce(begin(), told('c-1', 'approved')); s = reduce(s, told('c-1', 'await_tap'));"
        " const out = [s.cash.state]; s = reduce(s, told('c-2', 'await_tap')); out.push(s.cash.op_id);"
        " s = reduce(s, told('c-2', 'declined')); return [...out, s.cash.state];"
    )
    assert seen == ["approved", "c-2", "declined"]


def test_the_guests_side_is_cleared_ten_seconds_after_the_thanks() -> None:
    seen = run(
        GUEST + "let s = hear(begin(), 'basket', basket('await_tap'));"
        " s = hear(s, 'basket', basket('approved'), 100);"
        " const out = [phase(s), shape(s)]; s = hear(s, 'tick', null, 99 + CLEAR_MS); out.push(phase(s));"
        " s = hear(s, 'tick', null, 100 + CLEAR_MS);"
        " out.push(phase(s), JSON.stringify(s).includes('Giulia'), CLEAR_MS); return out;"
    )
    assert seen == ["approved", "go", "approved", "idle", False, 10_000]


def test_a_page_that_comes_late_shows_nobodys_old_bill() -> None:
    seen = run(
        GUEST + "return [phase(hear(begin(), 'resync', { basket: basket('approved') })),"
        " phase(hear(begin(), 'resync', { basket: basket('pin') })),"
        " phase(hear(hear(begin(), 'basket', basket('pin')), 'link', 'stale'))];"
    )
    assert seen == ["idle", "pin", "stale"]


def test_a_guest_is_told_at_the_till_that_staff_have_a_word_and_never_which() -> None:
    seen = run(
        GUEST + "const { said } = await load('till_said.js');"
        " const voice = { speak: (key) => key, money: (minor) => String(minor) };"
        " const line = (state, more) => said(state, { basket: basket(state, more) }, voice).line;"
        " const told = { notice: true };"
        " return [line('approved', { ...told, ready_here_minor: 5 }), line('declined', told),"
        " line('approved', {}), line('basket', told)];"
    )
    assert seen == ["counter.left · kiosk.notice", "kiosk.notice", "", ""]


def test_a_guest_reads_at_the_till_which_tier_is_theirs_and_after_a_return_no_more() -> None:
    seen = run(
        GUEST + "const { said } = await load('till_said.js');"
        " const voice = { speak: (key, places) => [key, ...Object.values(places ?? {})].join(' '),"
        " money: (minor) => String(minor) };"
        " const line = (state, more) => said(state, { basket: basket(state, more) }, voice).line;"
        " const told = { tier_soon: 'gold' };"
        " return [line('approved', { ...told, ready_here_minor: 5 }), line('approved', told),"
        " line('voided', told), line('approved', { ready_here_minor: 5 })];"
    )
    assert seen == ["counter.tier_soon gold · counter.left 5", "counter.tier_soon gold", "", "counter.left 5"]


def test_a_guest_reads_what_is_still_due_of_a_part_and_what_a_top_up_came_to() -> None:
    seen = run(
        GUEST + "const { said } = await load('till_said.js');"
        " const voice = { speak: (key, places) => [key, ...Object.values(places ?? {})].join(' '),"
        " money: (minor) => String(minor) };"
        " const cash = (more) => ({ words: 'pay.top_up', amount_minor: 2000, ...more });"
        " return [said('partly_paid', { basket: basket('partly_paid', { due_minor: 720 }) }, voice).line,"
        " said('cash', { cash: cash({ ready_here_minor: 3000 }) }, voice).line,"
        " said('cash', { cash: cash({}) }, voice).line];"
    )
    assert seen == ["counter.short 720", "counter.left 3000", ""]


def test_a_guest_is_asked_once_after_a_sale_and_the_display_forgets_it() -> None:
    seen = run(
        GUEST
        + "let s = hear(hear(begin(), 'link', 'live'), 'basket', basket('basket')); const all = [asks(s)];"
        " s = hear(s, 'basket', basket('approved'), 5); all.push(asks(s));"
        " s = hear(s, 'face', 1, CLEAR_MS);"
        " all.push(s.face, hear(s, 'tick', null, CLEAR_MS + 6).basket !== null);"
        " all.push(hear(s, 'said', 'b-9').said); s = hear(s, 'said', 'b-1', CLEAR_MS + 7);"
        " all.push(asks(s), s.said);"
        " s = hear(s, 'basket', basket('basket', { op_id: 'b-2' })); all.push(s.said);"
        " const back = [{ item: 'beer', voided_minor: 5 }];"
        " s = hear(s, 'basket', basket('approved', { op_id: 'b-2', lines: back })); all.push(asks(s));"
        " return all;"
    )
    assert seen == [False, True, 1, True, False, False, True, False, False]
