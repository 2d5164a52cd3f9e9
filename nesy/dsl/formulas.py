"""Checks of one formula: names, arguments, variables, classes, windows."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from fractions import Fraction

from nesy.dsl import ast
from nesy.dsl.ast import Binding, Formula, Window
from nesy.dsl.diagnostics import Diagnostic
from nesy.dsl.limits import VARIABLES
from nesy.dsl.printer import quantity_text, to_text
from nesy.dsl.signature import Signature
from nesy.dsl.variables import Quantifier, free_variables
from nesy.errors import Span, did_you_mean

Scope = Mapping[str, Binding]


@dataclass
class FormulaChecker:
    """Collects everything that is wrong with formulas over one signature.

    signature: the names that may be used.
    source: the text that the formulas' spans point into.
    lost: names that may be declared in statements that did not parse, ``*`` for any; nothing is said about them.
    frames, fps: length and rate of the clips, where the file states them.
    """

    signature: Signature
    source: str | None = None
    lost: Collection[str] = frozenset()
    frames: int | None = None
    fps: float | None = None
    found: list[Diagnostic] = field(default_factory=list)

    def check(self, formula: Formula, scope: Scope | None = None, *, closed: bool = True) -> None:
        """Check ``formula``; ``scope`` holds the variables bound around it.

        closed: whether a variable that nothing binds is an error (in constraints and rules it is not).
        """
        stack: list[tuple[Formula, Scope]] = [(formula, scope or {})]
        while stack:
            f, known = stack.pop()
            match f:
                case ast.Atom():
                    self._atom(f, known, closed)
                case ast.Equal(a, b):
                    self._variables(f, (a, b), known, closed)
                    self._equality(f, known)
                case ast.Distinct(args):
                    self._variables(f, args, known, closed)
                    self._distinct(f)
                case ast.Exists() | ast.Forall() | ast.ExistsAtLeast() | ast.Count():
                    known = self._quantifier(f, known)
                case ast.Then():
                    self._then(f)
                    for gap in f.gaps:
                        self._window(gap, f, gap=True)
                case ast.Hinted(_, location):
                    if isinstance(location, tuple):
                        self._window(Window(*location, "fraction", span=f.span), f)
                case (
                    ast.Eventually(_, w) | ast.Always(_, w) | ast.Once(_, w) | ast.Historically(_, w)
                    | ast.Until(_, _, w) | ast.Release(_, _, w) | ast.Since(_, _, w) | ast.WeakUntil(_, _, w)
                ):  # fmt: skip
                    self._window(w, f)
            stack.extend((g, known) for g in reversed(ast.children(f)))

    # -- reports -----------------------------------------------------------------------------------------------------

    def error(self, code: str, message: str, span: Span | None, hint: str | None = None) -> None:
        self.found.append(Diagnostic(code, "error", message, span, self.source, hint=hint))

    def warn(self, code: str, message: str, span: Span | None, hint: str | None = None) -> None:
        self.found.append(Diagnostic(code, "warning", message, span, self.source, hint=hint))

    # -- names -------------------------------------------------------------------------------------------------------

    def _atom(self, f: ast.Atom, known: Scope, closed: bool) -> None:
        params = self.signature.parameters(f.predicate)
        if params is None:
            if not self._may_exist(f.predicate):
                self._unknown(f)
        elif len(params) != len(f.args):
            self.error(
                "E021",
                f"`{f.predicate}` takes {count(len(params), 'object')}, not {len(f.args)}",
                f.span,
                f"it is a {self.signature.kind(f.predicate)}: `{f.predicate}({', '.join(p.name for p in params)})`",
            )
        else:
            self._classes(f, params, known)
        self._variables(f, f.args, known, closed)

    def _may_exist(self, name: str) -> bool:
        return name in self.lost or "*" in self.lost

    def _unknown(self, f: ast.Atom) -> None:
        sorts = {0: "custom predicate", 1: "unary predicate", 2: "binary predicate"}
        known = self.signature.names()
        fitting = [n for n in known if len(self.signature.parameters(n) or ()) == len(f.args)]
        near = did_you_mean(f.predicate, fitting) or did_you_mean(f.predicate, known)
        word = {1: "unary", 2: "binary"}.get(len(f.args))
        declare = f"declare it: `{word} {f.predicate}`" if word else f"declare it: `predicate {to_text(f)}`"
        self.error("E020", f"unknown {sorts.get(len(f.args), 'predicate')} `{f.predicate}`", f.span, near or declare)

    def _classes(self, f: ast.Atom, params: tuple[ast.Parameter, ...], known: Scope) -> None:
        """Compare the classes of the arguments, where they are known, with what is asked or demanded of them."""
        for arg, param in zip(f.args, params, strict=True):
            have = known[arg].sort if arg in known else None
            if have is None:
                continue
            if param.sort is not None and param.sort != have:
                self.error(
                    "E027",
                    f"`{f.predicate}` takes a {param.sort} as `{param.name}`, but `{arg}` is a {have}",
                    f.span,
                    f"pass a variable of class {param.sort}, or change the signature of `{f.predicate}`",
                )
            elif f.predicate in self.signature.classes:
                if f.predicate == have:
                    self.warn("W003", f"`{arg}` is a {have}: this is always true", f.span, "leave it out")
                else:
                    self.warn(
                        "W003",
                        f"`{arg}` is a {have}, so it is never a {f.predicate}: an object has one class",
                        f.span,
                        f"bind `{arg}` without a class, or with the class {f.predicate}",
                    )

    def _variables(self, f: Formula, names: tuple[str, ...], known: Scope, closed: bool) -> None:
        if not closed:
            return
        for name in dict.fromkeys(names):
            if name not in known:
                hint = did_you_mean(name, known)
                if hint is None and name in self.signature.classes:
                    hint = f"`{name}` is a class; bind a variable of it: `exists x: {name} {{ ... }}`"
                one = next(iter(self.signature.classes), None)
                classed = f", or of a class: `exists {name}: {one} {{ ... }}`" if one else ""
                hint = hint or f"bind it around the formula: `exists {name} {{ ... }}`{classed}"
                self.error("E022", f"variable `{name}` is not bound by any quantifier", f.span, hint)

    # -- objects -----------------------------------------------------------------------------------------------------

    def _equality(self, f: ast.Equal, known: Scope) -> None:
        sorts = [known[v].sort if v in known else None for v in (f.left, f.right)]
        if f.left == f.right:
            self.warn("W003", "an object always equals itself", f.span, "compare two different variables")
        elif None not in sorts and sorts[0] != sorts[1]:
            self.warn(
                "W003",
                f"`{f.left}` is a {sorts[0]} and `{f.right}` a {sorts[1]}: they are never the same object",
                f.span,
                "leave the comparison out",
            )

    def _distinct(self, f: ast.Distinct) -> None:
        if len(f.args) < 2:
            self.error("E029", "`distinct` compares at least two objects", f.span, "write `distinct(a, b)` or `a != b`")
        elif len(set(f.args)) < len(f.args):
            self.warn("W003", "a variable is never distinct from itself", f.span, "name each variable once")

    def _quantifier(self, f: Quantifier, known: Scope) -> Scope:
        inner = dict(known)
        used = set(free_variables(f.body))
        own: set[str] = set()
        for i, b in enumerate(f.bindings):
            span = b.span or f.span
            if b.var in own:
                self.error("E025", f"`{b.var}` is bound twice by this quantifier", span, "use different names")
            elif b.var in known:
                self.warn("W002", f"`{b.var}` hides the `{b.var}` bound further out", span, "choose another name")
            if b.var not in used:
                self.warn("W001", f"`{b.var}` is bound but never used", span, "leave it out, or use it in the braces")
            if b.sort is not None:
                self.sort(b.sort, span)
            elif any(c.sort for c in f.bindings[i + 1 :]):
                typed = next(c for c in f.bindings[i + 1 :] if c.sort)
                self.warn(
                    "W005",
                    f"`{b.var}` has no class; only `{typed.var}` is a {typed.sort}",
                    span,
                    f"write the class of each variable: `{b.var}: {typed.sort}, {typed.var}: {typed.sort}`, "
                    "or put variables without class last",
                )
            own.add(b.var)
            inner[b.var] = b
        if len(inner) > VARIABLES:
            self.error(
                "E080",
                f"{len(inner)} quantified variables at once; the limit is {VARIABLES}",
                f.span,
                "quantify variables only around the part that needs them, or split the spec",
            )
        match f:
            case ast.ExistsAtLeast(0) | ast.Count(">=", 0):
                self.warn("W003", "at least 0 is always true", f.span, "write a number of 1 or more")
            case ast.Count("<", 0):
                self.warn("W003", "a count below 0 is always false", f.span, "write a number of 1 or more")
        return inner

    def sort(self, name: str, span: Span | None) -> None:
        """Report a class name that is not declared."""
        if name in self.signature.classes or self._may_exist(name):
            return
        kind = self.signature.kind(name)
        if kind is not None:
            remedy = f"leave the class out and write `{name}(...)` in the braces"
            self.error("E026", f"`{name}` is a {kind}, not a class", span, remedy)
        else:
            near = did_you_mean(name, self.signature.classes)
            self.error("E023", f"unknown class `{name}`", span, near or f"declare it: `class {name}`")

    # -- time --------------------------------------------------------------------------------------------------------

    def _then(self, f: ast.Then) -> None:
        for part in f.parts[:-1]:
            inner = part.body if isinstance(part, ast.Hinted) else part
            if not isinstance(inner, ast.Eventually):
                continue
            if inner.window is None:
                remedy = "leave this `eventually` out: `then` already lets each event happen at any time"
            else:
                remedy = "put the rest inside its window: `eventually[...] (a and next eventually b)`"
            self.warn(
                "W004",
                "what follows `then` only has to come after the moment from which this `eventually` looks ahead, "
                "not after the event itself: the order is lost",
                part.span,
                remedy,
            )

    def _window(self, w: Window | None, f: Formula, *, gap: bool = False) -> None:
        if w is None:
            return
        span = w.span or f.span
        if w.hi is not None and w.hi < w.lo:
            low, high = quantity_text(w.lo, w.unit), quantity_text(w.hi, w.unit)
            self.error(
                "E040", f"the window ends at {high}, before it begins at {low}", span, f"write `[{high}, {low}]`"
            )
            return
        if w.lo < 0:
            self.error("E041", "a window cannot begin before 0", span, "past operators look back: `once[2, 10]`")
        elif w.unit == "fraction" and (w.lo > 1 or (w.hi is not None and w.hi > 1)):
            self.error("E041", "a part of the clip cannot reach beyond 100%", span, "write `[50%, 100%]`")
        elif self.frames is not None:
            self._window_in_clip(w, span, gap)

    def _window_in_clip(self, w: Window, span: Span | None, gap: bool) -> None:
        n = self.frames or 0
        if w.unit == "fraction":
            hi = Fraction(1) if w.hi is None else w.hi
            if not any(2 * n * w.lo <= 2 * j + 1 <= 2 * n * hi for j in range(n)):
                self.error("E042", f"no frame of a clip of {n} frames lies in this window", span, "make it wider")
            return
        rate = 1.0 if w.unit == "frames" else self.fps
        if rate is None:
            return
        if float(w.lo) * rate > n - 1:
            self.error(
                "E041",
                f"the window begins beyond the end of a clip of {n} frames",
                span,
                f"at most {count(n - 1, 'frame')} can lie between two events; use a smaller number, "
                "or a part of the clip such as `[50%, 100%]`",
            )
        elif gap and w.hi is not None and float(w.hi) * rate < 1:
            self.error(
                "E042", "the next event is at least one frame later", span, "let the window reach 1 frame or more"
            )


def count(n: int, noun: str) -> str:
    """``1 object``, ``2 objects``, ``no objects``."""
    return f"{n or 'no'} {noun}{'' if n == 1 else 's'}"
