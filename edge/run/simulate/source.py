"""Source: which state of the code a story was played by, for whoever plays it again."""

from __future__ import annotations

import importlib.metadata
import shutil
import subprocess
from pathlib import Path


def commit() -> str:
    """Return the commit of the checkout that this file lies in, or the version of what is installed."""
    git, here = shutil.which("git"), Path(__file__).parent
    if git is not None:
        told = subprocess.run(  # noqa: S603 - fixed words
            [git, "-C", str(here), "describe", "--always", "--dirty", "--exclude=*"],
            capture_output=True,
            text=True,
            check=False,
        )
        tracked = subprocess.run(  # noqa: S603 - fixed words
            [git, "-C", str(here), "ls-files", "--error-unmatch", Path(__file__).name],
            capture_output=True,
            check=False,
        )
        if not told.returncode and not tracked.returncode:
            return told.stdout.strip()
    return f"of version {importlib.metadata.version('polso')}"
