"""The chain as a decoder head: features of tracks and pairs to a scene graph that the reasoners read.

Any predicate model can end in it. For every ordered pair of present objects of a frame

    q_s = W h + f(s);  classes of s, then q_s + attended class;  unary predicates of s are read from that state
    q_o = W h' + f(o); the same for the object;  q_p = W h'' + f(union); the pair's predicates

with attention in place of sampling, so that the triples are differentiable functions of the features and of the
columns. Facts of a scene graph are independent, not exclusive: a predicate's log-odds is its score less a learned
threshold, and not a softmax.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from nesy.errors import NesyError
from nesy.memory.brain.brain import PREDICATE, TensorBrain
from nesy.memory.brain.scores import Mode, activate, scores
from nesy.scenegraph import SceneGraph, Vocabulary

UNARY = "unary"
IMPOSSIBLE = -30.0  # log-odds of an object's relation to itself or to one that is absent


class TensorBrainHead(nn.Module):
    """Scene graphs from features by the chain subject -> labels -> object -> predicate.

    Args:
        vocabulary: names of classes, unary and binary predicates; they become the brain's indices.
        features, pair_features: widths of the features of objects and of pairs.
        mode: how a decoded class is fed back: ``attend``, or ``argmax`` and ``sample``, which cut the gradient
            through the choice.
        start: the log-odds of facts before training.
    """

    def __init__(
        self,
        vocabulary: Vocabulary,
        features: int,
        pair_features: int,
        *,
        width: int = 128,
        context: int = 128,
        mode: Mode = "attend",
        start: float = -3.0,
    ) -> None:
        super().__init__()
        if mode == "teacher":
            raise NesyError("a head has no teacher", expected=("attend", "argmax", "sample"))
        groups: dict[str, Sequence[str]] = {
            "class": vocabulary.classes, PREDICATE: vocabulary.binary, UNARY: vocabulary.unary,
        }  # fmt: skip
        self.vocabulary, self.mode = vocabulary, mode
        self.brain = TensorBrain(groups, subjects=("class",), inputs=features, width=width, context=context)
        self.see_pair = nn.Linear(pair_features, width)
        self.unary_threshold = nn.Parameter(torch.full((len(vocabulary.unary),), -start))
        self.binary_threshold = nn.Parameter(torch.full((len(vocabulary.binary),), -start))

    def forward(
        self,
        features: Tensor,
        pairs: Tensor,
        present: Tensor,
        lengths: Tensor,
        objects: Tensor,
        fps: tuple[float | None, ...],
    ) -> SceneGraph:
        """The scene graph of tracks.

        Args:
            features: [B, T, N, F] of objects; present: bool [B, T, N].
            pairs: [B, T, N, N, G] of ordered pairs.
            lengths, objects, fps: as in :class:`~nesy.scenegraph.SceneGraph`.
        """
        brain = self.brain
        b, t, n = present.shape
        zero = brain.start(1)
        q0, h0 = brain.evolve(zero, zero.new_zeros(1, brain.context))
        seen = brain.encode(box=features)
        # The class of a track is one choice for all its frames, measured from its mean state.
        share = present[..., None].to(features.dtype)
        mean = ((q0 + seen) * share).sum(1) / share.sum(1).clamp_min(1)
        classes = brain.measure(mean.flatten(0, 1), "class")
        told, _ = brain.feedback(torch.zeros_like(mean).flatten(0, 1), classes, "class", self.mode, gates=(0.0, 1.0))
        told = told.reshape(b, 1, n, -1)
        q_s = q0 + seen + told
        unary = self._odds(q_s, UNARY, self.unary_threshold)
        q, h = brain.evolve(q_s, h0.expand(*q_s.shape[:-1], -1))
        both = present[..., :, None] & present[..., None, :]
        both = both & ~torch.eye(n, dtype=torch.bool, device=present.device)
        where, when, who, whom = both.nonzero(as_tuple=True)
        q_o = q[where, when, who] + seen[where, when, whom] + told[where, 0, whom]  # type: ignore[index]
        q, _ = brain.evolve(q_o, h[where, when, who])
        found = self._odds(q + self.see_pair(pairs[both]), PREDICATE, self.binary_threshold)
        binary = found.new_full((b, t, n, n, len(self.vocabulary.binary)), IMPOSSIBLE)
        binary[both] = found
        return SceneGraph(
            self.vocabulary,
            classes.log_softmax(-1).reshape(b, n, -1),
            unary,
            binary,
            present,
            lengths,
            objects,
            fps,
        )

    def _odds(self, q: Tensor, role: str, threshold: Tensor) -> Tensor:
        """Log-odds [..., K]: the score of each index, each a question of its own, less its threshold."""
        n = scores(activate(q, self.brain.act), self.brain.bank(role), self.brain.score)
        return self.brain.scale(role) * n - threshold
