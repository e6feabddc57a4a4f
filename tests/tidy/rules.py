"""All rules of the house in one list."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from tests.tidy import prose, purity, reach, secrecy, shape, time_and_money, tree, words
from tests.tidy.source import Finding, Source

Rule = Callable[[Iterable[Source]], Iterator[Finding]]

RULES: tuple[Rule, ...] = (
    shape.file_length,
    shape.function_length,
    shape.function_length_p95,
    shape.parameters,
    shape.branches,
    shape.branches_p95,
    prose.module_sentence,
    prose.docstrings,
    prose.typed,
    purity.pure_imports,
    purity.no_any_in_core,
    words.banned_words,
    words.broad_except,
    time_and_money.one_clock,
    time_and_money.no_float_money,
    secrecy.constant_time,
    secrecy.no_written_secret,
    reach.limits_in_use,
    reach.files_in_use,
    reach.templates_in_use,
    reach.queries_in_use,
    reach.texts_in_use,
    reach.languages_agree,
    tree.top_level,
    tree.leftovers,
    tree.machine_paths,
    tree.waivers_have_reasons,
    tree.skips_have_reasons,
    tree.no_sleep_for_a_condition,
)
