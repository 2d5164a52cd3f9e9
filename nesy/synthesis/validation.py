"""A text that somebody claims to be a spec: parsed and checked, or refused with a diagnostic. Nothing is trusted."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass

from nesy.dsl.ast import Formula
from nesy.dsl.check import check_formula
from nesy.dsl.diagnostics import CODES, flatten
from nesy.dsl.elaborate import Elaborator
from nesy.dsl.parser import parse_formula
from nesy.dsl.printer import to_text
from nesy.dsl.signature import Signature
from nesy.errors import NesyError
from nesy.synthesis.vocabulary import OpenDomain

ANSWER_LENGTH = 20_000
"""Longest answer that is looked at, in characters."""
NOTHING = "nothing that the domain can say"
"""The reason where a model answers that there is nothing to say: not a fault of the answer."""
FENCE = re.compile(r"\A```[A-Za-z]*[ \t]*\n(.*?)\n?```\Z", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Fault:
    """Why a text is no spec: the same few words for all texts with that fault, and the whole diagnostic."""

    reason: str
    diagnostic: str


def spec_of_answer(raw: str) -> str | Fault:
    """The formula's text in a model's answer: the answer itself, or the value of ``spec`` where it is a JSON object.

    One code fence around the whole answer is taken off. Nothing else is repaired.

    >>> spec_of_answer('{"spec": "eventually true"}')
    'eventually true'
    """
    text = raw.strip()
    fenced = FENCE.match(text)
    if fenced:
        text = fenced[1].strip()
    if not text:
        return Fault("an empty answer", "The answer is empty; a formula was expected.")
    if len(text) > ANSWER_LENGTH:
        return Fault("an answer that is too long", f"The answer has more than {ANSWER_LENGTH:,} characters.")
    if not text.startswith("{"):
        return text
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as e:
        return Fault("an answer that is not JSON", f"The answer is not valid JSON: {e}.")
    if isinstance(value, dict) and "spec" in value and value["spec"] is None:
        return Fault(NOTHING, "The model says that the names of the domain cannot express the caption.")
    if not isinstance(value, dict) or not isinstance(value.get("spec"), str):
        return Fault("an answer without `spec`", 'The answer must be one JSON object {"spec": "<formula>"}.')
    return value["spec"].strip() or Fault("an empty answer", "The value of `spec` is empty.")


def validate(text: str, signature: Signature) -> Formula | Fault:
    """The formula of ``text`` if it parses, checks, unfolds within the limits and can be written down again.

    In an :class:`OpenDomain` every name is known, in one role and with the arguments that it has in this formula.

    >>> validate("exists c: cat { eventually jumping(c) }", Signature.of(classes=["dog"], unary=["jumping"])).reason
    'an unknown class'
    """
    try:
        formula = parse_formula(text, "<answer>")
        if isinstance(signature, OpenDomain):
            signature = signature.around(formula)
        check_formula(formula, signature, source=text)
        Elaborator(signature, text).elaborate(formula)
        if parse_formula(to_text(formula)) != formula:
            return Fault("a formula that cannot be written down", "The formula is not in a form that can be printed.")
    except NesyError as error:
        return fault_of(error)
    except RecursionError:
        return Fault(CODES["E013"], "The formula is nested too deeply.")
    return formula


def fault_of(error: NesyError) -> Fault:
    """The fault that an error of the parser or the checker is; of several errors the first one names it."""
    first = next(flatten(error), error)
    reason = CODES.get(first.code or "", "a formula that does not check")
    return Fault("it does not parse: " + reason if (first.code or "") < "E020" and first.code else reason, str(error))
