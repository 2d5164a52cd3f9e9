"""Results of an extraction as a ``.dsl`` file: one named spec a caption, the caption above it as a comment."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

from nesy.dsl.words import RESERVED
from nesy.errors import DataError
from nesy.synthesis.extraction import Result


def spec_names(ids: Sequence[str]) -> list[str]:
    """A different name of the language for each id: other characters become ``_``, a number tells equal names apart.

    >>> spec_names(["clip-1", "clip 1", "7"])
    ['clip_1', 'clip_1_2', 'spec_7']
    """
    names: list[str] = []
    used: set[str] = set()
    for i in ids:
        name = re.sub(r"[^A-Za-z0-9_]", "_", i)
        if not name or name[0].isdigit() or name in RESERVED:
            name = f"spec_{name}"
        base, k = name, 1
        while name in used:
            k += 1
            name = f"{base}_{k}"
        used.add(name)
        names.append(name)
    return names


def spec_file(results: Sequence[Result], imported: str | None = None, declarations: str = "") -> str:
    """The text of a ``.dsl`` file with the specs of all results that have one; rejected captions are comments.

    imported: the domain's file, relative to this one, with ``/`` between folders.
    declarations: statements to write instead of an import.
    """
    lines = [f'import "{imported}"', ""] if imported else [declarations, ""] if declarations else []
    for result, name in zip(results, spec_names([r.id for r in results]), strict=True):
        lines += [f"// {line}" for line in _comment(f"{result.id}: {result.caption}")]
        if result.spec is None:
            lines += [f"// rejected: {line}" for line in _comment(result.reason)]
        else:
            lines.append(f"spec {name}: {result.spec}")
        lines.append("")
    return "\n".join(lines)


def relative_import(domain: Path, output: Path) -> str:
    """How the file ``output`` names the file ``domain`` in an import."""
    try:
        path = os.path.relpath(domain.resolve(), output.resolve().parent)
    except ValueError:  # another drive
        raise DataError(f"{output} cannot import {domain}: they lie on different drives") from None
    return str(PurePosixPath(*Path(path).parts))


def _comment(text: str) -> list[str]:
    return re.split(r"[\r\n\x0b\x0c\x1c-\x1e\x85\u2028\u2029]+", text)
