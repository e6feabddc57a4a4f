"""A bad sample for each rule, with a good one beside it: a rule that finds nothing guards nothing."""

from __future__ import annotations

from dataclasses import dataclass, field

from tests.tidy import prose, purity, reach, secrecy, shape, time_and_money, tree, words
from tests.tidy.rules import Rule

LONG_BODY = "def f() -> None:\n" + "    x = 1\n" * 41
LINES = "".join(f"x{number} = {number}\n" for number in range(351))
MANY_IFS = "def f(x: int) -> None:\n" + "    if x:\n        x += 1\n" * 13
SOME_IFS = "def f(x: int) -> None:\n" + "    if x:\n        x += 1\n" * 7
FIVE = dict.fromkeys(("it", "en", "fr", "de"), '{"go": "{name}"}')


@dataclass(frozen=True, slots=True)
class Sample:
    """Files that break a rule, files that keep it, and a word of the finding."""

    rule: Rule
    bad: dict[str, str]
    good: dict[str, str] = field(default_factory=dict)
    says: str = ""


def one(rule: Rule, bad: str, good: str, says: str = "") -> Sample:
    """A sample of one Python file in a room."""
    return Sample(rule, {"edge/gate.py": bad}, {"edge/gate.py": good}, says)


def texts(spanish: str, use: str = 'show("go")') -> dict[str, str]:
    """The five languages, the last as given, and a page that shows a text."""
    files = {f"kiosk/texts/{language}.json": text for language, text in FIVE.items()}
    return files | {"kiosk/texts/es.json": spanish, "kiosk/page.py": use}


SAMPLES = (
    one(shape.file_length, LINES, "x = 1\n"),
    Sample(shape.file_length, {"kiosk/static/gate.js": LINES}, {"kiosk/static/vendor.svg": LINES}),
    one(
        shape.function_length,
        LONG_BODY,
        'def f() -> None:\n    """Line.\n' + "\n" * 60 + '    """\n    return\n',
    ),
    one(shape.function_length_p95, LONG_BODY, "def f() -> None:\n    return\n"),
    one(shape.parameters, "def f(a, *, b, c, d, e, g): ...", "def f(self, a, *, b, c, d, e): ..."),
    one(shape.parameters, "def f(a, b, c, d): ...", "def f(a, b, c, *, d): ...", "by position"),
    one(shape.branches, MANY_IFS, SOME_IFS),
    one(shape.branches_p95, SOME_IFS, "def f(x: int) -> None:\n    if x:\n        return\n"),
    one(prose.module_sentence, '"""One. Two."""', '"""One, e.g. Two."""'),
    one(prose.module_sentence, "", '"""One: two;\n\nthree."""'),
    one(prose.docstrings, "class Gate:\n    def open(self): ...", 'class _Gate:\n    """One."""'),
    one(prose.typed, "def f(a: int, *b) -> None: ...", "class A:\n    def f(self, a: int) -> None: ..."),
    one(prose.typed, "def f(): ...", "def f() -> None: ...", "return"),
    Sample(
        purity.pure_imports,
        {"edge/core/entry.py": "from edge import store"},
        {"edge/core/entry.py": "import enum\nfrom edge.core import money", "edge/feed.py": "import queue"},
    ),
    Sample(purity.pure_imports, {"edge/core/entry.py": "import selectors"}, {}),
    Sample(
        purity.no_any_in_core,
        {"edge/core/entry.py": "from typing import Any"},
        {"edge/core/entry.py": "from typing import Final", "sync/wire.py": "from typing import Any"},
    ),
    one(words.banned_words, "class BandManager: ...", "class BandKeeper: ...", "keeper"),
    one(words.banned_words, "def process_tap(): ...", "def decide_tap(process): ..."),
    one(words.banned_words, "def f(data): ...", "def f(data_dir): ..."),
    one(words.banned_words, "user_id = 1", "guest_id = 1", "guest, staff or operator"),
    Sample(words.banned_words, {"sync/utils.py": ""}, {"tests/utils.py": ""}),
    one(
        words.broad_except,
        "try: ...\nexcept Exception: ...",
        "try: ...\nexcept Exception:  # the supervisor outlives every driver\n    ...",
    ),
    one(
        words.broad_except,
        "try: ...\nexcept Exception:\n    # why\n    ...",
        "try: ...\nexcept Exception:\n    # one request's fault must not stop the gate\n    ...",
    ),
    one(words.broad_except, "try: ...\nexcept: ...", "try: ...\nexcept Exception:\n    raise"),
    one(
        words.broad_except,
        "try: ...\nexcept Exception:  # noqa: BLE001\n    ...",
        "try: ...\nexcept OSError: ...",
    ),
    one(time_and_money.one_clock, "import time\nt = time.time()", "import time\nt = time.monotonic()"),
    one(time_and_money.one_clock, "import datetime\nt = datetime.datetime.now()", "t = clock.now()"),
    one(time_and_money.one_clock, "from time import time", "from time import monotonic_ns"),
    Sample(
        time_and_money.one_clock,
        {"edge/feed.py": "ask = time.time_ns"},
        {"edge/clock.py": "ask = time.time_ns", "tests/test_feed.py": "ask = time.time_ns"},
    ),
    one(time_and_money.no_float_money, "total = price_minor * 1.22", "total = price_minor * 122 // 100"),
    one(
        time_and_money.no_float_money,
        "def pay(amount: float): ...",
        "def pay(amount: int, took_ms: float): ...",
    ),
    one(time_and_money.no_float_money, "half = amount_minor / 2", "half = took_ms / 2"),
    one(time_and_money.no_float_money, "m = Money(9.9, 'EUR')", "m = Money(990, 'EUR')"),
    one(time_and_money.no_float_money, "limit_minor: float = 1", "limit_minor: int = 1"),
    Sample(
        time_and_money.no_float_money, {"edge/core/money.py": "a = 1.5"}, {"edge/core/presence.py": "a = 1.5"}
    ),
    one(secrecy.constant_time, "ok = pin == given", "ok = compare_digest(pin, given)"),
    one(secrecy.constant_time, "ok = self.token != row['token']", "ok = token == ''"),
    one(secrecy.constant_time, "ok = sign_mac(key) == sent", "ok = mac_count == sent"),
    one(secrecy.no_written_secret, "API_KEY = b'0123456789abcdef'", "API_KEY = keys.read()"),
    one(secrecy.no_written_secret, "open(password='hunter2hunter2')", "open(key='band')"),
    one(
        secrecy.no_written_secret,
        "def f(*, secret='s3cret-s3cret'): ...",
        "class R(StrEnum):\n    TOKEN = 's3cret-s3cret'",
    ),
    one(reach.limits_in_use, "QUEUE_MAX = 9", "QUEUE_MAX = 9\nq = Queue(QUEUE_MAX)"),
    one(
        reach.limits_in_use,
        "class A:\n    age_ms_max: int = 9",
        "class A:\n    age_ms_max: int = 9\nA().age_ms_max",
    ),
    Sample(
        reach.files_in_use,
        {"edge/vault.py": "", "edge/run/cli.py": ""},
        {
            "edge/vault.py": "",
            "hardware/x.py": "",
            "edge/run/cli.py": "from edge import vault\nd = 'hardware.x:open'",
        },
    ),
    Sample(
        reach.templates_in_use,
        {"kiosk/templates/old.html": "", "kiosk/app.py": ""},
        {"kiosk/templates/new.html": "", "kiosk/app.py": "show('new.html')"},
    ),
    Sample(
        reach.queries_in_use,
        {"edge/store/queries.sql": "-- name: old_tap\nSELECT 1;"},
        {"edge/store/queries.sql": "-- name: new_tap\nSELECT 1;", "edge/store/j.py": "run('new_tap')"},
    ),
    Sample(reach.texts_in_use, texts("{}", "show('x')"), texts("{}", "show('go')")),
    Sample(
        reach.texts_in_use,
        {"kiosk/texts/it.json": '{"reason": {"late": "x"}}', "kiosk/page.py": "show('reason')"},
        {"kiosk/texts/it.json": '{"reason": {"late": "x"}}', "kiosk/page.py": "show(f'reason.{reason}')"},
    ),
    Sample(reach.languages_agree, texts("{}"), texts('{"go": "{name}"}'), "missing"),
    Sample(reach.languages_agree, texts('{"go": "{nome}"}'), texts('{"go": "¡{name}!"}'), "blanks"),
    Sample(reach.languages_agree, texts('{"go": " "}'), texts('{"go": "{name}"}'), "empty"),
    Sample(reach.languages_agree, {"kiosk/texts/it.json": "{}"}, {}, "en, fr, de, es"),
    Sample(
        tree.top_level,
        dict.fromkeys((*tree.VISIBLE, "notes.txt"), ""),
        dict.fromkeys((*tree.VISIBLE, ".ci/run"), ""),
        "notes.txt",
    ),
    Sample(
        tree.top_level,
        dict.fromkeys(tree.VISIBLE - {"LICENSE"}, ""),
        dict.fromkeys(tree.VISIBLE, ""),
        "LICENSE",
    ),
    one(tree.leftovers, "x = 1  # TODO later", "x = 'todos'"),
    one(tree.machine_paths, "p = '/home/ada/polso'", "p = '/var/lib/polso'"),
    Sample(tree.machine_paths, {".ci/run": "pip install --index-url x"}, {".ci/run": "pip install x"}),
    one(tree.waivers_have_reasons, "x = 1  # noqa: S101", "x = 1  # noqa: S101 - a contract of two lines"),
    one(
        tree.waivers_have_reasons,
        "x = 1  # type: ignore[arg-type]",
        "x = 1  # type: ignore[arg-type]  # nfcpy lies here",
    ),
    one(tree.waivers_have_reasons, "x = 1  # noqa because I want to", "x = 1"),
    one(
        tree.waivers_have_reasons,
        "x = 1  # pragma: no cover",
        "x = 1  # pragma: no cover - only on a Raspberry Pi",
    ),
    one(
        tree.skips_have_reasons,
        "@pytest.mark.skip\ndef t(): ...",
        "@pytest.mark.skip(reason='no QEMU')\ndef t(): ...",
    ),
    one(tree.skips_have_reasons, "pytest.skip('')", "pytest.skip('no QEMU: apt install')"),
    one(tree.skips_have_reasons, "pytest.importorskip('x')", "pytest.importorskip('x', reason='no x')"),
    Sample(
        tree.no_sleep_for_a_condition,
        {"tests/edge/test_x.py": "import time\ntime.sleep(1)"},
        {"tests/edge/test_x.py": "import time\nwhile not done():\n    time.sleep(0.01)"},
    ),
)
