"""Recognition, recall and order: an examination of the memory of clips, every mark beside its chance level.

    python benchmarks/examination.py [--clips 200]             true scene graphs of simulated clips
    python benchmarks/examination.py --run RUN [--clips 200]   what a trained run sees in its test clips

Half of the clips are remembered in one shot, the other half is new. Asked are states (was this clip seen? which clip is
it, shown a part?), triples of classes (did a chase b in this clip, or b chase c? whom did a chase?) and order.
"""

from __future__ import annotations

import argparse
import random
import tempfile
from collections.abc import Iterator
from pathlib import Path

import torch

from nesy.memory.brain import TensorBrain
from nesy.memory.brain.episodic import EpisodicMemory
from nesy.memory.brain.examination import Mark, Trace, completion, order, recognition
from nesy.memory.brain.features import graph_features
from nesy.memory.brain.holographic import Fact, MultilinearStore
from nesy.scenegraph import SceneGraph


def graphs(run: Path | None, clips: int, seed: int) -> Iterator[tuple[SceneGraph, SceneGraph | None]]:
    """What is remembered of each clip, and its true graph where that is something else."""
    from nesy.datasets import open_dataset
    from nesy.datasets.platformer import make_platformer
    from nesy.memory.runs import predicted, true_graph

    if run is not None:
        for clip, file in predicted(run, clips=clips):
            yield file.graph, true_graph(clip).graph if clip.truth is not None else None
        return
    with tempfile.TemporaryDirectory() as folder:
        make_platformer(Path(folder) / "data", clips, seed=seed)
        for clip in open_dataset(str(Path(folder) / "data"), {}, Path(folder)).clips:
            yield true_graph(clip).graph, None


def class_triples(graph: SceneGraph) -> set[Fact]:
    """(class, predicate, class) that hold in some frame with probability over 1/2."""
    g, v = graph.clip(0), graph.vocabulary
    kinds = [v.classes[int(k)] for k in g.classes[0].argmax(-1)]
    both = g.present[0][:, :, None] & g.present[0][:, None, :]
    held = ((g.binary[0] > 0) & both[..., None]).any(0)
    return {(kinds[a], v.binary[r], kinds[b]) for a, b, r in held.nonzero().tolist() if a != b}


def triples_examined(stored: list[set[Fact]], asked: list[set[Fact]], seed: int) -> list[Mark]:
    """Recognition of triples against foils that differ in one slot, and completion of the object, per clip."""
    dice = random.Random(seed)
    store = MultilinearStore(4096, seed=seed)
    for i, facts in enumerate(stored):
        store.remember(f"clip {i}", sorted(facts))
    if not len(store.predicates):
        return []  # a run that has learned no relation yet
    things = [store.entities.name(r) for r in store.entities.rows()]
    relations = [store.predicates.name(r) for r in store.predicates.rows()]
    right, told, completed, chances = 0.0, 0, 0, []
    for i, facts in enumerate(asked):
        scores, s, p, o = store.table(store.state(f"clip {i}"))

        def score(fact: Fact) -> float:
            return float(scores[s.index(fact[0]), p.index(fact[1]), o.index(fact[2])])  # noqa: B023

        for fact in sorted(facts):
            if fact[0] not in things or fact[2] not in things or fact[1] not in relations:
                continue
            slot = dice.randrange(3)
            foil = [*fact]
            foil[slot] = dice.choice(relations if slot == 1 else things)
            if tuple(foil) in facts:
                continue
            told += 1
            mine, other = score(fact), score((foil[0], foil[1], foil[2]))
            right += float(mine > other) + 0.5 * float(mine == other)
            best = store.recall(f"clip {i}", subject=fact[0], predicate=fact[1], k=1)[0].object
            options = {f[2] for f in facts if f[:2] == fact[:2]}
            completed += best in options
            chances.append(len(options) / len(things))
    if not told:
        return []
    return [
        Mark("triple in this clip, or a foil", right / told, 0.5, told),
        Mark("whom? (s, p, ?) of a clip", completed / told, sum(chances) / len(chances), told),
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--run", type=Path)
    parser.add_argument("--clips", type=int, default=200)
    parser.add_argument("--width", type=int, default=256)
    parser.add_argument("--noise", type=float, default=0.5)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(args.seed)
    seen = list(graphs(args.run, args.clips, args.seed))
    features = torch.stack([graph_features(g) for g, _ in seen])
    spread = features.std(0)
    features = (features - features.mean(0)) / spread.clamp_min(0.05)
    half = len(features) // 2
    brain = TensorBrain(
        {"entity": ["thing"], "predicate": ["is"]}, reserve={"time": half}, inputs=features.shape[1], width=args.width
    )
    memory, names = EpisodicMemory(brain), [f"clip {i}" for i in range(half)]
    trace = Trace(args.width, 0.98)
    with torch.no_grad():
        for name, scene in zip(names, features[:half], strict=True):
            memory.remember(scene, name)
            trace.see(memory.state(scene)[0])
        again = features + args.noise * features.std(0) * torch.randn_like(features)
        states = memory.state(again)
        columns = memory.state(features[:half])
    marks = [recognition(memory, states[:half], states[half : 2 * half])]
    marks += [completion(memory, features[:half], names, keep) for keep in (0.5, 0.2, 0.05)]
    marks += triples_examined(
        [class_triples(g) for g, _ in seen[:half]],
        [class_triples(g if t is None else t) for g, t in seen[:half]],
        args.seed,
    )
    stamps = torch.tensor([float(memory.moments[memory.times.row(n)].clock) for n in names])
    for gaps in ((1, 5), (6, 20), (21, half - 1)):
        marks.append(order(stamps, gaps, name="order by the clock"))
        marks.append(order(trace.strength(columns), gaps, name="order by a fading trace"))
    print(f"{half} clips remembered, {len(features) - half} new, {features.shape[1]} features, cue noise {args.noise}")
    print("\n".join(map(str, marks)))


if __name__ == "__main__":
    main()
