"""``nesy train`` from files in each format, end to end: captions in, a scored run out."""

from __future__ import annotations

import csv
import json
import shutil
from pathlib import Path

import pytest

from nesy.cli.app import run
from tests.datasets import test_actiongenome, test_folder, test_llava, test_openpvsg, test_something, test_vidvrd

MODULES = {
    "folder": test_folder,
    "openpvsg": test_openpvsg,
    "something": test_something,
    "actiongenome": test_actiongenome,
    "vidvrd": test_vidvrd,
    "llava-video": test_llava,
}
TASKS = {  # names of each, and a caption that the rules understand with them
    "folder": ("class dog, cat\nunary running", "the dog is running"),
    "openpvsg": ("class dog, cat, ceiling, window\nunary running\nbinary in_front_of, beside", "A dog runs"),
    "something": ("class coffee_mug, box, hand\nunary rigid\nbinary behind, touching, in", None),
    "actiongenome": (
        "class person, book, closet_cabinet\nunary sitting\nbinary holding, looking_at",
        "A person is holding a book.",
    ),
    "vidvrd": ("class dog, frisbee\nunary running\nbinary bite, near", "the dog is near the frisbee"),
    "llava-video": ("class man\nunary walking", "A man walks."),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", MODULES)
def test_train_from_files(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("NESY_CACHE", str(tmp_path / "cache"))
    root = MODULES[name].root.__wrapped__(tmp_path)
    names, caption = TASKS[name]
    shares = ""
    if name == "folder":
        rows = list(csv.reader((root / "captions.csv").read_text("utf-8-sig").splitlines()))
        for row in rows[1:]:
            row[1] = row[1] and caption
        with (root / "captions.csv").open("w", newline="") as file:
            csv.writer(file).writerows(rows)
    if name == "something":
        (root / "domain.pddl").write_text(test_something.DOMAIN)
    if name == "actiongenome":
        (root / "Charades_v1_train.csv").write_text(f"id,script\nABC,{caption}\nXYZ,{caption}\n")
    if name == "vidvrd":
        (root / "captions.csv").write_text(f"video,caption\nV1.mp4,{caption}\nV3.mp4,{caption}\n")
    if name in ("actiongenome", "llava-video"):
        assert run(["data", "convert", name, str(root)]) == 0
    if name == "llava-video":
        content = json.loads((root / "LLaVA_mini.json").read_text())
        (root / "LLaVA_mini.json").write_text(json.dumps(content[:2]))
        shares = ", test: 0.5, seed: 1"
        shutil.copy(root / "masks/c1$$v1_mask.npz", root / "masks/again.npz")
    task = tmp_path / "task.dsl"
    settings = f'data "{name}" {{ root: "{root}", val: 0{shares} }}'
    task.write_text(f'{names}\n{settings}\nperception "tiny" {{ }}\ntrain {{ epochs: 1, batch: 4 }}\n')
    out = tmp_path / "run"
    assert run(["train", str(task), "--out", str(out)]) == 0, capsys.readouterr().err
    row = json.loads((out / "log.jsonl").read_text().splitlines()[0])
    assert row["losses"]["total"] > 0  # a caption or formula was learned from
    labelled = name in ("openpvsg", "actiongenome", "vidvrd")  # the others' files hold no facts
    classes = labelled or name in ("folder", "something")
    assert run(["eval", str(out), "--protocols"]) == (0 if classes else 2)
    told = capsys.readouterr()
    assert ("binary_r@5" in told.out) == classes and "nan" not in told.out
    assert labelled or "mAP" in told.err  # what cannot be scored is said
    report = json.loads((out / "data_report.json").read_text())
    assert report["read"] >= 2
