"""What backends with a big encoder share: features made once a clip when it is frozen, in every step when it is not.

A frozen encoder runs in ``look``; its features are kept in the view (half precision) and, with ``cache``, on disk. One
that is trained gets whole frames, and encodes all objects and pairs of a batch together.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.functional import interpolate

from nesy.errors import DataError
from nesy.perception.base import Batch, PredicateModel, View
from nesy.perception.feature_cache import FeatureCache, key_of
from nesy.perception.head import pairs_of
from nesy.perception.regions import shapes_of
from nesy.scenegraph import Vocabulary


class Encoding(PredicateModel):
    """A predicate model on features of objects and of ordered pairs.

    Args:
        frozen: the encoder is not trained.
        resolution: longer side to which frames are shrunk; None leaves the frames of a frozen encoder as they are.
        device: where a frozen encoder runs: auto, cpu, cuda ...
        precision: float32, or bfloat16 for the encoder's matrix products.
    """

    def __init__(
        self, vocabulary: Vocabulary, *, frozen: bool, resolution: int | None, device: str, precision: str
    ) -> None:
        super().__init__(vocabulary)
        self.frozen, self.resolution, self.device, self.precision = frozen, resolution, device, precision
        self.cache: FeatureCache | None = None

    @property
    @abstractmethod
    def network(self) -> nn.Module:
        """The encoder."""

    @abstractmethod
    def encode(self, frames: Tensor, box: Tensor, there: Tensor, both: Tensor, shapes: Tensor | None) -> Tensor:
        """Features [M + P, D] of the M present objects, then of the P pairs that ``both`` marks, in their order.

        frames uint8 [B, T, 3, H, W]; boxes [B, T, N, 4] in pixels; there [B, T, N]; both [B, T, N, N]; shapes uint8
        [B, T, N, K, K], the masks within the boxes, of a model that is ``masked``.
        """

    def look(
        self,
        frames: NDArray[np.uint8],
        boxes: NDArray[np.float32],
        present: NDArray[np.bool_],
        masks: NDArray[np.bool_] | None = None,
    ) -> View:
        there, box = torch.from_numpy(present), torch.from_numpy(boxes).float()
        height, width = frames.shape[1:3]
        share = box / torch.tensor([width, height, width, height], dtype=torch.float32)
        t, n = present.shape
        shapes = shapes_of(torch.from_numpy(masks), box) if self.masked and masks is not None else None
        if not self.frozen:
            kept, content = canvas(frames, self.resolution or max(height, width))
            return View(torch.zeros(t, n, 0), torch.zeros(t, n, n, 0), share, there, kept, content, shapes)
        key = key_of(frames, boxes, present, shapes) if self.cache else ""
        stored = self.cache.get(key) if self.cache else None
        if stored is None:
            stored = self._features(frames, share, there, shapes)
            if self.cache:
                self.cache.put(key, stored)
        return View(stored["objects"], stored["pairs"], share, there)

    def _features(
        self, frames: NDArray[np.uint8], share: Tensor, there: Tensor, shapes: Tensor | None
    ) -> dict[str, Tensor]:
        """Half-precision features of all objects [T, N, D] and ordered pairs [T, N, N, D]; zeros where absent."""
        device = self._looking_device()
        self.network.to(device)  # the rest stays where it is: its batches come from there
        if self.resolution is None:
            video = torch.from_numpy(np.ascontiguousarray(frames)).permute(0, 3, 1, 2)
            content = torch.tensor([frames.shape[2], frames.shape[1]], dtype=torch.float32)
        else:
            video, content = canvas(frames, self.resolution)
        box = (share * torch.cat([content, content])).to(device)
        there = there.to(device)
        t, n = there.shape
        both = pairs_of(there)
        learning = self.training
        self.eval()
        with torch.no_grad():
            shown = None if shapes is None else shapes.to(device)[None]
            found = self.encode(video.to(device)[None], box[None], there[None], both[None], shown).to(torch.float16)
        self.train(learning)
        objects = found.new_zeros(t, n, found.shape[-1])
        pairs = found.new_zeros(t, n, n, found.shape[-1])
        count = int(there.sum())
        objects[there], pairs[both] = found[:count], found[count:]
        return {"objects": objects.cpu(), "pairs": pairs.cpu()}

    def _looking_device(self) -> torch.device:
        if self.device == "auto":
            return torch.device("cuda" if torch.cuda.is_available() else "cpu")
        return torch.device(self.device)

    def autocast(self, device: torch.device) -> torch.autocast:
        """The encoder's precision as a context."""
        return torch.autocast(device.type, torch.bfloat16, enabled=self.precision == "bfloat16")

    def features(self, batch: Batch) -> tuple[Tensor, Tensor, Tensor]:
        """Objects [B, T, N, D] (zeros where absent), pairs [P, D] and which pairs those are, bool [B, T, N, N]."""
        view = batch.view
        there, both = view.present, pairs_of(view.present)
        if view.frames is None or view.content is None:
            return view.crops.float(), view.unions[both].float(), both
        box = view.boxes * torch.cat([view.content, view.content], -1)[:, None, None]
        found = self.encode(view.frames, box, there, both, view.shapes)
        count = int(there.sum())
        objects = found.new_zeros(*there.shape, found.shape[-1])
        objects[there] = found[:count]
        return objects, found[count:], both


def compiled(function: Callable[..., Tensor], wanted: bool) -> Callable[..., Tensor]:
    """``function``, compiled by torch when it is first called, if ``wanted``.

    Raises (when called):
        DataError: torch cannot compile here.
    """
    if not wanted:
        return function
    fast: Callable[..., Tensor] = torch.compile(function, dynamic=True)

    def call(*args: Tensor) -> Tensor:
        try:
            return fast(*args)
        except torch._dynamo.exc.TorchDynamoException as e:
            reason = str(e).strip().splitlines()[0][:200]
            raise DataError(
                f"torch cannot compile the encoder here ({reason})",
                hint="a C++ compiler is needed; or perception { compile: false }",
            ) from None

    return call


@contextmanager
def settled(fixed: bool) -> Iterator[None]:
    """Random weights made inside are the same every time when they stay ``fixed``: no checkpoint will hold them."""
    with torch.random.fork_rng(devices=[], enabled=fixed):
        if fixed:
            torch.manual_seed(0)
        yield


def canvas(frames: NDArray[np.uint8], longest: int) -> tuple[Tensor, Tensor]:
    """Frames shrunk to at most ``longest`` a side, in the corner of a square: uint8 [T, 3, L, L], and their (w, h)."""
    video = torch.from_numpy(np.ascontiguousarray(frames)).permute(0, 3, 1, 2)
    height, width = video.shape[2:]
    scale = min(1.0, longest / max(height, width))
    goal = (max(1, round(height * scale)), max(1, round(width * scale)))
    if goal != (height, width):
        small = interpolate(video.float(), size=goal, mode="bilinear", antialias=True, align_corners=False)
        video = small.round().clamp(0, 255).byte()
    out = torch.zeros(len(video), 3, longest, longest, dtype=torch.uint8)
    out[:, :, : goal[0], : goal[1]] = video
    return out, torch.tensor([goal[1], goal[0]], dtype=torch.float32)
