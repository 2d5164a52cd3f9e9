"""Conversions of pickled annotations into files that are safe to read: what ``nesy data convert`` does."""

from __future__ import annotations

import json
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nesy.datasets.unpickle import read_plain_pickle
from nesy.errors import DataError
from nesy.files import replacing, write_whole

Done = Callable[[int, int], None]


def convert_actiongenome(root: Path, progress: Done | None = None) -> list[Path]:
    """``annotations/{object_bbox_and_relationship,person_bbox}.pkl`` to .json beside them; gives what was written."""
    written = []
    names = ("object_bbox_and_relationship", "person_bbox")
    for i, name in enumerate(names):
        if progress is not None:
            progress(i + 1, len(names))
        source = root / "annotations" / f"{name}.pkl"
        target = source.with_suffix(".json")
        write_whole(target, json.dumps(_jsonable(read_plain_pickle(source)), separators=(",", ":")))
        written.append(target)
    return written


def convert_llava(root: Path, progress: Done | None = None) -> list[Path]:
    """Every ``masks/*_mask.pkl`` to an .npz of packed bits beside it (see :func:`write_masks`); gives what was written.

    Understood are the flat form {frame: {object: bool [1, H, W]}} and the nested one, where it lies under
    ``video_segments``.
    """
    sources = sorted((root / "masks").rglob("*_mask.pkl"))
    if not sources:
        raise DataError(f"{root / 'masks'} has no *_mask.pkl", hint="are they unpacked?")
    written = []
    for i, source in enumerate(sources):
        if progress is not None:
            progress(i + 1, len(sources))
        data = read_plain_pickle(source)
        if isinstance(data, dict) and "video_segments" in data:
            data = data["video_segments"]
        try:
            frames = sorted(int(k) for k in data)
            by_frame = {int(k): {str(o): np.asarray(m, bool) for o, m in v.items()} for k, v in data.items()}
        except (OverflowError, TypeError, ValueError, AttributeError) as e:
            raise DataError(f"{source} holds no masks by frame and object ({e})") from e
        target = source.with_suffix(".npz")
        write_masks(target, frames, by_frame)
        written.append(target)
    return written


def write_masks(path: Path, frames: list[int], masks: dict[int, dict[str, NDArray[np.bool_]]]) -> None:
    """Masks of one video as packed bits: frames [F], ids [N], size (H, W), bits [F, N, HW / 8]."""
    ids = list(dict.fromkeys(name for k in frames for name in masks[k]))
    shapes = {m.shape for k in frames for m in masks[k].values()}
    if any(len(s) not in (2, 3) or s[:-2] not in ((), (1,)) for s in shapes):
        raise DataError(f"{path}: masks of shapes {sorted(shapes)}", expected=["[H, W]", "[1, H, W]"])
    shapes = {s[-2:] for s in shapes}
    if len(shapes) > 1:
        raise DataError(f"{path}: masks of different sizes {sorted(shapes)}")
    height, width = next(iter(shapes), (0, 0))
    bits = np.zeros((len(frames), len(ids), -(-height * width // 8)), np.uint8)
    for t, k in enumerate(frames):
        for name, mask in masks[k].items():
            bits[t, ids.index(name)] = np.packbits(mask.reshape(-1))
    with replacing(path) as part, part.open("wb") as file:
        np.savez_compressed(
            file, frames=np.array(frames), ids=np.array(ids, str), size=np.array([height, width]), bits=bits
        )


UNREADABLE = (OSError, ValueError, KeyError, MemoryError, EOFError, NotImplementedError, zipfile.BadZipFile, zlib.error)
"""What numpy raises of a file that is no archive of arrays."""


def read_masks(path: Path) -> tuple[list[int], list[str], NDArray[np.bool_]]:
    """Frame numbers, object names and masks bool [F, N, H, W] of a file that :func:`write_masks` wrote.

    Raises:
        DataError: missing, damaged, or of another kind.
    """
    try:
        with np.load(path, allow_pickle=False) as data:
            frames, ids, (height, width), bits = data["frames"], data["ids"], data["size"], data["bits"]
        masks = np.unpackbits(bits, axis=-1, count=int(height) * int(width)).astype(bool)
        return frames.tolist(), ids.tolist(), masks.reshape(len(frames), len(ids), int(height), int(width))
    except FileNotFoundError:
        raise DataError(f"{path} does not exist") from None
    except UNREADABLE as e:
        raise DataError(f"{path} is not readable as masks ({e})", hint="convert it again: nesy data convert") from e


def mask_names(path: Path) -> tuple[int, tuple[str, ...]]:
    """The number of frames and the objects' names of such a file, without its masks; DataError as for the masks."""
    try:
        with np.load(path, allow_pickle=False) as data:
            return len(data["frames"]), tuple(str(x) for x in data["ids"])
    except UNREADABLE as e:
        raise DataError(f"{path} is not readable as masks ({e})", hint="convert it again: nesy data convert") from e


def _jsonable(x: Any) -> Any:
    if isinstance(x, dict):
        return {str(k): _jsonable(v) for k, v in x.items()}
    if isinstance(x, list | tuple):
        return [_jsonable(v) for v in x]
    if isinstance(x, np.ndarray | np.generic):
        return x.tolist()
    if isinstance(x, bytes):
        return x.decode("utf-8", "replace")
    return x
