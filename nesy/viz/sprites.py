"""All frames of a clip as one image: a sheet of equal cells, row by row."""

from __future__ import annotations

import base64
import io
import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

MAX_SIDE = 192  # pixels of a frame's longer side; a page needs no more, and 12 clips have to fit into it
MAX_PNG = 320_000  # bytes of a sheet; noisy video beyond it is stored as JPEG


@dataclass(frozen=True)
class Sheet:
    """An image of ``columns`` cells a row, each ``width`` x ``height`` pixels, as a data URI."""

    uri: str
    columns: int
    rows: int
    width: int
    height: int

    def cell(self, frame: int) -> tuple[int, int]:
        """The upper left corner of a frame in the image."""
        return frame % self.columns * self.width, frame // self.columns * self.height


def sprite_sheet(frames: NDArray[np.uint8]) -> Sheet:
    """The sheet of ``frames`` (uint8 [T, H, W, 3]); large frames are made smaller, heavy ones lossy."""
    t, h, w, _ = frames.shape
    scale = min(1.0, MAX_SIDE / max(h, w))
    width, height = max(1, round(w * scale)), max(1, round(h * scale))
    columns = math.ceil(math.sqrt(t * height / width))
    rows = math.ceil(t / columns)
    sheet = Image.new("RGB", (columns * width, rows * height))
    for i, frame in enumerate(frames):
        image = Image.fromarray(frame)
        if scale < 1:
            image = image.resize((width, height), Image.Resampling.LANCZOS)
        sheet.paste(image, (i % columns * width, i // columns * height))
    data, kind = _encode(sheet, "PNG", optimize=True), "png"
    if len(data) > MAX_PNG:
        kind = "jpeg"
        try:
            data = _encode(sheet, "JPEG", quality=88, subsampling=0, optimize=True)
        except OSError:  # of pure noise: what is larger than Pillow's buffer cannot be optimized in it
            data = _encode(sheet, "JPEG", quality=88, subsampling=0)
    uri = f"data:image/{kind};base64,{base64.b64encode(data).decode('ascii')}"
    return Sheet(uri, columns, rows, width, height)


def _encode(image: Image.Image, kind: str, **options: int | bool) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()
