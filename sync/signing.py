"""Signing: how a device proves a request to be its own, the one seam where signatures will live."""

from __future__ import annotations

import requests
from requests.auth import AuthBase

SCHEME = "Bearer "


class Bearer(AuthBase):
    """Puts the device's credential on each request; over TLS only where central is not this machine."""

    def __init__(self, credential: str) -> None:
        """Hold the credential that central gave at enrolment."""
        self._credential = credential

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """Sign one request."""
        request.headers["Authorization"] = SCHEME + self._credential
        return request


def presented(authorization: str) -> str:
    """Return the credential that a request carries, or nothing."""
    return authorization.removeprefix(SCHEME) if authorization.startswith(SCHEME) else ""
