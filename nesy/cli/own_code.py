"""``--predicates FILE.py``: the one way in which a command runs somebody's own code, and only when they name it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

OwnCode = Annotated[
    list[Path] | None,
    typer.Option("--predicates", help="A Python file of yours that declares predicates or components; it is run."),
]


def load_own(files: Sequence[Path] | None) -> None:
    """Run the files that were named."""
    from nesy.predicates import load_predicates

    for path in files or ():
        load_predicates(path)
