"""Text to syntax: formulas, modules, files.

>>> from nesy.dsl.parser import parse_formula
>>> parse_formula("eventually jumping(m)")
Eventually(body=Atom(predicate='jumping', args=('m',)), window=None)
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from importlib.resources import files
from pathlib import Path, PurePosixPath
from stat import S_ISREG
from typing import Any, cast

from lark import Lark, Token, Tree, UnexpectedInput
from lark.lark import PostLex
from lark.lexer import PatternStr

from nesy.dsl import ast
from nesy.dsl.build import Builder
from nesy.dsl.depth import settings_too_deep, too_deep
from nesy.dsl.limits import FILE_BYTES
from nesy.dsl.mistakes import Mistake, explain_mistake
from nesy.dsl.recovery import Chunk, chunks
from nesy.errors import ErrorGroup, NesyError, Span, SpecSyntaxError


@dataclass(frozen=True)
class Parsed:
    """What could be understood of a file.

    module: the statements that parse.
    errors: one for every statement that does not.
    lost: words of the broken statements, in which names may be declared; ``*`` stands for a whole file.
    """

    module: ast.Module
    errors: tuple[NesyError, ...] = ()
    lost: frozenset[str] = frozenset()


def grammar_text() -> str:
    """The grammar file, as Lark reads it."""
    return files("nesy.dsl").joinpath("grammar.lark").read_text(encoding="utf-8")


class _Words(PostLex):
    """Lets the lexer see a whole word in every state: else ``p(x) andq(x)`` would be read as ``p(x) and q(x)``."""

    always_accept = ("NAME",)

    def process(self, stream: Iterator[Token]) -> Iterator[Token]:
        return stream


@lru_cache(maxsize=1)
def _lark() -> Lark:
    return Lark(
        grammar_text(),
        parser="lalr",
        start=["module", "formula"],
        propagate_positions=True,
        maybe_placeholders=False,
        postlex=_Words(),
    )


@lru_cache(maxsize=1)
def _literals() -> dict[str, str]:
    """The text of every terminal that is a word or a symbol."""
    return {t.name: t.pattern.value for t in _lark().terminals if isinstance(t.pattern, PatternStr)}


def parse_formula(text: str, file: str = "<formula>") -> ast.Formula:
    """Parse one formula.

    Args:
        text: the formula.
        file: what error messages call the text.

    Raises:
        SpecSyntaxError: with place, expectation and remedy (ErrorGroup when there are several independent ones).
    """
    source = clean(text, file)
    builder = Builder(file, source)
    try:
        formula: ast.Formula = builder.build(_parse(source, "formula"))
    except UnexpectedInput as e:
        raise explain_mistake(Mistake(e, Chunk(source, 0, 0), "formula", _literals()), file, source) from None
    errors = builder.errors + list(too_deep([formula], source))
    if errors:
        raise errors[0] if len(errors) == 1 else ErrorGroup(errors)
    return formula


def parse_module(text: str, file: str = "<text>") -> ast.Module:
    """Parse the text of a ``.dsl`` file; imports are not followed (:func:`load` does).

    Raises:
        ErrorGroup: one SpecSyntaxError for every statement that does not parse.
    """
    parsed = parse_partially(text, file)
    if parsed.errors:
        raise ErrorGroup(parsed.errors)
    return parsed.module


def parse_partially(text: str, file: str = "<text>") -> Parsed:
    """Parse what can be parsed: every broken statement gives one error and the others are kept. Never raises."""
    try:
        source = clean(text, file)
    except SpecSyntaxError as e:
        return Parsed(ast.Module((), file, ""), (e,))
    statements: list[ast.Statement] = []
    errors: list[NesyError] = []
    lost: set[str] = set()
    try:
        statements += _statements(Chunk(source, 0, 0), file, source, errors)
    except UnexpectedInput:
        for chunk in chunks(source):
            try:
                statements += _statements(chunk, file, source, errors)
            except UnexpectedInput as e:
                mistake = Mistake(e, chunk, "module", _literals())
                errors.append(explain_mistake(mistake, file, source))
                kept, rest = mistake.split()
                if kept.strip():  # the fault stands behind a complete statement
                    statements += _statements(Chunk(kept, chunk.line, chunk.offset), file, source, errors)
                lost.update(re.findall(r"\w+", rest))
    return Parsed(ast.Module(tuple(statements), file, source), tuple(errors), frozenset(lost))


def _statements(chunk: Chunk, file: str, source: str, errors: list[NesyError]) -> list[ast.Statement]:
    builder = Builder(file, source, chunk.line)
    statements: list[ast.Statement] = list(builder.build(_parse(chunk.text, "module")))
    errors += builder.errors
    sound = []
    for s in statements:
        if isinstance(s, ast.Block) and (fault := settings_too_deep(s, source)) is not None:
            errors.append(fault)
            s = replace(s, settings=ast.Settings(span=s.settings.span))  # the block itself is there all the same
        deep = too_deep([f for f in (getattr(s, "formula", None), getattr(s, "body", None)) if f], source)
        errors += deep
        if not deep:
            sound.append(s)
    return sound


def _parse(text: str, start: str) -> Tree[Token]:
    tree: Any = _lark().parse(text, start=start)
    return tree if isinstance(tree, Tree) else Tree(start, [tree])


_LINE_ENDS = {c: " " for c in (0x0B, 0x0C, 0x1C, 0x1D, 0x1E, 0x85, 0x2028, 0x2029)}


def clean(text: str, file: str) -> str:
    """``text`` with line ends as ``\\n``, so that everybody counts the same lines.

    Raises:
        SpecSyntaxError: the text is larger than the limit.
    """
    size = len(text.encode("utf-8", "surrogatepass"))
    if size > FILE_BYTES:
        raise _too_large(f"{size:,}", file)
    return text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n").translate(_LINE_ENDS)


def _too_large(size: str, file: str) -> SpecSyntaxError:
    return SpecSyntaxError(
        f"the text has {size} bytes; the limit is {FILE_BYTES:,}",
        span=Span(file, 1, 1, 1, 1),
        hint="split it into several files and `import` them",
        code="E012",
    )


# --------------------------------------------------------------------------------------------------------------------
# Files

IMPORT_DEPTH = 50


def load(path: str | Path) -> ast.Module:
    """Read a ``.dsl`` file and everything that it imports.

    Raises:
        ErrorGroup: a file cannot be read, does not parse, or the imports form a cycle; each error names its file.
    """
    parsed = load_partially(path)
    if parsed.errors:
        raise ErrorGroup(parsed.errors)
    return parsed.module


def load_partially(path: str | Path) -> Parsed:
    """What could be understood of a file and of its imports. Never raises."""
    try:
        text = _read(Path(path), None, None)
    except SpecSyntaxError as e:
        return Parsed(ast.Module((), str(path)), (e,))
    return _with_imports(parse_partially(text, str(path)), Path(path), (), {})


def _with_imports(parsed: Parsed, path: Path, above: tuple[Path, ...], known: dict[Path, Parsed]) -> Parsed:
    """``parsed`` with its imports read; ``above`` are the files that lead here, ``known`` those already read."""
    here = path.resolve()
    source = parsed.module.source
    errors, lost = list(parsed.errors), set(parsed.lost)
    modules: list[ast.Module] = []
    for statement in cast(list[ast.Import], parsed.module.of(ast.Import)):
        try:
            target = _target(statement, path, source)
            real = target.resolve()
            if real in (*above, here):
                chain = " imports ".join(p.name for p in [*above, here][[*above, here].index(real) :])
                raise SpecSyntaxError(
                    f"the files import each other: {chain} imports {real.name}",
                    span=statement.span,
                    source=source,
                    hint="move what both need into a third file",
                    code="E071",
                )
            if len(above) >= IMPORT_DEPTH:
                raise SpecSyntaxError(
                    f"more than {IMPORT_DEPTH} files import each other in a chain",
                    span=statement.span,
                    source=source,
                    hint="import what is needed directly",
                    code="E071",
                )
            if real not in known:
                inner = parse_partially(_read(target, statement.span, source), str(target))
                known[real] = _with_imports(inner, target, (*above, here), known)
                errors += known[real].errors
            modules.append(known[real].module)
            lost |= known[real].lost
        except SpecSyntaxError as e:
            errors.append(e)
            lost.add("*")
    return Parsed(replace(parsed.module, imports=tuple(modules)), tuple(errors), frozenset(lost))


def _target(statement: ast.Import, path: Path, source: str) -> Path:
    """The file that an import names, relative to the importing one."""
    name = statement.path
    foreign = "\\" in name or ":" in name or "\0" in name
    if not name or foreign or PurePosixPath(name).is_absolute():
        raise SpecSyntaxError(
            "an import names a file relative to this one",
            span=statement.span,
            source=source,
            hint='write for example `import "common.dsl"` or `import "../common.dsl"`, with `/` between folders',
            code="E072",
        )
    return Path(os.path.normpath(path.parent / name))


def _read(path: Path, span: Span | None, source: str | None) -> str:
    """The text of a file; ``span`` is the import that names it, None for the file that the user named."""
    code = "E011" if span is None else "E070"
    try:
        with open(path, "rb") as file:
            data = file.read(FILE_BYTES + 1)  # one more than allowed: enough to know, whatever the file is
            status = os.fstat(file.fileno())
    except OSError as e:
        reason = (e.strerror or "it cannot be opened").lower()
        raise SpecSyntaxError(
            f"cannot read {path}: {reason}",
            span=span,
            source=source,
            hint="check the path" + ("" if span is None else "; it is relative to the importing file"),
            code=code,
        ) from None
    if len(data) > FILE_BYTES:  # only a regular file says how large it is
        known = S_ISREG(status.st_mode) and status.st_size > FILE_BYTES
        raise _too_large(f"{status.st_size:,}" if known else f"more than {FILE_BYTES:,}", str(path))
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as e:
        raise SpecSyntaxError(
            f"{path} is not UTF-8 text: byte {e.start} is {data[e.start]:#04x}",
            span=span,
            source=source,
            hint="save the file with the encoding UTF-8",
            code=code,
        ) from None
