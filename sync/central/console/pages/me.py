"""Me: an operator's own password, second factor and open sessions; each change asks who they are."""

from __future__ import annotations

from typing import Any

from edge.codes import qr_code
from sync.central.console import acts, desks, factors, guard, operators, sessions, totp
from sync.central.console.answers import Answer, Cell, Form, Moved, Page, Sheet
from sync.central.console.ask import Ask
from sync.central.console.desk import Desk
from sync.central.console.fields import Field, Kind
from sync.central.console.operators import Operator
from sync.central.console.passwords import CHARS_MAX
from sync.central.console.routes import Audience, Route

HERE = "/console/me"
SESSION_COLUMNS = ("since", "last", "browser", "which")
SAID_MAX = 8
ABOUT = (
    *("sign_in_refused", "sign_in_paused", "operator_let_in", "password_changed", "factor_set"),
    *("factor_removed", "factor_reset", "codes_made", "sessions_ended", "sessions_reset"),
)
"""What is told to whom it happened, who may not be who did it."""


def _me(ask: Ask) -> Answer:
    who = _who(ask)
    with ask.store.reading() as tx:
        found = sessions.open_sessions(tx, who.name, ask.store.now_ms(), token=ask.session)
        factor = factors.factor(tx, who.name)
        told = acts.about(tx, who.name, ABOUT)[:SAID_MAX]
    rows = [
        (
            ask.time(one.begun_ms),
            ask.time(one.seen_ms),
            one.browser,
            ask.words("me.this_one")
            if one.own
            else Cell(ask.words("act.end"), f"{HERE}/sessions?session={one.id}"),
        )
        for one in found
    ]
    values = {
        "sessions": Sheet(name="sessions", columns=SESSION_COLUMNS, rows=rows),
        "factor": factor,
        "acts": told,
        "demanded": ask.rooms.settings.second_factor,
    }
    return Page("me.html", values)


def again_fields(who: Operator) -> tuple[Field, ...]:
    """Return the fields by which somebody who is signed in proves who they are once more."""
    password = Field(
        name="password_now", kind=Kind.SECRET, required=True, chars_max=CHARS_MAX, fill="current-password"
    )
    code = Field(name="code", required=True, chars_max=40, fill="one-time-code")
    return (password, code) if who.factor else (password,)


def again_fields_of(ask: Ask) -> tuple[Field, ...]:
    """Return the same for whoever asks."""
    return again_fields(_who(ask))


def prove(ask: Ask, said: dict[str, Any]) -> Operator:
    """Check who asks once more; their session goes on under a new token, whatever becomes of the act."""
    who = _who(ask)
    code = said.get("code", "")
    ask.renew(operators.prove_again(ask.store, who, ask.session, password=said["password_now"], code=code))
    return who


def _password_form(ask: Ask) -> Form:
    fresh = Field(name="password", kind=Kind.SECRET, required=True, chars_max=CHARS_MAX)
    return Form(name="me_password", fields=(*again_fields(_who(ask)), fresh), back=HERE)


def _password(ask: Ask, said: dict[str, Any]) -> Answer:
    who = prove(ask, said)
    with ask.store.transaction() as tx:
        operators.change_password(tx, who.name, said["password"], keep=ask.session)
        desks.close_desks(tx, who.name)
        ask.record(tx, "password_changed", who.name)
    return Moved(HERE, "password_changed")


def _factor_form(ask: Ask) -> Form:
    return Form(name="me_factor", fields=again_fields(_who(ask)), back=HERE, act="begin")


def _factor(ask: Ask, said: dict[str, Any]) -> Answer:
    """Begin: make a secret and show it."""
    who = prove(ask, said)
    with ask.store.transaction() as tx:
        factors.begin(tx, who.name)
    return Moved(f"{HERE}/factor/confirm")


def _confirm_page(ask: Ask) -> Answer:
    with ask.store.reading() as tx:
        secret = factors.begun(tx, _who(ask).name)
    if secret is None:
        return Moved(f"{HERE}/factor")
    code = qr_code(totp.address(secret, _who(ask).name))
    return Page("factor.html", {"path": code.path, "size": code.size, "letters": totp.letters(secret)})


def _confirm(ask: Ask) -> Answer:
    """Take the first code: from now on the factor stands, and these are the codes for when it is lost."""
    who = _who(ask)
    with ask.store.transaction() as tx:
        codes = factors.confirm(tx, who.name, ask.typed("code"))
        ended = sessions.end_of(tx, who.name, but=ask.session)
        ask.renew(sessions.follow(tx, ask.session))
        ask.record(tx, "factor_set", who.name, after=f"{ended} other sessions ended" if ended else "")
    return Page("codes.html", {"codes": codes})


def _codes_form(ask: Ask) -> Form:
    return Form(name="me_codes", fields=again_fields(_who(ask)), back=HERE, act="codes")


def _codes(ask: Ask, said: dict[str, Any]) -> Answer:
    who = prove(ask, said)
    with ask.store.transaction() as tx:
        codes = factors.new_codes(tx, who.name)
        ask.record(tx, "codes_made", who.name)
    return Page("codes.html", {"codes": codes})


def _remove_form(ask: Ask) -> Form:
    return Form(name="me_factor_remove", fields=again_fields(_who(ask)), back=HERE, act="remove")


def _remove(ask: Ask, said: dict[str, Any]) -> Answer:
    who = prove(ask, said)
    with ask.store.transaction() as tx:
        factors.forget(tx, who.name)
        sessions.end_of(tx, who.name, but=ask.session)
        ask.record(tx, "factor_removed", who.name)
    return Moved(HERE, "factor_removed")


def _end_form(ask: Ask) -> Form:
    with ask.store.reading() as tx:
        found = sessions.open_sessions(tx, _who(ask).name, ask.store.now_ms(), token=ask.session)
    choices = [
        ("", "all_sessions"),
        *((one.id, f"{ask.time(one.seen_ms)} {one.browser}") for one in found if not one.own),
    ]
    which = Field(name="session", kind=Kind.CHOICE, choices=choices)
    values = {"session": ask.arg("session")}
    return Form(
        name="me_sessions", fields=(which, *again_fields(_who(ask))), values=values, back=HERE, act="end"
    )


def _end(ask: Ask, said: dict[str, Any]) -> Answer:
    who = prove(ask, said)
    with ask.store.transaction() as tx:
        ended = sessions.end_of(tx, who.name, id_=said["session"], but=ask.session)
        if not said["session"]:
            ended += desks.close_desks(tx, who.name)
        ask.record(tx, "sessions_ended", who.name, after=str(ended))
    return Moved(HERE, "sessions_ended")


def _who(ask: Ask) -> Operator:
    if ask.who is None:
        raise guard.NotSignedIn
    return ask.who


def _routes(rule: str, desk: Desk, summary: str) -> tuple[Route, ...]:
    mine = Audience.SIGNED_IN
    return (
        Route("GET", rule, desk.show, mine, f"The form: {summary}", owing=True),
        Route("POST", rule, desk.take, mine, summary, again=desk.show, owing=True),
    )


ROUTES: tuple[Route, ...] = (
    Route("GET", "/me", _me, Audience.SIGNED_IN, "Your own sign-in.", owing=True),
    *_routes("/me/password", Desk(_password_form, _password), "change your own password."),
    *_routes("/me/factor", Desk(_factor_form, _factor), "set up your second factor."),
    Route(
        "GET", "/me/factor/confirm", _confirm_page, Audience.SIGNED_IN, "The secret for your app.", owing=True
    ),
    Route(
        "POST",
        "/me/factor/confirm",
        _confirm,
        Audience.SIGNED_IN,
        "Take your app's first code.",
        again=_confirm_page,
        owing=True,
    ),
    *_routes("/me/factor/remove", Desk(_remove_form, _remove), "take your second factor away."),
    *_routes("/me/codes", Desk(_codes_form, _codes), "make new recovery codes."),
    *_routes("/me/sessions", Desk(_end_form, _end), "end your other sessions."),
)
