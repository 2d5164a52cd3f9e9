"""Grounding DINO and SAM 2 of the true architectures, small and random, through the code for real checkpoints."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from nesy.datasets.base import Tracks
from nesy.datasets.video import write_video
from nesy.errors import CheckpointError, DataError
from nesy.perception.tracking import LabelledTracks, detectors
from nesy.perception.tracking import masks as mask_module
from nesy.perception.tracking.masks import MaskTracker, boxes_of, follow
from nesy.perception.tracking.pipeline import track_video
from tests.perception.checkpoints import grounding_checkpoint, sam_checkpoint


@pytest.fixture(scope="module")
def grounding(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return grounding_checkpoint(tmp_path_factory.mktemp("checkpoints") / "grounding")


@pytest.fixture(scope="module")
def sam(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return sam_checkpoint(tmp_path_factory.mktemp("checkpoints") / "sam")


def frames(count: int = 5) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 255, (count, 48, 64, 3)).astype(np.uint8)


def test_boxes_and_scores_are_those_of_transformers_own_post_processing(grounding):
    detect = detectors["grounding-dino"](
        {"checkpoint": str(grounding), "text": "person, red cars", "threshold": 0.5, "device": "cpu", "batch": 2}
    )
    found = detect(frames(3))
    inputs = detect.processor(images=list(frames(3)), text=["person. red cars."] * 3, return_tensors="pt")
    with torch.no_grad():
        out = detect.model(**inputs)
    theirs = detect.processor.post_process_grounded_object_detection(
        out, inputs["input_ids"], threshold=0.5, text_threshold=0.5, target_sizes=[(48, 64)] * 3
    )
    for ours, row in zip(found, theirs, strict=True):
        boxes = row["boxes"].numpy().clip(0, [64, 48, 64, 48])
        for box, score, label in zip(ours.boxes, ours.scores, ours.labels, strict=True):
            k = int(np.abs(boxes - box).sum(1).argmin())
            assert np.allclose(boxes[k], box, atol=0.01)
            # Theirs may have been won by a full stop between the names; ours is that of a name's own words.
            assert score <= float(row["scores"][k]) + 1e-4
            assert label in ("person", "red cars")
        assert (np.diff(ours.scores) <= 0).all()


def test_words_of_each_name_are_found(grounding):
    detect = detectors["grounding-dino"]({"checkpoint": str(grounding), "text": "person, red cars, person"})
    assert detect.names == ("person", "red cars")
    assert detect.spans == [[1], [3, 4, 5]]  # [CLS] person . red car ##s . [SEP]
    with pytest.raises(DataError, match="names of what to look for"):
        detectors["grounding-dino"]({"checkpoint": str(grounding), "text": " , "})


def test_wrong_kinds_are_told(grounding, sam):
    with pytest.raises(CheckpointError, match="type 'sam2_video'"):
        detectors["grounding-dino"]({"checkpoint": str(sam), "text": "person"})
    with pytest.raises(CheckpointError, match="type 'grounding-dino'"):
        MaskTracker(str(grounding))


def test_sam_gives_a_mask_an_object_and_frame(sam):
    boxes = np.array([[4, 4, 20, 20], [30, 20, 50, 44]], np.float32)
    found = MaskTracker(str(sam), "cpu").masks(frames(), boxes)
    assert found.shape == (5, 2, 48, 64) and found.dtype == bool
    assert found[0].any()
    again = MaskTracker(str(sam), "cpu").masks(frames(), boxes)
    assert np.array_equal(found, again)


@given(st.integers(0, 10**6))
@settings(max_examples=30, deadline=None)
def test_box_of_a_mask(seed: int):
    rng = np.random.default_rng(seed)
    masks = rng.random((2, 3, 7, 9)) < 0.04
    boxes, there = boxes_of(masks)
    for place in np.ndindex(2, 3):
        y, x = np.nonzero(masks[place])
        assert there[place] == (len(y) > 0)
        expected = [x.min(), y.min(), x.max() + 1, y.max() + 1] if len(y) else [0, 0, 0, 0]
        assert boxes[place].tolist() == expected


def test_masks_move_boxes_where_they_agree_and_not_where_they_drift(sam, monkeypatch):
    given_boxes = np.tile(np.array([[10, 10, 30, 30]], np.float32), (3, 1, 1))
    found = LabelledTracks(Tracks(given_boxes, np.array([[True], [True], [True]]), ("o1",)), ({"cat": 1.0},), (0.9,))
    known = np.zeros((3, 1, 48, 64), bool)
    known[0, 0, 12:30, 12:30] = True  # nearly the same
    known[1, 0, 0:5, 50:60] = True  # elsewhere
    monkeypatch.setattr(mask_module.MaskTracker, "masks", lambda self, video, boxes: known[: len(video)])
    boxes = follow(frames(3), found, str(sam)).tracks.boxes[:, 0]
    assert boxes.tolist() == [[12, 12, 30, 30], [10, 10, 30, 30], [10, 10, 30, 30]]


def test_words_to_tracks_through_the_whole_pipeline(grounding, sam, tmp_path):
    film = tmp_path / "film.mp4"
    write_video(film, np.repeat(frames(1), 5, 0), 5)
    settings_ = {"checkpoint": str(grounding), "text": "person", "threshold": 0.3, "device": "cpu"}
    plain = track_video(film, "grounding-dino", settings_, sure=0.4, shortest=2)
    masked = track_video(film, "grounding-dino", settings_, masks=str(sam), sure=0.4, shortest=2, cache=tmp_path)
    assert len(plain.tracks.ids) > 0 and plain.tracks.ids == masked.tracks.ids
    assert np.array_equal(plain.tracks.present, masked.tracks.present)
    assert len(list(tmp_path.glob("*.json"))) == 1
