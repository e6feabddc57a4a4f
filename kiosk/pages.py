"""Pages: a template, the words of its language, and nothing that a script could be hidden in."""

from __future__ import annotations

from flask import Response, make_response, render_template

from kiosk.ask import Ask
from kiosk.assets import address, digest, texts_address
from kiosk.guard import LANGUAGE_COOKIE
from kiosk.texts import LANGUAGES


def page(ask: Ask, template: str, *, status: int = 200, **values: object) -> Response:
    """Render ``template`` in the asker's language; pages are never cached, they may be personal."""
    texts = ask.house.texts

    def t(key: str, /, **places: object) -> str:
        return texts.get(ask.language, key, **places)

    def texts_url(audience: str, language: str = "") -> str:
        return texts_address(audience, language or ask.language)

    html = render_template(
        template,
        ask=ask,
        t=t,
        lang=ask.language,
        languages=LANGUAGES,
        asset=address,
        asset_digest=digest(),
        texts_url=texts_url,
        demo=ask.house.demo is not None,
        **values,
    )
    response = make_response(html, status)
    response.headers["Cache-Control"] = "no-store"
    if ask.query.get("lang") in LANGUAGES:
        response.set_cookie(
            LANGUAGE_COOKIE,
            ask.query["lang"],
            max_age=365 * 24 * 3600,
            samesite="Strict",
            httponly=True,
            secure=ask.secure,
        )
    return response
