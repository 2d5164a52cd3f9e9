"""Hidden formulas found again from 100 labelled traces each: ``python benchmarks/synthesis.py``.

A formula counts as recovered when the first candidate is semantically equivalent (decided by its automaton), or makes
no error and is smaller: then the traces did not say more. Traces are random, and every second one is an edit of
another that changes its label, as hand-picked counterexamples would be. ``--scarlet`` runs scarlet-ltl (Raha et al.,
TACAS 2022), where it is installed, on the same traces beside; it has no past operators, windows or ``until``.
"""

from __future__ import annotations

import argparse
import random
import tempfile
import time
from pathlib import Path

from nesy.dsl.ast import Formula
from nesy.dsl.parser import parse_formula
from nesy.dsl.printer import to_text
from nesy.reasoners.temporal.definition import World, holds
from nesy.synthesis.examples import Search, synthesize
from nesy.synthesis.examples.equivalence import equivalent

Trace = list[list[str]]

HIDDEN = {
    "existence": ["eventually p", "eventually (p and q)", "eventually (p and not q)", "eventually (p and next q)"],
    "absence": ["always not p", "always not (p and q)", "always (p -> always not q)", "not eventually (p and next q)"],
    "universality": ["always p", "always (p or q)", "always (p -> q)", "eventually always p"],
    "response": [
        "always (p -> eventually q)",
        "always (p -> next q)",
        "always (p -> eventually (q and r))",
        "always (p -> eventually (q or r))",
        "always ((p and q) -> eventually r)",
        "always (p -> next eventually q)",
    ],
    "bounded response": [
        "always (p -> eventually[0,2] q)",
        "always (p -> eventually[0,3] q)",
        "always (p -> eventually[0,5] q)",
        "always (p -> always[0,2] q)",
        "always (p -> eventually[0,3] (q or r))",
    ],
    "bounded existence": ["eventually[0,3] p", "eventually[0,5] (p and q)", "always[0,4] not p"],
    "precedence": [
        "not q weak until p",
        "not r weak until (p and q)",
        "not (q or r) weak until p",
        "always (q -> once p)",
        "always (q -> previous p)",
        "always (q -> previous once p)",
    ],
    "until": ["p until q", "(p or q) until r", "p until (q and r)", "p until (q until r)", "always (p -> (q until r))"],
    "chain": [
        "p then q",
        "p then q then r",
        "p then q then p",
        "(p and q) then r",
        "p then q then r then p",
        "p then not q then r",
    ],
    "response chain": [
        "always (p -> (q then r))",
        "always (p -> eventually (q and eventually r))",
        "always (p -> next (q until r))",
    ],
    "since": ["always (p -> (q since r))", "eventually (p and historically q)"],
    "together": ["eventually p and always not q", "(p then q) or always r"],
}


def hidden() -> list[tuple[str, Formula]]:
    names = {p: f"{p}()" for p in "pqr"}
    text = {k: [" ".join(_name(w, names) for w in t.split()) for t in v] for k, v in HIDDEN.items()}
    return [(kind, parse_formula(t)) for kind, formulas in text.items() for t in formulas]


def _name(word: str, names: dict[str, str]) -> str:
    bare = word.strip("()")
    return word.replace(bare, names[bare]) if bare in names else word


def world(trace: Trace) -> World:
    return World(len(trace), (), frozenset((p, i) for i, frame in enumerate(trace) for p in frame))


def traces(
    formula: Formula, rng: random.Random, count: int, frames: tuple[int, int]
) -> tuple[list[Trace], list[Trace]]:
    """``count`` / 2 traces of each label."""
    sides: dict[bool, list[Trace]] = {True: [], False: []}
    while min(len(s) for s in sides.values()) < count // 2:
        density = {p: rng.choice([0.05, 0.2, 0.5, 0.8, 0.95]) for p in "pqr"}
        trace = [[p for p in "pqr" if rng.random() < density[p]] for _ in range(rng.randint(*frames))]
        label = holds(formula, world(trace))
        pair = [(label, trace)]
        edited = trace
        for _ in range(12):  # a few edits, until the label changes
            edited = [list(f) for f in edited]
            frame = rng.choice(edited)
            p = rng.choice("pqr")
            frame.remove(p) if p in frame else frame.append(p)
            if holds(formula, world(edited)) != label:
                pair.append((not label, edited))
                break
        for side, t in pair:
            if len(sides[side]) < count // 2:
                sides[side].append(t)
    return sides[True], sides[False]


def scarlet(positive: list[Trace], negative: list[Trace], timeout: float) -> tuple[str, float] | None:
    """What scarlet-ltl answers and after how many seconds; None where it is not installed or fails."""
    try:
        from Scarlet.ltllearner import LTLlearner  # type: ignore[import-not-found]
    except ImportError:
        return None

    def line(trace: Trace) -> str:
        return ";".join(",".join(str(int(p in frame)) for p in "pqr") for frame in trace)

    with tempfile.TemporaryDirectory() as scratch:
        path, answers = Path(scratch) / "sample.trace", Path(scratch) / "answer.csv"
        body = ["\n".join(line(t) for t in side) for side in (positive, negative)]
        path.write_text("\n---\n".join(body) + "\n---\nF,G,X,!,&,|\n---\np,q,r")
        learner = LTLlearner(input_file=str(path), timeout=timeout, csvname=str(answers), thres=0)
        start = time.perf_counter()
        learner.learn()
        seconds = time.perf_counter() - start
        rows = [r for r in answers.read_text().splitlines() if r.strip()]
        return (rows[-1] if len(rows) > 1 else "nothing"), seconds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--traces", type=int, default=100)
    parser.add_argument("--frames", type=int, nargs=2, default=(6, 16))
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--timeout", type=float, default=20.0, help="seconds a formula")
    parser.add_argument("--scarlet", action="store_true")
    options = parser.parse_args()
    recovered, among, total, tried = 0, 0, 0.0, 0
    problems = hidden()
    for k, (kind, formula) in enumerate(problems):
        rng = random.Random(options.seed * 1000 + k)
        positive, negative = traces(formula, rng, options.traces, tuple(options.frames))
        result = synthesize(positive, negative, Search(timeout=options.timeout), names="pqr")
        total, tried = total + result.seconds, tried + result.tried
        best = result.best
        same = [equivalent(c.formula, formula) for c in result.candidates if c.errors == 0]
        smaller = best is not None and best.errors == 0 and best.size < nodes(formula)
        good = bool(same and same[0]) or smaller
        recovered, among = recovered + good, among + (any(same) or smaller)
        found = "nothing" if best is None else f"{to_text(best.formula)} [{best.size} nodes, {best.errors} errors]"
        print(f"{'ok ' if good else '-- '} {result.seconds:6.2f} s  {kind:17} {to_text(formula):55} {found}")
        if options.scarlet:
            answer = scarlet(positive, negative, options.timeout)
            print("    scarlet-ltl: " + ("not installed" if answer is None else f"{answer[1]:.2f} s  {answer[0]}"))
    print(
        f"{recovered} of {len(problems)} recovered ({among} among the candidates) in {total:.1f} s, {tried:,} formulas"
    )


def nodes(f: Formula) -> int:
    """The size that the search would give ``f``."""
    from nesy.dsl import ast

    own = {ast.And: 0, ast.Or: 0, ast.Then: 0}.get(type(f), 1)
    parts = ast.children(f)
    own += max(0, len(parts) - 1) if own == 0 else int(getattr(f, "window", None) is not None)
    return own + sum(nodes(p) for p in parts)


if __name__ == "__main__":
    main()
