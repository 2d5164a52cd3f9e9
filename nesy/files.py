"""Files that are written whole or not at all: whoever reads sees the old content or the new, never half of it."""

from __future__ import annotations

import math
import os
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from nesy.errors import DataError

if TYPE_CHECKING:
    from torch import Tensor


@contextmanager
def replacing(path: Path | str) -> Iterator[Path]:
    """A file beside ``path`` to write to; it takes the place of ``path`` when the block ends, and goes if it fails.

    Folders that are missing are made. What is no plain file (a pipe, ``/dev/stdout``) is written to as it is.

    Raises:
        DataError: it cannot be written; also for any OSError of the block.
    """
    path = Path(path)
    try:
        if path.exists() and not path.is_file() and not path.is_dir():
            yield path
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_name(f".{path.name[:200]}.{secrets.token_hex(4)}.part")
        try:
            yield part
            os.replace(part, path.resolve() if path.is_symlink() else path)
        finally:
            part.unlink(missing_ok=True)
    except OSError as e:
        raise DataError(
            f"{path}: cannot write it ({e.strerror or e})", hint="check the place, its permissions and the free space"
        ) from None


def write_whole(path: Path | str, text: str) -> Path:
    """Write a text file in UTF-8; a lone surrogate, which no UTF-8 file can hold, is written as its escape.

    Raises:
        DataError: it cannot be written.
    """
    with replacing(path) as part:
        part.write_text(text, "utf-8", errors="backslashreplace", newline="\n")
    return Path(path)


def json_types(value: object) -> object:
    """JSON's own types; numbers that JSON cannot write (NaN, infinities) become null, anything else its text."""
    if isinstance(value, dict):
        return {str(k): json_types(v) for k, v in value.items()}
    if hasattr(value, "tolist"):  # numpy's
        return json_types(value.tolist())
    if isinstance(value, (list, tuple)):
        return [json_types(v) for v in value]
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value if value is None or isinstance(value, (bool, int, str)) else str(value)


def write_tensors(path: Path | str, tensors: Mapping[str, Tensor], about: Mapping[str, str] | None = None) -> Path:
    """Write tensors, and text about them, to one safetensors file.

    Raises:
        DataError: it cannot be written.
    """
    from safetensors import SafetensorError
    from safetensors.torch import save_file

    plain = {name: t.detach().cpu().contiguous() for name, t in tensors.items()}
    with replacing(path) as part:
        try:
            save_file(plain, part, metadata=dict(about) if about else None)
        except SafetensorError as e:  # what the disk said is in the text
            raise OSError(str(e).removeprefix("Error while serializing: ")) from None
    return Path(path)
