"""A member of the site: asks for the taps, follows what the others do, tells what this device did."""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress

from edge.core.entitlements import Use
from edge.core.events import DECISIONS, Event
from edge.core.site import Answer, Lack, Mark, Pending, Said
from edge.errors import StoreError
from sync.site.book import SiteBook, entries
from sync.site.gateway import Gateway, Unanswered, WentBack, after, coded, pairs
from sync.site.ports import Ports
from sync.site.purse import Purse, PursePorts
from sync.site.register import Register
from sync.site.statement import STATED
from sync.site.stating import States
from sync.site.telling import BACK, Told, placed, told_of, was_long_ago
from sync.site.witness import Witness

PULSE_S = 0.5
"""How often the site is felt while nothing else shows that it answers."""
PULSE_WAIT_S = 0.4
SILENCE_S = 5.0
"""A watch that says nothing for so long is begun anew: its node may have lost the others."""
OUTBOX_MAX = 10_000
"""Passages to be told; of more the oldest go: claims stand already, and central tells the rest."""
KEPT_MS = 604_800_000
"""How long a use stands in the book: by then every device has long heard of it."""
FLIGHT_MS = 60_000
"""Far longer than from a claim to its commit."""
DAY_MS = 86_400_000
PIECE_MAX = 200
REVISIONS_MAX = 200
"""So far the book may go on until this device writes down how far it is."""
STOP_S_MAX = 2.0
TOLD = frozenset({*DECISIONS, *BACK, *STATED})
LOG = logging.getLogger("polso.site")


class Member:
    """One device's part in its site; two threads of its own, and whoever claims."""

    def __init__(self, gateway: Gateway, book: SiteBook, ports: Ports) -> None:
        """Nothing is asked before ``start``."""
        self._gateway, self._book, self._ports = gateway, book, ports
        self._touch = self._following = False
        self._named, self._since = "", 0
        self._outbox: deque[Event] = deque(maxlen=OUTBOX_MAX)
        self._back: deque[Use] = deque(maxlen=OUTBOX_MAX)
        self._gone: deque[tuple[frozenset[str], frozenset[bytes]]] = deque(maxlen=OUTBOX_MAX)
        self._bell = threading.Event()
        self._restless = True
        """Whether something may be pending: also what a former run left."""
        self._tidied_ms = self._began_ms = 0
        self._mark = Mark()
        self._ended = self._unsaid = False
        self._states = States(book, ports)
        self._witness = Witness(book, ports.device, ports.witness)
        self._purse = self._purse_of(Register(gateway, book.keys.name()), book.keys.wants(), ports.purse)
        self._threads = [
            threading.Thread(target=self._follow, name="site-follow", daemon=True),
            threading.Thread(target=self._keep, name="site-keep", daemon=True),
        ]

    def _purse_of(self, register: Register, prefix: str, ports: PursePorts) -> Purse:
        return Purse(register, prefix, ports, book=lambda: self._named)

    def start(self) -> None:
        """Begin to follow and to tell; where the store cannot be read nobody is in touch yet."""
        with suppress(StoreError):
            self._recall()
        for thread in self._threads:
            thread.start()
        self._purse.start()

    def _recall(self) -> None:
        """Take up what a former run has kept of the book, once."""
        if not self._began_ms:
            self._mark = self._ports.mark()
            self._named = self._mark.book
            self._book.stands(at_least=self._mark.revision)
            self._began_ms = self._ports.now_ms()

    def stop(self) -> None:
        """End within two seconds; what was not told stays pending or stands in the journal."""
        self._ended = True
        self._bell.set()
        for thread in self._threads:
            thread.join(STOP_S_MAX / 2)
        self._purse.stop(STOP_S_MAX / 2)

    # The port of taps

    def in_touch(self) -> bool:
        """Whether a majority answered last and what it did meanwhile is known here."""
        return self._touch and self._following

    def claim(self, uses: tuple[Use, ...], wait_ms: int) -> Answer:
        """Ask for all of these uses or none."""
        answer = self._book.claim(uses, wait_ms / 1_000)
        if answer.said is Said.UNREACHABLE:
            self._lose("a claim")
        return answer

    def borrow(self, lack: Lack, wait_ms: int) -> bool:
        """Have others pass on what is lacking; without their answer nothing comes, and nothing is lost."""
        try:
            return self._purse.borrow(lack, wait_ms / 1_000)
        except Unanswered:
            self._lose("a want of money")
            return False
        finally:
            self._bell.set()

    def nudge(self) -> None:
        """Something has become pending."""
        self._restless = True
        self._bell.set()

    def give_back(self, uses: tuple[Use, ...]) -> None:
        """Free uses whose tap came to nothing."""
        self._back.extend(uses)
        self._bell.set()

    def forget(self, rights: frozenset[str], bands: frozenset[bytes]) -> None:
        """Take what names these out of the book."""
        self._gone.append((rights, bands))
        self._bell.set()

    def committed(self, results: Sequence[object], events: Sequence[Event]) -> None:
        """Hear of a commit; made for the sequencer's ``after_commit``, it returns at once."""
        mine = [event for event in events if event.kind in TOLD]
        if mine:
            self._outbox.extend(mine)
            self._bell.set()

    def _lose(self, what: str) -> None:
        if self._touch:
            LOG.warning("the site does not answer (%s): this device decides alone", what)
        self._touch = False

    # Following

    def _follow(self) -> None:
        while not self._ended:
            if not self._followed(self._catch_up) or not self._followed(self._listen):
                threading.Event().wait(PULSE_S)

    def _followed(self, act: Callable[[], None]) -> bool:
        """Do a piece of following; False: it came to nothing."""
        try:
            act()
        except Unanswered as error:
            LOG.debug("the site is not followed: %s", error)
        except Exception:  # one thing that makes no sense must not end the following; its trace is logged
            LOG.exception("what the site tells could not be taken")
        else:
            return True
        self._following = False
        return False

    def _catch_up(self) -> None:
        found, revision = self._book.all(self._since)
        if revision + 1 < self._since:  # another book, younger than the one that was followed
            found, revision = self._book.all(0)
        self._learn(Told(found))
        self._since = revision + 1
        self._following = True

    def _listen(self) -> None:
        """Take what changes; a silent watch is no fault, it is begun anew with whatever came meanwhile."""
        prefix = self._book.keys.all()
        asked = {"key": coded(prefix), "range_end": after(prefix), "start_revision": str(self._since)}
        for said in self._gateway.watch({"create_request": asked}, SILENCE_S):
            if self._ended or said.get("canceled"):
                return
            told = pairs([event["kv"] for event in said.get("events", ()) if "kv" in event])
            self._learn(Told(told))
            # Not the header's: it is the book's own, which may be far ahead of what was brought so far.
            self._since = max([self._since, *(pair.revision + 1 for pair in told)])

    def _learn(self, told: Told) -> None:
        self._purse.heard(told.pairs)
        own = self._ports.device
        used = [one for one in told.used(self._book.keys) if any(use.device != own for use in one[1])]
        seen = told.seen(self._book.keys)
        self._states.learn(told)
        if used or seen:
            self._ports.learn(used, [one for one in seen if one[1].location.device != own])

    # Feeling, telling, settling

    def _keep(self) -> None:
        while not self._ended:
            self._keep_once()
            self._bell.wait(PULSE_S)
            self._bell.clear()

    def _keep_once(self) -> None:
        try:
            self._recall()
            self._feel()
            self._witness.keep(self._named)
            self._remember()
            self._tell()
            self._settle()
            self._purse.settle()
            self._states.settle()
            self._tidy()
        except Unanswered as error:
            self._lose(str(error))
        except Exception:  # as above: it is tried again
            LOG.exception("the site's book could not be kept")

    def _feel(self) -> None:
        try:
            named = self._book.pulse(PULSE_WAIT_S)
        except WentBack as error:
            LOG.warning("%s: nothing of it is believed, and it is given another name", error)
            self._unsaid = True
            named = self._book.renamed(self._named, PULSE_WAIT_S)
        if self._unsaid:  # killed before it is said: what was kept of the book finds it again
            self._ports.went_back()
            self._unsaid = False
        if self._named and named != self._named:
            LOG.warning("the site has a new book: what is in the old one is told by the journals alone")
            self._since = 0
        self._named = named
        if not self._touch:
            self._book.prove_room(self._ports.device, PULSE_WAIT_S)
            LOG.info("the site answers")
            self._touch = True

    def _remember(self) -> None:
        """Keep how far the book is: at once where it is another one, else now and then."""
        now = Mark(self._named, self._book.stands())
        if now.book != self._mark.book or now.revision > self._mark.revision + REVISIONS_MAX:
            self._ports.remember(now)
            self._mark = now

    def _tell(self) -> None:
        while self._outbox and not self._ended:
            event = self._outbox.popleft()
            try:
                self._tell_one(event)
            except Unanswered:
                self._outbox.appendleft(event)
                raise

    def _tell_one(self, event: Event) -> None:
        if self._states.tell(event):
            return
        told = told_of(event, self._ports.decided)
        if told is None:
            return
        for use in told.amended:
            self._book.amend(use)
        layout = self._ports.layout()
        if layout is not None:
            self._book.tell(self._book.keys.band(told.band), lambda known: placed(known, told, layout))

    def _settle(self) -> None:
        while self._back:
            self._book.free(self._back[0])
            self._back.popleft()
        while self._gone:
            self._book.forget(*self._gone[0])
            self._gone.popleft()
        if not self._restless:
            return
        self._restless = False
        try:
            done = []
            for one in self._ports.waiting():
                self._settle_one(one)
                done.append(one)
            if done:
                self._ports.settle(done)
                self._restless = True  # one look returns so many at most
        except BaseException:  # whatever stopped it, it is looked at again
            self._restless = True
            raise

    def _settle_one(self, pending: Pending) -> None:
        """Tell of one use; where another tap has it, two got in: central finds that, as ever."""
        if not pending.keep:
            self._book.free(pending.use)
            return
        answer = self._book.claim((pending.use,), PULSE_WAIT_S)
        if answer.said is Said.UNREACHABLE:
            raise Unanswered("a use is still not confirmed", sent=True)
        if answer.said is Said.LOST:
            LOG.warning("a right was used twice while the site did not answer")

    def _tidy(self) -> None:
        """Once a day, and at the start: free what a killed tap left, and what everybody has heard of.

        Not before the journal is proven current: to an older copy, all that its lost life let in is a stray.
        """
        now_ms = self._ports.now_ms()
        if (self._tidied_ms and now_ms - self._tidied_ms < DAY_MS) or not self._ports.purse.current():
            return
        read = entries(self._book.all(0, self._book.keys.uses())[0])
        # What a tap has claimed since may still be on its way to the store.
        before_ms = max(self._began_ms, now_ms - FLIGHT_MS)
        mine = [
            one for one in read if one[1].use.device == self._ports.device and one[1].use.scan_ms < before_ms
        ]
        for start in range(0, len(mine), PIECE_MAX):
            piece = mine[start : start + PIECE_MAX]
            strays = self._ports.strays([entry.use for _, entry in piece])
            for pair, entry in piece:
                if entry.use in strays or now_ms - entry.use.scan_ms > KEPT_MS:
                    self._book.free(entry.use, revision=pair.revision)  # the same tap may have asked again
        for pair in self._book.all(0, self._book.keys.bands())[0]:
            if was_long_ago(pair, now_ms - KEPT_MS):
                self._book.drop(pair)
        if self._ports.is_sure():
            self._states.tidy(now_ms - KEPT_MS, now_ms=now_ms)
        self._tidied_ms = now_ms
