"""Clauses to steps: which literal runs when, and which variables it binds.

Guards, equalities and negations run as soon as their variables are bound; among the atoms the one with most bound
columns comes next, the smaller relation first. Semi-naive evaluation puts the recent atom first.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from nesy.errors import SpecTypeError
from nesy.reasoners.datalog import ir
from nesy.reasoners.datalog import syntax as ast
from nesy.reasoners.datalog.infer import ClauseTypes
from nesy.reasoners.datalog.values import TEXTS


@dataclass(slots=True)
class Equal:
    """``left == right`` of one type; binds when one side is known and the other can be solved for a variable."""

    left: ast.Term
    right: ast.Term
    kind: str


@dataclass(slots=True)
class Bind:
    """Step: ``var`` becomes ``known`` pushed through ``inverse``, a list of (operator, operand)."""

    var: str
    known: ast.Term
    inverse: list[tuple[str, ast.Term]]
    equal: Equal


Piece = ir.Atom | ir.Guard | ir.External | ir.Construct | Equal
Step = Piece | Bind


@dataclass(slots=True)
class PlannedClause:
    """A clause whose atoms hold only variables, wildcards and constants."""

    clause: ir.Clause
    types: ClauseTypes
    pieces: list[Piece]
    source: str

    def atoms(self) -> list[ir.Atom]:
        """The positive atoms."""
        return [p for p in self.pieces if isinstance(p, ir.Atom) and not p.negated]


def prepare(clause: ir.Clause, types: ClauseTypes, source: str, external_bound: Callable[[str], int]) -> PlannedClause:
    """Move expressions out of atoms, and check that every variable can be bound."""
    pieces: list[Piece] = []

    def plain(args: tuple[ast.Term, ...]) -> tuple[ast.Term, ...]:
        out = []
        for a in args:
            if not isinstance(a, ast.Var | ast.Wildcard | ast.Const):
                var = ast.Var(a.span, f"#x{len(types.variables)}")
                types.variables[var.name] = types.terms[id(var)] = types.terms[id(a)]
                pieces.append(Equal(var, a, types.terms[id(a)]))
                a = var
            out.append(a)
        return tuple(out)

    for literal in clause.body:
        match literal:
            case ir.Atom():
                pieces.append(ir.Atom(literal.relation, plain(literal.args), literal.negated, literal.span))
            case ir.External():
                args = plain(literal.args)
                pieces.append(replace(literal, args=args))
            case ir.Construct():
                pieces.append(literal)
            case ir.Guard(test=ast.Op(symbol="==", args=(left, right))):
                pieces.append(Equal(left, right, types.terms[id(left)]))
            case ir.Guard():
                pieces.append(literal)
            case _:
                raise SpecTypeError("an aggregate was not lowered", span=literal.span, source=source)
    planned = PlannedClause(clause, types, pieces, source)
    order(planned, None, lambda _: 1, external_bound)
    return planned


def order(
    planned: PlannedClause,
    first: ir.Atom | None,
    size: Callable[[str], int],
    external_bound: Callable[[str], int],
) -> list[Step]:
    """The steps of a clause; ``first`` is the recent atom, if any."""
    waiting = list(planned.pieces)
    bound: set[str] = set()
    steps: list[Step] = []

    def take(piece: Piece, step: Step | None = None) -> None:
        waiting.remove(piece)
        steps.append(step or piece)

    if first is not None:
        take(first)
        bound |= ir.literal_variables(first)
    while waiting:
        found = ready(waiting, bound, external_bound)
        if found is not None:
            piece, step = found
            take(piece, step)
            bound |= binds(step)
            continue
        atoms = [p for p in waiting if isinstance(p, ir.Atom) and not p.negated]
        if not atoms:
            raise _unbound(planned, waiting, bound)
        best = min(atoms, key=lambda a: _cost(a, bound, size))
        take(best)
        bound |= ir.literal_variables(best)
    for a in planned.clause.args:
        free = [v for v in ir.variables(a) if v.name not in bound]
        if free:
            raise SpecTypeError(
                "Argument of the head of a rule is unbounded", span=free[0].span, source=planned.source,
                hint=f"`{free[0].name}` must occur in a positive atom of the body",
            )  # fmt: skip
    for v in ir.variables(planned.clause.tag):
        if v.name not in bound:
            raise SpecTypeError(f"variable `{v.name}` of the tag is not bound", span=v.span, source=planned.source)
    return steps


def _cost(atom: ir.Atom, bound: set[str], size: Callable[[str], int]) -> tuple[int, float]:
    known = sum(isinstance(a, ast.Const) or (isinstance(a, ast.Var) and a.name in bound) for a in atom.args)
    return (0 if known else 1, size(atom.relation) / (10.0**known))


def _divides(piece: Piece) -> bool:
    match piece:
        case ir.Guard(test=test):
            return _partial(test)
        case Equal(left=left, right=right):
            return _partial(left) or _partial(right)
        case _:
            return False


def _partial(term: ast.Term) -> bool:
    """Whether a term divides by something other than a constant."""
    match term:
        case ast.Op(symbol="/" | "%", args=(a, b)):
            return not isinstance(b, ast.Const) or _partial(a)
        case ast.Op(args=args) | ast.Func(args=args):
            return any(_partial(a) for a in args)
        case ast.Cast(arg=arg):
            return _partial(arg)
        case _:
            return False


def _known(term: ast.Term, bound: set[str]) -> bool:
    return all(v.name in bound for v in ir.variables(term))


def ready(waiting: list[Piece], bound: set[str], external_bound: Callable[[str], int]) -> tuple[Piece, Step] | None:
    """The first piece whose variables are known, and its step; those that may divide by zero come last."""
    for piece in sorted(waiting, key=_divides):
        match piece:
            case ir.Guard(test=test):
                if _known(test, bound):
                    return piece, piece
            case Equal(left=left, right=right):
                if _known(left, bound) and _known(right, bound):
                    return piece, piece
                for known, other in ((left, right), (right, left)):
                    if _known(known, bound):
                        bind = _solve(piece, known, other, bound)
                        if bind is not None:
                            return piece, bind
            case ir.Atom(negated=True, args=args):
                if all(_known(a, bound) for a in args):
                    return piece, piece
            case ir.External(negated=True, args=args):
                if all(_known(a, bound) for a in args):
                    return piece, piece
            case ir.External(predicate=name, args=args):
                if all(_known(a, bound) for a in args[: external_bound(name)]):
                    return piece, piece
            case ir.Construct(args=args):
                if all(_known(a, bound) for a in args):
                    return piece, piece
            case _:
                pass
    return None


def _solve(equal: Equal, known: ast.Term, other: ast.Term, bound: set[str]) -> Bind | None:
    """Bind the one unknown variable of ``other``, through + and - only."""
    inverse: list[tuple[str, ast.Term]] = []
    while True:
        match other:
            case ast.Var(name=name) if name not in bound:
                return Bind(name, known, inverse, equal)
            case _ if equal.kind in TEXTS:
                return None
            case ast.Op(symbol="+", args=(a, b)) if _known(b, bound):
                inverse.append(("-", b))
                other = a
            case ast.Op(symbol="+", args=(a, b)) if _known(a, bound):
                inverse.append(("-", a))
                other = b
            case ast.Op(symbol="-", args=(a, b)) if _known(b, bound):
                inverse.append(("+", b))
                other = a
            case ast.Op(symbol="-", args=(a, b)) if _known(a, bound):
                inverse.append(("from", a))
                other = b
            case _:
                return None


def binds(step: Step) -> set[str]:
    match step:
        case Bind(var=var):
            return {var}
        case ir.External(args=args):
            return {v.name for a in args for v in ir.variables(a)}
        case ir.Construct(result=result):
            return {result.name}
        case _:
            return set()


def _unbound(planned: PlannedClause, waiting: list[Piece], bound: set[str]) -> SpecTypeError:
    in_head = [v for a in planned.clause.args for v in ir.variables(a)]
    named = {v.name: v for v in in_head}
    piece = waiting[0]
    terms: tuple[ast.Term, ...]
    match piece:
        case ir.Guard(test=test):
            terms, what = (test,), "of a comparison"
        case Equal(left=left, right=right):
            terms, what = (left, right), "of an equation"
        case ir.Atom(args=args):
            terms, what = args, "in negation"
        case ir.External(args=args):
            terms, what = args, "of a foreign predicate"
        case ir.Construct(args=args):
            terms, what = args, "of a constructor"
    free = [v for t in terms for v in ir.variables(t) if v.name not in bound and not v.name.startswith("#")]
    if any(v.name in named for v in free) and not any(isinstance(p, ir.Atom) for p in waiting):
        v = next(v for v in free if v.name in named)
        message = "Argument of the head of a rule is unbounded"
        return SpecTypeError(message, span=named[v.name].span, source=planned.source)
    v = free[0] if free else ast.Var(planned.clause.span, "_")
    return SpecTypeError(
        f"Variable `{v.name}` {what} is unbounded", span=v.span, source=planned.source,
        hint="bind it in a positive atom of the same body",
    )  # fmt: skip
