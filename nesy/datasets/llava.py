"""Reader of LLaVA-Video captions with masks, as in ESCA-Video-87K.

    ROOT/*.json                           lists of {id, video, caption, data_source}
    ROOT/videos/[DATA_SOURCE/]VIDEO       video files
    ROOT/masks/ID$$VIDEO_mask.npz         made by `nesy data convert llava-video ROOT` from the .pkl

Masks are of one frame a second, and their number must be the number of frames at that rate; a clip where it is not is
left out. There is no truth but the boxes around the masks.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nesy.datasets.base import Caption, Clip, DataReport, Dataset, Format, LazyTracks, Vocabulary, datasets
from nesy.datasets.boxes import read_json
from nesy.datasets.convert import mask_names, read_masks
from nesy.datasets.settings import COMMON, COMMON_BOUNDS, root_of, split_of
from nesy.datasets.video import Header, read_header
from nesy.errors import DataError


@dataclass(frozen=True)
class MaskArrays:
    """The masks of one clip in a converted file, scaled to the (width, height) of the video when read."""

    path: Path
    rows: tuple[int, ...]
    size: tuple[int, int]

    def masks(self) -> NDArray[np.bool_]:
        """bool [T, N, H, W]."""
        _, _, masks = read_masks(self.path)
        masks = masks[list(self.rows)]
        height, width = masks.shape[2:]
        if (width, height) != self.size:
            y = np.minimum((np.arange(self.size[1]) + 0.5) * height / self.size[1], height - 1).astype(int)
            x = np.minimum((np.arange(self.size[0]) + 0.5) * width / self.size[0], width - 1).astype(int)
            masks = masks[:, :, y][:, :, :, x]
        return masks

    def boxes(self) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        """The smallest boxes around the masks [T, N, 4] and present [T, N]."""
        _, _, masks = read_masks(self.path)
        masks = masks[list(self.rows)]
        height, width = masks.shape[2:]
        present = np.any(masks, axis=(2, 3))
        rows, columns = np.any(masks, axis=3), np.any(masks, axis=2)
        box = np.stack(
            [
                columns.argmax(-1) / width * self.size[0],
                rows.argmax(-1) / height * self.size[1],
                (width - columns[..., ::-1].argmax(-1)) / width * self.size[0],
                (height - rows[..., ::-1].argmax(-1)) / height * self.size[1],
            ],
            -1,
        ).astype(np.float32)
        box[~present] = 0
        return box, present


def load_llava(
    settings: Mapping[str, object], cache: Path, progress: Callable[[int, int], None] | None = None
) -> Dataset:
    """Read the captions of all items whose video and converted masks are there.

    Raises:
        DataError: no list of items, or not a single usable clip.
    """
    root = root_of(settings)
    wanted = str(settings["file"])
    files = [root / wanted] if wanted else sorted(root.glob("*.json"))
    if not files:
        raise DataError(f"{root} has no list of items", expected=["LLaVA_all.json", "or any other .json list"])
    report = DataReport()
    splits: dict[str, list[Clip]] = {"train": [], "val": [], "test": []}
    items = _items(files, report)
    for done, item in enumerate(items.values()):
        if progress is not None:
            progress(done, len(items))
        try:
            group = str(item["video"])
            split = split_of(
                group, int(str(settings["seed"])), float(str(settings["val"])), float(str(settings["test"]))
            )
            if len(splits[split]) < int(str(settings["limit"])):
                splits[split].append(_Item(root, item, int(str(settings["frames"]))).clip())
                report.read += 1
        except Unusable as e:
            report.skip(e.reason, e.message)
        except DataError as e:
            report.skip("unreadable file", e.message)
        except (OverflowError, KeyError, TypeError, ValueError) as e:
            report.skip("malformed item", f"{item.get('id')}: {type(e).__name__} {e}")
    if not report.read:
        raise report.nothing(root, "the lists are empty")
    return Dataset("llava-video", Vocabulary((), (), ()), splits, report)


def _items(files: list[Path], report: DataReport) -> dict[str, dict[str, Any]]:
    """The items of the lists by their ids, which also name their masks; the first of an id counts."""
    items: dict[str, dict[str, Any]] = {}
    for file in files:
        for k, item in enumerate(read_json(file, list)):
            if not isinstance(item, dict) or item.get("id") is None:
                report.skip("no id", f"{file}: item {k} has no id")
            elif str(item["id"]) not in items:
                items[str(item["id"])] = item
            elif item != items[str(item["id"])]:  # the same item may be in several lists
                report.skip("id used twice", f"{file}: item {k} has the id of another one, {item['id']}")
    return items


class Unusable(DataError):
    """An item that is left out, with the reason that it is counted under."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


@dataclass(frozen=True)
class _Item:
    root: Path
    item: Mapping[str, Any]
    most: int

    @cached_property
    def video(self) -> Path:
        name, source = str(self.item["video"]), str(self.item.get("data_source") or "")
        places = (self.root / "videos" / source / name, self.root / "videos" / name, self.root / name)
        found = next((p for p in places if p.is_file()), None)
        if found is None:
            raise Unusable("missing video", f"{places[0]} does not exist")
        return found

    @cached_property
    def masks(self) -> Path:
        name = Path(str(self.item["video"]))
        for video in (str(name), name.name, name.stem):
            path = self.root / "masks" / f"{self.item['id']}$${video}_mask.npz"
            if path.is_file():
                return path
            if path.with_suffix(".pkl").is_file():
                hint = f"nesy data convert llava-video {self.root}"
                raise Unusable(
                    "masks not converted", f"{path.with_suffix('.pkl')} is a pickle; convert it once: {hint}"
                )
        raise Unusable("missing masks", f"{path} does not exist")

    def clip(self) -> Clip:
        text = " ".join(str(self.item["caption"]).split())
        if not text:
            raise Unusable("no caption", f"{self.item['id']} has an empty caption")
        header: Header = read_header(self.video)
        seconds = [min(header.frames - 1, round(k * header.fps)) for k in range(math.ceil(header.frames / header.fps))]
        count, ids = mask_names(self.masks)
        if count != len(seconds):
            raise Unusable(
                "masks and frames differ", f"{self.masks.name}: {count} masks, {len(seconds)} frames at 1 a second"
            )
        rows = range(count)
        if self.most and count > self.most:
            rows = [int(i * count / self.most) for i in range(self.most)]  # type: ignore[assignment]
        arrays = MaskArrays(self.masks, tuple(rows), header.size)
        picks = tuple(seconds[k] for k in rows)
        return Clip(
            str(self.item["id"]), self.video, len(picks) / count, header.size, str(self.item["video"]),
            (Caption("manual", text),), LazyTracks(ids, arrays.boxes), None, picks, arrays.masks,
        )  # fmt: skip


datasets.register("llava-video")(
    Format(
        "LLaVA-Video captions with masks (ESCA-Video-87K)",
        {**{k: v for k, v in COMMON.items() if k != "fps"}, "file": ""},
        load_llava,
        bounds=COMMON_BOUNDS,
        marker="LLaVA*.json",
        layout="*.json, videos/[SOURCE/]VIDEO, masks/ID$$VIDEO_mask.npz (nesy data convert)",
    )
)
