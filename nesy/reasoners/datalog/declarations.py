"""The program of a context: its texts, relations, foreign functions, settings; compiled when it is asked for."""

from __future__ import annotations

import os
import re
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from torch import Tensor

from nesy.errors import DataError, NesyError, SpecTypeError, did_you_mean
from nesy.reasoners.datalog import syntax as ast
from nesy.reasoners.datalog.attributes import ForeignAttribute, apply_attributes
from nesy.reasoners.datalog.builtins import FUNCTIONS, PREDICATES, ForeignFunction, ForeignPredicate
from nesy.reasoners.datalog.checks import listed, unknown_options, whole
from nesy.reasoners.datalog.checks import relation_name as checked_name
from nesy.reasoners.datalog.choice import SEED
from nesy.reasoners.datalog.compile import compile_lowered, read_program, with_imports
from nesy.reasoners.datalog.csvfile import CSVFileOptions
from nesy.reasoners.datalog.custom import spec_of
from nesy.reasoners.datalog.declared import KNOWN_ATTRIBUTES
from nesy.reasoners.datalog.foreign import type_name
from nesy.reasoners.datalog.grounding import Compiled, Grounding, Limits
from nesy.reasoners.datalog.ir import Relation
from nesy.reasoners.datalog.lower import Lowering
from nesy.reasoners.datalog.mapping import OPTIONS as MAPPING_OPTIONS
from nesy.reasoners.datalog.mapping import InputMapping
from nesy.reasoners.datalog.parser import parse
from nesy.reasoners.datalog.provenance import DEFAULT_BUDGET, Evaluation
from nesy.reasoners.datalog.tagged import with_tag
from nesy.reasoners.datalog.values import ENTITY, Codes, Symbols, encode_rows

TOO_DEEP = SpecTypeError("an expression is nested too deeply", hint="split the rule in several")
_ITEM = re.compile(r"\s*(@|(rel|relation)\b(?!\s*\())")


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


class Declarations:
    """What :class:`ScallopContext` knows before it has facts; its arguments are described there."""

    def __init__(
        self,
        provenance: str = "unit",
        custom_provenance: Any = None,
        k: int = 3,
        wmc_with_disjunctions: bool = False,
        train_k: int | None = None,
        test_k: int | None = None,
        fork_from: Declarations | None = None,
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
            if value is not None or name == "k":
                whole(value, name)
        self.provenance, self._custom = provenance, custom_provenance
        self._spec = spec_of(provenance, custom_provenance)
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
        if not isinstance(file_name, str | os.PathLike):
            raise DataError(f"{file_name!r} is not the path of a program")
        path = os.path.realpath(file_name)
        text = read_program(file_name)
        self._imported.add(path)
        self._add(parse(text, os.fspath(file_name)))

    def add_item(self, item: str) -> None:
        """Add one item, such as ``rel a(x) = b(x)``."""
        self.add_program(item)

    def add_rule(self, rule: str, tag: float | None = None, demand: str | None = None) -> None:
        """Add a rule without the word ``rel``, with a probability and a demand pattern if given."""
        text = rule if not isinstance(rule, str) or _ITEM.match(rule) else f"rel {rule}"
        n = len(self._texts)
        program = parse(text, f"<program {n + 1}>" if n else "<program>")
        self._add(with_tag(program, tag, demand))

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
        try:
            for text in self._texts:
                if isinstance(text, ast.Program):
                    lowering.add(text)
                    source = text.source
                else:
                    lowering.declare(text[0], list(text[1]), (), None, None)
            return compile_lowered(lowering, source, self._functions, self._predicates)
        except RecursionError:
            raise TOO_DEEP from None

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
        retain_topk: int | None = None,
    ) -> None:
        """Declare a relation: one column type or a tuple of them (``int``, ``float``, ``bool``, ``str``, ``"u32"``).

        ``retain_k``, ``sample_dim`` and ``sample_strategy`` are options of the input mapping, ``retain_topk`` is as in
        ``set_sample_topk_facts``.
        """
        if load_csv is not None and not isinstance(load_csv, CSVFileOptions | str | os.PathLike):
            raise NesyError(f"{load_csv!r} is not a CSV file", hint="give a path or io.CSVFileOptions(path, ...)")
        relation_name = checked_name(relation_name)
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
        if retain_topk is not None:
            self.set_sample_topk_facts(relation_name, retain_topk)
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
        checked_name(function.name, "a function")
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
        checked_name(predicate.name, "a predicate")
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
    def set_input_mapping(self, relation: str, mapping: Any, **options: Any) -> None:
        """Say which tuple each entry of a relation's input tensor stands for; None: it takes lists of facts.

        ``options`` are those of ``InputMapping``, if ``mapping`` is none yet.
        """
        if mapping is None:
            self._relation(relation)
            return
        unknown_options(options, MAPPING_OPTIONS, "an input mapping")
        if isinstance(mapping, InputMapping) and options:
            raise NesyError(f"`{next(iter(options))}` is an option of the mapping", hint="give it to InputMapping(...)")
        mapping = mapping if isinstance(mapping, InputMapping) else InputMapping(mapping, **options)
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
        self._topk[relation] = whole(amount, f"the number of facts of `{relation}` to keep", 0)

    def set_non_probabilistic(self, relation: str | Iterable[str], non_probabilistic: bool = True) -> None:
        """Facts of these relations are given without tags."""
        names = [relation] if isinstance(relation, str) else listed(relation, "relations", 'such as ["a", "b"]')
        for name in names:
            checked_name(name)
            (self._certain.add if non_probabilistic else self._certain.discard)(name)

    def set_iter_limit(self, iter_limit: int | None) -> None:
        """Stop recursion after so many rounds, silently, whatever is derived by then; None: run to the end."""
        self._limits = Limits(iterations=None if iter_limit is None else whole(iter_limit, "iter_limit", 0))
        self._changed(self._compiled)

    def remove_iter_limit(self) -> None:
        """Run recursion to its end again."""
        self._limits = Limits()
        self._changed(self._compiled)

    def set_early_discard(self, early_discard: bool = True) -> None:
        """Whether derived tuples of probability zero are left out of results."""
        self._early_discard = early_discard

    def is_probabilistic(self, relation: str) -> bool:
        """Whether facts of a relation carry tags."""
        self._relation(relation)
        return self._spec.tagged and relation not in self._certain

    def relation_is_non_probabilistic(self, relation: str) -> bool:
        """Whether ``set_non_probabilistic`` has named a relation."""
        return relation in self._certain

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
        if not isinstance(relation, str):
            raise DataError(f"{relation!r} is no name of a relation")
        if relation not in known:
            raise DataError(
                f"Unknown relation `{relation}`", hint=did_you_mean(relation, self.relations()) or "declare it first"
            )
        return known[relation]

    def _take(self, other: Declarations) -> None:
        self._texts, self._imported = list(other._texts), set(other._imported)
        self._facts = {name: list(facts) for name, facts in other._facts.items()}
        self._csv = dict(other._csv)
        self._mappings, self._topk, self._certain = dict(other._mappings), dict(other._topk), set(other._certain)
        self._functions, self._predicates = dict(other._functions), dict(other._predicates)
        self._attributes = dict(other._attributes)
        self._limits, self._early_discard, self.training = other._limits, other._early_discard, other.training
        self._symbols, self._compiled, self._next_group = other._symbols, other._compiled, other._next_group
        self._warned, self.seed = set(other._warned), other.seed
