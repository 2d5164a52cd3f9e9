"""The scene graph of a clip as rows a page can draw and scripts can read: one fact, its probabilities, its truth."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nesy.viz.content import ClipPanel

SHOWN = 0.3  # a fact gets a timeline when it is ever more probable than this, or true
KEPT = 0.005  # a fact whose probability never reaches this, and that is never true, is not written to the page


@dataclass(frozen=True, eq=False)
class Fact:
    """``predicate(subject)`` or ``predicate(subject, object)`` over the clip; objects by index.

    prob: float [T], 0 where absent or undefined.  truth: bool [T], None where the truth is not known.
    """

    index: int
    predicate: str
    subject: int
    object: int | None
    prob: NDArray[np.float64]
    truth: NDArray[np.bool_] | None

    @property
    def shown(self) -> bool:
        """Whether it deserves a timeline."""
        return bool((self.prob > SHOWN).any()) or bool(self.truth is not None and self.truth.any())


def facts(clip: ClipPanel) -> list[Fact]:
    """The facts of a clip that are ever likely or true, unary ones first; objects in their order."""
    n, v, truth = len(clip.ids), clip.vocabulary, clip.truth
    both = clip.present[:, :, None] & clip.present[:, None, :]
    unary = np.where(clip.present[:, :, None], np.nan_to_num(np.asarray(clip.unary, np.float64), nan=0.0), 0.0)
    binary = np.where(both[..., None], np.nan_to_num(np.asarray(clip.binary, np.float64), nan=0.0), 0.0)
    out: list[Fact] = []

    def add(name: str, s: int, o: int | None, prob: NDArray[np.float64], true: NDArray[np.bool_] | None) -> None:
        if (prob >= KEPT).any() or (true is not None and true.any()):
            out.append(Fact(len(out), name, s, o, prob.clip(0.0, 1.0), true))

    for s in range(n):
        for k, name in enumerate(v.unary):
            add(name, s, None, unary[:, s, k], None if truth is None else truth.unary[:, s, k])
    for s in range(n):
        for o in range(n):
            for k, name in enumerate(v.binary):
                if s != o:
                    add(name, s, o, binary[:, s, o, k], None if truth is None else truth.binary[:, s, o, k])
    return out


def top_classes(clip: ClipPanel, n: int, count: int = 3) -> list[tuple[str, float]]:
    """The most probable classes of object ``n``, best first; none for an empty vocabulary."""
    p = np.nan_to_num(np.asarray(clip.classes[n], np.float64), nan=0.0)
    return [(clip.vocabulary.classes[c], float(p[c])) for c in np.argsort(-p, kind="stable")[:count]]


def true_class(clip: ClipPanel, n: int) -> str | None:
    """The true class of object ``n``, None where it is not known."""
    if clip.truth is None or not 0 <= int(clip.truth.classes[n]) < len(clip.vocabulary.classes):
        return None
    return clip.vocabulary.classes[int(clip.truth.classes[n])]
