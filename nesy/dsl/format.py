"""``nesy fmt``: the canonical layout of a file. Comments stay where they are; formatting twice changes nothing."""

from __future__ import annotations

from collections.abc import Sequence

from nesy.dsl import ast
from nesy.dsl.ast import Formula
from nesy.dsl.comments import Comments, attach
from nesy.dsl.fold import fold
from nesy.dsl.layout import LINE, Comment, Doc, Group, Nest, concat, indented, join, render
from nesy.dsl.parser import parse_module
from nesy.dsl.printer import (
    AND,
    HINTED,
    IFF,
    IMPLIES,
    OR,
    PREFIX,
    PRIMARY,
    THEN,
    UNTIL,
    block_head,
    hint_text,
    key_text,
    quantifier_text,
    string_text,
    to_text,
    typed,
    value_text,
    window_text,
)
from nesy.dsl.scan import pieces

Bound = tuple[Doc, int]


def format_source(text: str, file: str = "<text>") -> str:
    """The text of a ``.dsl`` file in canonical layout, comments kept.

    Raises:
        ErrorGroup: the text does not parse; nothing is formatted then.
    """
    once = _pass(text, file)
    for _ in range(PASSES):  # a comment that moved out of a part no longer breaks its lines: one level a pass
        again = _pass(once, file)
        if again == once:
            break
        once = again
    return once


PASSES = 1_000  # more than any nesting; nearly always one is enough


def _pass(text: str, file: str) -> str:
    module = parse_module(text, file)
    source = module.source
    offsets = [0]
    for i, c in enumerate(source):
        if c == "\n":
            offsets.append(i + 1)
    places = []
    for s in module.statements:
        if s.span is None:
            continue
        start = offsets[s.span.line - 1] + s.span.column - 1
        end = offsets[s.span.end_line - 1] + s.span.end_column - 1
        places.append((start, end, s))
    lines: list[_Row] = []
    position = 0
    for start, end, s in places:
        _between(source[position:start], lines)
        found = attach(s, source, offsets, start, end)
        inside = [p.text.rstrip() for p in pieces(source[start:end]) if p.kind == "comment"]
        body = render(statement_doc(s, found))
        if [p.text for p in pieces(body) if p.kind == "comment"] != inside or parse_module(body).statements != (s,):
            body = as_written(source[start:end])
        lines.append(_Row(body))
        position = end
    _between(source[position:], lines)
    return _aligned(lines)


def as_written(text: str) -> str:
    """A statement that could not be laid out without losing something: only spaces at line ends go."""
    return "\n".join(line.rstrip() for line in text.split("\n"))


class _Row:
    """A statement (perhaps of several lines), a comment line, or a blank line; with the comment behind it."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.comment: str | None = None

    def ends_in_comment(self) -> bool:
        *_, last = pieces(self.text)
        return last.kind == "comment"


def _between(text: str, lines: list[_Row]) -> None:
    """Add what stands between two statements: comments, and blank lines as at most one."""
    fresh = not lines
    newlines = 0
    for p in pieces(text):
        if p.kind == "newline":
            newlines += 1
            fresh = True
        elif p.kind == "comment":
            if fresh or lines[-1].ends_in_comment():
                if newlines > 1 and lines:
                    lines.append(_Row(""))
                lines.append(_Row(p.text.rstrip()))
            else:
                lines[-1].comment = p.text.rstrip()
            newlines = 0
    if newlines > 1 and lines:
        lines.append(_Row(""))


def _aligned(rows: list[_Row]) -> str:
    """All rows as text; comments behind statements on neighbouring lines begin in one column."""
    while rows and not rows[-1].text and rows[-1].comment is None:
        rows.pop()
    out: list[str] = []
    i = 0
    while i < len(rows):
        block = [rows[i]]
        while rows[i].comment and i + 1 < len(rows) and rows[i + 1].comment:
            i += 1
            block.append(rows[i])
        width = max(len(r.text.rpartition("\n")[2]) for r in block)
        for r in block:
            gap = " " * (width - len(r.text.rpartition("\n")[2]) + 2)
            out.append(r.text + (gap + r.comment if r.comment else "") + "\n")
        i += 1
    return "".join(out)


# --------------------------------------------------------------------------------------------------------------------
# Statements


def statement_doc(s: ast.Statement, comments: Comments) -> Doc:
    """The layout of one statement with its comments."""
    return _commented(_statement(s, comments), s, comments)


def _statement(s: ast.Statement, comments: Comments) -> Doc:
    def around(key: object, doc: Doc) -> Doc:
        return _commented(doc, key, comments)

    match s:
        case ast.Domain(name):
            return f"domain {name}"
        case ast.Import(path):
            return f"import {string_text(path)}"
        case ast.Declaration(kind, names):
            keys: Sequence[object] = s.spans or names
            texts = [*(n + "," for n in names[:-1]), names[-1]]
            items = [around(k, text) for k, text in zip(keys, texts, strict=True)]
            return Group(concat(kind + " ", Nest(_filled(items))))
        case ast.PredicateSignature(name, params):
            return concat(f"predicate {name}", _parameters(params, comments))
        case ast.Rule(head, body):
            conditions = body.args if isinstance(body, ast.And) else (body,)
            ends = [","] * (len(conditions) - 1) + ["."]
            docs = [formula_doc(c, comments, end)[0] for c, end in zip(conditions, ends, strict=True)]
            lines = concat(*(concat(LINE, d) for d in docs))
            if isinstance(body, ast.And):
                lines = around(body, lines)
            return Group(concat("rule ", formula_doc(head, comments)[0], " :-", Nest(lines)))
        case ast.Constraint(formula):
            return _headed("constraint", formula, comments)
        case ast.Define(name, params, formula):
            opening = concat(f"define {name}", _parameters(params, comments), " =")
            return _headed(opening, formula, comments)
        case ast.Spec(name, formula):
            return _headed(f"spec {name}:", formula, comments)
        case ast.Block(_, _, settings):
            return concat(block_head(s) + " ", _settings(settings, comments))
    raise TypeError(f"not a statement: {type(s).__name__}")


def _filled(items: list[Doc]) -> Doc:
    """As many items a line as fit."""
    row: list[Doc] = []
    for item in items:
        row += [Group(concat(LINE, item))] if row else [item]
    return concat(*row)


def _headed(head: Doc, formula: Formula, comments: Comments) -> Doc:
    doc, level = formula_doc(formula, comments)
    if level >= PREFIX and id(formula) not in comments.before:  # its own brackets keep it together
        return concat(head, " ", doc)
    return Group(concat(head, Nest(concat(LINE, doc))))


def _parameters(params: tuple[ast.Parameter, ...], comments: Comments) -> Doc:
    docs = [
        _commented(typed(p.name, p.sort) + ("," if i + 1 < len(params) else ""), p, comments)
        for i, p in enumerate(params)
    ]
    return indented("(", join(LINE, docs), ")", space=False) if docs else "()"


def _settings(settings: ast.Settings, comments: Comments) -> Doc:
    if not settings.items:
        return "{ }"
    keys: Sequence[object] = settings.spans or settings.items
    docs: list[Doc] = []
    for i, (place, (key, value)) in enumerate(zip(keys, settings.items, strict=True)):
        body = _settings(value, comments) if isinstance(value, ast.Settings) else value_text(value)
        comma = "," if i + 1 < len(settings.items) else ""
        docs.append(_commented(concat(f"{key_text(key)}: ", body, comma), place, comments))
    return indented("{", join(LINE, docs), "}", space=True)


# --------------------------------------------------------------------------------------------------------------------
# Formulas


def _commented(doc: Doc, key: object, comments: Comments) -> Doc:
    before = [Comment(t, True) for t in comments.before.get(id(key), ())]
    after = [Comment(t, own) for t, own in comments.after.get(id(key), ())]
    return concat(*before, doc, *after) if before or after else doc


def formula_doc(formula: Formula, comments: Comments, end: str = "") -> Bound:
    """The layout of a formula, followed by ``end`` and its comments, and how tightly it binds."""

    def combine(f: Formula, parts: Sequence[tuple[Doc, int, Formula]]) -> tuple[Doc, int, Formula]:
        doc, level = layout(f, parts)
        if f is formula:
            return _commented(concat(doc, end) if end else doc, f, comments), level, f
        return doc, level, f

    def operand(part: tuple[Doc, int, Formula], least: int) -> Doc:
        doc, level, _ = part
        return doc if level >= least else indented("(", doc, ")", space=False)

    def whole(part: tuple[Doc, int, Formula], least: int) -> Doc:
        return _commented(operand(part, least), part[2], comments)

    def row(parts: Sequence[tuple[Doc, int, Formula]], least: int, words: Sequence[str]) -> Doc:
        """Operands with the operator words between them; on several lines the words lead, below their comments."""
        out: list[Doc] = [whole(parts[0], least)]
        for word, part in zip(words, parts[1:], strict=True):
            key = id(part[2])
            before = [Comment(t, True) for t in comments.before.get(key, ())]
            rest = Comments({}, comments.after)
            out += [LINE, *before, word + " ", _commented(operand(part, least), part[2], rest)]
        return Group(concat(*out))

    def layout(f: Formula, parts: Sequence[tuple[Doc, int, Formula]]) -> Bound:
        match f:
            case ast.And():
                return row(parts, UNTIL, ["and"] * (len(parts) - 1)), AND
            case ast.Or():
                return row(parts, UNTIL, ["or"] * (len(parts) - 1)), OR
            case ast.Then(_, gaps):
                return row(parts, AND, ["then" + window_text(g) for g in gaps]), THEN
            case ast.Implies():
                return row(parts, OR, ["->"]), IMPLIES
            case ast.Iff():
                return row(parts, OR, ["<->"]), IFF
            case ast.Until() | ast.Release() | ast.Since() | ast.WeakUntil():
                word = "weak until" if isinstance(f, ast.WeakUntil) else type(f).__name__.lower()
                return row(parts, HINTED, [word + window_text(f.window)]), UNTIL
            case ast.Hinted(_, location, duration):
                return concat(whole(parts[0], PREFIX), f" @ {hint_text(location, duration)}"), HINTED
            case ast.Not(ast.Equal(a, b)):
                return _commented(f"{a} != {b}", f.body, comments), PRIMARY
            case ast.Exists() | ast.Forall() | ast.ExistsAtLeast() | ast.Count():
                opening, closing = quantifier_text(f)
                bindings = [
                    _commented(typed(b.var, b.sort) + ("," if i + 1 < len(f.bindings) else ""), b, comments)
                    for i, b in enumerate(f.bindings)
                ]
                kind = opening[: len(opening) - len(", ".join(typed(b.var, b.sort) for b in f.bindings))]
                head = concat(kind, join(" ", bindings))
                return concat(head, " ", indented("{", whole(parts[0], 0), "}" + closing, space=True)), PRIMARY
        if parts:
            word = to_text(ast.replace_children(f, (ast.Truth(True),))).removesuffix("true")
            return concat(word, whole(parts[0], PREFIX)), PREFIX
        return to_text(f), PRIMARY

    doc, level, _ = fold(formula, combine)
    return doc, level
