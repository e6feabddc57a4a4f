"""The teller: plays one story at a time and stops where the park does not follow."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from types import MappingProxyType

from edge.errors import PolsoError, Refused
from edge.run.demo.tales import matters, visits, words
from edge.run.demo.tales.stage import Stage
from kiosk.tales import DemoScene, DemoTale, Tale

TALES: Mapping[Tale, Callable[[Stage], None]] = MappingProxyType(
    {
        Tale.PARK_DAY: visits.park_day,
        Tale.COFFEE: visits.coffee,
        Tale.WATER_BED: matters.water_bed,
        Tale.LOST_BAND: matters.lost_band,
        Tale.NEAR: visits.near,
        Tale.FEEDBACK: matters.feedback,
        Tale.CONSENT: words.consent,
        Tale.OFFLINE: visits.offline,
        Tale.WRONG_PRICE: words.wrong_price,
        Tale.HELP: matters.help_call,
    }
)


class Teller:
    """Knows every story and where the one that is being told has come to."""

    def __init__(
        self, stage: Callable[[Callable[[DemoScene], None]], Stage], told: Callable[[DemoTale], None]
    ) -> None:
        """Play on the stage that ``stage`` sets; ``told`` hears of each step."""
        self._stage, self._told = stage, told
        self._telling = threading.Lock()

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Keep every other story away, or refuse where one is being told."""
        if not self._telling.acquire(blocking=False):
            raise Refused("Another story is being told.", hint="Let it come to its end.")
        try:
            yield
        finally:
            self._telling.release()

    def play(self, tale: Tale, *, cut: bool) -> DemoTale:
        """Play a story to its end and return it as it was told; what failed is said in it.

        ``cut``: with the internet away from where the story needs none any more.
        """
        scenes: list[DemoScene] = []

        def tell(scene: DemoScene) -> None:
            scenes.append(scene)
            self._told(DemoTale(tale=tale, scenes=tuple(scenes)))

        failed = ""
        try:
            stage = replace(self._stage(tell), cut=cut)
            TALES[tale](stage)
            stage.ends()
        except PolsoError as error:
            failed = f"{error} {error.hint or ''}".strip()
        whole = DemoTale(tale=tale, scenes=tuple(scenes), over=True, failed=failed)
        self._told(whole)
        return whole
