"""Ask, check, hand the diagnostic back, ask again: the conversation about one caption, whoever carries it.

The conversation is a generator: it yields the messages to send and is sent the model's answer, so that the same code
serves servers (asynchronously) and local models (in batches).
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass

from nesy.dsl.ast import Formula
from nesy.dsl.parser import parse_formula
from nesy.dsl.printer import to_text
from nesy.dsl.signature import Signature
from nesy.errors import NesyError
from nesy.synthesis.base import Extraction
from nesy.synthesis.normalize import Mapped, Normaliser
from nesy.synthesis.prompt import Message, Prompt, complaint
from nesy.synthesis.validation import NOTHING, Fault, spec_of_answer, validate

Conversation = Generator[list[Message], str, Extraction]
NORMALISED = "words were read as names of the domain"


@dataclass(frozen=True)
class Judge:
    """Decides whether an answer is a spec of a domain.

    normaliser: maps unknown words to the domain's names; None to refuse them.
    """

    signature: Signature
    normaliser: Normaliser | None = None

    def judge(self, raw: str) -> tuple[Formula, tuple[Mapped, ...]] | Fault:
        """The checked formula of an answer and the words that were mapped, or what is wrong with it."""
        text = spec_of_answer(raw)
        if isinstance(text, Fault):
            return text
        found = validate(text, self.signature)
        if not isinstance(found, Fault):
            return found, ()
        if self.normaliser is None:
            return found
        try:
            formula, mapped = self.normaliser.apply(parse_formula(text, "<answer>"))
        except NesyError:
            return found
        again = validate(to_text(formula), self.signature) if mapped else found
        return found if isinstance(again, Fault) else (again, mapped)


def converse(caption: str, prompt: Prompt, judge: Judge, tries: int) -> Conversation:
    """The conversation about one caption, of at most ``tries`` answers.

    The raw text of the result is the last answer; refused ones before it are among the notes.
    """
    if not caption.strip():
        return Extraction(caption, None, "rejected", "empty caption")
    messages = prompt.messages(caption)
    notes: list[str] = []
    first: Fault | None = None
    raw = ""
    fault = Fault("no answer", "There is no answer.")
    for _ in range(tries):
        raw = yield messages
        judged = judge.judge(raw)
        if not isinstance(judged, Fault):
            formula, mapped = judged
            notes += [str(m) for m in mapped]
            reason = f"first answer: {first.reason}" if first else NORMALISED if mapped else ""
            return Extraction(caption, formula, "repaired" if reason else "accepted", reason, tuple(notes), raw)
        fault = judged
        if fault.reason == NOTHING:
            break
        first = first or fault
        notes.append(f"refused: {raw[:500]} ({fault.diagnostic[:500]})")
        messages = [*messages, {"role": "assistant", "content": raw}, {"role": "user", "content": complaint(fault)}]
    return Extraction(caption, None, "rejected", fault.reason, tuple(notes), raw)
