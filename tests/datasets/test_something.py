from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nesy.datasets import open_dataset
from nesy.datasets.conditions import plain_template, read_conditions
from nesy.datasets.integrity import check_dataset, split_overlaps
from nesy.datasets.video import read_header
from nesy.dsl.parser import parse_formula
from nesy.errors import DataError
from tests.datasets.films import numbers

DOMAIN = """(define (domain small)
  (:requirements :strips)
  (:predicates (visible ?a) (in ?a ?b))
  ; 17 Holding something behind something
  (:action hold-behind
    :parameters (?a - sth ?b - sth)
    :precondition (and (not (= ?a ?b)) (behind ?a ?b) (in ?a hand) (not (touching ?b hand)) ; a remark
                       (visible ?a) (is-rigid ?b))
    :effect (and (visible ?a) (not (visible hand)))
  )
  ; 3 Poking a hole into something soft
  (:action poke :parameters (?a - sth) :precondition (not (has-hole ?a)) :effect (has-hole ?a))
)"""


def webm(path: Path, frames: int) -> None:
    """A VP9 film in the container of the release."""
    import av

    path.parent.mkdir(parents=True, exist_ok=True)
    with av.open(str(path), "w", format="webm") as container:
        stream = container.add_stream("libvpx-vp9", rate=12)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        stream.options = {"crf": "10", "b": "0", "cpu-used": "8"}
        for k in range(frames):
            picture = np.zeros((48, 64, 3), np.uint8)
            picture[:, :32], picture[:, 32:] = k % 16 * 15, k // 16 * 15
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode())


def frames_of(number: str, hands: int = 1) -> list[dict[str, Any]]:
    """Six frames; the second object is missing in the last three."""
    out = []
    for k in range(6):
        labels: list[dict[str, Any]] = [
            {"box2d": {"x1": 1.0 + k, "x2": 9.0 + k, "y1": 2.0, "y2": 12.0}, "category": "Coffee mug",
             "gt_annotation": "object 0", "standard_category": "0000"},
        ]  # fmt: skip
        if k < 3:
            labels.append({"box2d": {"x1": 30, "x2": 40, "y1": 20, "y2": 30}, "category": "box",
                           "gt_annotation": "object 1", "standard_category": "0001"})  # fmt: skip
        labels += [
            {"box2d": {"x1": 5 + 20 * h, "x2": 15 + 20 * h, "y1": 5, "y2": 15}, "category": "hand",
             "standard_category": "hand"} for h in range(hands)
        ]  # fmt: skip
        out.append(
            {
                "name": f"{number}/{k + 1:04d}.jpg",
                "labels": labels,
                "gt_placeholders": ["x"],
                "nr_instances": len(labels),
            }
        )
    return out


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "ssv2"
    template = "Holding [something] behind [something]"
    label = {"label": "holding coffee mug behind box", "template": template, "placeholders": ["Coffee mug", "box"]}
    (root / "labels").mkdir(parents=True)
    (root / "labels/train.json").write_text(json.dumps([{"id": str(n), **label} for n in (11, 12, 14)]))
    (root / "labels/validation.json").write_text(json.dumps([{"id": "13", **label}]))
    parts = [
        {"11": frames_of("11"), "99": []},
        {"12": frames_of("12", hands=2), "13": frames_of("13"), "14": frames_of("14")},
    ]
    for k, part in enumerate(parts, 1):
        (root / f"bounding_box_smthsmth_part{k}.json").write_text(json.dumps(part))
    for number in ("11", "12", "13"):
        webm(root / f"20bn-something-something-v2/{number}.webm", 6)
    return root


def test_labels_boxes_and_splits(root: Path, tmp_path: Path) -> None:
    dataset = open_dataset(str(root), {"val": 0}, tmp_path)
    assert dataset.name == "something" and dataset.vocabulary.classes == ("box", "coffee_mug", "hand")
    assert [c.id for c in dataset.splits["train"]] == ["11", "12"] and [c.id for c in dataset.splits["test"]] == ["13"]
    assert not split_overlaps(dataset)
    first, second = dataset.splits["train"]
    assert [(c.kind, c.text) for c in first.captions] == [
        ("manual", "holding coffee mug behind box"),
        ("auto", "holding something behind something"),
    ]
    assert first.tracks.ids == ("object 0", "object 1", "hand") and second.tracks.ids[-1] == "hand 2"
    assert first.tracks.boxes[2, 0].tolist() == [3, 2, 11, 12] and first.tracks.present[:, 1].sum() == 3
    assert first.truth is not None and first.truth.classes.tolist() == [1, 0, 2]
    assert numbers(first.frames()) == [0, 1, 2, 3, 4, 5] and first.fps == 12
    assert dict(dataset.report.skipped) == {"no label": 1, "unusable clip": 1}  # 99; and 14 has no video
    assert not check_dataset(dataset, decode=True).problems.keys() - dataset.report.skipped.keys()
    assert read_header(first.video).frames == 6  # webm states no number of frames: packets are counted


def test_generic_classes_and_sampling(root: Path, tmp_path: Path) -> None:
    dataset = open_dataset(str(root), {"classes": "generic", "fps": 4, "limit": 1, "val": 0}, tmp_path)
    assert dataset.vocabulary.classes == ("hand", "thing") and [c.id for c in dataset.clips] == ["11", "13"]
    assert dataset.clips[0].picks == (0, 3) and dataset.clips[0].tracks.boxes.shape == (2, 3, 4)


def test_conditions_become_specs(root: Path, tmp_path: Path) -> None:
    (root / "domain.pddl").write_text(DOMAIN)
    clip = open_dataset(str(root), {"val": 0}, tmp_path).splits["train"][0]
    (spec,) = [c.text for c in clip.captions if c.kind == "spec"]
    assert spec == (
        "exists x1: coffee_mug, x2: box { eventually ((x1 != x2 and behind(x1, x2) and (exists h: hand { in(x1, h) })"
        " and not (exists h: hand { touching(x2, h) }) and visible(x1) and rigid(x2))"
        " and eventually (visible(x1) and not (exists h: hand { visible(h) }))) }"
    )
    parse_formula(spec)
    poke = read_conditions(root / "domain.pddl")["poking a hole into something soft"]
    assert poke.spec([None]) == "exists x1 { eventually ((not has_hole(x1)) and eventually (has_hole(x1))) }"
    parse_formula(poke.spec([None]))
    assert plain_template("Holding [something] next to  [something]") == "holding something next to something"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("(define", "not closed"),
        ("(define))", "too many"),
        ("(define (domain x))", "no .:action"),
        ("(define (:action a :parameters (?a) :precondition (or (p ?a) (q ?a)) :effect ()))", "only conjunctions"),
    ],
)
def test_broken_conditions_are_refused(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "domain.pddl").write_text(text)
    with pytest.raises(DataError, match=message):
        read_conditions(tmp_path / "domain.pddl")


def test_missing_files_are_named(root: Path, tmp_path: Path) -> None:
    for path in root.glob("labels/*.json"):
        path.unlink()
    with pytest.raises(DataError, match="has no labels"):
        open_dataset(str(root), {}, tmp_path)


def test_frames_that_are_not_listed_still_count(root: Path, tmp_path: Path) -> None:
    part = next(root.glob("bounding_box*.json"))
    data = json.loads(part.read_text())
    number = next(n for n, frames in data.items() if len(frames) == 6)
    data[number] = [frame for k, frame in enumerate(data[number]) if k not in (0, 3)][::-1]  # nor is the order certain
    part.write_text(json.dumps(data))
    clip = next(c for c in open_dataset(str(root), {}, tmp_path).clips if c.id == number)
    assert clip.length == 6 and clip.tracks.present[:, clip.tracks.ids.index("object 0")].tolist() == [0, 1, 1, 0, 1, 1]


def test_boxes_in_two_files_make_one_clip(root: Path, tmp_path: Path) -> None:
    before = open_dataset(str(root), {}, tmp_path)
    part = next(root.glob("bounding_box*.json"))
    (root / "bounding_box_annotations.json").write_text(part.read_text())
    after = open_dataset(str(root), {}, tmp_path)
    assert sorted(c.id for c in after.clips) == sorted(c.id for c in before.clips)
    assert after.report.skipped["boxes given twice"]
