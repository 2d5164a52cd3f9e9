"""Other people's labels ("in front of", "closet/cabinet") as names that a spec can use."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

from nesy.dsl.words import ANY_OBJECT, BUILTIN_UNARY, RESERVED


def name_of(label: str) -> str:
    """The label in lower case with every run of other characters than letters and digits as one underscore.

    A word of the language gets an underscore behind it, a leading digit one before it. A label in another script than
    the Latin one is spelt by the numbers of its letters, so that different labels stay different.

    >>> name_of("in front of"), name_of("closet/cabinet"), name_of("next"), name_of("3D model"), name_of("猫")
    ('in_front_of', 'closet_cabinet', 'next_', '_3d_model', 'u732b')
    """
    plain = unicodedata.normalize("NFKD", label).encode("ascii", "ignore").decode()
    name = re.sub(r"[^a-z0-9]+", "_", plain.lower()).strip("_") or _numbers(label)
    if name[0].isdigit():
        name = "_" + name
    return name + "_" if name in RESERVED or name in (*BUILTIN_UNARY, ANY_OBJECT) else name


def _numbers(label: str) -> str:
    return "_".join(f"u{ord(c):x}" for c in label if c.isalnum()) or "unnamed"


def names_of(labels: Iterable[str]) -> tuple[str, ...]:
    """The names of labels in order, each once (labels that differ in spelling alone fall together)."""
    return tuple(dict.fromkeys(name_of(label) for label in labels))
