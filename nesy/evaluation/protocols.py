"""All measures of a model on clips with truth, boxes given or found; what ``nesy eval --protocols`` prints."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from nesy.datasets.base import GroundTruth, Tracks
from nesy.evaluation.given_boxes import GivenBoxes
from nesy.evaluation.triplets import TripletScores, triplets_of_graph, triplets_of_truth
from nesy.scenegraph import SceneGraph

Scored = tuple[SceneGraph, GroundTruth, NDArray[np.floating]]
"""A predicted graph (B = 1), the truth in its vocabulary, and the given boxes [T, N, 4] in any unit."""


Found = tuple[SceneGraph, NDArray[np.floating], GroundTruth, Tracks]
"""A graph predicted on found tracks (B = 1), their boxes [T, M, 4], the truth in its vocabulary, the true tracks."""


def protocol_scores(clips: Iterable[Scored]) -> dict[str, float]:
    """LASER's recalls of names, PVSG's of triplets and VidVRD's precision; NaN where nothing of a kind is true.

    With given boxes both tubes of every pair are exact, so that the triplet measures show what naming and timing lose.
    """
    names: GivenBoxes | None = None
    found: list[Found] = []
    for graph, truth, boxes in clips:
        names = names or GivenBoxes(graph.vocabulary.binary)
        names.add(graph, truth)
        present = graph.present[0].cpu().numpy()
        tracks = Tracks(boxes.astype(np.float32), present, tuple(str(i) for i in range(present.shape[1])))
        found.append((graph, boxes, truth, tracks))
    return {**(names.result() if names else {}), **triplet_scores(found)}


def triplet_scores(clips: Iterable[Found]) -> dict[str, float]:
    """PVSG's recalls of triplets and VidVRD's precision, where objects have to be found as well."""
    triplets = TripletScores()
    for graph, boxes, truth, tracks in clips:
        triplets.add(triplets_of_graph(graph, boxes), triplets_of_truth(truth, tracks))
        triplets.add_detection(
            triplets_of_graph(graph, boxes, split=True), triplets_of_truth(truth, tracks, split=True)
        )
    return triplets.result()
