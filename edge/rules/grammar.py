"""The grammar of offers' rules: that part of CEL which every platform judges alike, read into JSON logic."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NoReturn

from edge.core.offers.context import FIELDS
from edge.rules.refusal import RuleRefused

NESTING_MAX = 12
"""Brackets, signs and choices inside each other."""
LIST_MAX = 100
"""Entries of one list in a rule."""
INT_MAX = 2**63 - 1

Logic = str | int | bool | list["Logic"] | dict[str, "Logic"]
"""A rule as JSON logic: ``{"==": [{"var": "guest.tier"}, "gold"]}``."""

_TOKEN = re.compile(
    r"\s*(?:(?P<int>\d+(?![\w.]))|(?P<word>[A-Za-z_]\w*)"
    r"""|(?P<text>"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*')"""
    r"|(?P<sign>&&|\|\||[=!<>]=|[-+*/%<>!?:()\[\],.]))"
)
_ESCAPES = {"\\": "\\", '"': '"', "'": "'", "n": "\n", "t": "\t", "r": "\r"}
_LEVELS: tuple[tuple[str, ...], ...] = (
    ("||",),
    ("&&",),
    ("==", "!=", "<", "<=", ">", ">=", "in"),
    ("+", "-"),
    ("*", "/", "%"),
)
"""Operators by how loosely they bind."""
NAMED = {"&&": "and", "||": "or"}
METHODS = ("startsWith", "endsWith", "contains", "size")
FUNCTIONS = ("size", "has")


def parse(text: str) -> Logic:
    """Return the logic of a rule; raise ``RuleRefused`` with the place (from 1) of what cannot be read."""
    reader = _Reader(text)
    logic = reader.choice()
    if reader.kind != "end":
        reader.refuse(f"{reader.sign!r} is not expected")
    return logic


class _Reader:
    """Reads one rule from left to right; ``sign`` is what comes next."""

    def __init__(self, text: str) -> None:
        self.text, self.end, self.depth = text, 0, 0
        self.place, self.kind, self.sign = 0, "", ""
        self.advance()

    def advance(self) -> str:
        """Go on to the next token and return the present one."""
        gone = self.sign
        self.place = len(self.text) - len(self.text[self.end :].lstrip())
        found = _TOKEN.match(self.text, self.end)
        if found is not None:
            self.kind, self.end = found.lastgroup or "", found.end()
            self.sign = found[self.kind]
        elif self.place == len(self.text):
            self.kind, self.sign = "end", ""
        else:
            self.refuse(f"{self.text[self.place]!r} is not understood")
        return gone

    def refuse(self, why: str) -> NoReturn:
        """Refuse the rule at this place."""
        raise RuleRefused(f"At character {self.place + 1}: {why}.")

    def takes(self, wanted: str) -> bool:
        """Take a sign or word if it comes next."""
        taken = self.kind in ("sign", "word") and self.sign == wanted
        if taken:
            self.advance()
        return taken

    def expect(self, wanted: str) -> None:
        """Take a sign that must come next."""
        if not self.takes(wanted):
            self.refuse(f"{wanted!r} is expected")

    def inside(self, read: Callable[[], Logic]) -> Logic:
        """Read something that stands inside something else."""
        self.depth += 1
        if self.depth > NESTING_MAX:
            self.refuse(f"more than {NESTING_MAX} things stand inside each other")
        found = read()
        self.depth -= 1
        return found

    def choice(self) -> Logic:
        """Read ``a ? b : c``, or what binds more tightly."""
        asked = self.level(0)
        if not self.takes("?"):
            return asked
        yes = self.inside(self.choice)
        self.expect(":")
        return {"if": [asked, yes, self.inside(self.choice)]}

    def level(self, loose: int) -> Logic:
        """Read operators of one level between operands of the next."""
        if loose == len(_LEVELS):
            return self.signed()
        left = self.level(loose + 1)
        while self.kind in ("sign", "word") and self.sign in _LEVELS[loose]:
            name = NAMED.get(self.sign, self.sign)
            self.advance()
            right = self.level(loose + 1)
            # One long row of && is one thing, not a thing in a thing in a thing.
            row = left.get(name) if name in NAMED.values() and isinstance(left, dict) else None
            left = {name: [*row, right] if isinstance(row, list) else [left, right]}
        return left

    def signed(self) -> Logic:
        """Read ``!`` and ``-`` before something."""
        if self.takes("!"):
            return {"!": [self.inside(self.signed)]}
        if self.takes("-"):
            if self.kind == "int":
                return -self.number(INT_MAX + 1)
            return {"-": [0, self.inside(self.signed)]}
        return self.followed()

    def followed(self) -> Logic:
        """Read a thing with the methods and places asked of it."""
        thing = self.thing()
        while self.sign in (".", "[") and self.kind == "sign":
            if self.takes("["):
                thing = {"at": [thing, self.inside(self.choice)]}
                self.expect("]")
            else:
                self.expect(".")
                thing = self.method(thing)
        return thing

    def method(self, thing: Logic) -> Logic:
        """Read a method and what it is asked with."""
        name = self.sign
        if self.kind != "word" or name not in METHODS:
            self.refuse(f"{name!r} may not be asked of anything; {', '.join(METHODS)} may")
        self.advance()
        given = self.listed("(", ")")
        if len(given) != (name != "size"):
            self.refuse(f"{name} takes {'nothing' if name == 'size' else 'one text'}")
        return {name: [thing, *given]}

    def thing(self) -> Logic:
        """Read a number, a text, a list, a field, a function or what stands in brackets."""
        if self.kind == "int":
            return self.number(INT_MAX)
        if self.kind == "text":
            return self.quoted()
        if self.kind == "word":
            return self.named()
        if self.sign == "[":
            return self.listed("[", "]")
        self.expect("(")
        found = self.inside(self.choice)
        self.expect(")")
        return found

    def listed(self, opens: str, closes: str) -> list[Logic]:
        """Read things between brackets."""
        self.expect(opens)
        found: list[Logic] = []
        while not self.takes(closes):
            if found:
                self.expect(",")
            if len(found) == LIST_MAX:
                self.refuse(f"a list has at most {LIST_MAX} entries")
            found.append(self.inside(self.choice))
        return found

    def number(self, most: int) -> int:
        """Read a whole number."""
        if len(self.sign) > len(str(most)) or int(self.sign) > most:
            self.refuse("this number is too large")
        return int(self.advance())

    def quoted(self) -> str:
        """Read a text."""
        inner = self.sign[1:-1]
        strange = next((one for one in re.findall(r"\\(.)", inner) if one not in _ESCAPES), None)
        if strange is not None:
            self.refuse(f"\\{strange} is not understood in a text")
        self.advance()
        return re.sub(r"\\(.)", lambda found: _ESCAPES[found[1]], inner)

    def named(self) -> Logic:
        """Read ``true``, ``false``, a function or a field of the context."""
        word = self.sign
        if word in ("true", "false"):
            self.advance()
            return word == "true"
        if word in FUNCTIONS:
            self.advance()
            self.expect("(")
            given: Logic = self.field() if word == "has" else self.inside(self.choice)
            self.expect(")")
            return {word: [given]}
        return {"var": self.field()}

    def field(self) -> str:
        """Read the full name of a documented field."""
        start, name = self.place, self.sign
        self.advance()
        if self.takes("."):
            name = f"{name}.{self.sign}"
            self.advance()
        if name not in FIELDS:
            self.place = start
            self.refuse(f"{name!r} is no field of the context")
        return name
