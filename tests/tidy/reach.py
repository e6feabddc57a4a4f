"""Nothing lies about unused: limits, files, templates, texts, queries."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterable, Iterator
from pathlib import PurePosixPath

from tests.tidy.source import Finding, Source, python

QUERY = re.compile(r"^--\s*name:\s*(\w+)", re.MULTILINE)
ENTRANCES = ("edge/run/cli", "edge/run/__main__.py", "hardware/blueprint.py")
"""Where reading starts: the command in its two forms, and the driver that people copy."""
PAGES = (".html", ".js", ".css")
LANGUAGES = ("it", "en", "fr", "de", "es")
WORD = re.compile(r"""["'`]([\w.]+)(?=["'`{$])""")
"""A whole string, or the start of one that goes on with a value."""
PLACEHOLDER = re.compile(r"\{(\w+)")


def limits_in_use(sources: Iterable[Source]) -> Iterator[Finding]:
    """Each `_max` that is named is also obeyed somewhere."""
    sources = list(sources)
    used = {name for source in python(sources) for name in loaded(source)}
    pages = "\n".join(source.text for source in sources if source.is_product and not source.is_python)
    for source in python(sources):
        for node, name in limits(source):
            if name not in used and not re.search(rf"\b{name}\b", pages):
                yield from source.find(node, "limit-unused", f"{name} limits nothing: obey it or remove it")


def limits(source: Source) -> Iterator[tuple[ast.AST, str]]:
    """Each constant or field whose name ends in _max or _MAX."""
    for node in source.nodes:
        targets = (
            node.targets
            if isinstance(node, ast.Assign)
            else [node.target]
            if isinstance(node, ast.AnnAssign)
            else []
        )
        for target in targets:
            if isinstance(target, ast.Name) and target.id.lower().endswith("_max"):
                yield node, target.id


def loaded(source: Source) -> Iterator[str]:
    """Each name that a file reads."""
    for node in source.nodes:
        match node:
            case ast.Name(id=name, ctx=ast.Load()) | ast.Attribute(attr=name, ctx=ast.Load()):
                yield name
            case ast.Constant(value=str(name)) if name.isidentifier():
                yield name


def files_in_use(sources: Iterable[Source]) -> Iterator[Finding]:
    """Each module is imported by another room, or named as a driver."""
    modules = python(sources)
    wanted = {name for source in modules for name in imported(source)}
    for source in modules:
        if source.path.endswith("__init__.py") or source.path.startswith(ENTRANCES):
            continue
        if source.module not in wanted and not any(name.startswith(f"{source.module}.") for name in wanted):
            yield Finding(
                source.path, 1, "file-unused", f"nothing imports {source.module}: connect it or remove it"
            )


def imported(source: Source) -> Iterator[str]:
    """Each module that a file may mean by an import or by a dotted name in a string."""
    for node in source.nodes:
        match node:
            case ast.Import(names=names):
                yield from (alias.name for alias in names if alias.name != source.module)
            case ast.ImportFrom(module=str(module), names=names, level=0):
                yield module
                yield from (f"{module}.{alias.name}" for alias in names)
            case ast.Constant(value=str(text)) if re.fullmatch(r"[a-z_]+(\.\w+)+(:\w+)?", text):
                yield text.partition(":")[0]


def templates_in_use(sources: Iterable[Source]) -> Iterator[Finding]:
    """Each template and static file is named by the code or by another page."""
    product = [source for source in sources if source.is_product]
    for page in product:
        folder = next((name for name in ("/templates/", "/static/") if name in page.path), "")
        if not folder or PurePosixPath(page.path).suffix not in PAGES:
            continue
        name = page.path.partition(folder)[2]
        short = PurePosixPath(name).name
        if not any(
            name in other.text or f'"{short}"' in other.text or f"/{short}" in other.text
            for other in product
            if other is not page
        ):
            yield Finding(
                page.path, 1, "page-unused", f"nothing shows {name}: name it in a view or remove it"
            )


def queries_in_use(sources: Iterable[Source]) -> Iterator[Finding]:
    """Each named SQL query is called by its name."""
    sources = list(sources)
    code = "\n".join(source.text for source in python(sources))
    for source in sources:
        if not (source.is_product and source.path.endswith(".sql")):
            continue
        for match in QUERY.finditer(source.text):
            if not re.search(rf"\b{match[1]}\b", code):
                line = source.text.count("\n", 0, match.start()) + 1
                yield Finding(source.path, line, "query-unused", f"nobody asks {match[1]}: remove it")


def texts_in_use(sources: Iterable[Source]) -> Iterator[Finding]:
    """Each text key is shown somewhere, by its name or by a prefix that the code completes."""
    product = [source for source in sources if source.is_product]
    spoken = {
        word for page in product if page.path.endswith((".py", *PAGES)) for word in WORD.findall(page.text)
    }
    for source in product:
        if not source.path.endswith("/texts/it.json"):
            continue
        for key in sorted(flat(json.loads(source.text))):
            if not is_shown(key, spoken):
                yield Finding(
                    source.path, 1, "text-unused", f"nobody shows '{key}': remove it from all languages"
                )


def is_shown(key: str, spoken: set[str]) -> bool:
    """Whether the key stands in the code, whole or as the start of a name made at run time."""
    parts = re.split(r"(?<=[._])", key)
    return any("".join(parts[:count]) in spoken for count in range(1, len(parts) + 1))


def languages_agree(sources: Iterable[Source]) -> Iterator[Finding]:
    """All five languages hold the same keys with the same blanks to fill."""
    folders: dict[str, dict[str, Source]] = {}
    for source in sources:
        path = PurePosixPath(source.path)
        if source.is_product and path.parent.name == "texts" and path.suffix == ".json":
            folders.setdefault(str(path.parent), {})[path.stem] = source
    for folder, found in folders.items():
        missing = [language for language in LANGUAGES if language not in found]
        if missing:
            yield Finding(folder, 1, "language", f"no {', '.join(missing)}: every text in all five languages")
        if "it" in found:
            yield from _compare(found)


def _compare(found: dict[str, Source]) -> Iterator[Finding]:
    model = flat(json.loads(found["it"].text))
    for language, source in found.items():
        texts = flat(json.loads(source.text))
        for key in sorted(model.keys() ^ texts.keys()):
            where = "here" if key in model else "in Italian"
            yield Finding(
                source.path, 1, "language", f"'{key}' is missing {where}: write it in all five languages"
            )
        for key in sorted(model.keys() & texts.keys()):
            if not texts[key].strip():
                yield Finding(source.path, 1, "language", f"'{key}' is empty: say it in {language}")
            if set(PLACEHOLDER.findall(model[key])) != set(PLACEHOLDER.findall(texts[key])):
                yield Finding(
                    source.path, 1, "language", f"'{key}' has other blanks than Italian: same names in braces"
                )


def flat(texts: object, prefix: str = "") -> dict[str, str]:
    """Nested texts as dotted keys."""
    if not isinstance(texts, dict):
        return {prefix: str(texts)}
    rows: dict[str, str] = {}
    for key, value in texts.items():
        rows |= flat(value, f"{prefix}.{key}" if prefix else str(key))
    return rows
