"""What a kill, a full disk and a read-only folder cost: ``python benchmarks/faults.py [--tries 20]``.

Each job is run undisturbed first. Then it is killed (SIGKILL) at a random moment of its time, and run again the way a
user would: the result must be the undisturbed one, byte for byte (for weights: number for number). A full disk is a
file system of a few hundred kilobytes, a read-only folder a file system mounted so; both need root and are left out
without it.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from safetensors.torch import load_file

from nesy.datasets import open_dataset
from nesy.memory.runs import true_graph
from nesy.scenegraph import write_graph

SPEC = Path(__file__).resolve().parent.parent / "examples" / "platformer.dsl"


@dataclass
class Job:
    """A command that writes below a folder, how to go on after a kill, and what it leaves."""

    name: str
    command: list[str]
    again: list[str]
    result: Path

    def fingerprint(self) -> str:
        """Of everything that it left; of checkpoints the numbers, which do not depend on the order of writing."""
        digest = hashlib.sha256()
        files = [self.result] if self.result.is_file() else sorted(p for p in self.result.rglob("*") if p.is_file())
        for path in files:
            if path.suffix == ".safetensors":
                for name, value in sorted(load_file(path).items()):
                    digest.update(name.encode() + value.numpy().tobytes())
            elif path.suffix not in (".lock", ".json") or self.result.is_file():
                digest.update(str(path.relative_to(self.result.parent)).encode() + path.read_bytes())
        return digest.hexdigest()


def jobs(folder: Path) -> list[Job]:
    """Making data, extracting, training, and filling a memory."""
    nesy = [sys.executable, "-m", "nesy"]
    captions = folder / "captions.jsonl"
    if not captions.is_file():
        lines = [
            {"id": str(i), "caption": f"Mugen jumps over snail {i} and then collects a coin."} for i in range(3000)
        ]
        captions.write_text("".join(json.dumps(x) + "\n" for x in lines))
    made, specs, run, store = folder / "made", folder / "specs.jsonl", folder / "run", folder / "store"
    train = [*nesy, "train", str(SPEC), "--out", str(run)]
    small = ["data.clips=24", "train.epochs=6", "train.batch=4", "train.device=cpu", "perception.proposals=false"]
    first = [*train, *(x for s in small for x in ("--set", s))]
    extract = [*nesy, "extract", str(captions), "--spec", str(SPEC), "-o", str(specs)]
    make = [*nesy, "data", "make", "platformer", "--clips", "60", "--out", str(made)]
    add = [*nesy, "memory", "add", *(str(p) for p in sorted((folder / "graphs").glob("*.json"))), "--store", str(store)]
    return [
        Job("making data", make, make, made),
        Job("extraction", extract, extract, specs),
        Job("training", first, first, run / "checkpoints" / "epoch-0006" / "model.safetensors"),
        Job("memory", add, [*add, "--replace"], store),
    ]


def call(command: list[str], cache: Path, kill_after: float | None = None) -> tuple[int, str]:
    """Exit code and standard error of a command, killed after so many seconds if given."""
    env = {**os.environ, "NESY_CACHE": str(cache), "OMP_NUM_THREADS": "1"}
    running = subprocess.Popen(command, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    if kill_after is not None:
        with contextlib.suppress(subprocess.TimeoutExpired):
            running.wait(kill_after)
        running.send_signal(signal.SIGKILL)
    _, err = running.communicate(timeout=600)
    return running.returncode, err


def graphs(folder: Path) -> None:
    """Scene graphs of some clips, for the memory."""
    (folder / "graphs").mkdir()
    for clip in open_dataset("platformer", {"clips": 12}, folder / "cache").clips:
        write_graph(true_graph(clip), folder / "graphs" / f"{clip.id}.json")


def contents(job: Job) -> object:
    """What a store knows, as it answers; of other jobs the fingerprint."""
    if job.name != "memory":
        return job.fingerprint()
    done = subprocess.run(
        [sys.executable, "-m", "nesy", "memory", "export", "--store", str(job.result), "--format", "ntriples"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    return sorted(done.stdout.splitlines())


def kills(job: Job, folder: Path, tries: int, rng: random.Random) -> dict[str, int]:
    """Kill it at random moments until ``tries`` kills came in time; count losses (another result) and tracebacks."""
    cache = folder / "cache"
    took = 0.0
    for _ in range(2):  # the first one fills the caches
        clean(job)
        began = time.perf_counter()
        code, err = call(job.command, cache)
        took = time.perf_counter() - began
        if code:
            raise SystemExit(f"{job.name} fails undisturbed: {err}")
    wanted = contents(job)
    row = {"tries": 0, "interrupted": 0, "losses": 0, "tracebacks": 0}
    while row["interrupted"] < tries and row["tries"] < 3 * tries:
        clean(job)
        row["tries"] += 1
        code, err = call(job.command, cache, rng.uniform(0.2, 1) * took)
        row["interrupted"] += code < 0
        again = job.again
        if job.name == "training" and (folder / "run" / "settings.json").is_file():
            again = [sys.executable, "-m", "nesy", "train", str(SPEC), "--out", str(folder / "run"), "--resume"]
        code, second = call(again, cache)
        row["tracebacks"] += "Traceback" in err + second or "internal fault" in err + second
        row["losses"] += bool(code) or contents(job) != wanted
        if code:
            print(f"  {job.name}: exit code {code}: {second[-400:]}", file=sys.stderr)
    return row


def clean(job: Job) -> None:
    """Away with the last result."""
    top = job.result.parents[2] if job.result.suffix == ".safetensors" else job.result
    subprocess.run(["rm", "-rf", str(top)], check=True)


@contextlib.contextmanager
def mounted(folder: Path, options: str) -> Iterator[Path]:
    """A small file system of memory at ``folder``."""
    folder.mkdir(exist_ok=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)], check=True, capture_output=True)
    try:
        yield folder
    finally:
        subprocess.run(["umount", str(folder)], check=False)


def refused(folder: Path, options: str) -> dict[str, dict[str, int]]:
    """Each job where its results cannot be written: exit code 1 or 2, a message, no traceback."""
    rows = {}
    for k in range(4):
        with mounted(folder / "mount", options) as place:
            job = jobs(folder)[k]
            top = str(folder / job.result.relative_to(folder).parts[0])  # where it writes
            command = [str(place / Path(x).name) if x == top else x for x in job.command]
            code, err = call(command, folder / "cache")
            bad = "Traceback" in err or "internal fault" in err
            if bad or code not in (1, 2):
                print(f"  {job.name} on {options}: exit code {code}: {err[-2000:][:600]}", file=sys.stderr)
            rows[job.name] = {"tries": 1, "interrupted": int(code != 0), "losses": 0, "tracebacks": int(bad)}
    return rows


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tries", type=int, default=20)
    parser.add_argument("--only", default="", help="a job's name")
    parser.add_argument("--seed", type=int, default=0)
    told = parser.parse_args()
    rng = random.Random(told.seed)
    print(f"{'fault':16} {'job':14} {'tries':>6} {'stopped':>8} {'losses':>7} {'tracebacks':>11}")

    def line(fault: str, job: str, row: dict[str, int]) -> None:
        cells = f"{row['tries']:6} {row['interrupted']:8} {row['losses']:7} {row['tracebacks']:11}"
        print(f"{fault:16} {job:14} {cells}", flush=True)

    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        graphs(folder)
        if os.geteuid() == 0:
            for fault, options in (("full disk", "size=200k"), ("read-only", "ro")):
                for name, row in refused(folder, options).items():
                    line(fault, name, row)
        for job in jobs(folder):
            if told.only in job.name:
                line("kill -9", job.name, kills(job, folder, told.tries, rng))


if __name__ == "__main__":
    main()
