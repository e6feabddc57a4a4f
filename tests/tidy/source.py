"""A file of the house, read and parsed once, and what is wrong in it."""

from __future__ import annotations

import ast
import shutil
import subprocess
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

ROOMS = ("edge", "sync", "kiosk", "hardware")
ROOT = Path(__file__).resolve().parents[2]
TEXTS = {
    ".py",
    ".md",
    ".toml",
    ".sql",
    ".html",
    ".js",
    ".css",
    ".json",
    ".yaml",
    ".yml",
    ".service",
    ".txt",
    ".svg",
    "",
}
ALLOWED = "# tidy:"
"""A line that must break a rule says so with this mark and its reason."""
REASON_CHARS_MIN = 12

Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """One thing to change: where, which rule, and what to do."""

    path: str
    line: int
    rule: str
    advice: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.rule}: {self.advice}"


@dataclass(frozen=True)
class Source:
    """A text file by its path from the top of the repository."""

    path: str
    text: str = field(repr=False)

    @property
    def is_product(self) -> bool:
        """Whether it ships: it lives in one of the four rooms."""
        return self.path.split("/", 1)[0] in ROOMS

    @property
    def is_python(self) -> bool:
        """Whether it can be parsed."""
        return self.path.endswith(".py")

    @property
    def module(self) -> str:
        """The dotted name by which it is imported."""
        return self.path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")

    @cached_property
    def lines(self) -> list[str]:
        """Its lines; the first has number 1."""
        return self.text.splitlines()

    @cached_property
    def nodes(self) -> list[ast.AST]:
        """Each node of its syntax tree, module first."""
        return list(ast.walk(ast.parse(self.text, self.path)))

    @cached_property
    def functions(self) -> list[Function]:
        """Each function and method, nested ones too."""
        return [node for node in self.nodes if isinstance(node, Function)]

    def find(self, node: ast.AST | int, rule: str, advice: str) -> Iterator[Finding]:
        """A finding at a node or line, unless that line states why it must be so."""
        line = node if isinstance(node, int) else getattr(node, "lineno", 1)
        mark = self.lines[line - 1].partition(ALLOWED)[2] if 0 < line <= len(self.lines) else ""
        if len(mark.strip()) < REASON_CHARS_MIN:
            yield Finding(self.path, line, rule, advice)


def load(root: Path = ROOT) -> list[Source]:
    """Each text file that git knows or would add; a file that cannot be read as text is left out."""
    return [Source(path, text) for path in listed(root) if (text := _read(root / path)) is not None]


def listed(root: Path) -> list[str]:
    """The paths below root, without what .gitignore leaves out."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    if (root / ".git").exists():
        found = subprocess.run(command, cwd=root, capture_output=True, text=True, check=True)
        return sorted(path for path in set(found.stdout.split("\0")) if path and (root / path).is_file())
    return sorted(
        str(path.relative_to(root)) for path in root.rglob("*") if path.is_file() and _is_ours(path, root)
    )


def copy_to(folder: Path, root: Path = ROOT) -> Path:
    """A copy of the tree as somebody else would receive it."""
    for path in listed(root):
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(root / path, target)
    return folder


def _is_ours(path: Path, root: Path) -> bool:
    parts = path.relative_to(root).parts
    private = (".venv", ".git", "__pycache__", "build", "dist", "node_modules")
    return not any(part in private or part.endswith((".egg-info", "_cache")) for part in parts)


def _read(path: Path) -> str | None:
    if path.suffix not in TEXTS:
        return None
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return None


def python(sources: Iterable[Source], *, product: bool = True) -> list[Source]:
    """The Python files, of the product only unless told otherwise."""
    return [source for source in sources if source.is_python and (source.is_product or not product)]
