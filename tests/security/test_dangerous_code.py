"""Functions that turn text into code, commands, markup or queries are used nowhere but where it says why."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

import pytest

from tests.tidy.source import Source, load

CALLS = {
    "eval": "runs text as code",
    "exec": "runs text as code",
    "__import__": "imports what a text names",
    "os.system": "hands a text to a shell",
    "os.popen": "hands a text to a shell",
    "pickle.loads": "builds any object",
    "pickle.load": "builds any object",
    "marshal.loads": "builds any object",
    "yaml.load": "builds any object",
    "hashlib.md5": "is broken",
    "hashlib.sha1": "is broken",
    "render_template_string": "makes a template of a text",
    "Markup": "says that a text is markup",
    "random.choice": "can be foretold",
    "random.randbytes": "can be foretold",
    "random.getrandbits": "can be foretold",
    "tempfile.mktemp": "names a file that another may make first",
}
FOREIGN = {
    "ctypes",
    "cffi",
    "pickle",
    "marshal",
    "shelve",
    "xml",
    "lxml",
    "yaml",
    "telnetlib",
    "ftplib",
    "smtplib",
}
"""Modules whose work would need a look of its own: markup, bare memory, unsafe objects, plain protocols."""
IN_PAGES = {
    r"\|\s*safe\b": "lets markup through",
    r"\{%-?\s*autoescape\s+false": "lets markup through",
    r"\son\w+\s*=\s*[\"']": "is a script in markup",
    r"javascript:": "is a script in a link",
    r"<script(?![^>]*\bsrc=)": "is a script in a page",
}
IN_SCRIPTS = {
    r"\.(inner|outer)HTML\s*=[^=]": "makes markup of a text",
    r"insertAdjacentHTML|document\.write|setHTMLUnsafe": "makes markup of a text",
    r"\beval\(|new Function\(|set(Timeout|Interval)\(\s*[\"'`]": "runs text as code",
    r"addEventListener\(\s*[\"']message|\.postMessage\(\s*[^,]+,\s*[\"']\*": "listens to any window",
    r"__proto__|constructor\.prototype": "changes every object",
    r"https?://(?!www\.w3\.org)": "asks somebody else",
}  # fmt: skip
QUERY = re.compile(r"^\s*(select|insert|update|delete|create|drop|alter|copy|pragma|attach)\s", re.IGNORECASE)
MADE_QUERIES = {
    "edge/run/simulate/disks.py": "says how large a simulated disk is, by a number of the code's own",
    "edge/run/simulate/flips.py": "names a table and a column of its own list to flip a bit in",
    "sync/central/store/bare.py": "names a table of the measurement's own, never text from outside",
    "edge/store/migrations.py": "writes the version, a number of the code's own",
    "edge/store/database.py": "reads a setting by a name of the code's own",
    "edge/store/driver.py": "hands the file's key over, hexadecimal digits of the vault's own",
    "edge/store/state.py": "says how to checkpoint, by a word of the code's own",
    "sync/central/money/ledger.py": "names the ledger's own tables in triggers, once at the schema's making",
    "sync/central/echoes/twins.py": "names a kind of column as each database calls it",
    "sync/central/imports/load.py": "sets a cache by a number of the code's own",
    "sync/central/store/bulk.py": "names a table and its columns as the schema has them",
    "sync/central/store/engine.py": "sets a pragma of the code's own",
}
CHANCE = ("edge/run/demo/", "hardware/virtual/", "sync/client/backoff.py")
"""Where chance decides about a story or a pause and about no secret."""


def name_of(node: ast.expr) -> str:
    match node:
        case ast.Name(id=name):
            return name
        case ast.Attribute(value=inner, attr=name):
            return f"{name_of(inner)}.{name}"
    return ""


def dangers(source: Source) -> Iterator[str]:
    """What is dangerous in one file of the product."""
    if source.is_python:
        for node in source.nodes:
            yield from _in_node(source, node)
    elif source.path.endswith(".html"):
        yield from _found(source, IN_PAGES)
    elif source.path.endswith(".js") and "/vendor/" not in source.path:
        yield from _found(source, IN_SCRIPTS)


def _in_node(source: Source, node: ast.AST) -> Iterator[str]:
    match node:
        case ast.Call(func=func) if (name := name_of(func)) in CALLS:
            if not (name.startswith("random.") and source.path.startswith(CHANCE)):
                yield f"{source.path}:{node.lineno}: {name} {CALLS[name]}"
        case ast.keyword(arg="shell", value=ast.Constant(value=True)):
            yield f"{source.path}:{node.value.lineno}: a shell reads the command"
        case ast.Import(names=names):
            yield from (f"{source.path}: imports {each.name}" for each in names if _is_foreign(each.name))
        case ast.ImportFrom(module=str(module)) if _is_foreign(module):
            yield f"{source.path}: imports {module}"
        case ast.JoinedStr(values=[ast.Constant(value=str(text)), _, *_]) if QUERY.match(text):
            if source.path not in MADE_QUERIES:
                yield f"{source.path}:{node.lineno}: a query is put together from text"


def _is_foreign(module: str) -> bool:
    return module.split(".")[0] in FOREIGN


def _found(source: Source, patterns: dict[str, str]) -> Iterator[str]:
    for pattern, why in patterns.items():
        for found in re.finditer(pattern, source.text):
            line = source.text.count("\n", 0, found.start()) + 1
            yield f"{source.path}:{line}: {found[0]!r} {why}"


@pytest.mark.timeout(30)
def test_product_holds_no_dangerous_function() -> None:
    assert [danger for source in load() if source.is_product for danger in dangers(source)] == []


PLANTED = [
    ("edge/a.py", "eval('1')"),
    ("edge/a.py", "import os\nos.system('ls')"),
    ("edge/a.py", "import pickle\npickle.loads(b'')"),
    ("edge/a.py", "import subprocess\nsubprocess.run('ls', shell=True)"),
    ("edge/a.py", "import hashlib\nhashlib.md5(b'')"),
    ("edge/a.py", "from xml.etree import ElementTree"),
    ("edge/a.py", "def find(name): return f'SELECT * FROM guests WHERE name = {name}'"),
    ("sync/a.py", "import random\ntoken = random.choice('ab')"),
    ("kiosk/a.py", "from markupsafe import Markup\nMarkup('<b>')"),
    ("kiosk/a.html", "<p>{{ name|safe }}</p>"),
    ("kiosk/a.html", "<p onclick='go()'>x</p>"),
    ("kiosk/a.html", "<script>go()</script>"),
    ("kiosk/a.js", "box.innerHTML = name;"),
    ("kiosk/a.js", "new Function(text)();"),
    ("kiosk/a.js", "window.addEventListener('message', go);"),
    ("kiosk/a.js", "fetch('https://elsewhere.example/');"),
]


@pytest.mark.parametrize(("path", "text"), PLANTED, ids=[text.splitlines()[-1][:40] for _, text in PLANTED])
def test_planted_danger_is_named(path: str, text: str) -> None:
    assert list(dangers(Source(path, text)))


def test_exceptions_are_still_needed() -> None:
    paths = {source.path for source in load()}

    assert {path for path in MADE_QUERIES if path not in paths} == set()
