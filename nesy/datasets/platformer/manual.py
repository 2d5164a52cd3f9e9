"""Captions as people write them."""

from __future__ import annotations

from random import Random

from nesy.datasets.base import GroundTruth
from nesy.datasets.platformer.captions import Clause, auto_caption
from nesy.datasets.platformer.events import Event


def manual_captions(events: list[Event], truth: GroundTruth, rng: Random) -> list[tuple[str, list[Clause]]]:
    """One or two free captions of a clip."""
    text, clauses = auto_caption(events, truth, rng)
    return [(text.replace(", and ", " and "), clauses)]
