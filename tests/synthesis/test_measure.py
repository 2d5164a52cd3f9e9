"""Measuring an extractor on clips whose truth is known: against answers that are right, wrong and empty on purpose."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from nesy.datasets import open_dataset
from nesy.datasets.base import Dataset
from nesy.dsl.parser import parse_formula
from nesy.errors import DataError
from nesy.reasoners.temporal.definition import holds
from nesy.synthesis import extractors
from nesy.synthesis.base import Extraction, SpecExtractor
from nesy.synthesis.measure import measure, world_of


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    return open_dataset("platformer", {"clips": 12, "frames": 16}, tmp_path_factory.mktemp("cache"))


class Says(SpecExtractor):
    """One formula, whatever the caption; None rejects it."""

    def __init__(self, text: str | None) -> None:
        self.formula = parse_formula(text) if text else None

    def extract(self, captions: Sequence[str]) -> list[Extraction]:
        if self.formula is None:
            return [Extraction(c, None, "rejected", "says nothing") for c in captions]
        return [Extraction(c, self.formula, "accepted") for c in captions]


def test_the_rules_hold_and_find_every_event(dataset: Dataset):
    steps: list[tuple[int, int]] = []
    scores = measure(dataset, extractors["rules"](dataset.vocabulary, {}), lambda i, n: steps.append((i, n)))
    assert steps[-1] == (12, 12) and set(scores) == {"auto", "manual"}
    for score in scores.values():
        rates = score.as_dict()
        assert rates["accepted"] == rates["holds"] == rates["event precision"] == 1 and not score.failures
        assert rates["event recall"] > 0.9 and rates["holds elsewhere"] < 0.2


def test_what_holds_everywhere_and_what_holds_sometimes(dataset: Dataset):
    trivial = measure(dataset, Says("exists m: mugen { eventually not jumping(m) or jumping(m) }"))["auto"].as_dict()
    assert trivial["holds"] == trivial["holds elsewhere"] == 1 and trivial["event recall"] < 0.5
    text = "exists m: mugen { eventually climbing(m) }"
    score = measure(dataset, Says(text))["auto"]
    true = [c.id for c in dataset.clips if holds(parse_formula(text), world_of(c))]
    autos = sum(k.kind == "auto" for c in dataset.clips for k in c.captions)
    assert 0 < score.holding < autos == score.accepted
    assert score.holding == sum(k.kind == "auto" for c in dataset.clips if c.id in true for k in c.captions)
    assert len(score.failures) == autos - score.holding


def test_rejected_captions_are_counted_by_reason(dataset: Dataset):
    score = measure(dataset, Says(None))["auto"]
    assert score.reasons == {"says nothing": score.captions} and score.accepted == 0
    assert score.as_dict()["holds"] != score.as_dict()["holds"]  # nan: nothing was accepted


def test_without_truth_nothing_can_be_measured(dataset: Dataset):
    blind = replace(dataset, splits={k: [replace(c, truth=None) for c in v] for k, v in dataset.splits.items()})
    with pytest.raises(DataError, match="has a true scene graph"):
        measure(blind, Says(None))
