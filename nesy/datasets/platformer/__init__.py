"""A simulated side-scrolling platform game with exact scene graphs and captions in MUGEN's two styles."""

from nesy.datasets.platformer.make import make_platformer
from nesy.datasets.platformer.vocabulary import DEFINITIONS, VOCABULARY

__all__ = ["DEFINITIONS", "VOCABULARY", "make_platformer"]
