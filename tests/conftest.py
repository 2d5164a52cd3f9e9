"""What one test registers is not there for the next one in the same process."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from nesy.predicates import declare


@pytest.fixture(autouse=True)
def predicates_of_one_test() -> Iterator[None]:
    """Custom predicates that a test declares end with it."""
    known, loaded = dict(declare._known), dict(declare._loaded)
    yield
    for kept, before in ((declare._known, known), (declare._loaded, loaded)):
        kept.clear()
        kept.update(before)
