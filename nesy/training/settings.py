"""The ``train { ... }`` block as data: every key, its default and what it accepts."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from importlib.util import find_spec
from typing import Any, Literal, get_args

from nesy.errors import SpecTypeError, did_you_mean

Supervision = Literal["captions", "labels", "multiple-instance"]


@dataclass(frozen=True)
class LossWeights:
    """How much each loss counts. A weight of 0 leaves the loss out."""

    alignment: float = 1.0
    contrastive: float = 1.0
    discrimination: float = 0.0
    temporal: float = 0.0
    semantic: float = 0.1
    words: float = 0.1


@dataclass(frozen=True)
class TrainSettings:
    """How to train.

    epochs, batch (clips a step), learning_rate (peak; linear warm-up, cosine decay), weight_decay, seed.
    supervision: what is learned from: captions; frame ``labels`` (of a share ``label_share`` of the training clips);
        or the ``multiple-instance`` baseline (a caption's predicates, each somewhere in the clip).
    contrasts: what a clip is contrasted with in each step: other, nameless, reordered (nesy.training.contrasts).
    window: events of a caption asked at once at most; a random subsequence in each step (nesy.training.windows).
    assignments: bindings of a spec's variables that are followed (the most probable ones).
    loss: the weights.
    device: ``auto`` takes a GPU when there is one.
    checkpoint_every: epochs between checkpoints.
    tensorboard: also write the losses for TensorBoard, into ``tensorboard/`` of the run.
    """

    epochs: int = 30
    batch: int = 16
    learning_rate: float = 3e-3
    weight_decay: float = 1e-4
    seed: int = 0
    supervision: Supervision = "captions"
    label_share: float = 1.0
    contrasts: tuple[str, ...] = ("other", "nameless", "reordered")
    window: int = 4
    assignments: int = 8
    loss: LossWeights = field(default_factory=LossWeights)
    device: str = "auto"
    checkpoint_every: int = 1
    tensorboard: bool = False


def read_settings(values: dict[str, Any], where: str = "train") -> TrainSettings:
    """Settings from a block; unknown keys and wrong types are errors that name the nearest key or the right type."""
    loss = values.get("loss", {})
    if not isinstance(loss, dict):
        raise SpecTypeError(f"{where}.loss must be a block {{ alignment: 1, ... }}")
    plain = _fill(TrainSettings, {k: v for k, v in values.items() if k != "loss"}, where, skip=("loss",))
    settings = TrainSettings(**plain, loss=LossWeights(**_fill(LossWeights, loss, f"{where}.loss")))
    if settings.supervision not in get_args(Supervision):
        raise SpecTypeError(
            f"{where}.supervision is {settings.supervision!r}",
            expected=get_args(Supervision),
            hint=did_you_mean(settings.supervision, get_args(Supervision)),
        )
    for key in ("epochs", "batch", "window", "assignments", "checkpoint_every"):
        if getattr(settings, key) < 1:
            raise SpecTypeError(f"{where}.{key} is {getattr(settings, key)}, expected at least 1")
    if not settings.learning_rate > 0:
        raise SpecTypeError(f"{where}.learning_rate is {settings.learning_rate}, expected more than 0")
    if settings.tensorboard and find_spec("tensorboard") is None:
        raise SpecTypeError(
            f"{where}.tensorboard needs a package that is not here", hint="pip install 'nesy[tensorboard]'"
        )
    if not 0 < settings.label_share <= 1:
        raise SpecTypeError(f"{where}.label_share is {settings.label_share}, expected a share in (0, 1]")
    return settings


def _fill(kind: type, values: dict[str, Any], where: str, skip: tuple[str, ...] = ()) -> dict[str, Any]:
    known = {f.name: f for f in fields(kind) if f.name not in skip}
    out: dict[str, Any] = {}
    for key, value in values.items():
        if key not in known:
            raise SpecTypeError(f"`{where}` has no setting `{key}`", expected=known, hint=did_you_mean(key, known))
        default = known[key].default
        wanted = type(default)
        if wanted is float and isinstance(value, int) and not isinstance(value, bool):
            value = float(value)
        if not isinstance(value, wanted) or (wanted is not bool and isinstance(value, bool)):
            raise SpecTypeError(f"{where}.{key} is {value!r}, expected {_WORDS[wanted]}")
        out[key] = value
    return out


_WORDS: dict[type, str] = {int: "a whole number", float: "a number", str: "a text in quotes", bool: "true or false"}
