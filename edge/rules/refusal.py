"""What is wrong with a rule, said to whoever wrote it."""

from __future__ import annotations

from edge.errors import Refused


class RuleRefused(Refused):
    """This rule cannot be used."""

    hint = "Write one CEL expression over the documented names that is true where the guest may pass."
