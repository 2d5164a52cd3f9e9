"""Programs of the field in the Scallop language, ready to load: ``read("sum2")``."""

from __future__ import annotations

from importlib.resources import files

from nesy.errors import DataError, did_you_mean

NAMES = ("sum2", "sum3", "sum4", "less_than", "addition", "hwf", "pathfinder", "pacman", "kinship", "alignment")


def read(name: str) -> str:
    """The text of a program."""
    if name not in NAMES:
        raise DataError(f"there is no program `{name}`", expected=NAMES, hint=did_you_mean(name, NAMES))
    return files(__package__ or __name__).joinpath(f"{name}.scl").read_text(encoding="utf-8")
