"""Routes: each address of an app is compiled once a run, however many apps the tests make."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from werkzeug.routing import Rule


@contextmanager
def compiled_once() -> Iterator[None]:
    """Keep what werkzeug makes of an address, and of nothing else: hundreds for each app, half of its making.

    An address with defaults is compiled anew: what it makes depends on them.
    """
    kept: dict[object, tuple[Any, ...]] = {}
    compiles = Rule.compile

    def once(self: Rule) -> None:
        if self.defaults or self.map is None:
            compiles(self)
            return
        where = (self.subdomain, self.host, self.merge_slashes, self.map.host_matching)
        key = (self.rule, *where, *self.map.converters.items())
        if key not in kept:
            compiles(self)
            builders = self._build.__func__, self._build_unknown.__func__  # type: ignore[attr-defined] # a method is bound
            kept[key] = (self._parts, self._trace, self._converters, self.arguments, builders)
        parts, trace, converters, arguments, (build, build_unknown) = kept[key]
        self._parts, self._trace = list(parts), list(trace)
        self._converters, self.arguments = dict(converters), set(arguments)
        self._build, self._build_unknown = build.__get__(self), build_unknown.__get__(self)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Rule, "compile", once)
        yield
