"""What the readers of real data share: common settings, which frames to take, and splits by video."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping
from pathlib import Path

from nesy.datasets.base import Bounds
from nesy.errors import DataError

COMMON: dict[str, object] = {
    "root": "",  # the folder of the files
    "fps": 0.0,  # frames a second to take; 0 for those of the file
    "frames": 0,  # at most so many frames, evenly spread; 0 for no bound
    "limit": 1_000_000,  # at most so many clips of each split
    "seed": 0,  # of the splits that the dataset does not state
    "val": 0.1,  # share of the groups, where the dataset states no split
    "test": 0.1,
}
COMMON_BOUNDS: dict[str, Bounds] = {
    "fps": (0, math.inf), "frames": (0, math.inf), "limit": (1, math.inf), "val": (0, 1), "test": (0, 1),
}  # fmt: skip


def root_of(settings: Mapping[str, object]) -> Path:
    """The folder that ``root`` names.

    Raises:
        DataError: not given, or no folder.
    """
    root = str(settings["root"])
    if not root:
        raise DataError("the data block does not say where the files are", hint='write { root: "FOLDER" }')
    if not Path(root).is_dir():
        raise DataError(
            f"{root}: no such folder",
            hint=f"`root` is seen from the current folder; looked for: {Path(root).absolute()}",
        )
    return Path(root)


def pick_frames(start: int, stop: int, rate: float, fps: float, most: int) -> tuple[tuple[int, ...], float]:
    """Frame numbers in [start, stop) and the rate of the result.

    With ``fps``, the frame nearest below every k / fps seconds after ``start`` (never more than the file has); with
    ``most``, of those the first and then every (n / most)-th, which keeps equal steps up to rounding.

    Args:
        rate: frames a second of the file.
        fps: frames a second wanted, 0 for all.
        most: bound on the number of frames, 0 for none.
    """
    if stop <= start:
        return (), rate
    step = min(rate / fps, float(stop - start)) if 0 < fps < rate else 1.0
    count = math.ceil((stop - start) / step)
    if most and count > most:
        step, count = (stop - start) / most, most
    picks = tuple(min(stop - 1, start + int(k * step + 1e-9)) for k in range(count))
    return picks, rate / step


def split_of(group: str, seed: int, val: float, test: float) -> str:
    """``train``, ``val`` or ``test`` as a function of the group's name and the seed alone (a hash, no shuffling).

    Adding or removing videos never moves another one; all clips of a group stay together.
    """
    if not (0 <= val <= 1 and 0 <= test <= 1 and val + test <= 1):
        raise DataError(f"the shares val {val} and test {test} do not fit", expected=["two shares with a sum up to 1"])
    place = int.from_bytes(hashlib.blake2b(f"{seed}:{group}".encode(), digest_size=8).digest(), "big") / 2**64
    return "test" if place < test else "val" if place < test + val else "train"
