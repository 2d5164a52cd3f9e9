"""The distinct cases of a batch as flat arrays, which is what a compiled loop reads."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from threading import Lock
from typing import Generic, TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

from nesy.reasoners.temporal.core import LOCAL, Part, Some
from nesy.reasoners.temporal.definition import VISIBLE
from nesy.reasoners.temporal.facts import FactTable
from nesy.reasoners.temporal.shape import Case, Sort
from nesy.reasoners.temporal.somes import Kind, ask
from nesy.scenegraph import Vocabulary

Ints: TypeAlias = NDArray[np.int64]
Name: TypeAlias = "tuple[str, int]"
"""A predicate and its number of arguments."""

T = TypeVar("T")


class Numbering(Generic[T]):
    """Numbers for things, the same for as long as the process lives."""

    def __init__(self) -> None:
        self.number: dict[T, int] = {}
        self.things: list[T] = []
        self.lock = Lock()

    def __call__(self, thing: T) -> int:
        found = self.number.get(thing)
        if found is None:
            with self.lock:  # another thread may have been faster
                found = self.number.get(thing, len(self.things))
                if found == len(self.things):
                    self.things.append(thing)
                self.number[thing] = found
        return found


NAMES: Numbering[Name] = Numbering()
SORTS: Numbering[Sort] = Numbering()
KINDS: Numbering[Kind] = Numbering()


@dataclass(frozen=True)
class Code:
    """What one case asks, without the sizes of a batch; names, sorts and kinds by their numbers.

    facts: [K, 3] of each proposition its name, and the blocks that are its objects; -1 - x for the x-th extra.
    needs: [M, 3] the facts that some transition wants to be true.
    sorts: [V] of the blocks.
    questions: [Q, 2] the kind and the extra's number of each "some object ..."; blocks: what their objects stand for.
    parts: stretches of the clip, by the extra's number.
    """

    facts: Ints
    needs: Ints
    sorts: Ints
    questions: Ints
    blocks: tuple[tuple[int, ...], ...]
    parts: tuple[tuple[int, Part], ...]


@lru_cache(maxsize=1 << 15)
def code_of(case: Case) -> Code:
    """The code of a case; kept, as a case serves many batches."""
    flat: list[int] = []
    wanted: list[int] = []
    questions: list[int] = []
    blocks, parts = [], []
    extra = 0
    for p, want in zip(case.propositions, case.cubes.wanted.tolist(), strict=True):
        if isinstance(p, (Part, Some)):
            if isinstance(p, Part):
                parts.append((extra, p))
            else:
                kind, asked = ask(p, case.sorts)
                questions += KINDS(kind), extra
                blocks.append(asked)
            extra += 1
            flat += -extra, 0, 0
        else:
            name, *args = p
            row = (NAMES((str(name), len(args))), *map(int, args), 0, 0)[:3]
            flat += row
            wanted += row if want else ()
    return Code(
        _rows(flat, 3), _rows(wanted, 3), np.array([SORTS(s) for s in case.sorts], np.int64), _rows(questions, 2),
        tuple(blocks), tuple(parts),
    )  # fmt: skip


def _rows(flat: list[int], width: int) -> Ints:
    return np.array(flat, np.int64).reshape(-1, width)  # numpy takes a list of rows half as fast


class Program:
    """C cases with E transitions, M cubes, L literals, K propositions in all, and those of each case together.

    Attributes:
        automata: states [C]; first [C + 1] transition of each case; source, target [E]; cubes [E + 1] where each
            transition's begin; literals [M + 1] where each cube's begin; literal [L], 2 k for proposition k and 2 k + 1
            for its negation.
        ends: [C, S] whether a clip may end in the state.
        facts: [K, 5] base, stride of the first object, of the second, and their blocks; base -1 - x for the x-th extra.
        first: [C + 1] where each case's facts begin.
        needs: [J, 5] facts that a case needs; wants: [C + 1] where they begin.
        sorts: [V] the column of each block's sort; blocks: [C + 1] where each case's begin; of_kind: of each kind.
        used: the sorts of all columns.
        questions: [Q, 2 + W] kind, extra, and blocks (-1: none) of "some object ..."; asks: [C + 1] where they begin.
        kinds: what those are, by number.
        parts: (case, extra, stretch of the clip).
        extras: how many a case has at most.
    """

    def __init__(self, cases: Sequence[Case], table: FactTable) -> None:
        codes = [code_of(c) for c in cases]
        edges = [c.cubes.edges for c in cases]
        self.automata = (
            np.array([len(c.cubes.accepting) for c in cases], np.int64),
            _begins([len(e.source) for e in edges]),
            np.concatenate([e.source for e in edges]),
            np.concatenate([e.target for e in edges]),
            _begins(np.concatenate([e.cubes for e in edges])),
            _begins(np.concatenate([e.literals for e in edges])),
            np.concatenate([e.literal for e in edges]),
        )
        self.ends = np.zeros((len(cases), max(len(c.cubes.accepting) for c in cases)), np.bool_)
        for row, case in zip(self.ends, cases, strict=True):
            row[: len(case.cubes.accepting)] = case.cubes.accepting
        self.first = _begins([len(c.facts) for c in codes])
        self.wants = _begins([len(c.needs) for c in codes])
        self.facts = _placed(np.concatenate([c.facts for c in codes]), table)
        self.needs = _placed(np.concatenate([c.needs for c in codes]), table)
        self.blocks = _begins([len(c.sorts) for c in codes])
        self.asks = _begins([len(c.questions) for c in codes])
        asked = np.concatenate([c.questions for c in codes])
        numbers, kind = np.unique(asked[:, 0], return_inverse=True)
        self.kinds = [KINDS.things[k] for k in numbers.tolist()]
        width = max(1, *(len(b) for c in codes for b in c.blocks), 0)
        self.questions = np.full((len(asked), 2 + width), -1, np.int64)
        self.questions[:, 0], self.questions[:, 1] = kind, asked[:, 1]
        for question, blocks in zip(self.questions, (b for c in codes for b in c.blocks), strict=True):
            question[2 : 2 + len(blocks)] = blocks
        sorts = np.concatenate([*(c.sorts for c in codes), np.array([SORTS(k.sort) for k, _ in self.kinds], np.int64)])
        found, column = np.unique(sorts, return_inverse=True)
        self.used = [SORTS.things[s] for s in found.tolist()]
        self.sorts, self.of_kind = np.split(column.reshape(-1), [self.blocks[-1]])
        self.parts = [(c, *part) for c, code in enumerate(codes) for part in code.parts]
        self.extras = max(len(c.questions) + len(c.parts) for c in codes)


@lru_cache(maxsize=256)
def _columns(vocabulary: Vocabulary, objects: int, names: int) -> Ints:
    """Where the facts of each of the first so many names stand in a table, [names, 3]; -1 where it has none."""
    u, r = len(vocabulary.unary), len(vocabulary.binary)
    place = {(VISIBLE, 1): (objects * u + objects * objects * r, 1, 0)}
    place |= {(name, 1): (k, u, 0) for k, name in enumerate(vocabulary.unary)}
    place |= {(name, 2): (objects * u + k, objects * r, r) for k, name in enumerate(vocabulary.binary)}
    return np.array([place.get(n, (-1, 0, 0)) for n in NAMES.things[:names]], np.int64).reshape(-1, 3)


def _placed(facts: Ints, table: FactTable) -> Ints:
    """Facts by name as facts by column of a table, [K, 5]."""
    out = np.empty((len(facts), 5), np.int64)
    out[:, 0], out[:, 1:3], out[:, 3:] = facts[:, 0], 0, facts[:, 1:]
    named = facts[:, 0] >= 0
    out[named, :3] = _columns(table.graph.vocabulary, table.n, len(NAMES.things))[facts[named, 0]]
    for missing in facts[named & (out[:, 0] == -1), 0].tolist():
        table.column(*NAMES.things[missing])  # says that there is no such predicate
    return out


def literals_of(kinds: Sequence[Kind], table: FactTable) -> tuple[Ints, Ints]:
    """Where the literals of each "some object ..." begin, and all of them, [L, 5] as in ``Program.facts``.

    A block is the number of an object that is asked with the proposition, or LOCAL; the base of a negated literal is
    that of its fact plus the number of facts of the batch.
    """
    half = len(table.logits)
    rows = []
    for some, _ in kinds:
        for name, args, positive in some.literals:
            base, one, two = table.column(name, len(args))
            rows.append((base + (0 if positive else half), one, two, *(*args, LOCAL, LOCAL)[:2]))
    return _begins([len(p.literals) for p, _ in kinds]), np.array(rows, np.int64).reshape(-1, 5)


def _begins(sizes: Sequence[int] | Ints) -> Ints:
    return np.concatenate([np.zeros(1, np.int64), np.cumsum(sizes, dtype=np.int64)])
