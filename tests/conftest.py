"""What one test registers is not there for the next one in the same process."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from nesy.datasets.base import datasets
from nesy.perception import backends
from nesy.predicates import declare
from nesy.synthesis.base import extractors


@pytest.fixture(autouse=True)
def _nothing_stays() -> Iterator[None]:
    """Predicates, models, extractors and datasets that a test, or a snippet it runs, declares end with it."""
    kept: list[tuple[dict[Any, Any], dict[Any, Any]]] = [
        (x, dict(x)) for x in (declare._known, declare._loaded, backends._items, extractors._items, datasets._items)
    ]
    yield
    for names, before in kept:
        names.clear()
        names.update(before)
