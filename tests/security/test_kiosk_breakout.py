"""Threat 6, a malicious visitor at a kiosk: the shipped profile, line by line and tried in a real browser."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import threading
import time
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests.test_units import settings
from tests.tidy.source import ROOT

POLICY, UNIT = ROOT / "kiosk" / "polso-kiosk.json", ROOT / "kiosk" / "polso-kiosk.service"
FORBIDDEN = {
    "DownloadRestrictions": 3, "PrintingEnabled": False, "DeveloperToolsAvailability": 2,
    "RemoteDebuggingAllowed": False, "IncognitoModeAvailability": 1, "PasswordManagerEnabled": False,
    "AutofillAddressEnabled": False, "AutofillCreditCardEnabled": False, "TranslateEnabled": False,
    "ExtensionInstallBlocklist": ["*"], "BrowserSignin": 0, "SyncDisabled": True,
    "AllowFileSelectionDialogs": False, "DefaultPopupsSetting": 2, "TaskManagerEndProcessEnabled": False,
    "DefaultFileSystemReadGuardSetting": 2, "DefaultFileSystemWriteGuardSetting": 2,
    "DefaultWebUsbGuardSetting": 2, "DefaultSerialGuardSetting": 2, "DefaultWebHidGuardSetting": 2,
    "DefaultWebBluetoothGuardSetting": 2, "AudioCaptureAllowed": False, "VideoCaptureAllowed": False,
    "ScreenCaptureAllowed": False, "SearchSuggestEnabled": False, "DefaultSearchProviderEnabled": False,
    "MetricsReportingEnabled": False, "SafeBrowsingProtectionLevel": 0, "DnsOverHttpsMode": "off",
    "SpellCheckServiceEnabled": False, "NetworkPredictionOptions": 2, "AlternateErrorPagesEnabled": False,
    "SavingBrowserHistoryDisabled": True, "BrowserAddPersonEnabled": False, "BrowserGuestModeEnabled": False,
    "EditBookmarksEnabled": False, "BookmarkBarEnabled": False, "ComponentUpdatesEnabled": False,
}  # fmt: skip
CHORDS = (
    "ctrl+t", "ctrl+n", "ctrl+shift+n", "ctrl+l", "alt+d", "F6", "F12", "ctrl+shift+i", "ctrl+shift+j",
    "ctrl+shift+c", "ctrl+u", "ctrl+p", "ctrl+shift+p", "ctrl+o", "ctrl+s", "ctrl+h", "ctrl+j", "ctrl+d",
    "ctrl+shift+d", "ctrl+f", "ctrl+shift+t", "ctrl+shift+o", "ctrl+shift+b", "ctrl+shift+m",
    "ctrl+shift+Delete", "ctrl+shift+a", "ctrl+k", "ctrl+e", "ctrl+Tab", "ctrl+1", "ctrl+9", "alt+Home",
    "alt+Left", "alt+Right",
    "alt+e", "alt+f", "F1", "F3", "F7", "F10", "F11", "Escape", "shift+Escape", "shift+F10", "Menu", "super",
    "ctrl+alt+t", "ctrl+alt+Delete",
)  # fmt: skip
LEAVING = ("ctrl+w", "alt+F4", "ctrl+shift+q")
"""These may end the browser; the unit brings it back. They must not leave it open at something else."""
PAGE = b"""<!doctype html><title>Polso kiosk</title><h1>kiosk</h1><p>text</p><script type=module>
import { keepKeys } from "/keys.js";
if (location.hash !== "#plain") keepKeys();
addEventListener("beforeprint", () => fetch("/printed"));
setInterval(async () => {
  const whole = innerWidth >= screen.width - 1 && innerHeight >= screen.height - 1;
  const seen = [whole, document.visibilityState, document.hasFocus()].join();
  const answer = await fetch("/at?" + seen);
  const to = await answer.text();
  if (to) location.href = to;
}, 100);
</script>"""
HOME_SEEN = "/at?true,visible,true"
"""Whole, seen, and with the keys."""
KEYS = (ROOT / "kiosk" / "static" / "keys.js").read_bytes()
"""What every guest's page does; a policy has no say over keys."""
START_S_MAX = 20
SETTLE_S = 0.3
"""What a chord or a link opens, it opens within this time; nothing tells when it opens nothing."""


@pytest.fixture(scope="module")
def policy() -> dict[str, Any]:
    return dict(json.loads(POLICY.read_text()))


def test_everything_is_blocked_but_the_devices_own_address(policy: dict[str, Any]) -> None:
    assert policy["URLBlocklist"][0] == "*"
    assert {"file://*", "chrome://*", "view-source:*", "javascript://*", "data:*"} <= set(
        policy["URLBlocklist"]
    )
    assert policy["URLAllowlist"] == ["http://127.0.0.1:8080"]


@pytest.mark.parametrize("name", FORBIDDEN)
def test_the_policy_states_each_line(policy: dict[str, Any], name: str) -> None:
    assert policy[name] == FORBIDDEN[name]


def test_the_unit_shows_one_page_in_one_program_and_comes_back() -> None:
    stated = settings(UNIT)
    [start] = stated["ExecStart"]
    assert start.startswith("/usr/bin/cage -d -- /usr/bin/chromium --kiosk ")
    assert start.endswith(" ${POLSO_SCREEN}")
    assert " -s " not in start, "cage would switch consoles"
    assert "--no-sandbox" not in start
    assert "remote-debugging" not in start
    assert (stated["Restart"], stated["User"], stated["UMask"]) == (["always"], ["polso-kiosk"], ["0077"])
    assert stated["ProtectSystem"] == ["strict"]
    assert stated["StartLimitIntervalSec"] == ["0"]
    assert stated["Conflicts"] == ["getty@tty1.service"]


def test_profile_and_unit_ship_with_the_wheel() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    assert {"*.service", "*.json"} <= set(project["tool"]["setuptools"]["package-data"]["*"])


@dataclass
class Site:
    """A page that says where it stands ten times a second, and whoever asked for anything."""

    asked: list[str] = field(default_factory=list)
    to: str = ""
    """Where the page shall go next."""

    @contextlib.contextmanager
    def open(self) -> Iterator[int]:
        site = self

        class Answer(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                site.asked.append(self.path)
                at = self.path.startswith("/at?")
                body, site.to = (site.to.encode(), "") if at else (PAGE, site.to)
                script = self.path == "/keys.js"
                body = KEYS if script else body
                self.send_response(200)
                kind = "text/javascript" if script else "text/html"
                self.send_header("Content-Type", "text/plain" if at else kind)
                self.end_headers()
                with contextlib.suppress(OSError):  # the page has gone
                    self.wfile.write(body)

            def log_message(self, *_: Any) -> None:
                """Say nothing."""

        server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_port
        server.shutdown()
        server.server_close()

    def says(self, what: str, within_s: float) -> bool:
        """Whether the page says so within this time."""
        self.asked.clear()
        until = time.monotonic() + within_s
        while time.monotonic() < until:
            if what in self.asked:
                return True
            time.sleep(0.02)
        return False


@dataclass
class Kiosk:
    """A browser on a display of its own, under the shipped policy."""

    display: str
    home: Site
    elsewhere: Site
    other: int
    process: subprocess.Popen[bytes]

    def x(self, *words: str) -> str:
        env = {**os.environ, "DISPLAY": self.display}
        done = subprocess.run(
            ["xdotool", *words], env=env, check=False, timeout=10, capture_output=True, text=True
        )
        return done.stdout

    def press(self, chord: str) -> None:
        self.x("key", "--clearmodifiers", chord)
        time.sleep(SETTLE_S)  # nothing tells when a chord opens nothing

    def types(self, text: str) -> None:
        self.x("type", text)
        self.press("Return")

    def windows(self) -> int:
        return len(self.x("search", "--onlyvisible", "--class", "chrom").split())


@contextlib.contextmanager
def a_kiosk(
    folder: Path, chromium: Path, *, locked: bool, file: bool = False, at: str = ""
) -> Iterator[Kiosk]:
    """A kiosk whose policy lies in a mount namespace of its own: the machine's is not touched."""
    if os.geteuid() or not all(map(shutil.which, ("Xvfb", "xdotool", "unshare"))):
        pytest.skip("needs root for a mount namespace, Xvfb and xdotool")
    home, elsewhere = Site(), Site()
    with home.open() as port, elsewhere.open() as other, contextlib.ExitStack() as stack:
        managed = folder / "etc" / "policies" / "managed"
        managed.mkdir(parents=True)
        if locked:
            told = POLICY.read_text().replace("http://127.0.0.1:8080", f"http://127.0.0.1:{port}")
            (managed / "polso.json").write_text(told)
        read = folder / "read.html"
        read.write_text(f"<img src=http://localhost:{other}/away>")
        start = f"file://{read}" if file else f"http://127.0.0.1:{port}/{at}"
        display = f":{90 + other % 900}"
        size = ["-screen", "0", "1024x768x24", "-nolisten", "tcp"]
        stack.callback(end, subprocess.Popen(["Xvfb", display, *size], stderr=subprocess.DEVNULL))
        command = (
            f"mount --bind {folder}/etc /etc/chromium && exec {chromium} --no-sandbox --kiosk --no-first-run"
            f" --window-size=1024,768 --window-position=0,0 --user-data-dir={folder}/profile"
            f" {start}"
        )
        env, quiet = {**os.environ, "DISPLAY": display}, subprocess.DEVNULL
        process = subprocess.Popen(
            ["unshare", "-m", "sh", "-c", command], env=env, stderr=quiet, stdout=quiet
        )
        stack.callback(end, process)
        kiosk = Kiosk(display, home, elsewhere, other, process)
        if not file:
            assert home.says("/", START_S_MAX), "the browser did not start"
            kiosk.x("mousemove", "512", "300", "click", "1")
            assert home.says(HOME_SEEN, START_S_MAX), home.asked[-3:]
        yield kiosk


def end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(5)
    if process.poll() is None:
        process.kill()
        process.wait(5)


@pytest.fixture(scope="module")
def kiosk(chromium_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kiosk]:
    with a_kiosk(tmp_path_factory.mktemp("kiosk"), chromium_path, locked=True) as running:
        yield running


@pytest.mark.browser
@pytest.mark.slow
@pytest.mark.timeout(180)
def test_no_chord_leaves_the_page(kiosk: Kiosk) -> None:
    """After each the page is whole and seen, has the keys again after Escape, and is the one window."""
    for chord in CHORDS:
        kiosk.press(chord)
        kiosk.press("Escape")
        assert kiosk.home.says(HOME_SEEN, 3), (chord, kiosk.home.asked[-2:])
        assert kiosk.windows() == 1, chord
    assert "/printed" not in kiosk.home.asked
    assert kiosk.elsewhere.asked == []


@pytest.mark.browser
@pytest.mark.slow
@pytest.mark.timeout(60)
def test_without_the_pages_hold_on_the_keys_a_chord_would_hide_it(
    chromium_path: Path, tmp_path: Path
) -> None:
    """The control: no policy keeps Ctrl+T from opening a tab over the page, the page itself does."""
    with a_kiosk(tmp_path, chromium_path, locked=True, at="'#plain'") as kiosk:
        kiosk.press("ctrl+t")
        assert kiosk.home.says("/at?true,hidden,false", 5)


def test_every_page_of_a_guest_holds_on_to_the_keys() -> None:
    for page in ("kiosk.js", "gate.js"):
        assert "keepKeys()" in (ROOT / "kiosk" / "static" / page).read_text()


@pytest.mark.browser
@pytest.mark.slow
@pytest.mark.timeout(60)
def test_an_address_typed_blindly_goes_nowhere(kiosk: Kiosk) -> None:
    for chord in ("ctrl+l", "alt+d", "F6", "ctrl+k", "ctrl+t"):
        kiosk.press(chord)
        kiosk.types(f"http://127.0.0.1:{kiosk.other}/typed")
    assert kiosk.elsewhere.asked == []
    assert kiosk.home.says(HOME_SEEN, 3), kiosk.home.asked[-2:]


@pytest.mark.browser
@pytest.mark.slow
@pytest.mark.timeout(60)
@pytest.mark.parametrize("locked", [True, False], ids=["policy", "without"])
@pytest.mark.parametrize("way", ["link", "file"])
def test_another_address_opens_only_without_the_policy(
    chromium_path: Path, tmp_path: Path, way: str, *, locked: bool
) -> None:
    """With the policy nothing elsewhere is asked for; without it it is (the control)."""
    with a_kiosk(tmp_path, chromium_path, locked=locked, file=way == "file") as kiosk:
        kiosk.home.to = f"http://localhost:{kiosk.other}/away"
        opened = kiosk.elsewhere.says("/away", START_S_MAX if not locked else 4)
        assert opened is not locked


@pytest.mark.browser
@pytest.mark.slow
@pytest.mark.timeout(120)
@pytest.mark.parametrize("chord", LEAVING)
def test_who_closes_the_browser_finds_nothing_behind_it(
    chromium_path: Path, tmp_path: Path, chord: str
) -> None:
    with a_kiosk(tmp_path, chromium_path, locked=True) as kiosk:
        kiosk.press(chord)
        stands = kiosk.home.says(HOME_SEEN, 3)
        assert stands or kiosk.windows() == 0
        assert kiosk.elsewhere.asked == []
