"""What turns pixels into scene graphs: the interface of all predicate models and their registry."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.functional import pad

from nesy.reasoners.temporal.exclusive import Groups, condition
from nesy.registry import Registry
from nesy.scenegraph import SceneGraph, Vocabulary


@dataclass(frozen=True)
class View:
    """What a model looks at, for one clip or for a padded batch of clips (leading axis B).

    crops: uint8 [.., T, N, 3, S, S], each object cut out of each frame (zeros where absent).
    unions: uint8 [.., T, N, N, 3, s, s], the union of subject and object cut out of each frame.
    boxes: float32 [.., T, N, 4], x0 y0 x1 y1 as fractions of the frame's width and height.
    present: bool [.., T, N].
    """

    crops: Tensor
    unions: Tensor
    boxes: Tensor
    present: Tensor

    def to(self, device: torch.device | str) -> View:
        """The same view on another device."""
        return View(*(x.to(device) for x in (self.crops, self.unions, self.boxes, self.present)))


@dataclass(frozen=True)
class Batch:
    """Views of B clips, padded; ``lengths`` and ``objects`` [B] count what is real."""

    view: View
    lengths: Tensor
    objects: Tensor
    fps: tuple[float | None, ...]

    def to(self, device: torch.device | str) -> Batch:
        """The same batch on another device."""
        return Batch(self.view.to(device), self.lengths.to(device), self.objects.to(device), self.fps)


def batch_views(views: Sequence[View], fps: Sequence[float | None]) -> Batch:
    """Pad views of single clips to a common number of frames and objects."""
    frames = [v.present.shape[0] for v in views]
    objects = [v.present.shape[1] for v in views]
    t, n = max(frames), max(objects)

    def grow(x: Tensor, object_axes: int) -> Tensor:
        amounts = [0, 0] * (x.ndim - 1 - object_axes)
        for axis in range(object_axes, 0, -1):
            amounts += [0, n - x.shape[axis]]
        return pad(x, [*amounts, 0, t - x.shape[0]])

    return Batch(
        View(
            torch.stack([grow(v.crops, 1) for v in views]),
            torch.stack([grow(v.unions, 2) for v in views]),
            torch.stack([grow(v.boxes, 1) for v in views]),
            torch.stack([grow(v.present, 1) for v in views]),
        ),
        torch.tensor(frames),
        torch.tensor(objects),
        tuple(fps),
    )


class PredicateModel(nn.Module, ABC):
    """A network that predicts the scene graph of tracked objects.

    ``look`` runs once a clip and its result may be cached; ``perceive`` runs in every step, on all tracks of a batch.
    """

    def __init__(self, vocabulary: Vocabulary) -> None:
        super().__init__()
        self.vocabulary = vocabulary
        self.groups = Groups()

    @abstractmethod
    def look(self, frames: NDArray[np.uint8], boxes: NDArray[np.float32], present: NDArray[np.bool_]) -> View:
        """Cut what the model needs out of the frames: [T, H, W, 3] with boxes [T, N, 4] in pixels, present [T, N]."""

    @abstractmethod
    def perceive(self, batch: Batch) -> SceneGraph:
        """Class log-probabilities per track and independent log-odds of every unary and binary fact."""

    def forward(self, batch: Batch) -> SceneGraph:
        """What is perceived, given that of each of ``self.groups`` at most one fact is true."""
        return condition(self.perceive(batch), self.groups)


Factory = Callable[[Vocabulary, dict[str, object]], PredicateModel]

backends: Registry[Factory] = Registry("perception backend")
