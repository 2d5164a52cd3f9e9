"""A specification as a Scallop program: every subformula is a relation over frames and objects.

The program expects these facts of a clip (``t`` counts frames from 0, objects are any numbers):

* ``frame(t)``: one fact a frame, without probability;
* ``object(o)``: one a tracked object, without probability;
* ``class_of(c, o)``: the class of an object; the facts of one object exclude each other;
* ``unary(p, t, o)`` and ``binary(p, t, s, o)``: the learned predicates by name, ``visible`` among them; an object
  that is absent in a frame has no facts there;
* one relation for each custom predicate, the frame first: ``near(t, a, b)``.

The meaning is that of the language: the order of ``then`` is ``t1 < t2``, the last frame counts, one variable is one
object throughout, and rules stay relations of their own (so they may be recursive).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from math import ceil, floor
from typing import cast

from nesy.dsl import ast
from nesy.dsl.ast import Formula, Window
from nesy.dsl.elaborate import Elaborator
from nesy.dsl.fold import fold
from nesy.dsl.normalize import up_to_end
from nesy.dsl.printer import to_text
from nesy.dsl.signature import Signature
from nesy.dsl.simplify import simplify
from nesy.dsl.variables import all_variables, free_variables, fresh
from nesy.errors import GroundingError

_WORDS = frozenset(
    "import type const rel relation query and or not implies where if then else case is in new as true false count sum "  # noqa: SIM905
    "prod min max exists forall unique top argmin argmax categorical uniform bound free "
    "frame object class_of unary binary step first last length has_next has_previous".split()
)
"""Words of Scallop and relations of every program; other names keep away from them."""

_HEADER = """\
// facts of a clip
type frame(t: i32)
type object(o: i32)
type class_of(c: String, o: i32)
type unary(p: String, t: i32, o: i32)
type binary(p: String, t: i32, s: i32, o: i32)
{custom}
// time
rel step(t, u) = frame(t), frame(u), u == t + 1
rel has_next(t) = step(t, _)
rel has_previous(u) = step(_, u)
rel first(t) = frame(t), not has_previous(t)
rel last(t) = frame(t), not has_next(t)
rel length(n) = last(t), n == t + 1
"""


def compile_module(module: ast.Module, *, fps: float | None = None) -> str:
    """The Scallop program of all specs of a checked module; each is a relation without columns, and queried.

    Raises:
        GroundingError: a window in seconds, but no ``fps``.
    """
    compiler = Compiler(Signature.from_module(module), fps)
    for s in cast(list[ast.Spec], module.of(ast.Spec)):
        compiler.spec(s.name, s.formula)
    return compiler.text()


def compile_formula(formula: Formula, signature: Signature, *, name: str = "spec", fps: float | None = None) -> str:
    """The Scallop program of one closed, checked formula, queried as ``name``.

    Raises:
        GroundingError: a window in seconds, but no ``fps``.
    """
    compiler = Compiler(signature, fps)
    compiler.spec(name, formula)
    return compiler.text()


class Compiler:
    """Collects the relations of several formulas over one signature; equal subformulas get one relation."""

    def __init__(self, signature: Signature, fps: float | None = None) -> None:
        self.signature = signature
        self.fps = fps
        self._macros = Elaborator(replace(signature, rules={}))
        self._names: set[str] = {*_WORDS}
        self._own: dict[str, str] = {}  # names of rules and custom predicates
        for name in (*signature.rules, *signature.predicates):
            self._own[name] = self._reserve(re.sub("^_", "r_", name))
        self._numbers: dict[str, int] = {}
        self._relations: dict[Formula, str] = {}
        self._rules: set[str] = set()
        self._pending: list[Callable[[], str]] = []
        self._sections: list[str] = []

    def spec(self, name: str, formula: Formula) -> None:
        """Add the relations of ``formula`` and the query ``name``."""
        f = self._plain(formula)
        own = self._reserve(re.sub("^_", "r_", name))
        body = Body(self)
        body.atom("first(t)", ["t"], [])
        body.use(f, "t")
        sections = [f"// {name}\nrel {own}() = {body.text()}\nquery {own}\n"]
        while self._pending:  # a work list instead of recursion: formulas may be deep
            sections.append(self._pending.pop()())
        self._sections += reversed(sections)

    def text(self) -> str:
        """The program."""
        custom = "".join(
            f"type {self._own[p]}(t: i32{''.join(f', a{i}: i32' for i in range(1, len(s.params) + 1))})\n"
            for p, s in self.signature.predicates.items()
        )
        return "\n".join([_HEADER.format(custom=custom), *self._sections])

    # -- names -------------------------------------------------------------------------------------------------------

    def _reserve(self, name: str) -> str:
        own = fresh(name, self._names)
        self._names.add(own)
        return own

    def _plain(self, f: Formula) -> Formula:
        """``f`` without macros, hints and comparisons of counts, with variables that Scallop accepts, simplified."""
        f = self._macros.elaborate(f)  # first: what a macro brings has variables, too
        names = sorted(all_variables(f))
        taken = set(names)
        new: dict[str, str] = {}
        for v in names:
            clash = v in _WORDS or v.startswith("_") or re.fullmatch(r"[tuvnk]\d*", v)
            new[v] = fresh(f"x_{v.strip('_')}", taken) if clash else v
            taken.add(new[v])

        def plain(g: Formula, parts: Sequence[Formula]) -> Formula:
            match g:
                case ast.Hinted():
                    return parts[0]
                case ast.Atom(p, args):
                    return ast.Atom(p, tuple(new[a] for a in args))
                case ast.Equal(a, b):
                    return ast.Equal(new[a], new[b])
                case ast.Distinct(args):
                    return ast.Distinct(tuple(new[a] for a in args))
                case ast.Exists() | ast.Forall() | ast.ExistsAtLeast():
                    bindings = tuple(ast.Binding(new[b.var], b.sort) for b in g.bindings)
                    return replace(g, bindings=bindings, body=parts[0])
            return ast.replace_children(g, tuple(parts))

        return simplify(fold(f, plain))

    # -- relations ---------------------------------------------------------------------------------------------------

    def relation(self, f: Formula) -> str:
        """The relation ``name(t, free variables)`` of a composite formula; its rules are written later."""
        if f not in self._relations:
            kind = re.sub(r"(?<=[a-z])([A-Z])", r"_\1", type(f).__name__).lower()
            name = self._relations[f] = self._number(kind)
            self._pending.append(lambda: self._section(f, name))
        return self._relations[f]

    def rule(self, name: str) -> str:
        """The relation ``head(t, ...)`` of a rule; its alternatives are written later."""
        if name not in self._rules:
            self._rules.add(name)
            self._pending.append(lambda: self._rule_section(name))
        return self._own[name]

    def custom(self, name: str) -> str:
        return self._own[name]

    def _number(self, kind: str) -> str:
        self._numbers[kind] = self._numbers.get(kind, 0) + 1
        return self._reserve(f"{kind}_{self._numbers[kind]}")

    def _rule_section(self, name: str) -> str:
        lines = [f"// rule {name}"]
        for r in self.signature.rules[name]:
            both = self._plain(ast.Then((r.head, r.body), (None,)))  # any operator that keeps the two apart
            head, inner = ast.children(both) if isinstance(both, ast.Then) else (r.head, both)
            args = head.args if isinstance(head, ast.Atom) else r.head.args
            body = Body(self)
            body.use(inner, "t")
            lines.append(f"rel {call(self._own[name], ('t', *args))} = {body.text(['t'], args)}")
        return "\n".join(lines) + "\n"

    def _section(self, f: Formula, name: str) -> str:
        free = free_variables(f)
        extra: list[str] = []
        bodies = list(self._bodies(f, name, free, extra))
        rules = [f"rel {call(name, ('t', *free))} = {b.text(['t'], free)}" for b in bodies]
        return "\n".join([f"// {to_text(f)}", *extra, *rules]) + "\n"

    def _body(self, *uses: tuple[Formula, str]) -> Body:
        body = Body(self)
        for f, t in uses:
            body.use(f, t)
        return body

    def _bodies(self, f: Formula, name: str, free: tuple[str, ...], extra: list[str]) -> Iterable[Body]:
        """One body for each rule of the relation of ``f``; rules of relations beside it go to ``extra``."""

        def stepping(step: str, *uses: tuple[Formula, str], again: bool = False) -> Body:
            body = self._body(*uses)
            body.atom(step, ["t", "u"] if "u" in step else ["t"], [])
            if again:  # the relation itself at the neighbouring frame
                body.atom(call(name, ("u", *free)), ["u"], free)
            return body

        def absent(failure: Formula) -> Body:
            body = Body(self)
            body.use(simplify(failure), "t", positive=False)
            return body

        match f:
            case ast.And():
                return [self._body((f, "t"))]
            case ast.Or(args):
                return [self._body((g, "t")) for g in args]
            case ast.Implies(a, b):
                return [absent(a), self._body((b, "t"))]
            case ast.Iff(a, b):
                neither = self._body((ast.Not(a), "t"), (ast.Not(b), "t"))
                return [self._body((a, "t"), (b, "t")), neither]
            case ast.Not(g):
                return [absent(g)]
            case ast.Distinct(args):
                return [self._body((f, "t"))]
            case ast.Next(g):
                return [stepping("step(t, u)", (g, "u"))]
            case ast.WeakNext(g):
                return [stepping("last(t)"), stepping("step(t, u)", (g, "u"))]
            case ast.Previous(g):
                return [stepping("step(u, t)", (g, "u"))]
            case ast.WeakPrevious(g):
                return [stepping("first(t)"), stepping("step(u, t)", (g, "u"))]
            case ast.Eventually(g, w) | ast.Once(g, w):
                body = self._body((g, "u"))
                body.within(w, "t", "u", past=isinstance(f, ast.Once))
                return [body]
            case ast.Always(g, None):
                return [stepping("last(t)", (g, "t")), stepping("step(t, u)", (g, "t"), again=True)]
            case ast.Historically(g, None):
                return [stepping("first(t)", (g, "t")), stepping("step(u, t)", (g, "t"), again=True)]
            case ast.Always(g, w):
                return [absent(ast.Eventually(ast.Not(g), w))]
            case ast.Historically(g, w):
                return [absent(ast.Once(ast.Not(g), w))]
            case ast.Until(a, b, None):
                return [self._body((b, "t")), stepping("step(t, u)", (a, "t"), again=True)]
            case ast.Since(a, b, None):
                return [self._body((b, "t")), stepping("step(u, t)", (a, "t"), again=True)]
            case ast.Release(a, b, None):
                ends = [stepping("last(t)", (b, "t")), self._body((a, "t"), (b, "t"))]
                return [*ends, stepping("step(t, u)", (b, "t"), again=True)]
            case ast.Release(a, b, w):
                return [absent(ast.Until(ast.Not(a), ast.Not(b), w))]
            case ast.WeakUntil(a, b, w):
                return [self._body((ast.Until(a, b, w), "t")), self._body((ast.Always(a, up_to_end(w)), "t"))]
            case ast.Until(a, b, w) | ast.Since(a, b, w):
                past = isinstance(f, ast.Since)
                run, held = self._run(a, past, extra)
                body = self._body((b, "u"))
                body.atom(call(run, ("t", "u", *held)), ["t", "u"], held)
                body.within(w, "t", "u", past=past)
                return [body]
            case ast.Then():
                return [self._chain(f)]
            case ast.Exists(bindings, g):
                return [self._witness(bindings, g)]
            case ast.Forall(bindings, g):
                return [absent(ast.Exists(bindings, ast.Not(g)))]
            case ast.ExistsAtLeast():
                return [self._counted(f, free, extra)]
        raise GroundingError(f"cannot compile a {type(f).__name__}", span=f.span)

    def _run(self, a: Formula, past: bool, extra: list[str]) -> tuple[str, tuple[str, ...]]:
        """A relation ``run(t, u, ...)``: ``a`` at t and at every frame from there to u, without u itself."""
        run, held = self._number("run"), free_variables(a)
        start = Body(self)
        more = self._body((a, "v"))
        more.atom(call(run, ("t", "v", *held)), ["t", "v"], held)
        more.atom("step(u, v)" if past else "step(v, u)", ["u", "v"], [])
        extra += [
            f"rel {call(run, ('t', 't', *held))} = {start.text(['t'], held)}",
            f"rel {call(run, ('t', 'u', *held))} = {more.text()}",
        ]
        return run, held

    def _chain(self, f: ast.Then) -> Body:
        """``a then b then c``: ``a`` at t1, ``b`` at t2, ``c`` at t3, with t <= t1 < t2 < t3."""
        times = [f"t{i}" for i in range(1, len(f.parts) + 1)]
        body = self._body(*zip(f.parts, times, strict=True))
        body.within(None, "t", times[0], past=False)
        for earlier, later, gap in zip(times, times[1:], f.gaps, strict=False):
            body.test(f"{earlier} < {later}", [earlier, later], [])
            if gap is not None:
                body.within(gap, earlier, later, past=False)
        return body

    def _witness(self, bindings: Sequence[ast.Binding], g: Formula) -> Body:
        body = self._body((g, "t"))
        for b in reversed(bindings):
            if b.sort is not None:
                body.atom(f'class_of("{b.sort}", {b.var})', [], [b.var], first=True)
            else:
                body.mention([], [b.var])
        return body

    def _counted(self, f: ast.ExistsAtLeast, free: tuple[str, ...], extra: list[str]) -> Body:
        counted, number = self._number("counted"), self._number("number")
        names = [b.var for b in f.bindings]
        body = self._witness(f.bindings, f.body)
        every = call(counted, ("t", *free, *names))
        extra += [
            f"rel {every} = {body.text(['t'], (*free, *names))}",
            f"rel {call(number, ('t', *free, 'k'))} = k := count({', '.join(names)}: {every})",
        ]
        out = Body(self)
        out.atom(call(number, ("t", *free, "k")), ["t"], free)
        out.test(f"k >= {f.count}", [], [])
        return out

    def offsets(self, w: Window) -> tuple[int, int | None]:
        """A window of frames or seconds in frames."""
        if w.unit == "frames":
            return int(w.lo), None if w.hi is None else int(w.hi)
        if not self.fps:
            raise GroundingError(
                "a window in seconds needs the frame rate of the clips",
                span=w.span,
                hint="give `fps` (on the command line: `--fps 8`), or write the window in frames: `[2,10]`",
            )
        # 1e-9: 0.3 s at 10 fps is frame 3, although 0.3 * 10 < 3 in binary floating point
        lo = ceil(float(w.lo) * self.fps - 1e-9)
        return lo, None if w.hi is None else floor(float(w.hi) * self.fps + 1e-9)


class Body:
    """The body of one rule: atoms bind variables, tests restrict them, and what nothing binds is drawn from all."""

    def __init__(self, compiler: Compiler) -> None:
        self.compiler = compiler
        self.atoms: list[str] = []
        self.tests: list[str] = []
        self.bound: set[str] = set()
        self.frames: dict[str, None] = {}
        self.objects: dict[str, None] = {}

    def mention(self, frames: Iterable[str], objects: Iterable[str]) -> None:
        self.frames.update(dict.fromkeys(frames))
        self.objects.update(dict.fromkeys(objects))

    def atom(self, text: str, frames: Sequence[str], objects: Sequence[str], *, first: bool = False) -> None:
        if text not in self.atoms:
            self.atoms.insert(0 if first else len(self.atoms), text)
        self.bound.update(frames, objects)

    def test(self, text: str, frames: Sequence[str], objects: Sequence[str]) -> None:
        self.tests.append(text)
        self.mention(frames, objects)

    def text(self, frames: Iterable[str] = (), objects: Iterable[str] = ()) -> str:
        """The body of a rule whose head has these variables."""
        self.mention(frames, objects)
        draws = [f"frame({t})" for t in self.frames if t not in self.bound]
        draws += [f"object({o})" for o in self.objects if o not in self.bound]
        return ", ".join([*draws, *self.atoms, *self.tests])

    def use(self, f: Formula, t: str, *, positive: bool = True) -> None:
        """Add the condition ``f``, or its negation, at the frame ``t``."""
        match f:
            case ast.And(args) if positive:
                for g in args:
                    self.use(g, t)
            case ast.Not(body):
                self.use(body, t, positive=not positive)
            case ast.Truth(value):
                if value == positive:
                    self.mention([t], [])
                else:
                    self.test(f"{t} != {t}", [t], [])
            case ast.Equal(a, b):
                self.test(f"{a} {'==' if positive else '!='} {b}", [t], [a, b])
            case ast.Distinct(args) if positive:
                for i, a in enumerate(args):
                    for b in args[i + 1 :]:
                        self.test(f"{a} != {b}", [t], [a, b])
            case _:
                text, frames, objects = self._atom(f, t)
                if positive:
                    self.atom(text, frames, objects)
                    self.mention([t], [])
                else:
                    self.test(f"not {text}", [t], objects)

    def _atom(self, f: Formula, t: str) -> tuple[str, Sequence[str], Sequence[str]]:
        """The atom of a predicate or relation, and the frames and objects that it binds."""
        if not isinstance(f, ast.Atom):
            free = free_variables(f)
            return call(self.compiler.relation(f), (t, *free)), [t], free
        name, args = f.predicate, f.args
        signature = self.compiler.signature
        if name in signature.rules:
            return call(self.compiler.rule(name), (t, *args)), [t], args
        if name in signature.predicates:
            return call(self.compiler.custom(name), (t, *args)), [t], args
        if name in signature.classes:
            return f'class_of("{name}", {args[0]})', [], args
        kind = "unary" if len(args) == 1 else "binary"
        return call(kind, (f'"{name}"', t, *args)), [t], args

    def within(self, w: Window | None, t: str, u: str, *, past: bool) -> None:
        """The frame u lies in the window of an operator at the frame t."""
        if w is None:
            self.test(f"{u} <= {t}" if past else f"{t} <= {u}", [t, u], [])
        elif w.unit == "fraction":
            self.within(None, t, u, past=past)
            self.atom("length(n)", [], [])  # frame u of n lies in the part when its middle (u + 1/2)/n does
            lo, hi = w.lo, w.hi
            if lo > 0:
                self.test(f"{2 * lo.denominator} * {u} + {lo.denominator} >= {2 * lo.numerator} * n", [u], [])
            if hi is not None:
                self.test(f"{2 * hi.denominator} * {u} + {hi.denominator} <= {2 * hi.numerator} * n", [u], [])
        else:
            least, most = self.compiler.offsets(w)
            if past:
                self.test(f"{u} <= {t} - {least}" if least else f"{u} <= {t}", [t, u], [])
            else:
                self.test(f"{t} + {least} <= {u}" if least else f"{t} <= {u}", [t, u], [])
            if most is not None:
                self.test(f"{t} - {most} <= {u}" if past else f"{u} <= {t} + {most}", [t, u], [])


def call(name: str, args: Iterable[str]) -> str:
    """``name(arg, ...)``."""
    return f"{name}({', '.join(args)})"
