"""Normal forms: negations at the atoms, simplified, equal parts shared.

Everything here keeps the meaning on every finite trace, the empty one included; the tests compare with the definition
on boolean traces. Results are directed acyclic graphs: equal subformulas are one object, so that a fold
(:mod:`nesy.dsl.fold`) takes time linear in the number of *different* subformulas.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction

from nesy.dsl import ast
from nesy.dsl.ast import Formula, Window
from nesy.dsl.elaborate import at_least
from nesy.dsl.fold import fold
from nesy.dsl.limits import NODES
from nesy.dsl.simplify import simplify
from nesy.errors import SpecTypeError


def normal_form(f: Formula) -> Formula:
    """Negation normal form, simplified and shared: what most algorithms on formulas want to start from."""
    return simplify(nnf(f))


def core_form(f: Formula) -> Formula:
    """``f`` without ``->``, ``<->``, ``then``, ``weak until``, hints and counts other than "at least"."""
    return fold(f, _unabbreviated)


def _unabbreviated(f: Formula, parts: Sequence[Formula]) -> Formula:
    match f:
        case ast.Implies():
            return ast.Or((ast.Not(parts[0]), parts[1]), span=f.span)
        case ast.Iff():
            a, b = parts
            return ast.Or((ast.And((a, b)), ast.And((ast.Not(a), ast.Not(b)))), span=f.span)
        case ast.Then(_, gaps):
            return unfolded(tuple(parts), gaps)
        case ast.WeakUntil(_, _, w):
            return ast.Or((ast.Until(parts[0], parts[1], w), ast.Always(parts[0], up_to_end(w))), span=f.span)
        case ast.Hinted():
            return parts[0]
        case ast.Count():
            return at_least(f, parts[0])
    same = all(a is b for a, b in zip(parts, ast.children(f), strict=True))
    return f if same else ast.replace_children(f, tuple(parts))


def unfolded(parts: tuple[Formula, ...], gaps: tuple[Window | None, ...]) -> Formula:
    """``a then b`` as ``eventually (a and next eventually b)``; a gap ``[l,u]`` as ``eventually[max(l,1),u]``.

    A gap that ends before a later frame begins, ``[0,0]``, is false: no window says that.
    """
    tail = parts[-1]
    for part, gap in zip(reversed(parts[:-1]), reversed(gaps), strict=True):
        if gap is None or gap.unit == "fraction":
            later: Formula = ast.Next(ast.Eventually(tail, gap))
        else:  # the frame rate is unknown: any time after zero begins at the next frame
            least = max(gap.lo, Fraction(1) if gap.unit == "frames" else Fraction(1, 10**6))
            window = Window(least, gap.hi, gap.unit, span=gap.span)
            later = ast.Truth(False) if window.empty else ast.Eventually(tail, window)
        tail = ast.And((part, later))
    return ast.Eventually(tail)


def up_to_end(w: Window | None) -> Window | None:
    """The window from the present (for fractions: from the clip's beginning) to the end of ``w``."""
    if w is None or w.hi is None:
        return None
    return Window(Fraction(0), w.hi, w.unit, span=w.span)


def nnf(f: Formula) -> Formula:
    """``f`` with negations only at atoms, at comparisons of objects and at "at least n".

    Strong and weak ``next`` (and ``previous``) are each other's duals, as are ``until`` and ``release``. ``since`` has
    no dual operator in the language; its negation is ``historically not b or (not b since (not a and not b))`` and its
    variants for windows. Only a negated ``since`` with a window in seconds that begins after 0 stays as it is, because
    the frame before the window is unknown without the frame rate.

    Raises:
        SpecTypeError: written out as a tree the result exceeds the size limit (nested ``<->`` double it).
    """
    root = core_form(f)
    known: dict[tuple[int, bool], Formula] = {}
    stack: list[tuple[Formula, bool]] = [(root, True)]
    while stack:
        g, sign = stack[-1]
        needed = _operands(g, sign)
        waiting = [(h, s) for h, s in needed if (id(h), s) not in known]
        if waiting:
            stack.extend(waiting)
            continue
        stack.pop()
        if (id(g), sign) not in known:
            known[id(g), sign] = _pushed(g, sign, [known[id(h), s] for h, s in needed])
    out = known[id(root), True]
    size = fold(out, lambda _, sizes: 1 + sum(sizes))
    if size > NODES:
        raise SpecTypeError(
            f"the normal form has {size:,} parts; the limit is {NODES:,}",
            span=f.span,
            hint="use fewer `<->` inside of `<->`",
            code="E081",
        )
    return out


def _operands(f: Formula, sign: bool) -> list[tuple[Formula, bool]]:
    """The subformulas, and the signs, whose normal forms the normal form of ``f`` (negated unless ``sign``) needs."""
    match f:
        case ast.Not(a):
            return [(a, not sign)]
        case ast.ExistsAtLeast(_, _, a):
            return [(a, True)]
        case ast.Since(a, b, w) if not sign and w is not None and w.unit == "seconds" and w.lo > 0:
            return [(a, True), (b, True)]
    return [(g, sign) for g in ast.children(f)]


_DUAL: dict[type[Formula], Callable[..., Formula]] = {
    ast.And: ast.Or, ast.Or: ast.And, ast.Next: ast.WeakNext, ast.WeakNext: ast.Next,
    ast.Previous: ast.WeakPrevious, ast.WeakPrevious: ast.Previous, ast.Eventually: ast.Always,
    ast.Always: ast.Eventually, ast.Once: ast.Historically, ast.Historically: ast.Once, ast.Until: ast.Release,
    ast.Release: ast.Until, ast.Exists: ast.Forall, ast.Forall: ast.Exists,
}  # fmt: skip


def _pushed(f: Formula, sign: bool, parts: list[Formula]) -> Formula:
    """``f`` over its normalised operands; ``not f`` unless ``sign``."""
    match f:
        case ast.Not():
            return parts[0]
        case ast.Truth(value):
            return ast.Truth(value == sign, span=f.span)
        case ast.Atom() | ast.Equal() | ast.Distinct():
            return f if sign else ast.Not(f, span=f.span)
        case ast.ExistsAtLeast(n, bindings):
            out = ast.ExistsAtLeast(n, bindings, parts[0], span=f.span)
            return out if sign else ast.Not(out, span=f.span)
        case ast.Since(_, _, w) if not sign:
            return _not_since(f, w, parts[0], parts[1])
    if sign:
        return ast.replace_children(f, tuple(parts))
    dual = _DUAL[type(f)]
    match f:
        case ast.And() | ast.Or():
            return dual(tuple(parts), span=f.span)
        case ast.Exists(bindings) | ast.Forall(bindings):
            return dual(bindings, parts[0], span=f.span)
        case ast.Until() | ast.Release():
            return dual(parts[0], parts[1], f.window, span=f.span)
        case ast.Eventually() | ast.Always() | ast.Once() | ast.Historically():
            return dual(parts[0], f.window, span=f.span)
    return dual(parts[0], span=f.span)


def _not_since(f: Formula, w: Window | None, a: Formula, b: Formula) -> Formula:
    """``not (x since[w] y)``, where ``a`` and ``b`` are the negations of x and y (x and y where the negation stays).

    Every position of the window has ``b``, unless an ``a`` stands between it and the present.
    """
    if w is not None and w.unit == "fraction":
        outside = _outside(w)  # y must also lie in the part of the clip
        return _not_since(f, None, a, ast.Or((outside, b)))
    if w is None or w.lo == 0:
        blocked = ast.Since(b, ast.And((a, b)), w)
        return ast.Or((ast.Historically(b, w), blocked), span=f.span)
    if w.unit == "seconds":
        return ast.Not(ast.Since(a, b, w), span=f.span)
    lo = w.lo
    later = Window(Fraction(0), None if w.hi is None else w.hi - lo)
    return ast.Or(
        (
            ast.Historically(b, w),
            ast.Once(a, Window(Fraction(0), lo - 1)),
            ast.Once(ast.Since(b, ast.And((a, b)), later), Window(lo, lo)),
        ),
        span=f.span,
    )


def _outside(w: Window) -> Formula:
    """ "The present frame does not lie in this part of the clip": the part is all ahead, or all behind, or empty."""
    false = ast.Truth(False)
    return ast.Or((ast.Historically(false, w), ast.Always(false, w)))
