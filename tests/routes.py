"""Routes: each address of an app is compiled once a run, however many apps the tests make."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from werkzeug.routing import Rule


@contextmanager
def compiled_once() -> Iterator[None]:
    """Keep what werkzeug compiles of an address: two functions, of its text alone; hundreds for each app."""
    compiled: dict[object, Callable[..., tuple[str, str]]] = {}
    make = Rule._compile_builder

    def once(self: Rule, append_unknown: bool = True) -> Callable[..., tuple[str, str]]:
        key = (self.rule, append_unknown, *self._trace)
        if self.defaults:
            return make(self, append_unknown)
        if key not in compiled:
            compiled[key] = make(self, append_unknown)
        return compiled[key]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Rule, "_compile_builder", once)
        yield
