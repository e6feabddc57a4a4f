"""Stories of what was said: a no at the kiosk, and a wrong price that a new version puts right."""

from __future__ import annotations

from msgspec.structs import replace

from edge.core.offers import Bundle
from edge.run.demo.offers import LOOKED_BY, MADE_BY
from edge.run.demo.tales.stage import Stage, TaleBroke
from edge.run.demo.tales.visits import KIOSK, called, is_lent
from kiosk.tales import Scene
from sync.central.journey.entry import What
from sync.central.offers import bundles
from sync.central.offers.bundles import Draft, State
from sync.central.registry import consents

OFFER, BUDGET = "limonata-estate", "gift:estate"
RIGHT_MINOR, WRONG_MINOR = 250, 290
SECOND_MS = 1_000
TOPIC = "offers"


def consent(stage: Stage) -> None:
    """Chloé says yes to offers of her own and takes it back: at once here, and at central in her diary."""
    stage.may_be_cut()
    service, before = stage.edge.service, stage.diary("chloe")
    tap = stage.holds("chloe", KIOSK)
    service.consent(tap.tap_id, KIOSK, TOPIC, given=True)
    stage.says(Scene.ALLOWED, "chloe", where=KIOSK)
    stage.written("chloe", What.CONSENT_CHANGED, after=before)
    between = stage.diary("chloe")
    tap = stage.holds("chloe", KIOSK)
    known = service.consent(tap.tap_id, KIOSK, TOPIC, given=False)
    if any(one.given for one in known.consents if one.purpose == TOPIC):
        raise TaleBroke("The kiosk still thinks that she said yes.")
    stage.says(Scene.WITHDREW, "chloe", where=KIOSK)
    if any(one.personal for one in service.near.offers.view(tap.tap_id, KIOSK).tiles):
        raise TaleBroke("An offer was chosen for her after her no.")
    stage.written("chloe", What.CONSENT_CHANGED, after=between)
    stage.at_central(lambda: _has_heard(stage))


def _has_heard(stage: Stage) -> None:
    """See to it that central thinks so, too."""
    guest = stage.guest("chloe")

    def said_no() -> bool:
        with stage.central.reading() as tx:
            said = consents.consents_of(tx, stage.site, [guest]).get(guest, ())
        return [one.given for one in said if one.purpose == TOPIC] == [False]

    stage.waits(said_no, "her no at central")


def wrong_price(stage: Stage) -> None:
    """A price was typed wrongly: nobody mends it in place, a new version that two people stand for does.

    Without the internet the kiosk keeps what it was told, says how old that is, and takes the new one after.
    """
    stage.waits(lambda: is_lent(stage, BUDGET), "a part of the campaign's budget lies at this edge")
    _publishes(stage, WRONG_MINOR)
    _shown(stage, WRONG_MINOR)
    stage.may_be_cut()
    told = stage.edge.service.near.offers.public(KIOSK).bundle
    _publishes(stage, RIGHT_MINOR)
    if stage.cut:
        _is_kept(stage, told, WRONG_MINOR)
    stage.at_central(lambda: _shown(stage, RIGHT_MINOR))


def _publishes(stage: Stage, minor: int) -> None:
    stage.says(Scene.PUBLISHED, count=_published(stage, minor))


def _is_kept(stage: Stage, version: int, minor: int) -> None:
    """See to it that a kiosk that is cut off shows what it was told, and knows how old that is."""
    stage.waits(lambda: not stage.edge.health.view().online, "the edge says that it is cut off")
    age_ms, shown = stage.edge.health.sync_age_ms(), stage.edge.service.near.offers.public(KIOSK)
    if age_ms is None or shown.bundle != version or _price(stage) != minor:
        raise TaleBroke("The kiosk shows a version that nobody told it.")
    stage.says(Scene.STALE, where=KIOSK, minor=minor, count=version, what=f"{-(-age_ms // SECOND_MS)}")


def _shown(stage: Stage, minor: int) -> None:
    """See to it that the kiosk shows a version's price."""
    stage.waits(lambda: _price(stage) == minor, "the kiosk shows the version")
    tile = next(one for one in stage.edge.service.near.offers.public(KIOSK).tiles if one.offer == OFFER)
    stage.says(Scene.PRICED, where=KIOSK, names=called(tile), minor=minor)


def _published(stage: Stage, minor: int) -> int:
    """Publish the living offers with another price, made by one and looked through by another."""
    with stage.central.transaction() as tx:
        live = next(one for one in bundles.versions(tx, stage.site) if one.state is State.LIVE)
        draft = Draft(bundle=_priced(live.draft.bundle, minor), budgets=live.draft.budgets)
        made = bundles.make(tx, stage.site, draft, by=MADE_BY)
        bundles.review(tx, stage.site, made.version, by=LOOKED_BY)
        return bundles.go_live(tx, stage.site, made.version, by=MADE_BY).version


def _priced(bundle: Bundle, minor: int) -> Bundle:
    offers = tuple(
        replace(one, effect=replace(one.effect, price_minor=minor)) if one.id == OFFER and one.effect else one
        for one in bundle.offers
    )
    return replace(bundle, offers=offers)


def _price(stage: Stage) -> int | None:
    tiles = stage.edge.service.near.offers.public(KIOSK).tiles
    return next((one.price_minor for one in tiles if one.offer == OFFER), None)
