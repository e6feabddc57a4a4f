"""Errors of a broken world, each with what to do about it; outcomes of the domain are never errors."""

from __future__ import annotations


class PolsoError(Exception):
    """Something is broken."""

    hint = ""
    """What a person can do."""
    retryable = False
    """Whether a machine may simply try again."""

    def __init__(self, message: str = "", *, hint: str = "") -> None:
        """Say what is wrong (default: the class's own sentence) and what to do."""
        super().__init__(message or (self.__doc__ or "").splitlines()[0])
        if hint:
            self.hint = hint


class ConfigError(PolsoError):
    """The configuration cannot be used."""

    hint = "Compare it with the configuration reference (.docs/reference.md), then start again."


class StoreError(PolsoError):
    """The journal cannot be read or written."""

    hint = "Free space on the disk or mount it writable; the gate comes back by itself."
    retryable = True


class StoreBusy(StoreError):
    """Another process already uses this data folder."""

    hint = "Stop the other one, or give this one a folder of its own with --data."
    retryable = False


class StoreDamaged(StoreError):
    """The journal does not verify."""

    hint = "Run `polso journal verify`; keep the folder, enrol the device anew and call support."
    retryable = False


class NotAllowed(PolsoError):
    """This person, screen or device may not do that."""

    hint = "Ask a supervisor, or sign in with a role that may."
    why = "rule"
    """The journal's word for it where a member of staff tried; empty: it is no refusal of an act."""
    noted = False
    """Whether the journal has it already, on its way out through several rooms."""


class Unknown(PolsoError):
    """There is no such thing here."""

    hint = "Check the spelling, or look it up at central."


class Refused(PolsoError):
    """What was sent cannot be accepted."""

    hint = "Correct what the message names and send it again."


class Offline(PolsoError):
    """Central or the network does not answer."""

    hint = "Nothing needs to be done at the gate; Polso goes on by itself and tries again."
    retryable = True
