"""Which part of a statement a comment belongs to."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from nesy.dsl import ast
from nesy.dsl.scan import CLOSERS, Piece, pieces
from nesy.errors import Span

Element = ast.Formula | ast.Binding | ast.Parameter | Span
"""What a comment can stand beside; a name or setting is known by its span."""


@dataclass
class Comments:
    """The comments of one statement, by the id of the element: on lines of their own before it, or after it.

    ``after`` says of each comment whether it has a line of its own.
    """

    before: dict[int, list[str]] = field(default_factory=dict)
    after: dict[int, list[tuple[str, bool]]] = field(default_factory=dict)


_LOOKS_AHEAD = frozenset((
    "{", "(", "[", ":", ":-", "=", "!", "not", "next", "eventually", "always", "previous", "once", "historically",
    "weak", "constraint", "X", "F", "G", "Y", "O", "H", "class", "unary", "binary",
))  # fmt: skip
"""After these tokens a comment speaks of what comes next."""


def attach(statement: ast.Statement, source: str, offsets: list[int], start: int, end: int) -> Comments:
    """The comments between the offsets ``start`` and ``end`` of ``source``, all inside of ``statement``.

    offsets: where each line of ``source`` begins.
    """
    row = [p for p in pieces(source[start:end]) if p.kind != "space"]
    found = Comments()
    places: list[tuple[int, int, object]] = [
        (offsets[s.line - 1] + s.column - 1, offsets[s.end_line - 1] + s.end_column - 1, element)
        for element, s in elements(statement)
    ]
    for i, p in enumerate(row):
        if p.kind != "comment":
            continue
        at = start + p.start
        previous = _token(row[:i][::-1])
        following = _token(row[i + 1 :])
        own_line = i == 0 or row[i - 1].kind == "newline"
        first, last, container = min(
            (x for x in places if x[0] < at < x[1]), key=lambda x: x[1] - x[0], default=(start, end, statement)
        )
        ended = [x for x in places if first <= x[0] and x[1] <= at]
        coming = [x for x in places if x[0] >= at and x[1] <= last]
        text = p.text.rstrip()
        looks_ahead = own_line or (previous is not None and previous.text in _LOOKS_AHEAD) or not ended
        closes = following is None or following.text in CLOSERS or following.text == "."
        *_, element = min(coming, key=lambda x: (x[0], -x[1]), default=(None,))
        waiting = id(element) in found.before  # comments keep their order
        if coming and (waiting or (looks_ahead and not (closes and ended))):
            found.before.setdefault(id(element), []).append(text)
        elif ended:
            *_, element = max(ended, key=lambda x: (x[1], -x[0]))
            found.after.setdefault(id(element), []).append((text, own_line))
        elif container is statement:
            found.before.setdefault(id(statement), []).append(text)
        else:
            found.after.setdefault(id(container), []).append((text, False))
    return found


def _token(row: list[Piece]) -> Piece | None:
    return next((p for p in row if p.kind not in ("newline", "comment")), None)


def elements(s: ast.Statement) -> Iterator[tuple[Element, Span]]:
    """The parts of a statement that have a place."""
    match s:
        case ast.Declaration():
            yield from ((span, span) for span in s.spans)
        case ast.Block(_, _, settings):
            stack = [settings]
            while stack:
                block = stack.pop()
                yield from ((span, span) for span in block.spans)
                stack.extend(v for _, v in block.items if isinstance(v, ast.Settings))
        case ast.PredicateSignature(_, params):
            yield from ((p, p.span) for p in params if p.span)
        case ast.Define(_, params, formula):
            yield from ((p, p.span) for p in params if p.span)
            yield from _formula_elements(formula)
        case ast.Constraint(formula) | ast.Spec(_, formula):
            yield from _formula_elements(formula)
        case ast.Rule(head, body):
            yield from _formula_elements(head)
            yield from _formula_elements(body)


def _formula_elements(formula: ast.Formula) -> Iterator[tuple[Element, Span]]:
    for f in ast.walk(formula):
        if f.span:
            yield f, f.span
        if isinstance(f, ast.Exists | ast.Forall | ast.ExistsAtLeast | ast.Count):
            yield from ((b, b.span) for b in f.bindings if b.span)
