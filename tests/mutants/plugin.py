"""A plugin of pytest: the module that ``POLSO_MUTANT`` names is imported with its change."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, SourceFileLoader
from importlib.util import spec_from_file_location
from types import CodeType, ModuleType

from tests.mutants.changes import Mutant, changed
from tests.tidy.source import ROOT, Source

MUTANT = Mutant.named(os.environ["POLSO_MUTANT"])
MODULE = Source(MUTANT.file, "").module


class Loader(SourceFileLoader):
    """Compiles the changed tree in place of the file, and keeps no bytecode of it."""

    def get_code(self, fullname: str) -> CodeType:
        return compile(changed(MUTANT), self.path, "exec", dont_inherit=True)


class Finder(MetaPathFinder):
    """Finds that one module, before anybody else does."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname != MODULE:
            return None
        file = ROOT / MUTANT.file
        parts = [str(file.parent)] if file.name == "__init__.py" else None
        loader = Loader(fullname, str(file))
        return spec_from_file_location(fullname, file, loader=loader, submodule_search_locations=parts)


sys.meta_path.insert(0, Finder())
