"""A clip's scene graph as one vector, so that whole clips can be episodes of a brain."""

from __future__ import annotations

import torch
from torch import Tensor

from nesy.errors import DataError
from nesy.scenegraph import SceneGraph


def graph_features(graph: SceneGraph, *, parts: int = 4) -> Tensor:
    """What happens in a clip (B = 1), when: [parts * (C U + C C R + C)] expected counts, by stretches of the clip.

    For each of ``parts`` equal stretches, the mean number over its frames of present objects of each class, of each
    class with each unary predicate, and of ordered pairs of classes with each binary predicate.
    """
    if graph.batch_size != 1:
        raise DataError(f"expected one clip, got a batch of {graph.batch_size}", hint="use graph.clip(i)")
    g = graph.clip(0)
    classes = g.classes[0].exp()
    there = g.present[0].to(classes.dtype)
    both = there[:, :, None] * there[:, None, :]
    unary = torch.einsum("tnu,nc->tcu", g.unary[0].sigmoid().to(classes.dtype) * there[..., None], classes)
    binary = torch.einsum(
        "tnmr,nc,md->tcdr", g.binary[0].sigmoid().to(classes.dtype) * both[..., None], classes, classes
    )
    frames = torch.cat([there @ classes, unary.flatten(1), binary.flatten(1)], -1)
    zero = frames.new_zeros(frames.shape[1])
    return torch.cat([p.mean(0) if len(p) else zero for p in frames.tensor_split(parts)]).float()
