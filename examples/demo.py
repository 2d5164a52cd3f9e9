"""The main job, end to end, in a few minutes on two cores: ``make demo``.

Makes the built-in videos, learns scene graphs from their captions, trains the baselines on the same split in a second
process, prints the table, predicts and questions one clip, and writes the report.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
RUN = Path("runs/demo")
QUESTION = "exists m: mugen { eventually jumping(m) }"
SETTINGS = ["data.clips=500", "train.epochs=20", "perception.proposals=false"]


def nesy(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "nesy", *arguments]


def step(title: str, command: list[str], allowed: tuple[int, ...] = (0,)) -> None:
    print(f"\n== {title}\n$ nesy {' '.join(command[3:])}", flush=True)
    code = subprocess.run(command).returncode
    if code not in allowed:
        sys.exit(code)


def main() -> None:
    began = time.time()
    if RUN.exists():
        shutil.rmtree(RUN)
    spec = str(HERE / "platformer.dsl")
    chosen = [x for s in SETTINGS for x in ("--set", s)]
    step("check the task", nesy("check", spec))
    step("learn from captions", nesy("train", spec, "--out", str(RUN), *chosen))
    step(
        "the same data with labels, with few labels, and with captions but no logic",
        nesy("eval", str(RUN), "--baselines", "all-labels,1%-labels,multiple-instance", "--jobs", "2"),
    )
    clip = sorted(Path(s).resolve() for s in _test_videos())[0]
    graph = str(RUN / "graph.json")
    step("predict the scene graph of a clip it has not seen", nesy("predict", str(RUN), str(clip), "-o", graph))
    step("ask it", nesy("query", QUESTION, graph), allowed=(0, 1))
    step("write the report", nesy("report", str(RUN), "-o", str(RUN / "report.html")))
    print(f"\nThe table above is in {RUN}/metrics.json, the report is {RUN}/report.html ({time.time() - began:.0f} s)")


def _test_videos() -> list[str]:
    from nesy.training import run as runs

    task = runs.reopen(RUN)
    from nesy.datasets import open_dataset

    name, settings = task.data
    return [str(c.video) for c in open_dataset(name, settings, runs.cache_folder()).splits["test"]]


if __name__ == "__main__":
    main()
