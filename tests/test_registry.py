"""A name is one component's, and a definition that is run again replaces itself."""

from __future__ import annotations

import pytest

from nesy.datasets.base import Format
from nesy.errors import NesyError
from nesy.registry import Registry


def test_a_cell_that_is_run_again_replaces_what_it_defined():
    parts: Registry[object] = Registry("part")
    for version in (1, 2):

        @parts.register("mine")
        def make() -> int:
            return version  # noqa: B023

    assert parts["mine"]() == 2  # type: ignore[operator]
    formats: Registry[Format] = Registry("dataset")
    for version in (1, 2):

        def read(settings, cache, progress):
            return None

        formats.register("mine")(Format(f"version {version}", {}, read))
    assert formats["mine"].summary == "version 2"


def test_a_name_of_another_component_is_refused():
    parts: Registry[object] = Registry("part")
    parts.register("mine")(len)
    parts.register("number")(7)
    for name, other in (("mine", max), ("number", 7)):
        with pytest.raises(NesyError, match=f"part `{name}` is registered twice") as caught:
            parts.register(name)(other)
        assert caught.value.hint == "give yours another name"
    assert parts["mine"] is len
