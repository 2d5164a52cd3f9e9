"""What is wrong with a task's blocks, all at once: names that are not registered, settings that there are not.

Each block is read by what will use it, one mistake after the other: the setting that a message names is laid aside and
the rest is read again. Nothing is opened, loaded or made: whether files are there is seen when they are needed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

from nesy.datasets.base import Format, datasets
from nesy.datasets.opening import format_of, unknown_dataset
from nesy.dsl import ast
from nesy.dsl.check import CheckedModule
from nesy.errors import NesyError, Span, SpecTypeError
from nesy.own import OwnCodeError, own_mistakes
from nesy.perception import backends
from nesy.perception.options import only_options
from nesy.scenegraph import Vocabulary
from nesy.training.settings import read_settings

Read = Callable[[dict[str, Any]], object]
"""Raises NesyError for the first mistake in the settings of a block."""

NO_NAME, NO_SETTING = "E090", "E091"


def mistakes(checked: CheckedModule, vocabulary: Vocabulary) -> Iterator[NesyError]:
    """Every mistake in the blocks of a module, with its place."""
    readers: dict[str, Callable[[ast.Block, Vocabulary], Read | None]] = {
        "data": _data, "captions": _captions, "perception": _perception, "train": lambda _, __: read_settings
    }  # fmt: skip
    for kind, block in checked.blocks.items():
        try:
            with own_mistakes():
                read = readers[kind](block, vocabulary)
        except NesyError as e:
            yield _placed(e, block.span, checked, NO_NAME)
            continue
        if read is not None:
            yield from _one_by_one(read, block, checked)


def _one_by_one(read: Read, block: ast.Block, checked: CheckedModule) -> Iterator[NesyError]:
    left = block.settings.as_dict()
    while True:
        try:
            with own_mistakes():
                read(left)
            return
        except NesyError as e:
            path = _named(e.message, left)
            if path is None:
                if isinstance(e, OwnCodeError):
                    yield e
                return  # about something that is not written here: a file, a package
            yield _placed(e, _span(block.settings, path) or block.span, checked, NO_SETTING)
            _remove(left, path)


def _named(message: str, settings: dict[str, Any]) -> tuple[str, ...] | None:
    """The path of the setting that a message is about; the last part of it stands in the message."""
    for key, value in settings.items():
        inner = _named(message, value) if isinstance(value, dict) else None
        if inner is not None:
            return (key, *inner)
        if re.search(rf"(`|\.){re.escape(key)}(`| is| must)|^{re.escape(key)}: ", message):
            return (key,)
    return None


def _span(settings: ast.Settings, path: tuple[str, ...]) -> Span | None:
    for i, (key, value) in enumerate(settings.items):
        if key == path[0]:
            inner = _span(value, path[1:]) if len(path) > 1 and isinstance(value, ast.Settings) else None
            return inner or (settings.spans[i] if settings.spans else settings.span)
    return None


def _remove(settings: dict[str, Any], path: tuple[str, ...]) -> None:
    for key in path[:-1]:
        settings = settings[key]
    del settings[path[-1]]


def _placed(e: NesyError, span: Span | None, checked: CheckedModule, code: str) -> NesyError:
    if isinstance(e, OwnCodeError):
        return e
    source = checked.module.source or None
    return SpecTypeError(e.message, span=span, source=source, expected=e.expected, hint=e.hint, code=code)


def _data(block: ast.Block, vocabulary: Vocabulary) -> Read | None:
    if block.name is None:
        raise SpecTypeError(
            "the data block names no dataset", hint='write data "platformer" { ... } or data "FOLDER" { }'
        )
    name, beside = block.name, set[str]()
    if name not in datasets:
        if not Path(name).is_dir():
            if "/" in name or "\\" in name:
                return None  # a folder that is not here
            raise unknown_dataset(name)
        name, beside = format_of(Path(name)), {"root"}
    chosen: object = datasets[name]  # one's own may be any function
    if not isinstance(chosen, Format):
        return None
    return partial(chosen.checked, without=beside)


def _captions(block: ast.Block, vocabulary: Vocabulary) -> Read:
    from nesy.synthesis import extractors

    def read(settings: dict[str, Any]) -> None:
        given = dict(settings)
        name = extractor_name(given)
        if name not in extractors:
            try:
                extractors[name]
            except NesyError as e:  # says which setting it is
                message = f"captions.extractor is {name!r}: {e.message}"
                raise SpecTypeError(message, expected=e.expected, hint=e.hint) from None
        with own_mistakes(extractors[name]):
            extractors[name](vocabulary, given)

    return read


def extractor_name(settings: dict[str, Any]) -> str:
    """Takes ``extractor`` out of a captions block's settings."""
    name = settings.pop("extractor", "rules")
    if not isinstance(name, str):
        raise SpecTypeError(f"captions.extractor is {name!r}, expected a text in quotes")
    return name


def _perception(block: ast.Block, vocabulary: Vocabulary) -> Read:
    chosen = backends[block.name or "tiny"]

    def read(settings: dict[str, Any]) -> None:
        given = dict(settings)
        wants_proposals(given)
        with only_options(), own_mistakes(chosen):
            chosen(vocabulary, given)

    return read


def wants_proposals(settings: dict[str, Any]) -> bool:
    """Takes ``proposals`` out of a perception block's settings."""
    proposals = settings.pop("proposals", False)
    if not isinstance(proposals, bool):
        raise SpecTypeError(f"perception.proposals is {proposals!r}, expected true or false")
    return proposals
