"""Ways in which a file can be wrong, each a function of its bytes."""

from __future__ import annotations

import io
import json
import random
import struct
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

Change = Callable[[bytes, random.Random], bytes | None]
"""New content, or None where the change does not apply to such a file."""


def truncated(data: bytes, rng: random.Random) -> bytes:
    return data[: rng.randrange(max(1, len(data)))]


def empty(data: bytes, rng: random.Random) -> bytes:
    return b""


def noise(data: bytes, rng: random.Random) -> bytes:
    return rng.randbytes(max(64, len(data)))


def flipped(data: bytes, rng: random.Random) -> bytes:
    out = bytearray(data or b"x")
    for _ in range(1 + len(out) // 50):
        out[rng.randrange(len(out))] ^= 1 << rng.randrange(8)
    return bytes(out)


def not_utf8(data: bytes, rng: random.Random) -> bytes:
    return data[: len(data) // 2] + b"\xff\xfe\xc3\x28" + data[len(data) // 2 :]


def deep(data: bytes, rng: random.Random) -> bytes | None:
    return b"[" * 200_000 + b"]" * 200_000 if is_json(data) else None


def long_number(data: bytes, rng: random.Random) -> bytes | None:
    changed = _replaced(data, rng, 987654321987) if is_json(data) else None
    return None if changed is None else changed.replace(b"987654321987", b"9" * 5000)


def not_a_number(data: bytes, rng: random.Random) -> bytes | None:
    return _replaced(data, rng, float(rng.choice(["nan", "inf", "-inf"]))) if is_json(data) else None


def wrong_type(data: bytes, rng: random.Random) -> bytes | None:
    values: list[Any] = [None, True, -1, 2**40, 0.5, "x", "", [], {}, [[]], {"a": []}, "\x00"]
    return _replaced(data, rng, rng.choice(values)) if is_json(data) else None


def climbing(data: bytes, rng: random.Random) -> bytes | None:
    """Names of files that lead out of the folder."""
    return _replaced(data, rng, rng.choice(["../../../../etc/passwd", "/etc/passwd", "..", "a/../../b"]))


def bomb_picture(data: bytes, rng: random.Random) -> bytes | None:
    """A PNG of 60,000 x 60,000 pixels in a few kilobytes."""
    if not data.startswith(b"\x89PNG"):
        return None

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(b"\0" * 10_000_000))
        + chunk(b"IEND", b"")
    )


def bomb_archive(data: bytes, rng: random.Random) -> bytes | None:
    """An .npz whose array says that it is of 10^12 numbers."""
    if not data.startswith(b"PK"):
        return None
    out, array = io.BytesIO(), io.BytesIO()
    np.lib.format.write_array_header_1_0(array, {"descr": "<f8", "fortran_order": False, "shape": (10**6, 10**6)})
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in zipfile.ZipFile(io.BytesIO(data)).namelist():
            archive.writestr(name, array.getvalue() + b"\0" * 1000)
    return out.getvalue()


CHANGES: tuple[Change, ...] = (
    truncated, empty, noise, flipped, not_utf8, deep, long_number, not_a_number, wrong_type, wrong_type, wrong_type,
    climbing, climbing, bomb_picture, bomb_archive,
)  # fmt: skip


def is_json(data: bytes) -> bool:
    try:
        json.loads(data)
    except ValueError:
        return False
    return True


def _replaced(data: bytes, rng: random.Random, value: Any) -> bytes | None:
    """One value somewhere in a JSON text, or one cell of a table, replaced."""
    if is_json(data):
        content = json.loads(data)
        places: list[tuple[Any, Any]] = []

        def walk(x: Any) -> None:
            for key, inner in x.items() if isinstance(x, dict) else enumerate(x) if isinstance(x, list) else ():
                places.append((x, key))
                walk(inner)

        walk(content)
        if not places:
            return json.dumps(value).encode()
        container, key = rng.choice(places)
        container[key] = value
        return json.dumps(content).encode()
    lines = data.split(b"\n")
    if b"\0" in data or not any(b"," in line for line in lines):
        return None
    at = rng.choice([k for k, line in enumerate(lines) if b"," in line])
    cells = lines[at].split(b",")
    cells[rng.randrange(len(cells))] = str(value).encode()
    lines[at] = b",".join(cells)
    return b"\n".join(lines)


def spoil(path: Path, change: Change, rng: random.Random) -> bool:
    """Change a file in place; whether there was anything to change."""
    new = change(path.read_bytes(), rng)
    if new is None:
        return False
    path.write_bytes(new)
    return True
