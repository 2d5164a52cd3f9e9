"""Examples for a prompt, made of a domain's own names; every one is parsed and checked when it is made."""

from __future__ import annotations

from dataclasses import dataclass

from nesy.dsl.printer import to_text
from nesy.dsl.signature import Signature
from nesy.errors import SpecTypeError
from nesy.synthesis.validation import Fault, validate


@dataclass(frozen=True, slots=True)
class Shot:
    """A caption and its spec in canonical form."""

    caption: str
    spec: str


# Caption and formula; c, d: classes, u, v, w: unary, r, s: binary predicates; {C} has an article, {c_} is the name.
_TEMPLATES = (
    ("{C} is {u}.", "exists x: {c_} {{ eventually {u_}(x) }}"),
    ("{C} is {r} {D}.", "exists x: {c_}, y: {d_} {{ eventually {r_}(x, y) }}"),
    ("{C} is {u}, and then it is {v}.", "exists x: {c_} {{ {u_}(x) then {v_}(x) }}"),
    ("{C} is {r} {D}. Later the {c} is {s} it.", "exists x: {c_}, y: {d_} {{ {r_}(x, y) then {s_}(x, y) }}"),
    ("{C} is {u} while it is {r} {D}.", "exists x: {c_}, y: {d_} {{ eventually ({u_}(x) and {r_}(x, y)) }}"),
    ("{D} is {u} or {v}, but it is never {w}.",
     "exists x: {d_} {{ eventually ({u_}(x) or {v_}(x)) and always not {w_}(x) }}"),
    ("Before {C} is {v}, {D} is {u}. Then the {d} is {u} again.",
     "exists x: {d_}, y: {c_} {{ {u_}(x) then {v_}(y) then {u_}(x) }}"),
    ("{C} is {u} until it is {v}.", "exists x: {c_} {{ eventually ({u_}(x) and ({u_}(x) until {v_}(x))) }}"),
    ("Two {c} objects are {u} and one of them is {r} the other.",
     "exists x: {c_}, y: {c_} {{ x != y and eventually ({u_}(x) and {u_}(y)) and eventually {r_}(x, y) }}"),
    ("Nothing is {u}. {C} is {r} {D} for the whole clip.",
     "(forall x {{ always not {u_}(x) }}) and exists x: {c_}, y: {d_} {{ always {r_}(x, y) }}"),
    ("At least three {c} objects are {u} in the first half.",
     "exists at least 3 x: {c_} {{ eventually[0%, 50%] {u_}(x) }}"),
)  # fmt: skip


def shots(signature: Signature, most: int = len(_TEMPLATES)) -> list[Shot]:
    """Up to ``most`` examples in the words of a domain, the plainest first.

    A domain that lacks what a template needs (a class, a predicate of that kind) leaves that template out.

    Raises:
        SpecTypeError: an example does not check; a fault of the template, never of the domain.
    """
    made: list[Shot] = []
    for i, (caption, spec) in enumerate(_TEMPLATES):
        words = _words(signature, i)
        try:
            said, meant = caption.format(**words), spec.format(**words)
        except KeyError:
            continue
        checked = validate(meant, signature)
        if isinstance(checked, Fault):
            raise SpecTypeError(f"the example `{meant}` does not check: {checked.diagnostic}")
        made.append(Shot(". ".join(x[:1].upper() + x[1:] for x in said.split(". ")), to_text(checked)))
        if len(made) == most:
            break
    return made


def _words(signature: Signature, i: int) -> dict[str, str]:
    """Names for one template, other ones for another; a kind with too few names leaves its letters out."""
    words: dict[str, str] = {}
    rows = (
        (("c", "d"), signature.classes, 2),
        (("u", "v", "w"), signature.unary, 3),
        (("r", "s"), signature.binary, 2),
    )
    for letters, names, step in rows:
        for k, letter in enumerate(letters):
            if k < len(names):
                name = names[(i * step + k) % len(names)]
                words[letter + "_"] = name
                words[letter] = name.replace("_", " ")
                words[letter.upper()] = article(words[letter])
    if "d_" not in words and "c_" in words:
        words.update({"d": words["c"], "d_": words["c_"], "D": f"another {words['c']}"})
    return words


def article(noun: str) -> str:
    """``a dog``, ``an owl``."""
    return ("an " if noun[:1].lower() in "aeiou" else "a ") + noun
