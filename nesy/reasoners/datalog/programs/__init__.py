"""Programs of the field in the Scallop language, ready to load: ``read("sum2")``."""

from __future__ import annotations

import csv
from importlib.resources import files

from nesy.errors import DataError, did_you_mean

NAMES = ("sum2", "sum3", "sum4", "less_than", "addition", "hwf", "pathfinder", "pacman", "kinship", "alignment")


def read(name: str) -> str:
    """The text of a program."""
    if name not in NAMES:
        raise DataError(f"there is no program `{name}`", expected=NAMES, hint=did_you_mean(name, NAMES))
    return files(__package__ or __name__).joinpath(f"{name}.scl").read_text(encoding="utf-8")


def composition() -> list[tuple[str, str, str]]:
    """The 92 rules of CLUTRR: whoever is the ``second`` of one's ``first`` is one's ``result``."""
    text = files(__package__ or __name__).joinpath("composition.csv").read_text(encoding="utf-8")
    return [(a, b, c) for a, b, c in list(csv.reader(text.splitlines()))[1:]]


KINDS = (
    "daughter", "sister", "son", "aunt", "father", "husband", "granddaughter", "brother", "nephew", "mother", "uncle",
    "grandfather", "wife", "grandmother", "niece", "grandson", "son-in-law", "father-in-law", "daughter-in-law",
    "mother-in-law",
)  # fmt: skip
"""CLUTRR's relations; their positions are the numbers that ``kinship`` uses."""
