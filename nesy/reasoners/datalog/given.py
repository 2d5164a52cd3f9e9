"""The facts of a context: checked and encoded when they are added, grounded with the program."""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from torch import Tensor

from nesy.errors import DataError, NesyError, did_you_mean
from nesy.reasoners.datalog import ir
from nesy.reasoners.datalog import syntax as ast
from nesy.reasoners.datalog.builtins import DatalogWarning
from nesy.reasoners.datalog.checks import exclusive_groups, listed
from nesy.reasoners.datalog.declared import constructor_relation
from nesy.reasoners.datalog.facts import terms_below
from nesy.reasoners.datalog.ground import ground
from nesy.reasoners.datalog.grounding import InputFacts
from nesy.reasoners.datalog.parser import parse
from nesy.reasoners.datalog.provenance import DEBUG
from nesy.reasoners.datalog.store import Ids
from nesy.reasoners.datalog.values import ENTITY, Codes, Entity, encode, encode_rows

if TYPE_CHECKING:
    pass

from nesy.reasoners.datalog.declarations import TOO_DEEP, Declarations, Fact, Grounded

CACHED_GROUNDINGS = 256
SLACK = 1e-4


class Given(Declarations):
    """A program with facts."""

    # ------------------------------------------------------------------ facts
    def add_facts(
        self, relation: str, elems: Iterable[Any], disjunctions: Sequence[Sequence[int]] | None = None
    ) -> None:
        """Add facts: tuples, or ``(tag, tuple)`` where the provenance has tags; a single column may be bare.

        ``disjunctions`` lists groups of positions in ``elems`` that exclude each other.
        """
        facts = self.read_facts(relation, elems, disjunctions, self._next_group)
        if disjunctions is not None:
            self._next_group += len(disjunctions)
        facts = [f for f in facts if self._encodable(f, relation)]
        self._facts.setdefault(relation, []).extend(facts)
        self._result = None

    def read_facts(
        self, relation: str, elems: Iterable[Any], disjunctions: Sequence[Sequence[int]] | None, first_group: int = 0
    ) -> list[Fact]:
        """Facts in the form of ``add_facts``, checked."""
        elems = listed(elems, f"facts of `{relation}`", "such as [(0, 1), (1, 2)], with tags [(0.5, (0, 1))]")
        arity = self._relation(relation).arity
        tagged = self._spec.tagged and relation not in self._certain
        facts = []
        for elem in elems:
            tag, mine, label = None, -1, None
            if tagged:
                if not isinstance(elem, tuple | list) or len(elem) != 2:
                    raise DataError(
                        f"expected (tag, tuple) for relation `{relation}`, got {elem!r}",
                        hint="give (None, tuple) for a certain fact, or set_non_probabilistic",
                    )
                tag, elem = elem
                if self.provenance == DEBUG and tag is not None:
                    tag, label, mine = self._debug_tag(tag, relation)
                if tag is not None:
                    self._check_tag(tag, relation)
            if self.provenance == "proofs" and relation not in self._certain:
                tag = 1.0  # every fact is a proof variable
            values = elem if isinstance(elem, tuple) else tuple(elem) if isinstance(elem, list) else (elem,)
            if len(values) != arity:
                raise DataError(f"relation `{relation}` has {arity} columns, but {values!r} has {len(values)}")
            facts.append(Fact(tag, values, mine, label))
        groups = [] if disjunctions is None else exclusive_groups(disjunctions, len(facts), relation)
        for i, group in enumerate(groups):
            for position in group:
                facts[position].group = first_group + i
        return facts

    def _debug_tag(self, tag: Any, relation: str) -> tuple[Any, int, int]:
        """(probability, number) or (probability, number, exclusive group) of a fact of the debug provenance."""
        if not isinstance(tag, tuple | list) or len(tag) not in (2, 3) or not isinstance(tag[1], int) or tag[1] < 1:
            raise DataError(
                f"expected (probability, number) as the tag of a fact of `{relation}`, got {tag!r}",
                hint=f"`{DEBUG}` asks for a number from 1 on for each fact, and names facts by it",
            )
        group = tag[2] if len(tag) == 3 and tag[2] is not None else -1
        return tag[0], tag[1], group

    def _encodable(self, fact: Fact, relation: str) -> bool:
        """Check a fact's values; build the terms it names. A fact with a term that no data type has is left out."""
        kinds = self.kinds(relation)
        if ENTITY in kinds:
            try:
                fact.values = tuple(
                    self._entity(v) if k == ENTITY and isinstance(v, str) and not isinstance(v, Entity) else v
                    for v, k in zip(fact.values, kinds, strict=True)
                )
            except NesyError as error:
                warnings.warn(f"a fact of `{relation}` is left out: {error.message}", DatalogWarning, 3)
                return False
        encode_rows([fact.values], kinds, self._symbols)
        return True

    def _entity(self, text: str) -> Entity:
        """The term of a text such as ``Add(Const(1), Const(2))``."""
        item = parse(f"const x = {text}").items[0]
        if not isinstance(item, ast.ConstDecl):
            raise DataError(f"{text!r} is not a term")
        return Entity(self._build(item.value), text)

    def _build(self, term: ast.Term) -> int:
        constructors = self.compiled().program.constructors
        name = term.name if isinstance(term, ast.Call | ast.Var) else ""
        args = term.args if isinstance(term, ast.Call) else ()
        if name not in constructors:
            raise DataError(f"unknown constructor `{name}`", hint=did_you_mean(name, constructors))
        types = constructors[name][1]
        if len(types) != len(args):
            raise DataError(f"constructor `{name}` takes {len(types)} arguments, not {len(args)}")
        kinds = self.compiled().program.relations[constructor_relation(name)].kinds[1:]
        codes = []
        for arg, kind in zip(args, kinds, strict=True):
            if kind == ENTITY:
                codes.append(self._build(arg))
            elif isinstance(arg, ast.Const):
                codes.append(encode(arg.value, kind, self._symbols))
            else:
                raise DataError(f"an argument of `{name}` is not a constant")
        return self._symbols.entity(name, tuple(codes))

    def _terms(self, facts: Mapping[str, Sequence[tuple[Codes, bool, Ids | None]]]) -> dict[str, Codes]:
        """Rows of the constructors' relations for all terms below the given facts."""
        constructors = self.compiled().program.constructors
        if not constructors:
            return {}
        relations = self.compiled().program.relations
        waiting = [
            int(code)
            for name, parts in facts.items()
            for i, kind in enumerate(relations[name].kinds) if kind == ENTITY
            for rows, _, _ in parts
            for code in rows[:, i]
        ]  # fmt: skip
        return terms_below(waiting, relations, self._symbols)

    def _check_tag(self, tag: Any, relation: str) -> None:
        if self.provenance == "tropical" and not _is_cost(tag):
            raise DataError(
                f"{tag!r} is not the cost of a fact of `{relation}`", hint="costs are whole numbers from 0 on"
            )
        if self._spec.build is None:
            return
        try:
            value = float(tag.detach() if isinstance(tag, Tensor) else tag)
        except (TypeError, ValueError, RuntimeError):
            raise DataError(f"{tag!r} is not a probability (relation `{relation}`)") from None
        if math.isnan(value) or not -SLACK <= value <= 1 + SLACK:
            raise DataError(
                f"probability {value:g} of a fact of `{relation}` is not between 0 and 1",
                hint="apply softmax or sigmoid to the scores first",
            )

    # ------------------------------------------------------------------ evaluation
    def ground_facts(self, facts: Mapping[str, Sequence[tuple[Codes, bool, Ids | None]]]) -> Grounded:
        """Ground the program on rows of codes per relation (rows, tagged, groups), from the cache if seen before."""
        key = tuple(
            (name, rows.tobytes(), rows.shape, tagged, None if groups is None else groups.tobytes())
            for name in sorted(facts)
            for rows, tagged, groups in facts[name]
        )
        found = self._cache.get(key)
        if found is not None:
            self._cache.move_to_end(key)
            return found
        self._warn_of_empty(facts)
        inputs = [
            InputFacts(name, rows, tagged, groups) for name in sorted(facts) for rows, tagged, groups in facts[name]
        ]
        inputs += [InputFacts(name, rows, False) for name, rows in self._terms(facts).items()]
        try:
            grounding = ground(self.compiled(), inputs, self._spec.mode, self._symbols, self._limits)
        except NesyError as error:
            self._locate(error)
            raise
        except RecursionError:
            raise TOO_DEEP from None
        self._cache[key] = found = Grounded(grounding)
        if len(self._cache) > CACHED_GROUNDINGS:
            self._cache.popitem(last=False)
        return found

    def _warn_of_empty(self, given: Mapping[str, Any]) -> None:
        """Once a relation: it is used, but nothing declares or derives it; most often a slip of the pen."""
        program = self.compiled().program
        known = program.computed() | {f.relation for f in program.facts} | set(given) | set(program.files)
        known |= {name for name, r in program.relations.items() if r.declared}
        for clause in program.clauses:
            for atom in clause.body:
                if not isinstance(atom, ir.Atom) or atom.relation in known | self._warned or "#" in atom.relation:
                    continue
                self._warned.add(atom.relation)
                hint = did_you_mean(atom.relation, [n for n in known if "#" not in n])
                warnings.warn(
                    f"{atom.span}: relation `{atom.relation}` is not computed but directly used; "
                    + (hint or "consider adding a type declaration"), DatalogWarning, 4,
                )  # fmt: skip


def _is_cost(tag: Any) -> bool:
    whole_number = isinstance(tag, int) or (isinstance(tag, float) and tag.is_integer())
    return whole_number and not isinstance(tag, bool) and tag >= 0
