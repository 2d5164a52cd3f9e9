"""Link prediction on Nations, Kinships and UMLS: semantic memory beside PyKEEN's DistMult, ComplEx and TuckER.

    python benchmarks/kg.py [--data nations kinships umls] [--width 64] [--epochs 300] [--json FILE]

Needs PyKEEN (`pip install pykeen`, tried with 1.11.1), which also brings the data. Every model has the same embedding
dimension and the same number of passes over the training triples, and is chosen by the MRR of the validation set among
the same number of settings (two): PyKEEN's models among two learning rates, semantic memory among two ways to evolve.
PyKEEN's models take a gradient step a batch, semantic memory one a pass. One evaluation for all: filtered by train,
validation and test triples, both sides, the mean of the optimistic and the pessimistic rank.
"""

from __future__ import annotations

import argparse
import gc
import json
import time
from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor

from nesy.memory.brain import Statements, TensorBrain
from nesy.memory.brain.links import fit_links

Triples = Tensor  # int64 [N, 3]: head, relation, tail


class Judge:
    """Filtered ranks of triples under scores of tails and of heads."""

    def __init__(self, entities: int, relations: int, *known: Triples) -> None:
        self.true = torch.zeros(entities, relations, entities, dtype=torch.bool)
        for t in known:
            self.true[t[:, 0], t[:, 1], t[:, 2]] = True

    def ranks(self, triples: Triples, tails: Tensor, heads: Tensor) -> Tensor:
        """Ranks [2 N] from scores [N, E] of every entity as the tail, and as the head."""
        h, r, t = triples.T
        found = []
        for scores, truth, also in ((tails, t, self.true[h, r]), (heads, h, self.true[:, r, t].T)):
            own = scores.gather(1, truth[:, None])
            rivals = ~also
            better = ((scores > own) & rivals).sum(1).double()
            found.append(1 + better + 0.5 * ((scores == own) & rivals).sum(1))
        return torch.cat(found)


def rates(ranks: Tensor) -> tuple[float, float]:
    return float((1 / ranks).mean()), float((ranks <= 10).double().mean())


def memory(
    data: dict[str, Triples], judge: Judge, size: tuple[int, int], width: int, epochs: int, seed: int
) -> tuple[tuple[float, float], float, dict[str, object]]:
    """MRR and Hits@10 of semantic memory on the test set, its MRR on the validation set, and its settings."""
    best: tuple[float, Tensor, dict[str, object]] | None = None
    train = data["train"]
    for evolution, dropout in (("product", 0.1), ("context", 0.1)):
        torch.manual_seed(seed)
        names = {"entity": [f"e{i}" for i in range(size[0])], "predicate": [f"p{i}" for i in range(size[1])]}
        brain = TensorBrain(names, width=width, context=width, evolution=evolution, dropout=dropout)  # type: ignore[arg-type]

        def mrr(table: Tensor) -> float:
            return rates(by_table(judge, data["validation"], table))[0]

        fit_links(brain, Statements(train[:, 0], train[:, 2], train[:, 1]), steps=epochs, rate=0.01, judge=mrr)
        with torch.no_grad():
            table = brain.joint(brain.semantic)
        value = mrr(table)
        if best is None or value > best[0]:
            best = value, table, {"evolution": evolution, "dropout": dropout}
    assert best is not None
    return rates(by_table(judge, data["test"], best[1])), best[0], best[2]


def by_table(judge: Judge, triples: Triples, table: Tensor) -> Tensor:
    """Ranks from a joint [S, O, P]."""
    h, r, t = triples.T
    return judge.ranks(triples, table[h, :, r], table[:, t, r].T)


def baseline(
    model: str, dataset: object, data: dict[str, Triples], judge: Judge, width: int, epochs: int, seed: int
) -> tuple[tuple[float, float], float, dict[str, object]]:
    """The same of one of PyKEEN's models, trained by PyKEEN with 1-N scoring, inverse relations and cross-entropy."""
    from pykeen.models import ComplEx, DistMult, TuckER
    from pykeen.training import LCWATrainingLoop
    from pykeen.triples import TriplesFactory

    training: TriplesFactory = dataset.training  # type: ignore[attr-defined]
    build: Callable[..., torch.nn.Module] = {"DistMult": DistMult, "ComplEx": ComplEx, "TuckER": TuckER}[model]
    best: tuple[float, tuple[float, float], dict[str, object]] | None = None
    gc.freeze()  # PyKEEN collects garbage after every epoch; without this a second each goes into torch's own objects
    for rate in (0.01, 0.001):
        # ComplEx counts complex numbers: half as many have the same number of real parameters.
        dimension = width // 2 if model == "ComplEx" else width
        net = build(triples_factory=training, embedding_dim=dimension, loss="crossentropy", random_seed=seed)
        loop = LCWATrainingLoop(
            model=net, triples_factory=training, optimizer=torch.optim.Adam(net.parameters(), lr=rate)
        )  # fmt: skip
        loop.train(training, num_epochs=epochs, batch_size=512, use_tqdm=False, use_tqdm_batch=False)
        net.eval()

        def ranked(triples: Triples, net: torch.nn.Module = net) -> tuple[float, float]:
            with torch.no_grad():
                tails = net.predict_t(triples[:, :2])  # type: ignore[operator]
                heads = net.predict_h(triples[:, 1:])  # type: ignore[operator]
            return rates(judge.ranks(triples, tails, heads))

        value = ranked(data["validation"])[0]
        if best is None or value > best[0]:
            best = value, ranked(data["test"]), {"rate": rate}
    assert best is not None
    return best[1], best[0], best[2]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", nargs="+", default=["nations", "kinships", "umls"])
    parser.add_argument("--models", nargs="+", default=["memory", "DistMult", "ComplEx", "TuckER"])
    parser.add_argument("--width", type=int, default=64)
    parser.add_argument("--epochs", type=int, default=300)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", type=Path)
    args = parser.parse_args()
    from pykeen.datasets import get_dataset

    torch.set_num_threads(1)
    rows = []
    print(f"{'data':10s} {'model':10s} {'MRR':>6s} {'Hits@10':>8s} {'valid MRR':>10s} {'seconds':>8s}  chosen")
    for name in args.data:
        dataset = get_dataset(dataset=name, dataset_kwargs={"create_inverse_triples": True})
        train = dataset.training.mapped_triples
        relations = dataset.training.real_num_relations
        data = {"train": train[train[:, 1] < relations], "validation": dataset.validation.mapped_triples}
        data["test"] = dataset.testing.mapped_triples
        size = (dataset.num_entities, relations)
        judge = Judge(*size, *data.values())
        for model in args.models:
            start = time.perf_counter()
            if model == "memory":
                (mrr, hits), valid, chosen = memory(data, judge, size, args.width, args.epochs, args.seed)
            else:
                (mrr, hits), valid, chosen = baseline(
                    model, dataset, data, judge, args.width, args.epochs, args.seed
                )  # fmt: skip
            took = time.perf_counter() - start
            print(f"{name:10s} {model:10s} {mrr:6.3f} {hits:8.3f} {valid:10.3f} {took:8.0f}  {chosen}", flush=True)
            rows.append({"data": name, "model": model, "mrr": mrr, "hits@10": hits, "valid": valid, **chosen})
    if args.json:
        args.json.write_text(json.dumps(rows, indent=1) + "\n")


if __name__ == "__main__":
    main()
