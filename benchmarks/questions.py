"""Forty questions with known answers, asked of a memory of simulated clips.

    python benchmarks/questions.py                     true scene graphs of 200 clips (the oracle)
    python benchmarks/questions.py RUN [--clips 200]   what a trained run sees in its test clips, too

Known answers are computed frame by frame from the simulation's facts, by code that shares nothing with the memory.
Beside it a keyword search over the clips' captions, which looks for clauses with the question's words and takes the
classes that they name, their number, or their place in the caption as the answer.
"""

from __future__ import annotations

import argparse
import random
import re
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np

from nesy.datasets import open_dataset
from nesy.datasets.base import Clip
from nesy.datasets.platformer import make_platformer
from nesy.errors import NesyError
from nesy.memory.answers import SURE, answer
from nesy.memory.intervals import Thresholds
from nesy.memory.remember import remember
from nesy.memory.runs import predicted, true_graph
from nesy.memory.store import TripleStore
from nesy.scenegraph import GraphFile

MONSTERS = ("snail", "worm", "mouse", "frog", "slime", "bee", "bat")
NEAR = 0.5  # seconds by which a "when" may be wrong


@dataclass(frozen=True)
class Event:
    """Something that Mugen does or suffers, in the words of a question and as facts of frames.

    stem: of the verb, as captions have it.  base, past: its forms in questions.
    classes: what the other object may be; () for events of Mugen alone.
    """

    name: str
    stem: str
    base: str
    past: str
    classes: tuple[str, ...]

    def frames(self, clip: Clip, sort: str | None) -> dict[str, set[int]]:
        """Frames in which it happens, by the other object ("" for none), which must be a ``sort`` if given."""
        t = clip.truth
        assert t is not None
        v = t.vocabulary
        names = [v.classes[c] for c in t.classes]
        out: dict[str, set[int]] = {}
        for m in (i for i, n in enumerate(names) if n == "mugen"):
            if not self.classes:
                out[""] = out.get("", set()) | set(np.flatnonzero(t.unary[:, m, v.unary.index(self.name)]).tolist())
                continue
            for o, name in enumerate(names):
                if name not in self.classes or sort not in (None, name):
                    continue
                if self.name == "jumping over":
                    held = t.unary[:, m, v.unary.index("jumping")] & t.binary[:, m, o, v.binary.index("above")]
                elif self.name in ("chasing", "killing"):
                    held = t.binary[:, o, m, v.binary.index(self.name)]
                else:
                    held = t.binary[:, m, o, v.binary.index(self.name)]
                if held.any():
                    out[clip.tracks.ids[o]] = set(np.flatnonzero(held).tolist())
        return {k: f for k, f in out.items() if f}


JUMP = Event("jumping", "jump", "jump", "jumped", ())
DIE = Event("dead", "kill", "die", "died", ())
OVER = Event("jumping over", "jump", "jump over", "jumped over", MONSTERS)
COLLECT = Event("collecting", "coll", "collect", "collected", ("coin", "gem"))
STOMP = Event("stomping", "stom", "stomp on", "stomped on", MONSTERS)
CHASE = Event("chasing", "chas", "chase", "chased", MONSTERS)
KILL = Event("killing", "kill", "kill", "killed", MONSTERS)


@dataclass(frozen=True)
class Case:
    """A question with its answer: classes, a time in seconds, yes or no, or a number."""

    kind: str
    text: str
    clip: Clip
    truth: frozenset[str] | float | bool | int
    keywords: tuple[tuple[str, ...], ...]  # stems of each event, in the order of the question's claim


def sorts(clip: Clip, event: Event) -> frozenset[str]:
    t = clip.truth
    assert t is not None
    index = {name: i for i, name in enumerate(clip.tracks.ids)}
    return frozenset(t.vocabulary.classes[t.classes[index[o]]] for o in event.frames(clip, None))


def times(frames: set[int]) -> int:
    """Events that are more than one frame apart."""
    ordered = sorted(frames)
    return bool(ordered) + sum(b - a > 2 for a, b in pairwise(ordered))


def make_cases(clips: Sequence[Clip], seed: int) -> list[Case]:
    """Forty questions: 8 who, 8 what, 6 when, 6 before or after, 6 how often, 6 never or ever, as much yes as no."""
    rng = random.Random(seed)

    def find(build: Callable[[Clip], Case | None], count: int, wanted: Sequence[bool] | None = None) -> list[Case]:
        out: list[Case] = []
        for clip in rng.sample(list(clips), len(clips)):
            case = build(clip)
            if case is None or (wanted is not None and case.truth is not wanted[len(out)]):
                continue
            out.append(case)
            if len(out) == count:
                return out
        raise SystemExit("too few clips for forty questions: give --clips 200")

    def who(event: Event) -> Callable[[Clip], Case | None]:
        def build(clip: Clip) -> Case | None:
            found = sorts(clip, event)
            text = f"Who {event.past} Mugen in {clip.id}?"
            return Case("who", text, clip, found, ((event.stem,),)) if found else None

        return build

    def what(event: Event) -> Callable[[Clip], Case | None]:
        def build(clip: Clip) -> Case | None:
            found = sorts(clip, event)
            noun = "Which monster" if event.classes == MONSTERS else "What"
            text = f"{noun} did Mugen {event.base} in {clip.id}?"
            return Case("what", text, clip, found, ((event.stem,),)) if found else None

        return build

    def said(event: Event, sort: str | None) -> str:
        subject = f"a {sort}" if event in (CHASE, KILL) else "Mugen"
        other = "Mugen" if event in (CHASE, KILL) else f"a {sort}" if sort else ""
        return f"{subject} {event.base} {other}".strip()

    def stems(event: Event, sort: str | None) -> tuple[str, ...]:
        return (event.stem, sort) if sort else (event.stem,)

    def when(event: Event) -> Callable[[Clip], Case | None]:
        def build(clip: Clip) -> Case | None:
            sort = rng.choice(sorted(sorts(clip, event)) or [None]) if event.classes else None
            found = event.frames(clip, sort)
            if not found:
                return None
            first = min(min(f) for f in found.values())
            text = f"When did {said(event, sort)} in {clip.id}?"
            return Case("when", text, clip, first / clip.fps, (stems(event, sort),))

        return build

    def order(first: Event, second: Event) -> Callable[[Clip], Case | None]:
        def build(clip: Clip) -> Case | None:
            chosen = []
            for event in (first, second):
                here = sorted(sorts(clip, event))
                chosen.append(rng.choice(here) if event.classes and here else None)
            a, b = (e.frames(clip, s) for e, s in zip((first, second), chosen, strict=True))
            if not a or not b or (first.classes and chosen[0] is None) or (second.classes and chosen[1] is None):
                return None
            earlier = min(min(f) for f in a.values()) < max(max(f) for f in b.values())
            text = f"Did {said(first, chosen[0])} before {said(second, chosen[1])} in {clip.id}?"
            return Case("order", text, clip, earlier, (stems(first, chosen[0]), stems(second, chosen[1])))

        return build

    def often(event: Event) -> Callable[[Clip], Case | None]:
        def build(clip: Clip) -> Case | None:
            sort = rng.choice(sorted(sorts(clip, event)) or [None]) if event.classes else None
            found = event.frames(clip, sort)
            if not found or (event.classes and sort is None):
                return None
            text = f"How often did {said(event, sort)} in {clip.id}?"
            return Case("how often", text, clip, sum(map(times, found.values())), (stems(event, sort),))

        return build

    def never(event: Event, ever: str) -> Callable[[Clip], Case | None]:
        def build(clip: Clip) -> Case | None:
            sort = rng.choice(event.classes) if event.classes else None
            happened = bool(event.frames(clip, sort))
            words = said(event, sort).split()
            subject = 2 if words[0] == "a" else 1
            claim = " ".join([*words[:subject], ever, *words[subject:]])
            truth = happened if ever == "ever" else not happened
            return Case(ever, f"Did {claim} in {clip.id}?", clip, truth, (stems(event, sort),))

        return build

    return [
        *find(who(CHASE), 4), *find(who(KILL), 4),
        *find(what(COLLECT), 3), *find(what(STOMP), 3), *find(what(OVER), 2),
        *find(when(COLLECT), 3), *find(when(STOMP), 2), *find(when(DIE), 1),
        *find(order(COLLECT, OVER), 3, [True, False, True]), *find(order(STOMP, COLLECT), 3, [False, True, False]),
        *find(often(JUMP), 2), *find(often(COLLECT), 2), *find(often(CHASE), 2),
        *find(never(COLLECT, "never"), 2, [True, False]), *find(never(STOMP, "never"), 2, [True, False]),
        *find(never(CHASE, "ever"), 2, [True, False]),
    ]  # fmt: skip


def right(case: Case, given: object) -> bool:
    """Classes, numbers and yes or no must be equal; a time may be wrong by half a second."""
    if given is None or isinstance(case.truth, bool) != isinstance(given, bool):
        return False
    if case.kind == "when":
        return isinstance(given, float) and abs(given - float(case.truth)) <= NEAR  # type: ignore[arg-type]
    return given == case.truth


def from_memory(case: Case, store: TripleStore, sure: float) -> object:
    try:
        reply = answer(case.text, store, sure=sure)
    except NesyError as e:
        print(f"    {e}")
        return None
    if case.kind in ("who", "what"):
        return frozenset(i.label for i in reply.items if i.label)
    if case.kind == "when":
        starts = [i.seconds[0] for i in reply.items if i.seconds is not None]
        return min(starts) if starts else None
    return reply.value


def from_captions(case: Case) -> object:
    """The keyword search."""
    clauses = re.split(r", and |, | and then | and |\. ", " ".join(c.text for c in case.clip.captions[:1]).lower())
    places = [[i for i, c in enumerate(clauses) if all(k in c for k in keys)] for keys in case.keywords]
    if case.kind in ("who", "what"):
        words = {*MONSTERS, "coin", "gem"}
        return frozenset(w for i in places[0] for w in words if re.search(rf"\b{w}\b", clauses[i]))
    if case.kind == "when":
        return (places[0][0] + 0.5) / len(clauses) * case.clip.length / case.clip.fps if places[0] else None
    if case.kind == "how often":
        return len(places[0])
    if case.kind == "order":
        return bool(places[0] and places[1]) and places[0][0] < places[1][-1]
    return bool(places[0]) is (case.kind == "ever")


def ask(name: str, cases: Sequence[Case], reply: Callable[[Case], object], verbose: bool) -> None:
    began = time.perf_counter()
    results: dict[str, list[bool]] = {}
    for case in cases:
        given = reply(case)
        good = right(case, given)
        results.setdefault(case.kind, []).append(good)
        if verbose and not good:
            print(f"    {case.text} expected {case.truth}, got {given}")
    everything = [x for xs in results.values() for x in xs]
    parts = "  ".join(f"{k} {sum(xs)}/{len(xs)}" for k, xs in results.items())
    seconds = (time.perf_counter() - began) / len(cases)
    print(
        f"{name:<24} {sum(everything)}/{len(everything)} = {sum(everything) / len(everything):.3f}   {parts}"
        f"   ({1000 * seconds:.0f} ms a question)",
        flush=True,
    )


def filled(folder: Path, graphs: Sequence[tuple[Clip, GraphFile]]) -> TripleStore:
    store = TripleStore.open(folder)
    began = time.perf_counter()
    count = sum(remember(g, store, video=clip.id, thresholds=Thresholds()) for clip, g in graphs)
    spent = time.perf_counter() - began
    print(f"{folder.name}: {len(graphs)} clips, {count} triples remembered in {spent:.1f} s", flush=True)
    return store


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", nargs="?", type=Path, help="the folder of a trained run")
    parser.add_argument("--clips", type=int, default=200)
    parser.add_argument("--seeds", type=int, default=1, help="so many sets of forty questions")
    parser.add_argument("--sure", type=float, default=SURE, help="the least confidence of an answer")
    parser.add_argument("--split", default="test", help="of the run's data")
    parser.add_argument("--verbose", action="store_true", help="print wrong answers")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        if chosen.run is None:
            make_platformer(Path(folder) / "data", chosen.clips, seed=1)
            clips = open_dataset(str(Path(folder) / "data"), {}, Path(folder)).clips
            seen = []
        else:
            seen = list(predicted(chosen.run, chosen.split, chosen.clips))
            clips = [clip for clip, _ in seen]
        oracle = filled(Path(folder) / "true graphs", [(c, true_graph(c)) for c in clips])
        memory = filled(Path(folder) / "predicted graphs", seen) if seen else None
        for seed in range(chosen.seeds):
            cases = make_cases(clips, seed)
            assert len(cases) == 40
            print(f"\nforty questions about {len(clips)} clips, seed {seed}")
            ask("memory, true graphs", cases, lambda c: from_memory(c, oracle, chosen.sure), chosen.verbose)
            if memory is not None:
                ask("memory, predicted graphs", cases, lambda c: from_memory(c, memory, chosen.sure), chosen.verbose)
            ask("keywords in captions", cases, from_captions, chosen.verbose)


if __name__ == "__main__":
    main()
