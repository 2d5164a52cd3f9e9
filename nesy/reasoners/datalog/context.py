"""``ScallopContext``: programs, facts and results, under scallopy's method names."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from nesy.errors import DataError, GroundingError, NesyError
from nesy.reasoners.datalog.builtins import FUNCTIONS, PREDICATES
from nesy.reasoners.datalog.checks import batch_of, unknown_options
from nesy.reasoners.datalog.choice import gate_values
from nesy.reasoners.datalog.circuit import Circuit
from nesy.reasoners.datalog.csvfile import read_facts
from nesy.reasoners.datalog.provenance import DEBUG, Settings
from nesy.reasoners.datalog.provenance.base import interpret
from nesy.reasoners.datalog.provenance.plain import Tropical
from nesy.reasoners.datalog.provenance.proofs import Proofs
from nesy.reasoners.datalog.provenance.sampled import PerSample
from nesy.reasoners.datalog.store import Ids
from nesy.reasoners.datalog.values import Codes, Symbols, decode_column, encode_rows

if TYPE_CHECKING:
    from nesy.reasoners.datalog.forward import ScallopForwardFunction

from nesy.reasoners.datalog.custom import adapted, spec_of
from nesy.reasoners.datalog.declarations import Fact, Grounded
from nesy.reasoners.datalog.given import Given

CLONED = (
    "custom_provenance", "k", "train_k", "test_k", "node_budget", "wmc_with_disjunctions", "no_stdlib", "monitors",
)  # fmt: skip


class Tuples(list[Any]):
    """The tuples of a relation; ``next`` gives one after the other, iterating begins anew."""

    _rest: Iterator[Any] | None = None

    def __next__(self) -> Any:
        if self._rest is None:
            self._rest = iter(self)
        return next(self._rest)


class ScallopContext(Given):
    """A Datalog program with its facts.

    Args:
        provenance: one of the names in ``nesy.reasoners.datalog.provenance.PROVENANCES``, or ``custom``.
        custom_provenance: an object with the methods of ``Provenance``.
        k: proofs kept by the top-k provenances; ``train_k`` and ``test_k`` replace it in that mode.
        node_budget: nodes that ``exact`` may use before it gives up.
    """

    def evaluate(
        self, grounded: Grounded, roots: Ids, inputs: Tensor, gates: dict[int, Tensor] | None = None
    ) -> tuple[Tensor, Tensor]:
        """Values [roots, B] and presence [roots, B] of circuit nodes from input probabilities [inputs, B]."""
        circuit = grounded.grounding.circuit
        if circuit is None or self._spec.build is None:
            raise GroundingError(f"provenance `{self.provenance}` has no probabilities")
        k = self.k if "proofs" in self.provenance or "clauses" in self.provenance else 0
        settings = Settings(k, self.node_budget, self._early_discard)
        key = (settings, roots.tobytes())
        evaluation = grounded.evaluations.get(key)
        if evaluation is None:
            evaluation = self._spec.build(circuit, roots, settings)
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
        self._run_tags = [int(t) for t in tags] if self.provenance == "tropical" else tags
        self._run_gates: dict[int, Tensor] = {}

    def _top_facts(self, facts: dict[str, list[Fact]]) -> dict[str, list[Fact]]:
        for name, amount in self._topk.items():
            if name in facts:
                sure = [f for f in facts[name] if f.tag is None]
                best = sorted((f for f in facts[name] if f.tag is not None), key=lambda f: -number(f.tag))
                facts[name] = sure + best[:amount]
        return facts

    def relation(self, relation: str, debug: bool = False) -> Tuples:
        """The tuples of a computed relation: tuples (unit, proofs), or ``(tag, tuple)``; diff tags are tensors.

        The result is a list that ``next`` works on, as on scallopy's iterators.

        With ``debug`` the provenance ``proofs`` gives ``(proofs, tuple)``: sets of fact numbers, counted from 1.
        """
        self._relation(relation)
        if self._result is None:
            raise DataError(f"Relation `{relation}` has not been computed", hint="call run() first")
        found = self._tuples(relation, self._result)
        return Tuples([t for _, t in found] if self.provenance == "proofs" and not debug else found)

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
                tag = values[i, 0] if self.provenance.startswith("diff") else values[i, 0].item()
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
            # costs are integers; the float of a program's tag is none, and such a fact costs nothing, as in Scallop
            return interpret(circuit, p, [g if isinstance(g, int) else 0 for g in given])
        try:
            return self._custom_tags(circuit, given)
        except NesyError:
            raise
        except Exception as error:  # a user's provenance may raise anything; its reason is what the reader needs
            message = f"the custom provenance failed: {error or type(error).__name__}"
            raise GroundingError(message, hint="its methods take and give its own tags") from error

    def _custom_tags(self, circuit: Circuit, given: Sequence[Any]) -> list[Any]:
        p = adapted(self._custom)
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
        unknown_options(changes, CLONED, "clone")
        return ScallopContext(provenance or self.provenance, fork_from=self, **settings)

    def run_batch(
        self, inputs: Mapping[str, Sequence[Any]], output_relation: str | Sequence[str], parallel: bool = False
    ) -> list[Tuples]:
        """Run once per sample: ``inputs[relation][i]`` is a list of facts or ``(facts, disjunctions)``.

        Args:
            output_relation: one relation, or one per sample.
            parallel: accepted for scallopy's sake.

        Returns:
            The tuples of the output relation of each sample, as ``relation`` gives them.
        """
        size = batch_of(inputs)
        names = [output_relation] * size if isinstance(output_relation, str) else list(output_relation)
        if len(names) != size:
            raise DataError(f"Number of output relations ({len(names)}) does not match the batch size ({size})")
        out = []
        for i, name in enumerate(names):
            sample = self.clone()
            for relation, lists in inputs.items():
                facts, groups = lists[i] if isinstance(lists[i], tuple) else (lists[i], None)
                sample.add_facts(relation, facts, groups)
            sample.run()
            out.append(sample.relation(name))
        return out

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
        self._spec = spec_of(self.provenance, self._custom)

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
