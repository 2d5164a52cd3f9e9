"""The texts by which classes and predicates are asked of an encoder with a text side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from nesy.errors import DataError, did_you_mean
from nesy.scenegraph import Vocabulary

TEMPLATES: dict[str, tuple[str, ...]] = {
    "class": ("a photo of a {}.", "a picture of a {} in a video."),
    "unary": ("a photo of something that is {}.", "something is {}."),
    "binary": ("the red thing is {} the blue thing.", "something red {} something blue."),
}
NEGATION: dict[str, str] = {
    "unary": "a photo of something that is not {}.",
    "binary": "the red thing is not {} the blue thing.",
}


@dataclass(frozen=True)
class Prompts:
    """One or more texts for every name, in the vocabulary's order; ``absent`` are the texts of its contrary."""

    classes: tuple[tuple[str, ...], ...]
    unary: tuple[tuple[str, ...], ...]
    binary: tuple[tuple[str, ...], ...]
    absent_unary: tuple[tuple[str, ...], ...]
    absent_binary: tuple[tuple[str, ...], ...]


def prompts_for(
    vocabulary: Vocabulary,
    own: Mapping[str, object],
    templates: Mapping[str, object],
    negations: Mapping[str, object],
) -> Prompts:
    """The texts of a vocabulary.

    Args:
        own: text of a name, where the templates do not do; used alone and as it is.
        templates: for ``class``, ``unary`` or ``binary``: one text with ``{}``, or several separated by ``|``.
        negations: the same for the contrary, ``unary`` and ``binary``; or of a name.

    Raises:
        DataError: a text that is none, a template without ``{}``, or a name that the task does not have.
    """
    names = [*vocabulary.classes, *vocabulary.unary, *vocabulary.binary]
    _known("prompts", own, names)
    _known("templates", templates, list(TEMPLATES))
    _known("negations", negations, [*NEGATION, *vocabulary.unary, *vocabulary.binary])

    def texts(group: str, name: str) -> tuple[str, ...]:
        if name in own:
            return tuple(x.strip() for x in str(own[name]).split("|"))
        patterns = _patterns("templates", group, templates.get(group), TEMPLATES[group])
        return tuple(p.replace("{}", name.replace("_", " ")) for p in patterns)

    def absent(group: str, name: str) -> tuple[str, ...]:
        if name in negations:
            return tuple(x.strip() for x in str(negations[name]).split("|"))
        patterns = _patterns("negations", group, negations.get(group), (NEGATION[group],))
        return tuple(p.replace("{}", name.replace("_", " ")) for p in patterns)

    return Prompts(
        tuple(texts("class", n) for n in vocabulary.classes),
        tuple(texts("unary", n) for n in vocabulary.unary),
        tuple(texts("binary", n) for n in vocabulary.binary),
        tuple(absent("unary", n) for n in vocabulary.unary),
        tuple(absent("binary", n) for n in vocabulary.binary),
    )


def _known(setting: str, given: Mapping[str, object], names: Sequence[str]) -> None:
    for name, text in given.items():
        if name not in names:
            raise DataError(
                f"perception.{setting} has a text for `{name}`, which the task does not have",
                expected=names,
                hint=did_you_mean(name, names),
            )
        if not isinstance(text, str) or not text.strip():
            raise DataError(f"perception.{setting}.{name} is {text!r}, expected a text in quotes")


def _patterns(setting: str, group: str, given: object, default: Sequence[str]) -> Sequence[str]:
    if given is None:
        return default
    patterns = [x.strip() for x in str(given).split("|")]
    for pattern in patterns:
        if "{}" not in pattern:
            raise DataError(
                f"perception.{setting}.{group} is {pattern!r}", expected=["a text with {} in the name's place"]
            )
    return patterns
