"""One operator before their own page: proving who they are, and setting a second factor up."""

from __future__ import annotations

import re
from typing import Any

from sync.central.console import factors, totp
from sync.central.console.factors import factor_table
from sync.central.console.guard import SESSION_COOKIE
from sync.central.console.totp import STEP_MS, code_at
from sync.central.store import Store, select
from tests.sync.builders import Clockwork
from tests.sync.console.desk import PASSWORD, Browser

ME = "/console/me"
NEW = "corvo lampada viola"


def act(browser: Browser, path: str, **form: Any) -> Any:
    """Send a form as its page would; the browser goes on with the session that it is given."""
    reply = browser.post(path, **form)
    held = browser.client.get_cookie(SESSION_COOKIE)
    browser.session = held.value if held else ""
    return reply


def secret_of(store: Store, name: str = "olga") -> bytes:
    with store.reading() as tx:
        return bytes(
            tx.execute(select(factor_table.c.secret).where(factor_table.c.name == name)).scalar_one()
        )


def set_up(browser: Browser, store: Store, clock: Clockwork) -> list[str]:
    """Set a second factor up as a person does; return the recovery codes."""
    assert act(browser, f"{ME}/factor", password_now=PASSWORD).headers["Location"] == f"{ME}/factor/confirm"
    with store.reading() as tx:
        secret = factors.begun(tx, "olga")
    assert secret is not None
    page = browser.get(f"{ME}/factor/confirm").text
    assert totp.letters(secret) in page
    assert 'class="square"' in page
    reply = act(browser, f"{ME}/factor/confirm", code=code_at(secret, clock.ms // STEP_MS))
    assert reply.status_code == 200
    clock.ms += STEP_MS
    return re.findall(r"<code>([A-Z2-7-]{29})</code>", reply.text)


def code_now(store: Store, clock: Clockwork) -> str:
    return code_at(secret_of(store), clock.ms // STEP_MS)
