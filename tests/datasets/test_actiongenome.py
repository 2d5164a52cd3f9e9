from __future__ import annotations

import json
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from nesy.cli.app import run
from nesy.datasets import open_dataset
from nesy.datasets.integrity import check_dataset
from nesy.datasets.unpickle import read_plain_pickle
from nesy.errors import DataError


def thing(name: str, split: str, visible: bool = True, **relations: list[str]) -> dict[str, Any]:
    return {
        "class": name,
        "visible": visible,
        "bbox": (10.0, 12.0, 20.0, 8.0) if visible else None,
        "attention_relationship": relations.get("attention", ["unsure"]) if visible else None,
        "spatial_relationship": relations.get("spatial", []) if visible else None,
        "contacting_relationship": relations.get("contacting", []) if visible else None,
        "metadata": {"tag": f"x/{name}", "set": split},
    }


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Two videos as the release has them, in pickles: tuples, numpy boxes, invisible objects, frames without people."""
    root = tmp_path / "ag"
    (root / "annotations").mkdir(parents=True)
    things = {
        "ABC.mp4/000010.png": [thing("closet/cabinet", "train", attention=["looking_at"], spatial=["in_front_of"])],
        "ABC.mp4/000040.png": [
            thing("closet/cabinet", "train", visible=False),
            thing("book", "train", contacting=["holding", "touching"]),
        ],
        "ABC.mp4/000070.png": [thing("book", "train", contacting=["holding"])],
        "XYZ.mp4/000001.png": [thing("book", "test")],
        "GONE.mp4/000001.png": [thing("book", "train")],
    }
    boxes = np.array([[1, 2, 30, 40], [5, 5, 9, 9]], np.float32)  # the second person is not used
    people = {key: {"bbox": boxes, "bbox_size": (64, 48), "bbox_mode": "xyxy"} for key in things}
    people["ABC.mp4/000070.png"]["bbox"] = np.zeros((0, 4), np.float32)
    for name, content in (("object_bbox_and_relationship", things), ("person_bbox", people)):
        (root / f"annotations/{name}.pkl").write_bytes(pickle.dumps(content, protocol=2))
    for key in things:
        if not key.startswith("GONE"):
            path = root / "frames" / key
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.new("RGB", (64, 48), (int(path.stem), 0, 0)).save(path)
    Image.new("RGB", (64, 48)).save(root / "frames/ABC.mp4/000011.png")  # a frame without annotation
    (root / "Charades_v1_train.csv").write_text(
        "id,subject,script,descriptions\nABC,1,A person  opens a cabinet.,Somebody reads.;They sit.\n"
    )
    return root


def test_a_pickle_is_never_read_by_the_reader(root: Path, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="is a pickle") as caught:
        open_dataset(str(root), {}, tmp_path)
    assert caught.value.hint is not None and "nesy data convert actiongenome" in caught.value.hint


def test_facts_boxes_and_captions_after_conversion(root: Path, tmp_path: Path) -> None:
    assert run(["data", "convert", "actiongenome", str(root)]) == 0
    dataset = open_dataset(str(root), {"val": 0}, tmp_path)
    assert dataset.vocabulary.classes == ("book", "closet_cabinet", "person")
    assert dataset.vocabulary.binary == ("holding", "in_front_of", "looking_at", "touching", "unsure")
    (clip,) = dataset.splits["train"]
    assert [c.text for c in clip.captions] == ["A person opens a cabinet.", "Somebody reads.", "They sit."]
    assert clip.picks == (0, 2, 3) and clip.frames()[:, 0, 0, 0].tolist() == [10, 40, 70]
    assert clip.fps == pytest.approx(24 * 2 / 60)
    person, cabinet, book = (clip.tracks.ids.index(n) for n in ("person", "closet_cabinet", "book"))
    assert clip.tracks.present[:, person].tolist() == [True, True, False]
    assert clip.tracks.boxes[0, person].tolist() == [1, 2, 30, 40]
    assert clip.tracks.boxes[1, book].tolist() == [10, 12, 30, 20]
    assert clip.tracks.present[:, cabinet].tolist() == [True, False, False]
    assert clip.truth is not None
    facts = {
        (int(t), clip.tracks.ids[a], dataset.vocabulary.binary[r], clip.tracks.ids[b])
        for t, a, b, r in np.argwhere(clip.truth.binary)
    }
    assert facts == {
        (0, "person", "looking_at", "closet_cabinet"),
        (0, "person", "in_front_of", "closet_cabinet"),
        (1, "person", "holding", "book"),
        (1, "person", "touching", "book"),
        (1, "person", "unsure", "book"),
    }
    assert [c.id for c in dataset.splits["test"]] == ["XYZ"] and dict(dataset.report.skipped) == {"unusable video": 1}
    found = check_dataset(dataset, decode=True).problems
    assert dict(found) == {"unusable video": 1, "no caption": 1}


def test_frames_are_bounded(root: Path, tmp_path: Path) -> None:
    assert run(["data", "convert", "actiongenome", str(root)]) == 0
    clip = open_dataset("actiongenome", {"root": str(root), "frames": 2, "val": 0}, tmp_path).splits["train"][0]
    assert clip.picks == (0, 2) and clip.tracks.boxes.shape[0] == 2


class Evil:
    def __reduce__(self) -> tuple[Any, ...]:
        import os

        return os.system, ("touch pwned",)


def test_a_program_in_a_pickle_is_refused_and_does_not_run(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (root / "annotations/person_bbox.pkl").write_bytes(pickle.dumps({"a": Evil()}))
    assert run(["data", "convert", "actiongenome", str(root)]) == 2
    assert "which is no plain data" in capsys.readouterr().err
    assert not (tmp_path / "pwned").exists() and not (root / "annotations/person_bbox.json").exists()
    (tmp_path / "cut.pkl").write_bytes(pickle.dumps([1, 2, 3])[:-2])
    with pytest.raises(DataError, match="is not converted"):
        read_plain_pickle(tmp_path / "cut.pkl")
    assert read_plain_pickle(_dump(tmp_path, {"x": np.arange(3), "y": np.float32(2)}))["x"].tolist() == [0, 1, 2]


def _dump(folder: Path, content: object) -> Path:
    (folder / "plain.pkl").write_bytes(pickle.dumps(content))
    return folder / "plain.pkl"


def test_the_converted_file_is_json_of_the_same_content(root: Path) -> None:
    assert run(["data", "convert", "actiongenome", str(root)]) == 0
    people = json.loads((root / "annotations/person_bbox.json").read_text())
    assert people["XYZ.mp4/000001.png"]["bbox"] == [[1, 2, 30, 40], [5, 5, 9, 9]]


def test_what_two_people_said_in_the_same_words_is_one_caption(root: Path, tmp_path: Path) -> None:
    assert run(["data", "convert", "actiongenome", str(root)]) == 0
    table = "id,subject,script,descriptions\nABC,1,A person sits.,A person sits.;A person  sits.;They read.\n"
    (root / "Charades_v1_train.csv").write_text(table)
    clip = next(c for c in open_dataset(str(root), {"val": 0}, tmp_path).clips if c.id == "ABC")
    assert [c.text for c in clip.captions] == ["A person sits.", "They read."]
