"""Boxes of objects in videos that come without: a small detector of "something", and a tracker.

The detector predicts, for every second pixel of a frame resized to ``size``, how likely an object is centred there,
and its size and offset (CenterNet: Zhou et al., Objects as Points, 2019). It does not know classes. The tracker links
boxes of following frames by overlap and distance, best pairs first in sum (maximum-weight matching).

It is fitted to the boxes of the training clips when the task says ``perception { proposals: true }``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import networkx as nx
import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.nn.functional import interpolate, max_pool2d, relu
from torchvision.ops import box_iou

from nesy.datasets.base import Tracks
from nesy.errors import CheckpointError, DataError
from nesy.files import write_tensors

STRIDE = 2
THRESHOLD = 0.35  # a centre below this score is background
MOST = 24  # boxes kept a frame
GAP = 2  # frames that a track may be unseen
SHORTEST = 3  # frames; shorter tracks are taken for noise

Found = list[tuple[NDArray[np.float32], NDArray[np.float32]]]
"""One frame each: boxes [K, 4] in pixels, x0 y0 x1 y1, and scores [K]."""


class Proposer(nn.Module):
    """A fully convolutional detector of objects of any class.

    Args:
        size: side to which the longer side of a frame is resized.
    """

    def __init__(self, size: int = 64, width: int = 32) -> None:
        super().__init__()
        self.size = size
        self.stem = nn.Sequential(
            nn.Conv2d(3, width // 2, 3, padding=1), nn.ReLU(),
            nn.Conv2d(width // 2, width, 3, stride=STRIDE, padding=1), nn.ReLU(),
        )  # fmt: skip
        self.blocks = nn.ModuleList(
            nn.Conv2d(width, width, 3, padding=dilation, dilation=dilation) for dilation in (1, 2, 4, 1)
        )
        self.head = nn.Conv2d(width, 5, 1)  # centre, log width, log height, offset x, offset y
        with torch.no_grad():
            assert self.head.bias is not None
            self.head.bias.copy_(torch.tensor([-3.0, 2.0, 2.0, 0.0, 0.0]))

    def forward(self, frames: Tensor) -> Tensor:
        """[B, 3, H, W] in [-1, 1] -> [B, 5, H/2, W/2]: centre log-odds, log size (pixels), offset (cells)."""
        x = self.stem(frames)
        for block in self.blocks:
            x = x + relu(block(x))
        out: Tensor = self.head(x)
        return out

    @torch.no_grad()
    def propose(self, frames: NDArray[np.uint8]) -> Found:
        """Boxes and scores of each frame; frames uint8 [T, H, W, 3]."""
        self.eval()
        found: Found = []
        scale = self.size / max(frames.shape[1:3])
        for start in range(0, len(frames), 32):
            out = self(shrink(frames[start : start + 32], self.size))
            found += [self._boxes(o, scale) for o in out]
        return found

    def _boxes(self, out: Tensor, scale: float) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        centre = out[0].sigmoid()
        peak = (max_pool2d(centre[None, None], 3, 1, 1)[0, 0] == centre) & (centre > THRESHOLD)
        y, x = peak.nonzero(as_tuple=True)
        score = centre[y, x]
        best = score.argsort(descending=True)[:MOST]
        y, x, score = y[best], x[best], score[best]
        middle = (torch.stack([x, y], -1) + 0.5 + out[3:, y, x].T) * STRIDE
        half = out[1:3, y, x].T.exp() / 2
        boxes = torch.cat([middle - half, middle + half], -1) / scale
        return boxes.numpy().astype(np.float32), score.numpy().astype(np.float32)


def shrink(frames: NDArray[np.uint8], size: int) -> Tensor:
    """uint8 [B, H, W, 3] -> float [B, 3, h, w] in [-1, 1] whose longer side is ``size``, both sides even."""
    x = torch.from_numpy(np.ascontiguousarray(frames)).permute(0, 3, 1, 2).float() / 127.5 - 1
    height, width = x.shape[2:]
    scale = size / max(height, width)
    goal = [max(2, round(s * scale / 2) * 2) for s in (height, width)]
    if goal == [height, width]:
        return x
    return interpolate(x, size=goal, mode="bilinear", antialias=True, align_corners=False)


def targets(boxes: Tensor, shape: tuple[int, int]) -> tuple[Tensor, Tensor, Tensor]:
    """What the detector should say of boxes [K, 4] in resized pixels: heat [h, w], goals [4, h, w], mask [h, w]."""
    h, w = shape
    heat, mask, goal = torch.zeros(h, w), torch.zeros(h, w, dtype=torch.bool), torch.zeros(4, h, w)
    ys, xs = torch.arange(h)[:, None], torch.arange(w)[None, :]
    for x0, y0, x1, y1 in boxes.tolist():
        cx, cy, bw, bh = (x0 + x1) / 2 / STRIDE, (y0 + y1) / 2 / STRIDE, max(x1 - x0, 1.0), max(y1 - y0, 1.0)
        ix, iy = min(max(int(cx), 0), w - 1), min(max(int(cy), 0), h - 1)
        spread = max(0.5, (bw * bh) ** 0.5 / STRIDE / 6)
        heat = torch.maximum(heat, torch.exp(-((xs - ix) ** 2 + (ys - iy) ** 2) / (2 * spread**2)))
        mask[iy, ix] = True
        goal[:, iy, ix] = torch.tensor([np.log(bw), np.log(bh), cx - ix - 0.5, cy - iy - 0.5])
    return heat, goal, mask


def fit_proposer(
    clips: Sequence[tuple[NDArray[np.uint8], Tracks]],
    *,
    size: int = 64,
    steps: int = 600,
    batch: int = 16,
    seed: int = 0,
    progress: Callable[[int, int], None] | None = None,
) -> Proposer:
    """Train a detector on the boxes of some clips (frames uint8 [T, H, W, 3], tracks); half a second a ten steps.

    Raises:
        DataError: no box in any of them.
    """
    shown = [
        (i, t) for i, (_, tracks) in enumerate(clips) for t in range(len(tracks.present)) if tracks.present[t].any()
    ]
    if not shown:
        raise DataError("no clip has a box to learn proposals from", hint="leave out perception { proposals: true }")
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = Proposer(size)
    choice = np.random.default_rng(seed)
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3)
    rate = torch.optim.lr_scheduler.OneCycleLR(optimizer, 3e-3, total_steps=steps)
    for step in range(steps):
        losses = []
        for k in choice.integers(len(shown), size=batch):
            i, t = shown[k]
            frames, tracks = clips[i]
            image = shrink(frames[t : t + 1], size)
            scale = size / max(frames.shape[1:3])
            boxes = torch.from_numpy(tracks.boxes[t][tracks.present[t]]).float() * scale
            losses.append((image, *targets(boxes, (image.shape[2] // STRIDE, image.shape[3] // STRIDE))))
        out = model(torch.cat([x[0] for x in losses]))
        heat, goal, mask = (torch.stack([x[i] for x in losses]) for i in (1, 2, 3))
        loss = focal(out[:, 0], heat) + (out[:, 1:] - goal).abs().movedim(1, -1)[mask].mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        rate.step()
        if progress is not None:
            progress(step + 1, steps)
    return model.eval()


def focal(logits: Tensor, heat: Tensor) -> Tensor:
    """Penalty-reduced focal loss of CornerNet/CenterNet (alpha 2, beta 4), a mean over objects."""
    p = logits.sigmoid().clamp(1e-4, 1 - 1e-4)
    hit = heat == 1
    cost = torch.where(hit, (1 - p) ** 2 * p.log(), (1 - heat) ** 4 * p**2 * (1 - p).log())
    return -cost.sum() / hit.sum().clamp_min(1)


@dataclass
class _Track:
    frames: list[int]
    boxes: list[NDArray[np.float32]]

    def expected(self, frame: int) -> NDArray[np.float32]:
        """Its box in ``frame`` if it moves on as it did last."""
        if len(self.frames) < 2:
            return self.boxes[-1]
        share = (frame - self.frames[-1]) / (self.frames[-1] - self.frames[-2])
        return (self.boxes[-1] + (self.boxes[-1] - self.boxes[-2]) * share).astype(np.float32)


def track(found: Found) -> Tracks:
    """Link the boxes of following frames into objects; the longest-lived come first and are named o1, o2, ..."""
    live: list[_Track] = []
    done: list[_Track] = []
    for t, (boxes, _) in enumerate(found):
        done += [k for k in live if t - k.frames[-1] > GAP]
        live = [k for k in live if t - k.frames[-1] <= GAP]
        taken = _matches([k.expected(t) for k in live], boxes)
        for i, j in taken:
            live[i].frames.append(t)
            live[i].boxes.append(boxes[j])
        used = {j for _, j in taken}
        live += [_Track([t], [boxes[j]]) for j in range(len(boxes)) if j not in used]
    kept = [k for k in done + live if len(k.frames) >= min(SHORTEST, len(found))]
    kept.sort(key=lambda k: (-len(k.frames), k.frames[0]))
    boxes_out = np.zeros((len(found), len(kept), 4), np.float32)
    present = np.zeros((len(found), len(kept)), bool)
    for n, k in enumerate(kept):
        for t, box in zip(k.frames, k.boxes, strict=True):
            boxes_out[t, n], present[t, n] = box, True
        for a, b in zip(k.frames, k.frames[1:], strict=False):  # unseen for a moment: on the straight line
            for t in range(a + 1, b):
                boxes_out[t, n] = boxes_out[a, n] + (boxes_out[b, n] - boxes_out[a, n]) * (t - a) / (b - a)
                present[t, n] = True
    return Tracks(boxes_out, present, tuple(f"o{i + 1}" for i in range(len(kept))))


def _matches(expected: list[NDArray[np.float32]], boxes: NDArray[np.float32]) -> list[tuple[int, int]]:
    """Pairs (track, box) of the greatest summed likeness: overlap, and nearness within one box length."""
    if not expected or not len(boxes):
        return []
    old, new = torch.from_numpy(np.stack(expected)), torch.from_numpy(boxes)
    apart = ((old[:, None, :2] + old[:, None, 2:] - new[None, :, :2] - new[None, :, 2:]) / 2).norm(dim=-1)
    length = ((old[:, 2:] - old[:, :2]).norm(dim=-1)[:, None] + (new[:, 2:] - new[:, :2]).norm(dim=-1)[None]) / 2
    likeness = box_iou(old, new) + (1 - apart / length.clamp_min(1e-3)).clamp_min(0)
    graph = nx.Graph()
    for i, row in enumerate(likeness.tolist()):
        for j, value in enumerate(row):
            if value > 0.1:
                graph.add_edge(i, len(row) + len(likeness) + j, weight=value)
    base = likeness.shape[0] + likeness.shape[1]
    return sorted((min(a, b), max(a, b) - base) for a, b in nx.max_weight_matching(graph))


def save_proposer(model: Proposer, path: Path) -> None:
    """Write the weights and the size to one safetensors file, whole or not at all."""
    write_tensors(path, {**model.state_dict(), "size": torch.tensor(model.size)})


def load_proposer(path: Path) -> Proposer:
    """Read what :func:`save_proposer` wrote.

    Raises:
        CheckpointError: missing, damaged or not of this kind.
    """
    try:
        state = load_file(path)
        model = Proposer(int(state.pop("size")))
        model.load_state_dict(state)
    except (OSError, SafetensorError, RuntimeError, KeyError, ValueError) as e:
        reason = str(e).splitlines()[0] if str(e) else type(e).__name__
        raise CheckpointError(f"{path}: not readable as proposals ({reason})", hint="train again") from None
    return model.eval()
