"""Said at once: which test failed, when, and how the machine was then.

A long run that somebody ends before its end would else have told letters only.
"""

from __future__ import annotations

import os
import re
import time
from pathlib import Path

import pytest

MEMINFO = Path("/proc/meminfo")
CAUSE_CHARS_MAX = 160


def pytest_sessionstart(session: pytest.Session) -> None:
    """Begin to say, in the one process that prints and in none of its workers."""
    plugins = session.config.pluginmanager
    reporter = plugins.get_plugin("terminalreporter")
    if reporter is not None and not hasattr(session.config, "workerinput"):
        plugins.register(AtOnce(reporter))


class AtOnce:
    """A plugin of the process that prints: a line for each failure, where its letter is."""

    def __init__(self, reporter: pytest.TerminalReporter) -> None:
        self._reporter = reporter
        self._began_s = time.monotonic()

    @pytest.hookimpl(trylast=True)
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Say what failed; a worker that died is told as the failure of the test that it ran."""
        if not report.failed:
            return
        after_s = time.monotonic() - self._began_s
        self._reporter.write_line(
            f"\nFAILED after {after_s:.0f} s, {machine()}: {report.nodeid}: {cause(report)}"
        )


def cause(report: pytest.TestReport) -> str:
    """Answer the line that says why, shortened."""
    crash = getattr(report.longrepr, "reprcrash", None)
    why = crash.message.splitlines()[:1] if crash is not None else report.longreprtext.splitlines()[-1:]
    return " ".join(why)[:CAUSE_CHARS_MAX]


def machine() -> str:
    """Answer how busy the machine is and how much memory is left, where it tells."""
    load = f"load {os.getloadavg()[0]:.1f}"
    told = MEMINFO.read_text() if MEMINFO.exists() else ""
    left = re.search(r"^MemAvailable: *(\d+) kB", told, re.MULTILINE)
    return f"{load}, {int(left[1]) // 1024} MB free" if left else load
