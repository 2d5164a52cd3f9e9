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

    crops: [.., T, N, ...], what is kept of each object and frame: a uint8 picture [3, S, S], or features [D].
    unions: [.., T, N, N, ...], the same of each ordered pair.
    boxes: float32 [.., T, N, 4], x0 y0 x1 y1 as fractions of the frame's width and height.
    present: bool [.., T, N].
    frames: uint8 [.., T, 3, L, L], whole frames in the top left corner, for backends that cut in every step.
    content: float32 [.., 2], the part of L x L that is picture: width and height in pixels.
    shapes: uint8 [.., T, N, M, M], each object's mask within its box, 0 to 255.
    """

    crops: Tensor
    unions: Tensor
    boxes: Tensor
    present: Tensor
    frames: Tensor | None = None
    content: Tensor | None = None
    shapes: Tensor | None = None

    def to(self, device: torch.device | str) -> View:
        """The same view on another device."""
        move = (self.crops, self.unions, self.boxes, self.present, self.frames, self.content, self.shapes)
        return View(*(None if x is None else x.to(device) for x in move))  # type: ignore[arg-type]


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
            torch.stack([grow(v.frames, 0) for v in views if v.frames is not None])
            if views[0].frames is not None
            else None,
            torch.stack([v.content for v in views if v.content is not None]) if views[0].content is not None else None,
            torch.stack([grow(s, 1) for s in _shapes(views)]) if any(v.shapes is not None for v in views) else None,
        ),
        torch.tensor(frames),
        torch.tensor(objects),
        tuple(fps),
    )


def _shapes(views: Sequence[View]) -> list[Tensor]:
    """The shapes of each view; an object without a mask fills its box."""
    side = next(v.shapes.shape[-1] for v in views if v.shapes is not None)
    full = [torch.full((*v.present.shape, side, side), 255, dtype=torch.uint8) for v in views]
    return [f if v.shapes is None else v.shapes for f, v in zip(full, views, strict=True)]


class PredicateModel(nn.Module, ABC):
    """A network that predicts the scene graph of tracked objects.

    ``look`` runs once a clip and its result may be cached; ``perceive`` runs in every step, on all tracks of a batch.
    A model with ``masked`` set takes a fourth argument in ``look``: masks, bool [T, N, H, W], or None.
    """

    masked = False

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


def view_of(
    model: PredicateModel,
    frames: NDArray[np.uint8],
    boxes: NDArray[np.float32],
    present: NDArray[np.bool_],
    masks: Callable[[], NDArray[np.bool_] | None] = lambda: None,
) -> View:
    """What a model sees of a clip; ``masks`` is asked for the objects' masks if the model wants them."""
    if model.masked:
        look: Callable[..., View] = model.look
        return look(frames, boxes, present, masks())
    return model.look(frames, boxes, present)


Factory = Callable[[Vocabulary, dict[str, object]], PredicateModel]

backends: Registry[Factory] = Registry("perception backend")
