"""A batch of probabilistic spatio-temporal scene graphs as tensors.

Shapes throughout nesy: B clips, T frames, N objects, C classes, U unary and R binary predicates. The facts are those of
the distribution semantics: the class of an object is one annotated disjunction, every frame fact is independent.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor
from torch.nn.functional import pad

from nesy.errors import DataError
from nesy.scenegraph.vocabulary import Vocabulary


@dataclass(frozen=True)
class SceneGraph:
    """Scene graphs of B clips, padded to the longest clip and the largest number of objects.

    vocabulary: names of the last axes.
    classes: [B, N, C] log-probabilities; the probabilities of one object sum to at most 1, the rest is "none of these".
    unary: [B, T, N, U] log-odds.
    binary: [B, T, N, N, R] log-odds, subject before object.
    present: [B, T, N] bool; the facts of an absent object are false in that frame. Padding is absent.
    lengths: [B] number of frames of each clip.
    objects: [B] number of objects of each clip; the rest is padding and no quantifier ranges over it.
    fps: frames a second of each clip, None where unknown.

    Log-probabilities and log-odds in half precision are kept, and reasoned with, in single.
    """

    vocabulary: Vocabulary
    classes: Tensor
    unary: Tensor
    binary: Tensor
    present: Tensor
    lengths: Tensor
    objects: Tensor
    fps: tuple[float | None, ...]

    def __post_init__(self) -> None:
        for name in ("classes", "unary", "binary"):
            if getattr(self, name).dtype in (torch.bfloat16, torch.float16):
                object.__setattr__(self, name, getattr(self, name).float())
        b, t, n = self.present.shape
        c, u, r = self.vocabulary.sizes()
        for name, tensor, shape in (
            ("classes", self.classes, (b, n, c)),
            ("unary", self.unary, (b, t, n, u)),
            ("binary", self.binary, (b, t, n, n, r)),
            ("lengths", self.lengths, (b,)),
            ("objects", self.objects, (b,)),
        ):
            if tuple(tensor.shape) != shape:
                raise DataError(f"scene graph: `{name}` has shape {tuple(tensor.shape)}, expected {shape}")
        if len(self.fps) != b:
            raise DataError(f"scene graph: {len(self.fps)} frame rates for {b} clips")

    @property
    def batch_size(self) -> int:
        return int(self.present.shape[0])

    @staticmethod
    def from_probabilities(
        vocabulary: Vocabulary,
        classes: Tensor,
        unary: Tensor,
        binary: Tensor,
        present: Tensor | None = None,
        fps: float | None = None,
    ) -> SceneGraph:
        """One clip (B = 1) from probabilities: classes [N, C], unary [T, N, U], binary [T, N, N, R], present [T, N]."""
        frames, objects = unary.shape[:2]
        if present is None:
            present = torch.ones(frames, objects, dtype=torch.bool)
        return SceneGraph(
            vocabulary,
            classes.log()[None],
            unary.logit()[None],
            binary.logit()[None],
            present[None],
            torch.tensor([frames]),
            torch.tensor([objects]),
            (fps,),
        )

    def clip(self, index: int) -> SceneGraph:
        """Clip ``index`` alone, without padding."""
        t, n = int(self.lengths[index]), int(self.objects[index])
        one = slice(index, index + 1)
        return replace(
            self,
            classes=self.classes[one, :n],
            unary=self.unary[one, :t, :n],
            binary=self.binary[one, :t, :n, :n],
            present=self.present[one, :t, :n],
            lengths=self.lengths[one],
            objects=self.objects[one],
            fps=(self.fps[index],),
        )

    def select(self, clips: Sequence[int]) -> SceneGraph:
        """Some of the clips, in this order, with their padding."""
        at = torch.tensor(list(clips), dtype=torch.long, device=self.present.device)
        tensors = {k: getattr(self, k)[at] for k in ("classes", "unary", "binary", "present", "lengths", "objects")}
        return replace(self, **tensors, fps=tuple(self.fps[k] for k in clips))

    def to(self, device: torch.device | str) -> SceneGraph:
        """The same graphs on another device."""
        return replace(
            self,
            classes=self.classes.to(device),
            unary=self.unary.to(device),
            binary=self.binary.to(device),
            present=self.present.to(device),
            lengths=self.lengths.to(device),
            objects=self.objects.to(device),
        )


def collate(graphs: Sequence[SceneGraph]) -> SceneGraph:
    """Join graphs with one vocabulary into a batch; shorter clips and missing objects are padded as absent."""
    if not graphs:
        raise DataError("cannot collate an empty list of scene graphs")
    vocabulary = graphs[0].vocabulary
    if any(g.vocabulary != vocabulary for g in graphs):
        raise DataError("cannot collate scene graphs with different vocabularies")
    t = max(g.present.shape[1] for g in graphs)
    n = max(g.present.shape[2] for g in graphs)

    def grow(x: Tensor, *sizes: int | None, value: float | bool = 0) -> Tensor:
        amounts: list[int] = []
        for have, want in zip(reversed(x.shape), reversed(sizes), strict=True):
            amounts += [0, 0 if want is None else want - have]
        return pad(x, amounts, value=value)

    return SceneGraph(
        vocabulary,
        torch.cat([grow(g.classes, None, n, None, value=-torch.inf) for g in graphs]),
        torch.cat([grow(g.unary, None, t, n, None) for g in graphs]),
        torch.cat([grow(g.binary, None, t, n, n, None) for g in graphs]),
        torch.cat([grow(g.present, None, t, n, value=False) for g in graphs]),
        torch.cat([g.lengths for g in graphs]),
        torch.cat([g.objects for g in graphs]),
        tuple(rate for g in graphs for rate in g.fps),
    )
