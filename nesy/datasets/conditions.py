"""Pre- and post-conditions of action templates, from a PDDL domain such as GPA's for Something-Something.

Grounding Predicates through Actions (Migimatsu and Bohg, ICRA 2022) writes one PDDL action for each of the 174
templates, with the template in a comment above it. Here such a file becomes specs: ``pre`` at some time, and ``post``
then or later. The file itself is not part of this package; put it beside the labels as ``domain.pddl``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from nesy.datasets.names import name_of
from nesy.datasets.text import text_of
from nesy.errors import DataError

Tree = str | list["Tree"]
HAND = "hand"


@dataclass(frozen=True)
class Literal:
    """A predicate of parameters (``?a``) or constants, or its negation; ``=`` is equality."""

    name: str
    arguments: tuple[str, ...]
    positive: bool


@dataclass(frozen=True)
class Action:
    """One template: the names of its parameters and the facts before and after."""

    template: str
    parameters: tuple[str, ...]
    before: tuple[Literal, ...]
    after: tuple[Literal, ...]

    def spec(self, classes: Sequence[str | None]) -> str:
        """The formula ``eventually (pre and eventually post)`` for objects of these classes (None: any object).

        Facts about the hand are about some object of class ``hand``: a negated one says that no hand does so.
        """
        variables = {p: f"x{i + 1}" for i, p in enumerate(self.parameters)}
        bindings = [
            f"x{i + 1}" + (f": {kind}" if kind else "")
            for i, kind in enumerate([*classes, *[None] * len(self.parameters)][: len(self.parameters)])
        ]
        before, after = (
            " and ".join(_text(x, variables) for x in part) or "true" for part in (self.before, self.after)
        )
        body = f"eventually (({before}) and eventually ({after}))"
        return f"exists {', '.join(bindings)} {{ {body} }}" if bindings else body


def _text(literal: Literal, variables: Mapping[str, str]) -> str:
    if literal.name == "=":
        a, b = (variables[x] for x in literal.arguments)
        return f"{a} = {b}" if literal.positive else f"{a} != {b}"
    name = "visible" if literal.name == "visible" else name_of(literal.name.removeprefix("is-"))
    text = f"{name}({', '.join('h' if x == HAND else variables[x] for x in literal.arguments)})"
    if HAND in literal.arguments:
        text = f"(exists h: {HAND} {{ {text} }})"
    return text if literal.positive else f"not {text}"


def plain_template(text: str) -> str:
    """A template without brackets, in lower case: how a comment and a label's ``template`` are matched."""
    return " ".join(re.sub(r"[\[\]]", "", text).lower().split())


def read_conditions(path: Path) -> dict[str, Action]:
    """The actions of a PDDL domain by their plain template.

    Understood are conjunctions of literals; an action with anything else in it is refused by name.

    Raises:
        DataError: not readable as PDDL.
    """
    source = text_of(path)
    titles = re.findall(r"^[ \t]*;\s*\d*\s*([^\n]+)\n\s*\(:action\s+(\S+)", source, re.MULTILINE)
    title_of = {name: plain_template(title) for title, name in titles}
    try:
        (tree,) = _parse(re.sub(r";[^\n]*", "", source))
        actions = [x for x in tree if isinstance(x, list) and x and x[0] == ":action"]
        if not actions:
            raise ValueError("no (:action ...)")
        out = {}
        for parts in actions:
            name = str(parts[1])
            fields = {str(k): v for k, v in zip(parts[2::2], parts[3::2], strict=True)}
            parameters = tuple(str(x) for x in fields.get(":parameters", []) if str(x).startswith("?"))
            before, after = (_literals(fields.get(key, []), name) for key in (":precondition", ":effect"))
            title = title_of.get(name, name)
            out[title] = Action(title, parameters, before, after)
    except (OverflowError, ValueError, TypeError, IndexError, RecursionError) as e:
        raise DataError(f"{path} is not a PDDL domain of actions: {e}") from e
    return out


def _literals(tree: Tree, action: str) -> tuple[Literal, ...]:
    if not tree:
        return ()
    if isinstance(tree, str):
        raise ValueError(f"action {action}: {tree} is no condition")
    if tree[0] == "and":
        return tuple(x for part in tree[1:] for x in _literals(part, action))
    positive = tree[0] != "not"
    inner = tree if positive else tree[1]
    if not isinstance(inner, list) or not all(isinstance(x, str) for x in inner):
        raise ValueError(f"action {action}: only conjunctions of literals are understood")
    return (Literal(str(inner[0]), tuple(str(x) for x in inner[1:]), positive),)


def _parse(text: str) -> list[Tree]:
    """S-expressions of a text."""
    stack: list[list[Tree]] = [[]]
    for token in re.findall(r"[()]|[^\s()]+", text):
        if token == "(":
            stack.append([])
        elif token == ")":
            if len(stack) == 1:
                raise ValueError("a `)` too many")
            done = stack.pop()
            stack[-1].append(done)
        else:
            stack[-1].append(token)
    if len(stack) != 1:
        raise ValueError("a `(` is not closed")
    return stack[0]
