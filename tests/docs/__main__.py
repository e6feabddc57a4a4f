"""Writes the README's generated tables anew: `python -m tests.docs`."""

from __future__ import annotations

from tests.docs.readme import README
from tests.docs.tables import current

if __name__ == "__main__":
    README.write_text(current(), encoding="utf-8")
