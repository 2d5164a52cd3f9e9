"""Panoptic masks as palette PNGs: one picture a frame, the value of a pixel is the number of its object, 0 is none."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from nesy.errors import DataError


def read_mask(path: Path) -> NDArray[np.uint8]:
    """Object numbers [H, W] of one mask file.

    Raises:
        DataError: missing, not decodable, or a colour picture (whose values are no object numbers).
    """
    try:
        with Image.open(path) as picture:
            if picture.mode not in ("P", "L"):
                raise DataError(
                    f"{path} is a {picture.mode} picture, its pixels are no object numbers",
                    expected=["a palette (P) or grey (L) PNG"],
                    hint="some tools convert palettes to colours when they copy pictures",
                )
            return np.asarray(picture, dtype=np.uint8)
    except FileNotFoundError:
        raise DataError(f"mask {path} does not exist", hint="unpack the masks again") from None
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as e:
        raise DataError(f"mask {path} cannot be decoded ({e})", hint="unpack the masks again") from e


@dataclass(frozen=True)
class MaskFiles:
    """The masks of one clip: files, one a frame, the objects' numbers and the (width, height) of the video."""

    files: tuple[Path, ...]
    numbers: tuple[int, ...]
    size: tuple[int, int]

    def masks(self) -> NDArray[np.bool_]:
        """bool [T, N, H, W] in the size of the video (nearest neighbour where a mask has another)."""
        out = np.zeros((len(self.files), len(self.numbers), self.size[1], self.size[0]), bool)
        for t, path in enumerate(self.files):
            mask = self._resized(read_mask(path))
            for n, number in enumerate(self.numbers):
                out[t, n] = mask == number
        return out

    def boxes(self) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        """The smallest boxes around the masks, [T, N, 4] in pixels of the video, and present [T, N]."""
        boxes = np.zeros((len(self.files), len(self.numbers), 4), np.float32)
        present = np.zeros((len(self.files), len(self.numbers)), bool)
        for t, path in enumerate(self.files):
            mask = read_mask(path)
            scale = np.array([self.size[0] / mask.shape[1], self.size[1] / mask.shape[0]] * 2, np.float32)
            for n, box in enumerate(boxes_of(mask, self.numbers)):
                if box is not None:
                    boxes[t, n], present[t, n] = box * scale, True
        return boxes, present

    def _resized(self, mask: NDArray[np.uint8]) -> NDArray[np.uint8]:
        height, width = mask.shape
        if (width, height) == self.size:
            return mask
        rows = np.minimum((np.arange(self.size[1]) + 0.5) * height / self.size[1], height - 1).astype(int)
        columns = np.minimum((np.arange(self.size[0]) + 0.5) * width / self.size[0], width - 1).astype(int)
        resized: NDArray[np.uint8] = mask[rows][:, columns]
        return resized


def boxes_of(mask: NDArray[np.uint8], numbers: Sequence[int]) -> list[NDArray[np.float32] | None]:
    """The smallest box (x0, y0, x1, y1; x1, y1 exclusive) around each number's pixels, None where it has none."""
    out: list[NDArray[np.float32] | None] = []
    for number in numbers:
        here = mask == number
        rows, columns = np.flatnonzero(here.any(1)), np.flatnonzero(here.any(0))
        if len(rows):
            out.append(np.array([columns[0], rows[0], columns[-1] + 1, rows[-1] + 1], np.float32))
        else:
            out.append(None)
    return out
