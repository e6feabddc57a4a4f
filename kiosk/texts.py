"""The catalogues: every sentence of every screen in five languages."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import cached_property
from importlib import resources

import msgspec

from edge.core.offers import Loser

LANGUAGES = ("it", "en", "fr", "de", "es")
"""Italian is the source; the others follow in the order in which a switch shows them."""
HOME = LANGUAGES[0]
AUDIENCES = ("guest", "gate", "staff", "demo")
STAFF_ONLY = ("staff.", "ops.", "sign_in.", "enrol.", "till.")
"""Prefixes that no guest's screen is sent."""
GUEST_ONLY = ("kiosk.", "gate.", "demo.", "attract.")
DEMO_ONLY = ("demo.",)
GATE = ("gate.", "verdict.", "act.", "common.")
"""All that a gate says beside the guest's sentence of each reason: it must be light to carry."""
OTHER_SIDE = {"guest": ".staff", "staff": ".guest", "demo": "-"}
"""Ending of the reasons that an audience is not sent; the demo page shows both sides."""
HIDDEN = {"guest": STAFF_ONLY + DEMO_ONLY, "demo": STAFF_ONLY, "staff": GUEST_ONLY}
PLACEHOLDER = re.compile(r"\{(\w+)\}")


class Texts:
    """All catalogues at once; a key without a sentence is shown as the key, which the tests forbid."""

    def __init__(self, catalogues: Mapping[str, Mapping[str, str]]) -> None:
        """Take catalogues by language; Italian must be among them."""
        self.catalogues = catalogues

    @classmethod
    def load(cls) -> Texts:
        """Read the catalogues that travel with the package."""
        folder = resources.files("kiosk") / "texts"
        decoder = msgspec.json.Decoder(dict[str, str])
        return cls({code: decoder.decode((folder / f"{code}.json").read_bytes()) for code in LANGUAGES})

    def get(self, language: str, key: str, /, **values: object) -> str:
        """Return the sentence of ``key``, in Italian where ``language`` has none, its places filled in."""
        sentence = self.catalogues.get(language, {}).get(key) or self.catalogues[HOME].get(key, key)
        return PLACEHOLDER.sub(lambda found: str(values.get(found[1], found[0])), sentence)

    def objection(self, language: str, loser: Loser) -> str:
        """Return why an offer is not shown, in words for staff."""
        return self.get(language, f"staff.offer_why.{loser.why}", detail=loser.detail)

    def bundle(self, audience: str, language: str) -> bytes:
        """Return as JSON the sentences that a browser of ``audience`` may need."""
        return self._bundles[audience, language]

    @cached_property
    def _bundles(self) -> dict[tuple[str, str], bytes]:
        return {
            (audience, language): msgspec.json.encode(dict(_for(audience, self.catalogues[language])))
            for audience in AUDIENCES
            for language in self.catalogues
        }


def choose(wanted: Iterable[str | None], known: Iterable[str] = LANGUAGES) -> str:
    """Return the first wanted language that is known, else Italian; ``de-AT`` counts as ``de``."""
    codes = tuple(known)
    for language in wanted:
        code = (language or "").partition("-")[0].lower()
        if code in codes:
            return code
    return HOME


def _for(audience: str, catalogue: Mapping[str, str]) -> Iterable[tuple[str, str]]:
    if audience == "gate":
        for key, sentence in catalogue.items():
            if key.startswith(GATE) or (key.startswith("reason.") and key.endswith(".guest")):
                yield key, sentence
        return
    for key, sentence in catalogue.items():
        hidden = HIDDEN[audience]
        other = OTHER_SIDE[audience]
        if not key.startswith(hidden) and not (key.startswith("reason.") and key.endswith(other)):
            yield key, sentence
