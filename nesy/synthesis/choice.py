"""Which extractor translates for a domain's file: that of its ``captions`` block, or another one that is asked for."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from nesy.dsl import ast
from nesy.dsl.check import CheckedModule, check_module
from nesy.dsl.parser import load
from nesy.dsl.printer import statement_text
from nesy.dsl.signature import modules_of
from nesy.errors import DataError, NesyError
from nesy.own import own_mistakes
from nesy.synthesis.base import SpecExtractor, extractors
from nesy.synthesis.vocabulary import Documented, OpenDomain, documented


@dataclass(frozen=True)
class Choice:
    """An extractor by name, its settings, and the domain that it translates for."""

    name: str
    domain: Documented
    settings: Mapping[str, Any] = field(default_factory=dict)

    @staticmethod
    def of(path: Path | None, name: str | None = None, changes: Mapping[str, Any] | None = None) -> Choice:
        """The choice for a domain's file; without one, the domain is open.

        name: the extractor, if not the one of the file's ``captions`` block (or ``rules``); the block's settings are
            that extractor's, and no other's.
        changes: settings that count more than the block's.

        Raises:
            NesyError: what is wrong with the file.
        """
        module = checked_file(path) if path is not None else None
        block = module.blocks.get("captions") if module is not None else None
        settings: dict[str, Any] = dict(block.settings.as_dict()) if block else {}
        given = str(settings.pop("extractor", "rules"))
        if name is not None and name != given:
            settings = {}
        domain = documented(module.module) if module is not None else OpenDomain()
        return Choice(name or given, domain, {**settings, **(changes or {})})

    def make(self) -> SpecExtractor:
        """The extractor; NesyError for an unknown name or setting, or a component of one's own that is none."""
        with own_mistakes(extractors[self.name]):
            made = extractors[self.name](self.domain, self.settings)
        if not isinstance(made, SpecExtractor):
            raise NesyError(
                f"extractor `{self.name}` gives a {type(made).__name__}, which is no SpecExtractor",
                hint="let its class be one: class Mine(nesy.synthesis.base.SpecExtractor)",
            )
        return made


def checked_file(path: Path) -> CheckedModule:
    """A domain's file, checked; NesyError with the place for what is wrong with it."""
    if not path.is_file():
        raise DataError(f"{path}: no such file")
    return check_module(load(path))


def domain_digest(path: Path) -> str:
    """A short name of what a domain's file says about its names: other names, rules or comments have another one."""
    module = checked_file(path).module
    statements = [s for m in modules_of(module) for s in m.statements if not isinstance(s, ast.Block | ast.Import)]
    told = json.dumps([[statement_text(s) for s in statements], sorted(documented(module).docs.items())])
    return hashlib.sha256(told.encode()).hexdigest()[:16]
