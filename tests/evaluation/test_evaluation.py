from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from nesy.datasets.base import GroundTruth, Tracks, Vocabulary
from nesy.evaluation import (
    GivenBoxes,
    Triplet,
    TripletScores,
    average_precision_of_video,
    box_iou,
    box_tube_iou,
    chance_to_be_in_top,
    mask_iou,
    mask_tube_iou,
    recall_at,
    temporal_iou,
    triplets_of_graph,
    triplets_of_truth,
)
from nesy.scenegraph import SceneGraph

NAMES = Vocabulary(("dog", "cat"), (), ("near", "on", "chasing"))


def frames(*chosen: int, total: int = 4) -> np.ndarray:
    out = np.zeros(total, bool)
    out[list(chosen)] = True
    return out


def triplet(names=("dog", "near", "cat"), score=1.0, left=0.0, span=(0, 1, 2, 3), total=4) -> Triplet:
    """Subject 10 x 10 at ``left``, object 10 x 10 at 50, in all frames."""
    boxes = np.zeros((2, total, 4))
    boxes[0], boxes[1] = [left, 0, left + 10, 10], [50, 0, 60, 10]
    return Triplet(names, score, boxes, np.ones((2, total), bool), frames(*span, total=total))


def test_overlaps_by_hand() -> None:
    a, b = np.array([0.0, 0, 10, 10]), np.array([5.0, 0, 15, 10])
    assert float(box_iou(a, b)) == pytest.approx(50 / 150)
    tube = np.stack([a, a])
    # Frame 0: 50 of 150. Frame 1: only one is there: 0 of 100.
    assert box_tube_iou(tube, np.array([True, True]), np.stack([b, b]), np.array([True, False])) == pytest.approx(
        50 / 250
    )
    one, two = np.zeros((2, 4, 4), bool), np.zeros((2, 4, 4), bool)
    one[:, :2], two[0, 1:3] = True, True
    assert mask_iou(one, two).tolist() == pytest.approx([4 / 12, 0])
    assert mask_tube_iou(one, two) == pytest.approx(4 / 20)
    assert temporal_iou(frames(0, 1, 2), frames(1, 2, 3)) == 0.5 and temporal_iou(frames(), frames()) == 0


@given(st.lists(st.tuples(*[st.integers(0, 6)] * 4), min_size=2, max_size=2))
def test_box_iou_is_that_of_their_cells(corners: list[tuple[int, int, int, int]]) -> None:
    masks, boxes = [], []
    for x0, y0, w, h in corners:
        mask = np.zeros((1, 12, 12), bool)
        mask[0, y0 : y0 + h, x0 : x0 + w] = True
        masks.append(mask)
        boxes.append(np.array([[x0, y0, x0 + w, y0 + h]], float))
    assert box_iou(*boxes) == pytest.approx(mask_iou(*masks))
    there = np.array([True])
    assert box_tube_iou(boxes[0], there, boxes[1], there) == pytest.approx(mask_tube_iou(*masks))


def test_rank_with_ties_is_the_share_of_all_orders() -> None:
    scores = np.array([[3.0, 2.0, 2.0, 1.0]])
    for k, expected in ((1, 0), (2, 0.5), (3, 1), (4, 1)):
        assert chance_to_be_in_top(scores, np.array([1]), k).tolist() == [expected]
    assert chance_to_be_in_top(np.zeros((1, 8)), np.array([3]), 2).tolist() == [0.25]  # says nothing: as good as chance


def scene(classes: list[list[float]], binary: dict[tuple[int, int, int, int], float], t: int = 2) -> SceneGraph:
    n = len(classes)
    facts = torch.full((t, n, n, 3), 0.01)
    for place, p in binary.items():
        facts[place] = p
    return SceneGraph.from_probabilities(NAMES, torch.tensor(classes), torch.zeros(t, n, 0), facts)


def truth(classes: list[int], *facts: tuple[int, int, int, int], t: int = 2) -> GroundTruth:
    n = len(classes)
    binary = np.zeros((t, n, n, 3), bool)
    for place in facts:
        binary[place] = True
    return GroundTruth(NAMES, np.array(classes), np.zeros((t, n, 0), bool), binary)


def test_laser_protocol_by_hand() -> None:
    graph = scene(
        [[0.9, 0.1], [0.6, 0.4]], {(0, 0, 1, 0): 0.9, (0, 0, 1, 1): 0.5, (1, 1, 0, 2): 0.8, (1, 1, 0, 0): 0.7}
    )
    scores = GivenBoxes(NAMES.binary, (1, 2))
    # In frame 0 the pair is near (rank 1) and on (rank 2): two facts, none overwritten. In frame 1 near has rank 2.
    scores.add(graph, truth([0, 1], (0, 0, 1, 0), (0, 0, 1, 1), (1, 1, 0, 0)))
    got = scores.result()
    assert got["unary_r@1"] == 0.5 and got["unary_r@2"] == 1
    assert got["binary_r@1"] == pytest.approx(1 / 3) and got["binary_r@2"] == 1
    assert got["mean_r@1"] == pytest.approx((1 / 2 + 0) / 2)  # near: 1 of 2, on: 0 of 1
    # A second clip: its truth about an object without class, and about an object with itself, does not count.
    scores.add(graph, truth([-100, 1], (0, 0, 0, 0)))
    assert scores.result()["unary_r@1"] == pytest.approx(1 / 3) and scores.result()["binary_r@1"] == pytest.approx(
        1 / 3
    )


def test_no_truth_is_no_number() -> None:
    assert all(np.isnan(v) for v in GivenBoxes(NAMES.binary).result().values())
    assert np.isnan(TripletScores().result()["triplet_r@20"])
    assert np.isnan(average_precision_of_video([triplet()], []))


def test_pvsg_recall_by_hand() -> None:
    true = [triplet(), triplet(("cat", "on", "dog"))]
    hit = triplet(score=0.9, span=(0, 1))  # 2 of 4 frames: 0.5, a hit
    assert recall_at([hit], true, 20) == [True, False]
    late = triplet(score=0.9, span=(3,))  # 1 of 4 frames
    assert recall_at([late], true, 20) == [False, False] and recall_at([late], true, 20, weak=True) == [True, False]
    shifted = triplet(score=0.9, left=4)  # boxes overlap by 6 of 14: below 0.5
    assert recall_at([shifted], true, 20, weak=True) == [False, False]
    wrong = triplet(("dog", "on", "cat"), score=1)
    assert recall_at([wrong, hit], true, 1) == [False, False] and recall_at([wrong, hit], true, 2) == [True, False]
    scores = TripletScores((1, 2))
    scores.add([wrong, hit], true)
    scores.add([triplet()], [triplet(), triplet()])  # two of the same truth, both hit
    got = scores.result()
    assert got["triplet_r@1"] == pytest.approx(2 / 4) and got["triplet_r@2"] == pytest.approx(3 / 4)
    assert got["triplet_mr@2"] == pytest.approx((3 / 3 + 0 / 1) / 2)


def test_masks_decide_where_there_are_masks() -> None:
    def with_mask(rows: int) -> Triplet:
        x = triplet()
        mask = np.zeros((2, 4, 8, 8), bool)
        mask[:, :, :rows] = True
        return Triplet(x.names, 1.0, x.boxes, x.present, x.span, mask)

    assert recall_at([with_mask(4)], [with_mask(8)], 20) == [True]  # 32 of 64 pixels
    assert recall_at([with_mask(3)], [with_mask(8)], 20) == [False]  # the boxes are the same


def test_vidvrd_precision_by_hand() -> None:
    true = [triplet(), triplet(("cat", "on", "dog"))]
    found = [
        triplet(score=0.9),
        triplet(score=0.8),  # the same again: no second hit
        triplet(("cat", "on", "dog"), score=0.7),
        triplet(("cat", "near", "dog"), score=0.6),
    ]
    # Hits at ranks 1 and 3: precision 1 and 2/3, recall steps of 1/2.
    assert average_precision_of_video(found, true) == pytest.approx(0.5 * 1 + 0.5 * 2 / 3)
    scores = TripletScores()
    scores.add_detection(found, true)
    got = scores.result()
    assert got["detection_map"] == pytest.approx(5 / 6)
    assert (got["tagging_p@1"], got["tagging_p@5"]) == (1, 2 / 5)
    half = triplet(score=0.9, span=(0,))  # a quarter of the true tube
    assert average_precision_of_video([half], true) == 0


def test_truth_and_perfect_prediction_agree() -> None:
    graph = scene([[1.0, 0.0], [0.0, 1.0]], {(0, 0, 1, 0): 0.99, (2, 0, 1, 0): 0.98, (1, 1, 0, 2): 0.97}, t=3)
    true = truth([0, 1], (0, 0, 1, 0), (2, 0, 1, 0), (1, 1, 0, 2), t=3)
    boxes = np.tile(np.array([[0.0, 0, 10, 10], [50, 0, 60, 10]], np.float32), (3, 1, 1))
    tracks = Tracks(boxes, np.ones((3, 2), bool), ("a", "b"))
    found = triplets_of_graph(graph, boxes)
    assert [(x.names, x.span.tolist()) for x in found[:2]] == [
        (("dog", "near", "cat"), [True, False, True]),
        (("cat", "chasing", "dog"), [False, True, False]),
    ]
    assert recall_at(found, triplets_of_truth(true, tracks), 2) == [True, True]
    split = triplets_of_truth(true, tracks, split=True)
    assert len(split) == 3
    assert average_precision_of_video(triplets_of_graph(graph, boxes, split=True), split) == pytest.approx(1.0)
