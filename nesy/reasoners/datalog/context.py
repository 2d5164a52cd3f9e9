"""``ScallopContext``: programs, facts and results, under scallopy's method names."""

from __future__ import annotations

import math
import os
import warnings
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from nesy.errors import DataError, GroundingError, NesyError, did_you_mean
from nesy.reasoners.datalog import ir
from nesy.reasoners.datalog import syntax as ast
from nesy.reasoners.datalog.attributes import ForeignAttribute, apply_attributes
from nesy.reasoners.datalog.builtins import FUNCTIONS, PREDICATES, DatalogWarning, ForeignFunction, ForeignPredicate
from nesy.reasoners.datalog.choice import SEED, gate_values
from nesy.reasoners.datalog.circuit import Circuit
from nesy.reasoners.datalog.compile import compile_lowered, read_program, with_imports
from nesy.reasoners.datalog.csvfile import CSVFileOptions, read_facts
from nesy.reasoners.datalog.foreign import type_name
from nesy.reasoners.datalog.ground import Compiled, Grounding, InputFacts, Limits, Mode, ground
from nesy.reasoners.datalog.ir import Relation
from nesy.reasoners.datalog.lower import KNOWN_ATTRIBUTES, Lowering, constructor_relation
from nesy.reasoners.datalog.mapping import InputMapping
from nesy.reasoners.datalog.parser import parse
from nesy.reasoners.datalog.provenance import DEBUG, DEFAULT_BUDGET, Evaluation, Spec, provenance
from nesy.reasoners.datalog.provenance.base import Provenance, interpret
from nesy.reasoners.datalog.provenance.plain import Tropical
from nesy.reasoners.datalog.provenance.proofs import Proofs
from nesy.reasoners.datalog.provenance.sampled import PerSample
from nesy.reasoners.datalog.store import Ids
from nesy.reasoners.datalog.values import ENTITY, Codes, Entity, Symbols, decode_column, encode, encode_rows

if TYPE_CHECKING:
    from nesy.reasoners.datalog.forward import ScallopForwardFunction

CACHED_GROUNDINGS = 256
SLACK = 1e-4


@dataclass(slots=True)
class Fact:
    """A fact added from Python: its tag (None: certain), tuple, exclusive group or -1, and the user's number for it."""

    tag: Any
    values: tuple[Any, ...]
    group: int = -1
    label: int | None = None


@dataclass(slots=True)
class Grounded:
    """A grounding with the evaluations compiled for it, by (provenance, k, roots)."""

    grounding: Grounding
    evaluations: dict[tuple[Any, ...], Evaluation] = field(default_factory=dict)


class ScallopContext:
    """A Datalog program with its facts.

    Args:
        provenance: one of the names in ``nesy.reasoners.datalog.provenance.PROVENANCES``, or ``custom``.
        custom_provenance: an object with the methods of ``Provenance``.
        k: proofs kept by the top-k provenances; ``train_k`` and ``test_k`` replace it in that mode.
        node_budget: nodes that ``exact`` may use before it gives up.
    """

    def __init__(
        self,
        provenance: str = "unit",
        custom_provenance: Any = None,
        k: int = 3,
        wmc_with_disjunctions: bool = False,
        train_k: int | None = None,
        test_k: int | None = None,
        fork_from: ScallopContext | None = None,
        no_stdlib: bool = False,
        monitors: Sequence[str] = (),
        node_budget: int = DEFAULT_BUDGET,
    ) -> None:
        if wmc_with_disjunctions:
            raise NesyError(
                "wmc_with_disjunctions is not supported: it does not compute the probability under exclusion",
                hint='use provenance="exact", which does',
            )
        for name, value in (("k", k), ("train_k", train_k), ("test_k", test_k)):
            if value is not None and (not isinstance(value, int) or value < 1):
                raise NesyError(f"{name} must be a positive integer, not {value!r}")
        self.provenance, self._custom = provenance, custom_provenance
        if provenance == "custom" and custom_provenance is None:
            raise NesyError("provenance `custom` needs `custom_provenance`")
        self._spec = _spec(provenance, custom_provenance)
        self._k, self._train_k, self._test_k, self.node_budget = k, train_k, test_k, node_budget
        self.training = True
        self._texts: list[ast.Program | tuple[str, list[str | None]]] = []
        self._imported: set[str] = set()
        self._facts: dict[str, list[Fact]] = {}
        self._csv: dict[str, dict[str, Any]] = {}
        self._mappings: dict[str, InputMapping] = {}
        self._topk: dict[str, int] = {}
        self._certain: set[str] = set()
        self._functions: dict[str, ForeignFunction] = {} if no_stdlib else dict(FUNCTIONS)
        self._predicates: dict[str, ForeignPredicate] = {} if no_stdlib else dict(PREDICATES)
        self._attributes: dict[str, ForeignAttribute] = {}
        self._limits = Limits()
        self._early_discard = True
        self._symbols = Symbols()
        self._compiled: Compiled | None = None
        self._cache: OrderedDict[Any, Grounded] = OrderedDict()
        self._result: Grounded | None = None
        self._tags: Tensor | None = None
        self._next_group = 0
        self._warned: set[str] = set()
        self.seed = SEED
        if fork_from is not None:
            self._take(fork_from)

    # ------------------------------------------------------------------ programs
    def add_program(self, program: str) -> None:
        """Add program text; raises with line and caret if it is wrong, and then leaves the context as it was."""
        n = len(self._texts)
        self._add(parse(program, f"<program {n + 1}>" if n else "<program>"))

    def import_file(self, file_name: str | os.PathLike[str]) -> None:
        """Add a program file; imports in it are relative to it."""
        path = os.path.realpath(file_name)
        text = read_program(file_name)
        self._imported.add(path)
        self._add(parse(text, os.fspath(file_name)))

    def add_item(self, item: str) -> None:
        """Add one item, such as ``rel a(x) = b(x)``."""
        self.add_program(item)

    def add_rule(self, rule: str, tag: float | None = None, demand: str | None = None) -> None:
        """Add a rule without the word ``rel``, with a probability and a demand pattern if given."""
        text = rule if rule.lstrip().startswith(("rel ", "@")) else f"rel {'' if tag is None else f'{tag!r}::'}{rule}"
        self.add_program(text if demand is None else f'@demand("{demand}") {text}')

    def _add(self, program: ast.Program) -> None:
        seen = set(self._imported)
        programs = with_imports(program, seen)
        functions, predicates = dict(self._functions), dict(self._predicates)
        if self._attributes:
            programs = [self._attributed(p) for p in programs]
        before = len(self._texts)
        self._texts += programs
        try:
            compiled = self._compile()
        except NesyError as error:
            self._locate(error)
            self._functions, self._predicates = functions, predicates
            del self._texts[before:]
            raise
        self._imported = seen
        self._changed(compiled)

    def _attributed(self, program: ast.Program) -> ast.Program:
        program, made = apply_attributes(program, self._attributes)
        for f in made:
            if isinstance(f, ForeignFunction):
                self.register_foreign_function(f)
            else:
                self.register_foreign_predicate(f)
        return program

    def files(self) -> list[str]:
        """The names of the program texts, in order."""
        return [t.file for t in self._texts if isinstance(t, ast.Program)]

    def _locate(self, error: NesyError) -> None:
        """Let an error show the text its place points into: that of an import, not the importing one."""
        for text in self._texts:
            if isinstance(text, ast.Program) and error.span is not None and text.file == error.span.file:
                error.source = text.source

    def _compile(self) -> Compiled:
        lowering = Lowering(self._predicates)
        source = ""
        for text in self._texts:
            if isinstance(text, ast.Program):
                lowering.add(text)
                source = text.source
            else:
                lowering.declare(text[0], list(text[1]), (), None, None)
        return compile_lowered(lowering, source, self._functions, self._predicates)

    def _changed(self, compiled: Compiled | None) -> None:
        self._compiled, self._result = compiled, None
        self._cache = OrderedDict()

    def set_debug_runtime_monitors(self, debug: bool = True) -> None:
        """Accepted for scallopy's sake; there is nothing to watch."""

    def compile(self) -> None:
        """Compile now; done on demand otherwise."""
        self.compiled()

    def compiled(self) -> Compiled:
        """The compiled program."""
        if self._compiled is None:
            self._compiled = self._compile()
        return self._compiled

    def add_relation(
        self,
        relation_name: str,
        relation_types: Any,
        input_mapping: Any = None,
        retain_k: int | None = None,
        sample_dim: int | None = None,
        sample_strategy: str = "top",
        load_csv: Any = None,
        non_probabilistic: bool = False,
    ) -> None:
        """Declare a relation: one column type or a tuple of them (``int``, ``float``, ``bool``, ``str``, ``"u32"``)."""
        if load_csv is not None and not isinstance(load_csv, CSVFileOptions | str | os.PathLike):
            raise NesyError(f"{load_csv!r} is not a CSV file", hint="give a path or io.CSVFileOptions(path, ...)")
        columns = relation_types if isinstance(relation_types, tuple | list) else (relation_types,)
        types: list[str | None] = [type_name(t, f"a column of relation `{relation_name}`") for t in columns]
        self._texts.append((relation_name, types))
        try:
            compiled = self._compile()
        except NesyError:
            self._texts.pop()
            raise
        self._changed(compiled)
        if load_csv is not None:
            options = load_csv if isinstance(load_csv, CSVFileOptions) else CSVFileOptions(os.fspath(load_csv))
            self._csv[relation_name] = options.options()
        if non_probabilistic:
            self.set_non_probabilistic(relation_name)
        if input_mapping is not None:
            if not isinstance(input_mapping, InputMapping):
                input_mapping = InputMapping(
                    input_mapping, retain_k=retain_k, sample_dim=sample_dim, sample_strategy=sample_strategy
                )
            self.set_input_mapping(relation_name, input_mapping)

    def register_foreign_function(self, function: ForeignFunction) -> None:
        """Make a function of ``@foreign_function`` callable as ``$name``."""
        if not isinstance(function, ForeignFunction):
            raise NesyError(f"{function!r} is not a foreign function", hint="decorate it with @foreign_function")
        if function.name in self._functions:
            raise NesyError(f"foreign function `${function.name}` is already registered")
        self._functions[function.name] = function
        self._changed(None)

    def register_foreign_attribute(self, attribute: ForeignAttribute) -> None:
        """Make an attribute of ``@foreign_attribute`` usable before declarations of programs added later."""
        if not isinstance(attribute, ForeignAttribute):
            raise NesyError(f"{attribute!r} is not a foreign attribute", hint="decorate it with @foreign_attribute")
        if attribute.name in self._attributes or attribute.name in KNOWN_ATTRIBUTES:
            raise NesyError(f"attribute `@{attribute.name}` already exists")
        self._attributes[attribute.name] = attribute

    def register_foreign_predicate(self, predicate: ForeignPredicate) -> None:
        """Make a predicate of ``@foreign_predicate`` usable in rule bodies."""
        if not isinstance(predicate, ForeignPredicate):
            raise NesyError(f"{predicate!r} is not a foreign predicate", hint="decorate it with @foreign_predicate")
        if ENTITY in predicate.types[predicate.bound :]:
            raise NesyError(
                f"not supported yet: foreign predicate `{predicate.name}` gives terms of a data type",
                hint="give their parts as columns, or add the terms as facts",
            )
        if predicate.name in self._predicates:
            raise NesyError(f"foreign predicate `{predicate.name}` is already registered")
        self._predicates[predicate.name] = predicate
        self._changed(None)

    # ------------------------------------------------------------------ settings
    def set_input_mapping(self, relation: str, mapping: Any) -> None:
        """Say which tuple each entry of a relation's input tensor stands for; None: it takes lists of facts."""
        if mapping is None:
            self._relation(relation)
            return
        mapping = mapping if isinstance(mapping, InputMapping) else InputMapping(mapping)
        kinds = self.kinds(relation)
        for t in mapping.tuples:
            self._check_tuple(relation, t, kinds, "input")
        self._mappings[relation] = mapping

    def _check_tuple(self, relation: str, t: tuple[Any, ...], kinds: Sequence[str], side: str) -> Codes:
        try:
            if len(t) != len(kinds):
                raise DataError("wrong length")
            return encode_rows([t], kinds, self._symbols)
        except DataError:
            raise DataError(
                f"The tuple {t!r} in the {side} mapping does not match the type of the relation `{relation}`",
                hint=f"`{relation}` has columns ({', '.join(kinds)})",
            ) from None

    def has_input_mapping(self, relation: str) -> bool:
        """Whether a relation takes tensors."""
        return relation in self._mappings

    def set_sample_topk_facts(self, relation: str, amount: int) -> None:
        """Keep only the most probable facts of a relation's input, per sample."""
        self._topk[relation] = amount

    def set_non_probabilistic(self, relation: str | Iterable[str], non_probabilistic: bool = True) -> None:
        """Facts of these relations are given without tags."""
        for name in [relation] if isinstance(relation, str) else relation:
            (self._certain.add if non_probabilistic else self._certain.discard)(name)

    def set_iter_limit(self, iter_limit: int | None) -> None:
        """Stop recursion after so many rounds, silently, whatever is derived by then; None: run to the end."""
        self._limits = Limits(iterations=iter_limit)
        self._changed(self._compiled)

    def remove_iter_limit(self) -> None:
        """Run recursion to its end again."""
        self._limits = Limits()
        self._changed(self._compiled)

    def set_early_discard(self, early_discard: bool = True) -> None:
        """Whether derived tuples of probability zero are left out of results."""
        self._early_discard = early_discard

    def requires_tag(self) -> bool:
        """Whether facts carry tags."""
        return self._spec.tagged

    def supports_disjunctions(self) -> bool:
        """Whether exclusive facts make a difference."""
        return any(name in self.provenance for name in ("proofs", "clauses", "exact"))

    def train(self, mode: bool = True) -> None:
        """Use ``train_k`` (or ``test_k``)."""
        self.training = mode

    def eval(self) -> None:
        """Use ``test_k``."""
        self.train(False)

    @property
    def k(self) -> int:
        """The k in force."""
        chosen = self._train_k if self.training else self._test_k
        return chosen if chosen is not None else self._k

    # ------------------------------------------------------------------ relations
    def has_relation(self, relation: str) -> bool:
        """Whether a relation is known."""
        return relation in self.compiled().program.relations

    def relations(self, include_hidden: bool = False) -> list[str]:
        """The names of the relations."""
        visible = self.compiled().program.relations.values()
        return [r.name for r in visible if include_hidden or not (r.hidden or "#" in r.name)]

    def num_relations(self, include_hidden: bool = False) -> int:
        """How many relations there are."""
        return len(self.relations(include_hidden))

    def relation_field_names(self, relation: str) -> list[str | None]:
        """The column names of a relation, None where not given."""
        info = self._relation(relation)
        return list(info.names) or [None] * info.arity

    def relation_is_computed(self, relation: str) -> bool:
        """Whether ``run`` has produced this relation."""
        self._relation(relation)
        return self._result is not None

    def kinds(self, relation: str) -> tuple[str, ...]:
        """The column types of a relation."""
        return self._relation(relation).kinds

    def _relation(self, relation: str) -> Relation:
        known = self.compiled().program.relations
        if relation not in known:
            raise DataError(
                f"Unknown relation `{relation}`", hint=did_you_mean(relation, self.relations()) or "declare it first"
            )
        return known[relation]

    # ------------------------------------------------------------------ facts
    def add_facts(
        self, relation: str, elems: Iterable[Any], disjunctions: Sequence[Sequence[int]] | None = None
    ) -> None:
        """Add facts: tuples, or ``(tag, tuple)`` where the provenance has tags; a single column may be bare.

        ``disjunctions`` lists groups of positions in ``elems`` that exclude each other.
        """
        facts = self.read_facts(relation, list(elems), disjunctions, self._next_group)
        if disjunctions is not None:
            self._next_group += len(disjunctions)
        facts = [f for f in facts if self._encodable(f, relation)]
        self._facts.setdefault(relation, []).extend(facts)
        self._result = None

    def read_facts(
        self, relation: str, elems: Sequence[Any], disjunctions: Sequence[Sequence[int]] | None, first_group: int = 0
    ) -> list[Fact]:
        """Facts in the form of ``add_facts``, checked."""
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
        for i, group in enumerate(disjunctions or ()):
            for position in group:
                if not 0 <= position < len(facts):
                    raise DataError(f"disjunction {list(group)} of `{relation}` names fact {position} of {len(facts)}")
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
        seen: set[int] = set()
        found: dict[str, list[tuple[int, ...]]] = {}
        while waiting:
            code = waiting.pop()
            if code in seen:
                continue
            seen.add(code)
            name, args = self._symbols.term(code)
            found.setdefault(constructor_relation(name), []).append((code, *args))
            kinds = relations[constructor_relation(name)].kinds[1:]
            waiting += [a for a, k in zip(args, kinds, strict=True) if k == ENTITY]
        return {name: np.array(sorted(rows), dtype=np.int64) for name, rows in found.items()}

    def _check_tag(self, tag: Any, relation: str) -> None:
        if self._spec.build is None:
            return
        try:
            value = float(tag.detach() if isinstance(tag, Tensor) else tag)
        except (TypeError, ValueError):
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

    def evaluate(
        self, grounded: Grounded, roots: Ids, inputs: Tensor, gates: dict[int, Tensor] | None = None
    ) -> tuple[Tensor, Tensor]:
        """Values [roots, B] and presence [roots, B] of circuit nodes from input probabilities [inputs, B]."""
        circuit = grounded.grounding.circuit
        if circuit is None or self._spec.build is None:
            raise GroundingError(f"provenance `{self.provenance}` has no probabilities")
        k = self.k if "proofs" in self.provenance or "clauses" in self.provenance else 0
        key = (k, roots.tobytes())
        evaluation = grounded.evaluations.get(key)
        if evaluation is None:
            evaluation = self._spec.build(circuit, roots, k, self.node_budget)
            grounded.evaluations[key] = evaluation
        leaves = self._leaves(evaluation.circuit, inputs)
        if not circuit.gates:
            return evaluation(leaves)
        leaves = self._gated(grounded, evaluation.circuit.leaf_node, leaves, inputs, {} if gates is None else gates)
        values, present = evaluation(leaves)
        return values, present & (values > 0)

    def proofs(
        self, grounded: Grounded, roots: Ids, inputs: Tensor, labels: Sequence[Sequence[int | None]]
    ) -> list[list[list[list[tuple[bool, int | None]]]]]:
        """The k best proofs of the roots for each sample: lists of (positive, number of the fact).

        ``labels`` are the numbers of the input facts of each sample; a fact of the program has the number None.
        """
        circuit = grounded.grounding.circuit
        if circuit is None:
            raise GroundingError(f"provenance `{self.provenance}` has no proofs")
        search = PerSample(circuit, roots, self.k, False)
        leaves = self._leaves(search.circuit, inputs).detach().double().t().tolist()
        out = []
        for column, names in zip(leaves, labels, strict=True):
            at = [names[i] if i >= 0 else None for i in search.circuit.leaf_input]
            found = search.formulas(column)
            out.append([
                [] if f is None else [[(x > 0, at[abs(x) - 1]) for x in sorted(c, key=abs)] for c in f.clauses]
                for f in found
            ])  # fmt: skip
        return out

    def _leaves(self, used: Circuit, inputs: Tensor) -> Tensor:
        """The probabilities [leaves, B] of a circuit's leaves: of inputs, or constants of the program."""
        if not used.leaf_node:
            return inputs.new_zeros(0, inputs.shape[1])
        constant = torch.tensor(used.leaf_prob, dtype=inputs.dtype, device=inputs.device)[:, None]
        if not len(inputs):
            return constant.expand(-1, inputs.shape[1])
        position = torch.tensor(used.leaf_input, device=inputs.device)
        return torch.where((position >= 0)[:, None], inputs[position.clamp_min(0)], constant)

    def _gated(
        self, grounded: Grounded, leaf_node: Sequence[int], leaves: Tensor, inputs: Tensor, known: dict[int, Tensor]
    ) -> Tensor:
        """Leaf probabilities with those of the gates, each found from the values of its nodes, lower strata first."""
        circuit = grounded.grounding.circuit
        if circuit is None:
            return leaves
        at = [i for i, node in enumerate(leaf_node) if node in circuit.gate_of]
        if not at:
            return leaves
        rows = []
        generator = torch.Generator().manual_seed(self.seed)
        for i in at:
            number, position = circuit.gate_of[leaf_node[i]]
            if number not in known:
                gate = circuit.gates[number]
                weights, _ = self.evaluate(grounded, np.array(gate.nodes), inputs, known)
                known[number] = gate_values(gate, weights, generator)
            rows.append(known[number][position])
        return leaves.index_copy(0, torch.tensor(at, device=leaves.device), torch.stack(rows).to(leaves))

    def file_facts(self) -> dict[str, list[Fact]]:
        """Facts that the program reads from CSV files."""
        program = self.compiled().program
        out: dict[str, list[Fact]] = {}
        for name, options in {**program.files, **self._csv}.items():
            info = self._relation(name)
            rows = read_facts(options, name, info.kinds, info.names)
            out[name] = [Fact(tag if self._spec.tagged else None, values) for tag, values in rows]
        return out

    def static_facts(self) -> dict[str, list[Fact]]:
        """Facts of the context: added ones and those from files."""
        out = {name: list(facts) for name, facts in self._facts.items()}
        for name, facts in self.file_facts().items():
            out.setdefault(name, []).extend(facts)
        return out

    def batches(self, facts: Mapping[str, Sequence[Fact]]) -> tuple[dict[str, list[Any]], list[Any]]:
        """Facts as ``ground_facts`` takes them, and the tags of the tagged ones in input order."""
        out: dict[str, list[Any]] = {}
        tags: list[Any] = []
        for name in sorted(facts):
            kinds = self.kinds(name)
            for tagged in (True, False):
                chosen = [f for f in facts[name] if (f.tag is not None) == tagged]
                if not chosen:
                    continue
                rows = encode_rows([f.values for f in chosen], kinds, self._symbols)
                groups = np.array([f.group for f in chosen]) if any(f.group >= 0 for f in chosen) else None
                out.setdefault(name, []).append((rows, tagged, groups))
                if tagged:
                    tags += [f.tag for f in chosen]
        return out, tags

    def run(self) -> None:
        """Evaluate the program on its facts."""
        facts = self._top_facts(self.static_facts())
        batches, tags = self.batches(facts)
        self._run_labels = [f.label for name in sorted(facts) for f in facts[name] if f.tag is not None]
        self._result = self.ground_facts(batches)
        self._run_tags = tags
        self._run_gates: dict[int, Tensor] = {}

    def _top_facts(self, facts: dict[str, list[Fact]]) -> dict[str, list[Fact]]:
        for name, amount in self._topk.items():
            if name in facts:
                sure = [f for f in facts[name] if f.tag is None]
                best = sorted((f for f in facts[name] if f.tag is not None), key=lambda f: -number(f.tag))
                facts[name] = sure + best[:amount]
        return facts

    def relation(self, relation: str, debug: bool = False) -> Iterator[Any]:
        """The tuples of a computed relation: tuples (unit, proofs), or ``(tag, tuple)``; diff tags are tensors.

        With ``debug`` the provenance ``proofs`` gives ``(proofs, tuple)``: sets of fact numbers, counted from 1.
        """
        self._relation(relation)
        if self._result is None:
            raise DataError(f"Relation `{relation}` has not been computed", hint="call run() first")
        found = self._tuples(relation, self._result)
        return iter([t for _, t in found] if self.provenance == "proofs" and not debug else found)

    def _tuples(self, relation: str, result: Grounded) -> list[Any]:
        table = result.grounding.tables[relation]
        rows = decode_rows(table.columns(), self.kinds(relation), self._symbols, table.rows)
        order = sorted(range(len(rows)), key=lambda i: _sort_key(rows[i]))
        circuit = result.grounding.circuit
        if circuit is None:
            return [rows[i] for i in order]
        if self._spec.build is None:
            tags = self._plain_tags(result)
            nodes = table.nodes.tolist()
            return [(tags[nodes[i]], rows[i]) for i in order if tags[nodes[i]] is not None]
        values, present = self.evaluate(result, table.nodes, _column(self._run_tags), self._run_gates)
        fact_nodes = set(circuit.leaf_node)
        proofs = None
        if self.provenance == DEBUG:
            proofs = self.proofs(result, table.nodes, _column(self._run_tags), [self._run_labels])[0]
        out = []
        for i in order:
            keep = bool(present[i, 0]) or not self._early_discard or int(table.nodes[i]) in fact_nodes
            if keep:
                tag = values[i, 0] if self.provenance.startswith("diff") else float(values[i, 0])
                out.append((tag if proofs is None else (tag, proofs[i]), rows[i]))
        return out

    def _plain_tags(self, result: Grounded) -> list[Any]:
        circuit = result.grounding.circuit
        if circuit is None:
            raise GroundingError(f"provenance `{self.provenance}` keeps no tags")
        p: Any
        if self.provenance == "proofs":
            p = Proofs(circuit.leaf_group)
            return interpret(circuit, p, [p.leaf(i) for i in range(len(circuit.leaf_node))])
        given = [
            self._run_tags[at] if at >= 0 else prob
            for at, prob in zip(circuit.leaf_input, circuit.leaf_prob, strict=True)
        ]
        if self.provenance == "tropical":
            p = Tropical()
            return interpret(circuit, p, [int(g) if float(g).is_integer() else 0 for g in given])
        p = _adapted(self._custom)
        tagging = getattr(self._custom, "tagging_fn", None)
        recover = getattr(self._custom, "recover_fn", None)
        tags = interpret(circuit, p, [tagging(g) if tagging else g for g in given], self._early_discard)
        return [t if t is None or recover is None else recover(t) for t in tags]

    # ------------------------------------------------------------------ copies
    def clone(self, provenance: str | None = None, **changes: Any) -> ScallopContext:
        """A copy that can be extended without changing this one; k and all settings are kept."""
        settings: dict[str, Any] = {
            "custom_provenance": self._custom, "k": self._k, "train_k": self._train_k, "test_k": self._test_k,
            "node_budget": self.node_budget, **changes,
        }  # fmt: skip
        return ScallopContext(provenance or self.provenance, fork_from=self, **settings)

    def _take(self, other: ScallopContext) -> None:
        self._texts, self._imported = list(other._texts), set(other._imported)
        self._facts = {name: list(facts) for name, facts in other._facts.items()}
        self._csv = dict(other._csv)
        self._mappings, self._topk, self._certain = dict(other._mappings), dict(other._topk), set(other._certain)
        self._functions, self._predicates = dict(other._functions), dict(other._predicates)
        self._attributes = dict(other._attributes)
        self._limits, self._early_discard, self.training = other._limits, other._early_discard, other.training
        self._symbols, self._compiled, self._next_group = other._symbols, other._compiled, other._next_group
        self._warned, self.seed = set(other._warned), other.seed

    def __getstate__(self) -> dict[str, Any]:
        state = self.__dict__.copy()
        for name in ("_compiled", "_result"):
            state[name] = None
        state["_cache"] = OrderedDict()
        state["_functions"] = {n: f for n, f in self._functions.items() if n not in FUNCTIONS}
        state["_predicates"] = {n: p for n, p in self._predicates.items() if n not in PREDICATES}
        state["_spec"] = None
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._functions = {**FUNCTIONS, **self._functions}
        self._predicates = {**PREDICATES, **self._predicates}
        self._spec = _spec(self.provenance, self._custom)

    def forward_function(
        self, output: str | None = None, output_mapping: Any = None, **options: Any
    ) -> ScallopForwardFunction:
        """A ``torch.nn.Module`` that runs this context on batches; see ``ScallopForwardFunction``."""
        from nesy.reasoners.datalog.forward import ScallopForwardFunction

        return ScallopForwardFunction(context=self, output_relation=output, output_mapping=output_mapping, **options)


def decode_rows(columns: Sequence[Codes], kinds: Sequence[str], symbols: Symbols, rows: int) -> list[tuple[Any, ...]]:
    """Rows of codes as tuples of Python values."""
    if not columns:
        return [()] * rows
    return list(zip(*(decode_column(c, k, symbols) for c, k in zip(columns, kinds, strict=True)), strict=True))


def number(tag: Any) -> float:
    """The value of a tag, without its gradient."""
    return float(tag.detach() if isinstance(tag, Tensor) else tag)


def _sort_key(row: tuple[Any, ...]) -> tuple[Any, ...]:
    return tuple((type(v).__name__, v) for v in row)


def _column(tags: Sequence[Any]) -> Tensor:
    """Tags as a column [n, 1]; tensors keep their gradient."""
    tensors = [t for t in tags if isinstance(t, Tensor)]
    if not tensors:
        return torch.tensor([number(t) for t in tags], dtype=torch.float64).reshape(-1, 1)
    like = tensors[0]
    parts = [t.reshape(()) if isinstance(t, Tensor) else like.new_tensor(float(t)) for t in tags]
    return torch.stack([p.to(like.device, like.dtype) for p in parts])[:, None]


def _spec(name: str, custom: Any) -> Spec:
    if name != "custom":
        return provenance(name)
    probe = custom.negate(custom.one()) if hasattr(custom, "negate") else None
    mode = Mode(record=True, hard_negation=probe is None, distributive=False)
    return Spec("custom", mode, True, False, "as the user defines it", None)


def _adapted(custom: Any) -> Provenance:
    """A user's object with the methods of ``Provenance``; what it lacks has the default."""
    if isinstance(custom, Provenance):
        return custom

    class Adapted(Provenance):
        pass

    adapted: Any = Adapted()
    for method in ("zero", "one", "add", "mult", "negate", "discard"):
        if hasattr(custom, method):
            setattr(adapted, method, getattr(custom, method))
    for method in ("saturated", "saturate"):
        if hasattr(custom, method):
            adapted.saturated = getattr(custom, method)
            break
    return adapted  # type: ignore[no-any-return]
