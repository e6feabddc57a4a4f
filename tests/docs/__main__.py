"""Writes the reference's generated tables and the page of rights anew: `python -m tests.docs`."""

from __future__ import annotations

from tests.docs.pages import REFERENCE
from tests.docs.rights import RIGHTS, rights_page
from tests.docs.tables import current

if __name__ == "__main__":
    REFERENCE.write_text(current(), encoding="utf-8")
    RIGHTS.write_text(rights_page(), encoding="utf-8")
