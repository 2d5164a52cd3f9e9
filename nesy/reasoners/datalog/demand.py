"""Demand (magic sets): a relation declared with bound columns is computed only for the values somebody asks for.

For ``type f(bound x, y)`` every rule of ``f`` gets an atom over the demanded values of ``x``, and every use of ``f``
in a body adds a rule that demands its bound arguments, derived from what stands to its left. Demand decides what is
computed and never how likely it is: demand tuples carry no tag.
"""

from __future__ import annotations

from dataclasses import replace

from nesy.errors import SpecTypeError
from nesy.reasoners.datalog import ir
from nesy.reasoners.datalog import syntax as ast
from nesy.reasoners.datalog.plan import Equal, Piece, binds, ready

PREFIX = "#demand:"


def add_demand(program: ir.Program, source: str, external_bound: dict[str, int]) -> ir.Program:
    """The program with demand rules; the same program if no relation has a demand pattern."""
    patterns = {n: [c == "b" for c in r.demand] for n, r in program.relations.items() if r.demand}
    if not patterns:
        return program
    relations = dict(program.relations)
    for name, pattern in patterns.items():
        types = [t for t, b in zip(program.relations[name].types, pattern, strict=True) if b]
        relations[PREFIX + name] = ir.Relation(PREFIX + name, len(types), types, hidden=True)
    clauses: list[ir.Clause] = []
    for clause in program.clauses:
        body = list(clause.body)
        if clause.head in patterns:
            asked = _bound_args(clause.args, patterns[clause.head])
            body.insert(0, ir.Atom(PREFIX + clause.head, asked, False, clause.span))
        clauses.append(replace(clause, body=body))
        clauses += _demands(clause, body, patterns, source, external_bound)
    return replace(program, relations=relations, clauses=clauses)


def _bound_args(args: tuple[ast.Term, ...], pattern: list[bool]) -> tuple[ast.Term, ...]:
    return tuple(a for a, b in zip(args, pattern, strict=True) if b)


def _demands(
    clause: ir.Clause,
    body: list[ir.Literal],
    patterns: dict[str, list[bool]],
    source: str,
    external_bound: dict[str, int],
) -> list[ir.Clause]:
    """One demand rule per use of a demanded relation."""
    out: list[ir.Clause] = []
    waiting: list[Piece] = []
    origin: dict[int, ir.Literal] = {}
    for literal in body:
        piece: Piece
        if isinstance(literal, ir.Guard) and isinstance(literal.test, ast.Op) and literal.test.symbol == "==":
            piece = Equal(literal.test.args[0], literal.test.args[1], "i32")
        elif isinstance(literal, ir.Pending):
            continue
        else:
            piece = literal
        waiting.append(piece)
        origin[id(piece)] = literal
    prefix: list[ir.Literal] = []
    known: set[str] = set()

    def asks(atom: ir.Atom) -> bool:
        return all(v.name in known for a in _bound_args(atom.args, patterns[atom.relation]) for v in ir.variables(a))

    def demand(atom: ir.Atom) -> None:
        args = _bound_args(atom.args, patterns[atom.relation])
        out.append(ir.Clause(PREFIX + atom.relation, args, list(prefix), None, atom.span))

    while waiting:
        found = ready(
            [p for p in waiting if not (isinstance(p, ir.Atom) and p.negated)], known, external_bound.__getitem__
        )
        if found is not None:
            piece, step = found
            waiting.remove(piece)
            prefix.append(origin[id(piece)])
            known |= binds(step)
            continue
        atoms = [p for p in waiting if isinstance(p, ir.Atom) and not p.negated]
        plain = [a for a in atoms if a.relation not in patterns]
        asking = [a for a in atoms if a.relation in patterns and asks(a)]
        linked = [a for a in plain if a.relation.startswith(PREFIX) or ir.literal_variables(a) & known]
        chosen = next(iter([*linked, *asking, *plain]), None)
        if chosen is None:
            break
        waiting.remove(chosen)
        if chosen.relation in patterns:
            demand(chosen)
        prefix.append(chosen)
        known |= ir.literal_variables(chosen)
    for piece in waiting:
        if isinstance(piece, ir.Atom) and piece.relation in patterns:
            if not asks(piece):
                raise SpecTypeError(
                    f"the bound arguments of `{piece.relation}` are not bound here", span=piece.span, source=source,
                    hint="bind them in another atom of the body, or drop the demand pattern",
                )  # fmt: skip
            demand(piece)
    return out
