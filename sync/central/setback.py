"""Setback: a device remembers more than central does, so central was put back, by whatever way."""

from __future__ import annotations

import logging

from sync.central import alarms
from sync.central.alarms import Alarm
from sync.central.money import restored
from sync.central.sites import begin_epoch
from sync.central.store import Connection, now_of

LOG = logging.getLogger(__name__)
WENT_BACK = "central_went_back"
"""Why an operator is called: by this device's word. One that lies stops lending so, until all were heard."""


def begin(tx: Connection, site: str, *, device: str) -> None:
    """Begin a site's feed anew, await every device that may hold a lease, and name whose word it was.

    A snapshot of the machine, a volume or a point in time of the database puts central back as `polso
    restore` does, and tells nobody: what was lent since is forgotten all the same.
    """
    LOG.warning("feed.begun_anew site=%s device=%s: it remembers more than central", site, device)
    begin_epoch(tx, site)
    restored.begin(tx, site)
    said = Alarm(device=device, id=WENT_BACK, reason=WENT_BACK, point="", at_ms=now_of(tx))
    alarms.raise_alarm(tx, site, said)
