"""Association against brute force and on made-up motion; motion detector; cache; the command."""

from __future__ import annotations

import itertools
import json
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from nesy.cli.app import run
from nesy.datasets.video import write_video
from nesy.errors import CheckpointError, DataError
from nesy.perception.tracking import Association, Detections, associate, detectors
from nesy.perception.tracking.associate import best_pairs, iou
from nesy.perception.tracking.cache import TrackCache, read_tracks_file, write_tracks
from nesy.perception.tracking.motion import components
from nesy.perception.tracking.pipeline import track_video


@given(st.integers(1, 4), st.integers(1, 4), st.integers(0, 10**6))
@settings(max_examples=60, deadline=None)
def test_matching_is_the_best_of_all(rows: int, columns: int, seed: int):
    rng = np.random.default_rng(seed)
    weights = {(i, j): float(rng.random()) for i in range(rows) for j in range(columns) if rng.random() < 0.7}
    best = 0.0
    for size in range(min(rows, columns) + 1):
        for left in itertools.combinations(range(rows), size):
            for right in itertools.permutations(range(columns), size):
                if all(p in weights for p in zip(left, right, strict=True)):
                    best = max(best, sum(weights[p] for p in zip(left, right, strict=True)))
    pairs = best_pairs(weights)
    assert len({i for i, _ in pairs}) == len({j for _, j in pairs}) == len(pairs)
    assert sum(weights[p] for p in pairs) == pytest.approx(best)


def test_overlap_by_hand():
    a, b = np.array([[0.0, 0, 10, 10]]), np.array([[5.0, 0, 15, 10], [20, 20, 30, 30], [0, 0, 10, 10]])
    assert iou(a, b)[0].tolist() == pytest.approx([50 / 150, 0.0, 1.0])


def moving(frames: int = 30) -> np.ndarray:
    """Two boxes that cross each other's paths at different heights and a third that follows, [T, 3, 4]."""
    out = []
    for t in range(frames):
        out.append([[3 * t, 20, 3 * t + 20, 60], [90 - 3 * t, 45, 110 - 3 * t, 85], [50, 100, 70, 130]])
    return np.array(out, np.float32)


def detections(boxes: np.ndarray, drop: float = 0.0, noise: float = 0.0, false: float = 0.0, seed: int = 0):
    rng = np.random.default_rng(seed)
    out = []
    for frame in boxes:
        keep = rng.random(len(frame)) >= drop
        seen = frame[keep] + rng.normal(0, noise, (int(keep.sum()), 4))
        scores = np.full(len(seen), 0.9)
        order = rng.permutation(len(seen))
        seen, scores = seen[order], scores[order]
        if rng.random() < false:
            x, y = rng.random(2) * 100
            seen, scores = np.vstack([seen, [[x, y, x + 15, y + 15]]]), np.append(scores, 0.8)
        out.append(Detections(seen.astype(np.float32), scores.astype(np.float32), ("thing",) * len(seen)))
    return out


@pytest.mark.parametrize("seed", range(5))
def test_tracks_survive_misses_noise_and_false_boxes(seed: int):
    truth = moving()
    noisy = detections(truth, drop=0.25, noise=1.0, false=0.3, seed=seed)
    found = associate(noisy, Association(shortest=6)).tracks  # three false boxes may lie in a line by chance
    assert len(found.ids) == 3, found.ids
    for k in range(3):
        likeness = [iou(found.boxes[:, n], truth[:, k]).diagonal().mean() for n in range(3)]
        best = int(np.argmax(likeness))
        there = found.present[:, best]
        assert there.mean() > 0.8
        assert iou(found.boxes[there, best], truth[there, k]).diagonal().min() > 0.5, "an identity was switched"


def test_unsure_boxes_continue_tracks_and_begin_none():
    truth = moving(12)[:, :1]
    sure, unsure = detections(truth[:6]), [
        Detections(d.boxes, d.scores * 0 + 0.2, d.labels) for d in detections(truth[6:])
    ]  # fmt: skip
    found = associate([*sure, *unsure]).tracks
    assert found.present[:, 0].all() and len(found.ids) == 1
    assert len(associate([*unsure, *unsure]).tracks.ids) == 0


def test_labels_keep_apart_and_vote():
    boxes = moving(10)[:, 2:]
    mixed = [Detections(d.boxes, d.scores, ("cat" if t % 5 else "dog",)) for t, d in enumerate(detections(boxes))]
    joined = associate(mixed, Association(any_label=True))
    assert joined.labels[0] == pytest.approx({"cat": 0.8, "dog": 0.2}) and len(joined.labels) == 1
    assert {max(x, key=x.get) for x in associate(mixed, Association(shortest=1)).labels} == {"cat", "dog"}


def test_components_are_the_connected_parts():
    networkx = pytest.importorskip("networkx")
    for seed in range(5):
        mask = torch.rand(14, 17, generator=torch.Generator().manual_seed(seed)) < 0.45
        graph = networkx.Graph()
        places = [tuple(p) for p in mask.nonzero().tolist()]
        graph.add_nodes_from(places)
        for (y, x), (b, a) in itertools.combinations(places, 2):
            if abs(y - b) <= 1 and abs(x - a) <= 1:
                graph.add_edge((y, x), (b, a))
        parts = list(networkx.connected_components(graph))
        numbered = components(mask)
        assert (numbered > 0).equal(mask) and int(numbered.max()) == len(parts)
        for part in parts:
            assert len({int(numbered[p]) for p in part}) == 1


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two discs moving over a busy, standing background."""
    rng = np.random.default_rng(0)
    back = rng.integers(40, 160, (96, 128, 3)).astype(np.uint8)
    frames = np.repeat(back[None], 24, 0)
    for t in range(24):
        frames[t, 10:26, 4 + 4 * t : 20 + 4 * t] = (250, 250, 40)
        frames[t, 60:80, 100 - 4 * t : 116 - 4 * t] = (250, 40, 250)
    path = tmp_path_factory.mktemp("film") / "film.mp4"
    write_video(path, frames, 12)
    return path


def test_track_command_finds_what_moves_and_its_file_is_read_back(film, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("NESY_CACHE", str(tmp_path / "cache"))
    out = tmp_path / "tracks.json"
    command = ["track", str(film), "-o", str(out), "--detector", "motion", "--set", "label=disc"]
    assert run(command) == 0
    assert "24 frames, found 2 disc" in capsys.readouterr().err
    found = read_tracks_file(out)
    assert found.tracks.present.mean() > 0.9
    first = found.tracks.boxes[12]
    expected = np.array([[52, 10, 68, 26], [52, 60, 68, 80]], np.float32)
    assert iou(first, expected).max(0).min() > 0.6
    (kept,) = (tmp_path / "cache" / "tracks").glob("*.json")
    kept.write_text(out.read_text("utf-8").replace('"disc"', '"cached"'), "utf-8")
    assert run(command) == 0
    assert "2 cached" in capsys.readouterr().err  # taken from the cache
    assert run([*command, "--no-cache"]) == 0
    assert "2 disc" in capsys.readouterr().err
    assert run([*command, "--set", "contrast=30"]) == 0  # other settings, other tracks
    assert "2 disc" in capsys.readouterr().err
    kept.write_text("{", "utf-8")
    assert run(command) == 0 and json.loads(kept.read_text("utf-8"))["frames"] == 24


def test_every_other_frame_gives_boxes_in_all(film):
    found = track_video(film, "motion", {}, every=3)
    whole = track_video(film, "motion", {})
    assert found.tracks.present.shape == whole.tracks.present.shape
    both = found.tracks.present.all(1) & whole.tracks.present.all(1)
    for t in np.flatnonzero(both):
        assert iou(found.tracks.boxes[t], whole.tracks.boxes[t]).max(1).min() > 0.6


def test_torchvision_networks_through_the_same_code(tmp_path):
    from safetensors.torch import save_file

    torch.manual_seed(0)
    name = {"network": "ssdlite320_mobilenet_v3_large", "labels": "cat, dog", "threshold": 0.0, "device": "cpu"}
    random = detectors["torchvision"]({**name, "weights": "random"})
    save_file(random.model.state_dict(), tmp_path / "w.safetensors")
    detect = detectors["torchvision"]({**name, "weights": str(tmp_path / "w.safetensors")})
    frames = np.random.default_rng(0).integers(0, 255, (2, 60, 80, 3)).astype(np.uint8)
    a, b = random(frames), detect(frames)
    assert len(b) == 2 and len(b[0].boxes) > 0 and set(b[0].labels) <= {"cat", "dog"}
    assert np.array_equal(a[0].boxes, b[0].boxes)
    assert (b[0].boxes >= 0).all() and (b[0].boxes <= np.array([80, 60, 80, 60])).all()
    with pytest.raises(CheckpointError, match="do not fit"):
        detectors["torchvision"]({**name, "labels": "cat", "weights": str(tmp_path / "w.safetensors")})
    with pytest.raises(CheckpointError, match="needs weights"):
        detectors["torchvision"](name)
    with pytest.raises(DataError, match="fasterrcn"):
        detectors["torchvision"]({"network": "fasterrcn_resnet50_fpn", "weights": "random"})


def test_mistakes_are_told(tmp_path, capsys):
    assert run(["track", str(tmp_path / "no.mp4")]) == 2
    assert "does not exist" in capsys.readouterr().err
    with pytest.raises(DataError, match='detector "motion" has no setting `contrasts`'):
        detectors["motion"]({"contrasts": 3})
    with pytest.raises(DataError, match="at least 3 frames"):
        detectors["motion"]({})(np.zeros((2, 8, 8, 3), np.uint8))


def test_tracks_file_round_trip(tmp_path):
    found = associate(detections(moving(6)))
    write_tracks(found, tmp_path / "t.json", 5.0)
    back = read_tracks_file(tmp_path / "t.json")
    assert np.allclose(back.tracks.boxes, found.tracks.boxes) and back.labels == found.labels
    assert np.array_equal(back.tracks.present, found.tracks.present) and back.tracks.ids == found.tracks.ids
    assert TrackCache(tmp_path).get(tmp_path / "nothing.json") is None
