"""From program texts to a ``Compiled`` program: parse, lower, infer types, check variables, stratify."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from nesy.errors import DataError, Span
from nesy.reasoners.datalog import syntax as ast
from nesy.reasoners.datalog.builtins import ForeignFunction, ForeignPredicate
from nesy.reasoners.datalog.demand import add_demand
from nesy.reasoners.datalog.grounding import Compiled
from nesy.reasoners.datalog.infer import Inference
from nesy.reasoners.datalog.lower import Lowering
from nesy.reasoners.datalog.parser import parse
from nesy.reasoners.datalog.plan import prepare
from nesy.reasoners.datalog.stratify import stratify

MAX_IMPORTS = 200


def read_program(path: str | os.PathLike[str], span: Span | None = None, source: str | None = None) -> str:
    """The text of a program file."""
    try:
        return Path(path).read_text(encoding="utf-8-sig")
    except OSError as error:
        message = f"Cannot open file {os.fspath(path)}: {error.strerror}"
        raise DataError(message, span=span, source=source) from None
    except UnicodeDecodeError:
        raise DataError(f"{os.fspath(path)} is not a UTF-8 text", span=span, source=source) from None


def with_imports(program: ast.Program, seen: set[str]) -> list[ast.Program]:
    """The program preceded by everything it imports, each file once; paths are relative to the importing file."""
    out: list[ast.Program] = []
    folder = Path(program.file).parent
    for item in program.items:
        if isinstance(item, ast.Import):
            path = str((folder / item.path).resolve())
            if path in seen:
                continue
            seen.add(path)
            if len(seen) > MAX_IMPORTS:
                raise DataError(f"more than {MAX_IMPORTS} files are imported", span=item.span, source=program.source)
            text = read_program(path, item.span, program.source)
            out += with_imports(parse(text, path), seen)
    return [*out, program]


def compile_lowered(
    lowering: Lowering,
    source: str,
    functions: Mapping[str, ForeignFunction],
    predicates: Mapping[str, ForeignPredicate],
) -> Compiled:
    """Check and plan what has been lowered."""
    bound = {name: p.bound for name, p in predicates.items()}
    program = add_demand(lowering.program, source, bound)
    copies = {name: replace(r, types=list(r.types)) for name, r in program.relations.items()}
    program = replace(program, relations=copies)  # inferred types must not bind what is added later
    *types, of_facts = Inference(program, functions, predicates, source).run()
    planned = [prepare(c, t, source, bound.__getitem__) for c, t in zip(program.clauses, types, strict=True)]
    return Compiled(program, planned, of_facts.terms, stratify(program, source), functions, predicates, source)


def compile_texts(
    texts: Sequence[tuple[str, str]],
    functions: Mapping[str, ForeignFunction],
    predicates: Mapping[str, ForeignPredicate],
) -> Compiled:
    """Compile (text, file name) pairs as one program."""
    lowering = Lowering(predicates)
    source = ""
    seen: set[str] = set()
    for text, file in texts:
        for program in with_imports(parse(text, file), seen):
            lowering.add(program)
            source = program.source
    return compile_lowered(lowering, source, functions, predicates)
