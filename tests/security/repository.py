"""A repository of releases as its own tool makes it, its server on loopback, and wheels of no weight."""

from __future__ import annotations

import importlib.machinery
import importlib.util
import shutil
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from types import ModuleType

from tests.tidy.source import ROOT

PEOPLE, FRESH = ("anna", "bruno", "carla"), "clock"
SENT_BYTES_MAX = 1_000_000_000
"""What the endless server gives at most, so that a client that reads it all ends at last."""


def tool() -> ModuleType:
    """`.ci/repository` as a module."""
    loader = importlib.machinery.SourceFileLoader("repository_tool", str(ROOT / ".ci/repository"))
    made = importlib.util.module_from_spec(importlib.util.spec_from_loader("repository_tool", loader))
    loader.exec_module(made)
    return made


def a_wheel(folder: Path, version: str, name: str = "polso", *, tag: str = "py3-none-any") -> Path:
    """A wheel whose command says its version and nothing else."""
    folder.mkdir(exist_ok=True)
    path, info = folder / f"{name}-{version}-{tag}.whl", f"{name}-{version}.dist-info"
    parts = {
        f"{name}_said/__init__.py": f"def main() -> None:\n    print('{name}, version {version}')\n",
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n",
        f"{info}/WHEEL": f"Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: {tag}\n",
        f"{info}/entry_points.txt": f"[console_scripts]\n{name} = {name}_said:main\n",
    }
    record = f"{info}/RECORD"
    with zipfile.ZipFile(path, "w") as archive:
        for part, text in parts.items():
            archive.writestr(part, text)
        archive.writestr(record, "".join(f"{part},,\n" for part in (*parts, record)))
    return path


class House:
    """Three people with a key each, a fourth key that freshens, and the repository that they keep."""

    def __init__(self, folder: Path) -> None:
        self.tool, self.place, self.folder = tool(), folder, folder / "repository"
        for name in (*PEOPLE, FRESH):
            self.tool.make_key(folder / name)
        self.tool.keys(self.folder, *(folder / f"{name}.pub" for name in (*PEOPLE, FRESH)))
        self.sign("anna", "bruno")
        self.root = folder / "first.root.json"
        shutil.copy(self.folder / "metadata/1.root.json", self.root)

    def sign(self, *who: str) -> None:
        for name in who:
            self.tool.sign(self.folder, self.place / name)

    def stage(self, version: str, *more: tuple[str, str, str]) -> None:
        """Stage a release of Polso and what else it holds, as (name, version, tag)."""
        wheels = self.place / f"wheels-{version}"
        a_wheel(wheels, version)
        for name, its, tag in more:
            a_wheel(wheels, its, name, tag=tag)
        self.tool.add(self.folder, wheels)

    def freshen(self) -> None:
        self.tool.freshen(self.folder, self.place / FRESH)

    def release(self, version: str, *more: tuple[str, str, str]) -> None:
        """Everything that belongs to a release."""
        self.stage(version, *more)
        self.sign("carla", "anna")
        self.freshen()

    def copy(self, name: str) -> Path:
        """The repository as it stands now, for whoever serves it later."""
        return Path(shutil.copytree(self.folder, self.place / name))


class Served(ThreadingHTTPServer):
    """What a server does; ``endless`` paths never end."""

    folder: Path
    endless: str = "nothing"
    sent = 0


class Answer(BaseHTTPRequestHandler):
    server: Served

    def do_GET(self) -> None:
        path = self.server.folder / self.path.lstrip("/")
        if self.server.endless in self.path:
            self._endless()
        elif path.is_file():
            content = path.read_bytes()
            self.send_response(200)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)
        else:
            self.send_error(404)

    def _endless(self) -> None:
        self.send_response(200)
        self.end_headers()
        try:
            while self.server.sent < SENT_BYTES_MAX:
                self.server.sent += 65_536
                self.wfile.write(b" " * 65_536)
        except OSError:
            return  # the client has hung up

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def served(folder: Path) -> Iterator[tuple[str, Served]]:
    """A folder over loopback, and its server."""
    server = Served(("127.0.0.1", 0), Answer)
    server.folder = folder
    thread = Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
