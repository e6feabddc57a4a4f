"""Personalisation: central's side of a desk at which bands get their keys; each step is somebody's act."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager

import msgspec

from edge.core.bands import Band, BandAct, BandState, Trust
from edge.core.onair import ON_AIR
from edge.errors import NotAllowed, Refused, Unknown
from sync.central.console import operators
from sync.central.console.acts import Act, record
from sync.central.console.desks import sit
from sync.central.console.guard import ROLES
from sync.central.console.routes import Audience
from sync.central.registry import bands, guests, onair, profiles
from sync.central.registry.bands import BandCard, band_id
from sync.central.registry.masters import begin_version, masters
from sync.central.registry.onair import Agree
from sync.central.registry.turn import take_turn
from sync.central.sites import band_key, has_site
from sync.central.store import Connection, Store
from sync.desk import Beacon, DeskAnswer, DeskStep

CHIP = "ntag424"
GATE_NOS = (1, 2)
"""The only keys that ever go to an edge: 1 proves the band live, 2 makes its message."""
UID_BYTES = (7, 10)
"""Identifiers of chips that take keys."""
COMING = 16
"""Added to a key's number while a band is between two versions (``hardware.nfc.tags.COMING``)."""

MakeKeys = Callable[[bytes, bytes, Sequence[int]], Mapping[int, bytes]]
"""From master, identifier and numbers to a band's keys (NXP AN10922); hardware's knowledge, so given in."""


class Desk:
    """One person at one desk: ``seated`` and a token from the console are the two ways to it."""

    def __init__(
        self, store: Store, site: str, *, who: str, make: MakeKeys, agree: Agree | None = None
    ) -> None:
        """Sit down as somebody who has proved to be an operator."""
        self._store, self._site, self._who, self._make, self._agree = store, site, who, make, agree

    def newest(self, *, fresh: bool = False) -> int:
        """Return the newest version of the site's keys; ``fresh`` makes one more."""
        with self._changing() as tx:
            if fresh:
                version = begin_version(tx, self._site)
                self._record(tx, "band_keys_rolled", "", after=f"version {version}")
                return version
            return max(masters(tx, self._site))

    def keys(self, uid: bytes, version: int) -> Mapping[int, bytes] | None:
        """Return all five keys of a band of one version, for this desk and nobody else."""
        with self._store.transaction() as tx:
            found = masters(tx, self._site).get(version)
        return None if found is None else self._make(found, uid, range(5))

    def handed_out(self, uid: bytes, version: int) -> Mapping[int, bytes] | None:
        """Return a band's keys for a desk elsewhere; that they went out is written down."""
        found = self.keys(uid, version)
        if found is not None:
            with self._changing() as tx:
                self._record(tx, "band_keys_given", self._id(tx, uid).hex(), after=f"version {version}")
        return found

    def begin(self, uid: bytes, version: int) -> None:
        """Announce a band, or that it gets new keys: from now on gates take old and new ones."""
        own = self._own(uid, version)
        with self._changing() as tx:
            card = self._card(tx, uid)
            if card is None:
                made = Band(id=self._id(tx, uid), active=False, trust_min=Trust.SUN)
                bands.add_bands(tx, self._site, [BandCard(band=made, chip=CHIP, keys=own)])
                self._publish(tx, made.id)
            elif card.band.state is not BandState.ACTIVE:
                raise Refused(f"This band is {card.band.state.name.lower()}.", hint="Take another band.")
            elif not card.keys.items() >= own.items():
                coming = {number + COMING: key for number, key in own.items()}
                self._keep(tx, card, keys={**card.keys, **(coming if 1 in card.keys else own)})
            self._record(tx, "band_writing", self._id(tx, uid).hex(), after=f"version {version}")

    def note(self, uid: bytes, step: str) -> None:
        """Record one step that was done on a chip."""
        with self._changing() as tx:
            self._record(tx, "band_written", self._id(tx, uid).hex(), after=step)

    def finish(self, uid: bytes, version: int, *, guest: str = "", label: str = "") -> str:
        """Make the new keys the only ones, give the band to a guest if one is named; return its BandId."""
        own = self._own(uid, version)
        with self._changing() as tx:
            card = self._card(tx, uid)
            if card is None:
                raise Unknown("This band was not begun here.", hint="Run `polso band personalise` again.")
            active = msgspec.structs.replace(
                card.band, active=True, trust_min=max(card.band.trust_min, Trust.SUN)
            )
            ready = msgspec.structs.replace(
                card, band=active, chip=CHIP, label=label or card.label, keys={**_radio(card), **own}
            )
            if guest:
                guests.guest(tx, self._site, guest)
                ready = bands.linked(ready, msgspec.structs.replace(ready, guest=guest))
            self._keep(tx, ready, keys=ready.keys)
            shown = card.band.id.hex()
            self._record(tx, "band_personalised", shown, after=f"version {version} {guest}".strip())
            return shown

    def resolver(self) -> bytes:
        """Return the site's public half, which a band of another maker is told first."""
        with self._changing() as tx:
            return onair.resolver(tx, self._site)

    def radio(self, uid: bytes, beacon: Beacon | None) -> bytes:
        """Register a band's radio; return the new key of a band of our own, which nobody is told again."""
        with self._changing() as tx:
            card = self._card(tx, uid)
            if card is None:
                raise Unknown("This band is none of this site's.", hint="Run `polso band personalise` first.")
            if card.band.state is not BandState.ACTIVE:
                raise Refused(f"This band is {card.band.state.name.lower()}.", hint="Take another band.")
            own = onair.made() if beacon is None else onair.agreed(tx, self._site, beacon, agree=self._agree)
            self._keep(tx, card, keys=onair.keyed(tx, self._site, card, on_air=own).keys)
            self._record(tx, "band_radio", card.band.id.hex(), after="made" if beacon is None else "agreed")
            return own.key if beacon is None else b""

    def retire(self, uid: bytes) -> str:
        """Revoke a band everywhere at once; its keys leave every edge."""
        with self._changing() as tx:
            card = self._card(tx, uid)
            if card is None:
                raise Unknown("This band is none of this site's.")
            profiles.publish_state(tx, self._site, bands.acted(card, BandAct.REVOKE))
            shown = card.band.id.hex()
            self._record(
                tx, "band_revoke", shown, before=card.band.state.name.lower(), after="revoked: retired"
            )
            return shown

    @contextmanager
    def _changing(self) -> Iterator[Connection]:
        with self._store.transaction() as tx:
            take_turn(tx, self._site)
            yield tx

    def _own(self, uid: bytes, version: int) -> dict[int, bytes]:
        made = self.keys(uid, version)
        if made is None:
            raise Refused(f"There is no key version {version}.")
        return {number: made[number] for number in GATE_NOS}

    def _id(self, tx: Connection, uid: bytes) -> bytes:
        return band_id(band_key(tx, self._site), uid)

    def _card(self, tx: Connection, uid: bytes) -> BandCard | None:
        found = bands.bands_by_id(tx, self._site, [self._id(tx, uid)])
        return found[0] if found else None

    def _keep(self, tx: Connection, card: BandCard, *, keys: Mapping[int, bytes]) -> None:
        bands.put_band(tx, self._site, msgspec.structs.replace(card, keys=dict(keys)))
        self._publish(tx, card.band.id)

    def _publish(self, tx: Connection, id_: bytes) -> None:
        profiles.publish_bands(tx, self._site, [bands.band(tx, self._site, id_)])

    def _record(self, tx: Connection, what: str, target: str, *, before: str = "", after: str = "") -> None:
        told = Act(site=self._site, who=self._who, what=what, target=target, before=before, after=after)
        record(tx, told)


def seated(store: Store, site: str, *, session: str, make: MakeKeys, agree: Agree | None = None) -> Desk:
    """Sit down with a session of the console; who did not sign in as operator of this central has no desk."""
    with store.reading() as tx:
        who = operators.signed_in(tx, session)
        if who is None:
            raise NotAllowed(
                "Nobody is signed in at this desk.", hint="Give an operator's name and password."
            )
        if who.role not in ROLES[Audience.OPERATOR] or who.must_change:
            raise NotAllowed("This takes an operator.", hint="Ask somebody with that role.")
        if not has_site(tx, site):
            raise Unknown(f"There is no site {site!r}.")
    return Desk(store, site, who=who.name, make=make, agree=agree)


def take_step(store: Store, step: DeskStep, make: MakeKeys, *, agree: Agree | None = None) -> DeskAnswer:
    """Do one step of a desk elsewhere: masters stay here, and one band's own keys go out for its writing."""
    with store.transaction() as tx:
        at = sit(tx, step.token)
    desk = Desk(store, at.site, who=at.name, make=make, agree=agree)
    match step.act:
        case "newest" | "roll":
            return DeskAnswer(version=desk.newest(fresh=step.act == "roll"))
        case "keys":
            return DeskAnswer(keys=dict(desk.handed_out(_uid(step), step.version) or {}))
        case "begin":
            desk.begin(_uid(step), step.version)
        case "note":
            desk.note(_uid(step), step.step)
        case "finish":
            band = desk.finish(_uid(step), step.version, guest=step.guest, label=step.label)
            return DeskAnswer(band=band)
        case "retire":
            return DeskAnswer(band=desk.retire(_uid(step)))
        case "resolver":
            return DeskAnswer(radio=desk.resolver())
        case "radio":
            return DeskAnswer(radio=desk.radio(_uid(step), step.beacon))
    return DeskAnswer()


def _radio(card: BandCard) -> dict[int, bytes]:
    """Return a band's identity key, as sealed as it lies there: new keys of the chip leave it be."""
    return {number: key for number, key in card.keys.items() if number == ON_AIR}


def _uid(step: DeskStep) -> bytes:
    if len(step.uid) not in UID_BYTES:
        raise Refused(f"A chip's identifier has {UID_BYTES} bytes, not {len(step.uid)}.")
    return step.uid
