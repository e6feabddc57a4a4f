"""Known: who a guest is beside their id, with whom they were found to be one, by whose word and why."""

from __future__ import annotations

from typing import Any

from edge.errors import Refused
from sync.central.console import desk, looks
from sync.central.console.answers import Answer, Cell, Form, Moved, Page, Sheet
from sync.central.console.ask import Ask
from sync.central.console.desk import Desk
from sync.central.console.fields import Field, Kind, Mistyped
from sync.central.console.routes import Audience, Route, act, read
from sync.central.people import aliases, merging
from sync.central.people.aliases import Alias, Claim, Proof
from sync.central.people.merging import Act, Pair
from sync.central.registry import guests, links
from sync.central.registry.tables import ID_CHARS_MAX

HERE = "/sites/<site>/guests/<guest>"
MERGED_FOR = ("documents", "guest", "entered_twice")
PARTED_FOR = ("mistake", "guest", "other")
"""Why two are one, or not: closed lists, so that nothing personal is typed into the record."""
COLUMNS = ("time", "guest", "one_with", "step", "reason", "who")
NAME_COLUMNS = ("kind", "known_by", "channel", "proven", "who", "since", "guest")
PEOPLE_COLUMNS = ("guest", "name", "one_with", "since")


def _one(ask: Ask) -> Answer:
    with ask.store.reading() as tx:
        guest = guests.guest(tx, ask.site, ask.path["guest"])
        people = links.together(tx, ask.site, [guest.id])
        named = guests.guests_of(tx, ask.site, people)
        joined = {one.guest: one for one in links.links(tx, ask.site, people)}
        acts = merging.about(tx, ask.site, people)
        names = [one for person in people for one in aliases.of_guest(tx, ask.site, person)]
        now_ms = ask.store.now_ms()
    looks.look(ask, "guest_seen", guest.id, shown=looks.guests_shown(people))
    rows = [
        (
            _lead(ask, one),
            named[one].name if one in named else "",
            _lead(ask, joined[one].head) if one in joined else "",
            ask.time(joined[one].since_ms) if one in joined else "",
        )
        for one in people
    ]
    partable = [
        one.guest for one in joined.values() if not one.settled and now_ms - one.since_ms <= merging.BACK_MS
    ]
    values = {
        "guest": guest,
        "people": Sheet(name="one_person", columns=PEOPLE_COLUMNS, rows=rows),
        "names": Sheet(name="aliases", columns=NAME_COLUMNS, rows=[_named(ask, one) for one in names]),
        "several": len(people) > 1,
        "partable": partable,
        "waiting": merging.waiting(acts),
        "acts": Sheet(name="merges", columns=COLUMNS, rows=[_row(ask, one) for one in acts]),
    }
    return Page("known.html", values)


def _lead(ask: Ask, guest: str) -> Cell:
    return Cell(guest, f"{ask.home}/guests/{guest}")


def _named(ask: Ask, one: Alias) -> tuple[Cell | str, ...]:
    kind, value, space = one.name
    words = (ask.words(f"alias.{kind}"), value, space, ask.words(f"proof.{one.proof}"))
    return (*words, one.by, ask.time(one.at_ms), _lead(ask, one.guest))


def _row(ask: Ask, one: Act) -> tuple[Cell | str, ...]:
    step, why = ask.words(f"merge.{one.step}"), ask.words(f"why.{one.why}")
    return (ask.time(one.at_ms), _lead(ask, one.guest), _lead(ask, one.head), step, why, one.by)


def _why(words: tuple[str, ...]) -> Field:
    return Field(
        name="reason", kind=Kind.CHOICE, choices=[(one, f"why.{one}") for one in words], required=True
    )


def _merge_form(ask: Ask) -> Form:
    guest = ask.path["guest"]
    with ask.store.reading() as tx:
        guests.guest(tx, ask.site, guest)
    fields = (Field(name="one_with", required=True, chars_max=ID_CHARS_MAX), _why(MERGED_FOR))
    return Form(
        name="guest_merge", fields=fields, back=f"{ask.home}/guests/{guest}/known", title=guest, act="ask"
    )


def _merge(ask: Ask, said: dict[str, Any]) -> Answer:
    pair = Pair(ask.path["guest"], said["one_with"])
    with ask.changing() as tx:
        asked = merging.ask(tx, ask.site, pair, by=ask.name, why=said["reason"])
        ask.record(tx, "merge_asked", pair.guest, after=f"{asked.id} {pair.head}")
    return Moved(f"{ask.home}/guests/{pair.guest}/known", "merge_asked")


def _rule(ask: Ask) -> Answer:
    given = ask.typed("ruling") == "give"
    with ask.changing() as tx:
        ruled = merging.rule(tx, ask.site, ask.path["merge"], by=ask.name, given=given)
        ask.record(tx, "merge_ruled", ruled.guest, after=f"{ruled.id} {ruled.step}")
    return Moved(f"{ask.home}/guests/{ruled.guest}/known", "merge_ruled")


def _name_form(ask: Ask) -> Form:
    guest = ask.path["guest"]
    with ask.store.reading() as tx:
        guests.guest(tx, ask.site, guest)
    kinds = [(one.value, f"alias.{one}") for one in aliases.Kind if one in aliases.EVERYBODYS]
    fields = (
        Field(name="kind", kind=Kind.CHOICE, choices=kinds, required=True),
        Field(name="known_by", required=True, chars_max=aliases.VALUE_CHARS_MAX),
        Field(name="document_seen", kind=Kind.YES),
    )
    return Form(name="alias_new", fields=fields, back=f"{ask.home}/guests/{guest}/known", title=guest)


def _add_name(ask: Ask, said: dict[str, Any]) -> Answer:
    """Let a guest be known by what staff saw proven; the record names the kind and not the address."""
    guest = ask.path["guest"]
    if not said["document_seen"]:
        raise Mistyped("document_seen", "wrong.document_seen")
    name = aliases.named(aliases.Kind(said["kind"]), said["known_by"])
    with ask.changing() as tx:
        if aliases.prove(tx, ask.site, Claim(name, guest), proof=Proof.STAFF, by=ask.name):
            ask.record(tx, "alias_proven", guest, after=name.kind.value)
    return Moved(f"{ask.home}/guests/{guest}/known", "alias_saved")


def _part_form(ask: Ask) -> Form:
    guest = ask.path["guest"]
    back = f"{ask.home}/guests/{guest}/known"
    with ask.store.reading() as tx:
        if not links.links(tx, ask.site, [guest]):
            raise Refused(f"{guest} was not joined to anybody.", hint="Part the one that was joined.")
    return Form(name="guest_part", fields=(_why(PARTED_FOR),), back=back, title=guest, act="part")


def _part(ask: Ask, said: dict[str, Any]) -> Answer:
    guest = ask.path["guest"]
    with ask.changing() as tx:
        parted = merging.part(tx, ask.site, guest, by=ask.name, why=said["reason"])
        ask.record(tx, "guest_parted", guest, after=f"{parted.id} {parted.head}")
    return Moved(f"{ask.home}/guests/{guest}/known", "guest_parted")


ROUTES: tuple[Route, ...] = (
    read(f"{HERE}/known", _one, "Who a guest is known as, and who is one with them.", audience=Audience.CARE),
    *desk.routes_of(
        f"{HERE}/merge",
        Desk(_merge_form, _merge),
        "ask that two guests be one person.",
        audience=Audience.CARE,
    ),
    *desk.routes_of(
        f"{HERE}/part", Desk(_part_form, _part), "part a guest from another one.", audience=Audience.CARE
    ),
    *desk.routes_of(
        f"{HERE}/alias",
        Desk(_name_form, _add_name),
        "let a guest be known by an address.",
        audience=Audience.CARE,
    ),
    act("/sites/<site>/merges/<merge>", _rule, "Let a merge through, or refuse it.", audience=Audience.CARE),
)
