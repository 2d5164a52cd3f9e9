"""A whole task, read from one ``.dsl`` file: domain, data, extractor, perception and training settings."""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from nesy.dsl.ast import Formula
from nesy.dsl.check import CheckedModule, check_formula, check_module
from nesy.dsl.parser import load, parse_formula
from nesy.errors import DataError, ErrorGroup, NesyError, SpecTypeError, did_you_mean
from nesy.own import own_mistakes
from nesy.perception import PredicateModel, backends
from nesy.predicates import build, vocabulary_of
from nesy.reasoners.temporal.exclusive import exclusive_groups
from nesy.scenegraph import Vocabulary
from nesy.training.blocks import extractor_name, mistakes, wants_proposals
from nesy.training.settings import TrainSettings, read_settings


@dataclass(frozen=True)
class Task:
    """What ``nesy train`` does.

    checked: the file's module, checked.
    vocabulary: classes, learned predicates and behind them the declared ones whose facts Python code computes.
    data, captions, perception: name (or path) and settings of each stage.
    train: how to train.
    proposals: also learn to find objects in videos that come without boxes (nesy.perception.proposals).
    """

    checked: CheckedModule
    vocabulary: Vocabulary
    data: tuple[str, dict[str, Any]]
    captions: tuple[str, dict[str, Any]]
    perception: tuple[str, dict[str, Any]]
    train: TrainSettings
    proposals: bool = False

    def model(self) -> PredicateModel:
        """A fresh model of the perception block; facts that the constraints exclude are exclusive in it."""
        name, settings = self.perception
        with warnings.catch_warnings():  # a task may have no class, or no binary predicate
            warnings.filterwarnings("ignore", message="Initializing zero-element")
            with own_mistakes(backends[name]):
                model = build(backends[name], self.vocabulary, settings, self.checked.signature.predicates)
        model.groups = exclusive_groups(self.checked.constraints, self.vocabulary)
        return model

    def settings(self) -> dict[str, Any]:
        """All stages as JSON-like data."""
        return {
            "data": {"name": self.data[0], **self.data[1]},
            "captions": {"extractor": self.captions[0], **self.captions[1]},
            "perception": {"name": self.perception[0], "proposals": self.proposals, **self.perception[1]},
            "train": _plain(self.train),
        }

    def extractor(self) -> Callable[[str], Formula]:
        """Caption -> spec, checked against the domain; raises NesyError with the reason for a refusal."""
        from nesy.synthesis import extractors

        name, settings = self.captions
        with own_mistakes(extractors[name]):
            extract = extractors[name](self.vocabulary, settings)
        cache: dict[str, Formula | NesyError] = {}

        def spec_of(caption: str) -> Formula:
            if caption not in cache:
                (found,) = extract.extract([caption])
                if found.formula is None:
                    cache[caption] = DataError(f"no spec for the caption {caption!r}: {found.reason}")
                else:
                    try:
                        check_formula(found.formula, self.checked.signature)
                        cache[caption] = found.formula
                    except NesyError as e:
                        cache[caption] = e
            answer = cache[caption]
            if isinstance(answer, NesyError):
                raise answer
            return answer

        return spec_of


def given_spec(task: Task) -> Callable[[str], Formula]:
    """The formula that a dataset gives in place of a caption, checked against the domain; NesyError if it is none."""

    def read(text: str) -> Formula:
        formula = parse_formula(text)
        check_formula(formula, task.checked.signature)
        return formula

    return read


def read_task(path: Path | str, overrides: list[str] | None = None) -> Task:
    """Read and check a task file; ``overrides`` are ``train.epochs=3``-like changes.

    Raises:
        NesyError: everything that is wrong with the file, with its place; unknown settings; unknown components.
    """
    checked = check_module(load(path))
    signature = checked.signature
    learned = Vocabulary(signature.classes, signature.unary, signature.binary)
    vocabulary = vocabulary_of(learned, signature.predicates)
    wrong = list(mistakes(checked, vocabulary))
    if wrong:
        raise ErrorGroup(wrong)
    values: dict[str, dict[str, Any]] = {
        kind: dict(checked.blocks[kind].settings.as_dict()) if kind in checked.blocks else {}
        for kind in ("data", "captions", "perception", "train")
    }
    names = {kind: checked.blocks[kind].name for kind in checked.blocks}
    for override in overrides or []:
        _override(values, names, override)
    if "data" not in names or names["data"] is None:
        raise SpecTypeError(f"{path} names no data to learn from", hint='add a block: data "platformer" { clips: 600 }')
    extractor = extractor_name(values["captions"])
    proposals = wants_proposals(values["perception"])
    task = Task(
        checked,
        vocabulary,
        (names["data"], values["data"]),
        (extractor, values["captions"]),
        (names.get("perception") or "tiny", values["perception"]),
        read_settings(values["train"]),
        proposals,
    )
    task.model()  # unknown backends and settings are reported before any work is done
    from nesy.synthesis import extractors

    extractors[extractor](vocabulary, dict(values["captions"]))
    return task


def with_train(task: Task, **changes: Any) -> Task:
    """The same task with other training settings."""
    return replace(task, train=replace(task.train, **changes))


def _override(values: dict[str, dict[str, Any]], names: dict[str, str | None], text: str) -> None:
    key, equals, value = text.partition("=")
    stage, *path = key.strip().split(".")
    if not equals or stage not in values or not path:
        raise SpecTypeError(
            f"cannot understand the setting {text!r}",
            expected=["train.epochs=3", "data.clips=200", "perception.width=32"],
            hint=did_you_mean(stage, values),
        )
    try:
        parsed: Any = json.loads(value)
    except ValueError:
        parsed = value  # a bare word is a text
    where = values[stage]
    for step in path[:-1]:
        where = where.setdefault(step, {})
        if not isinstance(where, dict):
            raise SpecTypeError(f"{key}: `{step}` is not a block")
    where[path[-1]] = parsed
    names.setdefault(stage, None)


def _plain(settings: TrainSettings) -> dict[str, Any]:
    out = dict(vars(settings))
    out["loss"] = dict(vars(settings.loss))
    out["contrasts"] = list(settings.contrasts)
    return out
