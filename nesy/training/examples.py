"""What a training step eats: a clip's view, the specs of its captions and, for baselines and evaluation, its truth."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch.utils.data import Sampler

from nesy.datasets.base import Clip, DataReport, GroundTruth
from nesy.dsl.ast import Formula
from nesy.errors import DataError
from nesy.perception import Batch, PredicateModel, View, batch_views, view_of
from nesy.training.processes import shares


@dataclass(frozen=True)
class CaptionSpec:
    """A caption's text and the spec that was extracted from it, ready for the reasoner."""

    kind: str
    text: str
    spec: Formula


@dataclass(frozen=True)
class Example:
    """One clip as seen by one perception model."""

    id: str
    fps: float
    view: View
    captions: tuple[CaptionSpec, ...]
    truth: GroundTruth | None


def examples(
    clips: Sequence[Clip],
    model: PredicateModel,
    extract: Callable[[str], Formula],
    report: DataReport,
    progress: Callable[[int, int], None] | None = None,
    given: Callable[[str], Formula] | None = None,
) -> list[Example]:
    """Decode every clip once and extract the specs of its captions.

    A clip that cannot be decoded and a caption that no rule understands are counted in ``report`` and left out; a clip
    without any understood caption stays (labels may still supervise it). ``extract`` raises NesyError for a refusal.
    ``given`` reads captions of kind ``spec``, which are formulas and not language.
    """
    from nesy.errors import NesyError

    out = []
    for i, clip in enumerate(clips):
        if progress is not None:
            progress(i, len(clips))
        try:
            view = view_of(model, clip.frames(), clip.tracks.boxes, clip.tracks.present, clip.masks)
        except DataError as e:
            report.skip("video not readable", e.message)
            continue
        understood = []
        for caption in clip.captions:
            try:
                read = given if given is not None and caption.kind == "spec" else extract
                understood.append(CaptionSpec(caption.kind, caption.text, read(caption.text)))
            except NesyError as e:
                report.skip("caption not understood", f"{clip.id}: {e.message}")
        report.read += 1
        report.captions = (report.captions or 0) + len(understood)
        out.append(Example(clip.id, clip.fps, view, tuple(understood), clip.truth))
    if progress is not None:
        progress(len(clips), len(clips))
    return out


@dataclass(frozen=True)
class TrainBatch:
    """Examples with their padded views."""

    examples: tuple[Example, ...]
    views: Batch


def make_batch(chosen: Sequence[Example]) -> TrainBatch:
    """Pad the views of some examples."""
    return TrainBatch(tuple(chosen), batch_views([e.view for e in chosen], [e.fps for e in chosen]))


class EpochSampler(Sampler[list[int]]):
    """Batches of shuffled indices whose order depends on (seed, epoch) alone, so that a resumed run repeats it."""

    def __init__(self, count: int, batch: int, seed: int, process: int = 0, processes: int = 1) -> None:
        self.count, self.batch, self.seed, self.epoch = count, batch, seed, 0
        self.process, self.processes = process, processes  # of each batch, this process takes its share

    def __iter__(self) -> Iterator[list[int]]:
        order = np.random.default_rng((self.seed, self.epoch)).permutation(self.count).tolist()
        for start in range(0, self.count, self.batch):
            yield shares(order[start : start + self.batch], self.process, self.processes, order)

    def __len__(self) -> int:
        return -(-self.count // self.batch)


def truth_tensors(batch: TrainBatch) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Padded truth of a batch: classes [B, N] (-100 for padding), unary [B, T, N, U] and binary [B, T, N, N, R] bool.

    Raises:
        DataError: an example without truth.
    """
    b, t, n = batch.views.view.present.shape
    first = batch.examples[0].truth
    if first is None or any(e.truth is None for e in batch.examples):
        raise DataError(
            "supervision by labels needs ground truth, which this data does not have",
            hint='train { supervision: "captions" } learns without labels',
        )
    _, u, r = first.vocabulary.sizes()
    classes = torch.full((b, n), -100, dtype=torch.long)
    unary = torch.zeros(b, t, n, u, dtype=torch.bool)
    binary = torch.zeros(b, t, n, n, r, dtype=torch.bool)
    for i, e in enumerate(batch.examples):
        assert e.truth is not None
        tt, nn = e.truth.unary.shape[:2]
        classes[i, :nn] = torch.from_numpy(e.truth.classes)
        unary[i, :tt, :nn] = torch.from_numpy(e.truth.unary)
        binary[i, :tt, :nn, :nn] = torch.from_numpy(e.truth.binary)
    return classes, unary, binary
