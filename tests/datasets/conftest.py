from __future__ import annotations

from pathlib import Path

import pytest

from nesy.datasets.platformer import make_platformer


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small platformer dataset on disk, made once."""
    out = tmp_path_factory.mktemp("platformer") / "data"
    make_platformer(out, 30, seed=3)
    return out
