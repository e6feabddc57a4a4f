"""A list of things: the same pages of a table on the screen and in a file."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from edge.errors import Unknown
from sync.central.console import looks
from sync.central.console.answers import Answer, Export, Page, Sheet
from sync.central.console.ask import Ask
from sync.central.console.bars import Bar
from sync.central.console.routes import Audience, Route, read


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """A table by pages, how to add to it, and whether it can be searched."""

    name: str
    page: Callable[[Ask, str], Sheet]
    """Return the page after a mark; the first after nothing."""
    add: str = ""
    """Where the way to one more begins, below the list's own address."""
    load: str = ""
    """Where the way to many at once begins, likewise."""
    searched: bool = False
    beyond: bool = False
    """Whether a search finds more than the list shows: it is offered where the list is empty, too."""
    personal: bool = False
    """Whether it shows guests: who looked is then written down."""
    live_s: int = 0
    """How often the screen looks again; 0: never by itself."""
    picture: Callable[[Ask, Sheet], Sequence[Bar]] | None = None
    """What the rows of a page, or all of them, look like, where people would rather look than read."""

    def show(self, ask: Ask) -> Answer:
        """Return the page that was asked for."""
        if ask.file:
            raise Unknown("This list is a file at an address of its own.", hint="Save it from its page.")
        sheet = self.page(ask, ask.arg("after"))
        if self.personal:
            looks.look(ask, f"{self.name}_seen", shown=looks.shown_in(ask, sheet))
        values = {"listing": self, "sheet": sheet, "here": ask.request.path, "query": ask.arg("q")}
        values["bars"] = self.picture(ask, sheet) if self.picture is not None else ()
        return Page("list.html", values)

    def export(self, ask: Ask) -> Answer:
        """Return all pages as a file."""
        return Export(self.name, self._all(ask))

    def _all(self, ask: Ask) -> Iterator[Sheet]:
        sheet = self.page(ask, "")
        if self.personal:
            looks.look(ask, f"{self.name}_exported", shown=looks.shown_in(ask, sheet, file=True))
        yield sheet
        while sheet.after:
            sheet = self.page(ask, sheet.after)
            yield sheet


def routes_of(
    rule: str,
    listing: Listing,
    *,
    audience: Audience = Audience.OPERATOR,
    shown_to: Audience | None = None,
) -> tuple[Route, ...]:
    """Return the routes of a list: the page, which may be shown to more than get the whole file."""
    return (
        read(rule, listing.show, f"The list of {listing.name}.", audience=shown_to or audience),
        read(f"{rule}.csv", listing.export, f"The list of {listing.name} as CSV.", audience=audience),
    )
