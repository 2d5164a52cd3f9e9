"""The field's measures of scene graphs of videos, each under its own protocol.

- :mod:`nesy.evaluation.given_boxes`: boxes and pairs are given, the names are scored (LASER's protocol)
- :mod:`nesy.evaluation.triplets`: subject, predicate, object and where they are, all predicted (PVSG, VidVRD)
- :mod:`nesy.evaluation.tubes`: how much two objects, or two stretches of time, overlap

Figures of the two protocols cannot be compared with each other.
"""

from nesy.evaluation.given_boxes import GivenBoxes, chance_to_be_in_top
from nesy.evaluation.triplets import (
    Triplet,
    TripletScores,
    average_precision_of_video,
    recall_at,
    triplets_of_graph,
    triplets_of_truth,
)
from nesy.evaluation.tubes import box_iou, box_tube_iou, mask_iou, mask_tube_iou, temporal_iou

__all__ = [
    "GivenBoxes",
    "Triplet",
    "TripletScores",
    "average_precision_of_video",
    "box_iou",
    "box_tube_iou",
    "chance_to_be_in_top",
    "mask_iou",
    "mask_tube_iou",
    "recall_at",
    "temporal_iou",
    "triplets_of_graph",
    "triplets_of_truth",
]
