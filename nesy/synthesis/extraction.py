"""Captions through an extractor, every spec checked once more, and what became of each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from nesy.dsl.printer import to_text
from nesy.dsl.signature import Signature
from nesy.errors import DataError, NesyError
from nesy.synthesis.base import Extraction, SpecExtractor, Status
from nesy.synthesis.captions import Caption
from nesy.synthesis.validation import Fault, validate


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one caption.

    spec: the canonical text of the formula; None where ``status`` is ``rejected``.
    reason: why it was rejected or what was repaired; empty if accepted.
    raw: the answer of a language model, word for word; None if none was asked.
    """

    id: str
    caption: str
    status: Status
    spec: str | None
    reason: str = ""
    raw: str | None = None
    notes: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """The line of a results file."""
        return {
            "id": self.id,
            "status": self.status,
            "spec": self.spec,
            "reason": self.reason,
            "raw": self.raw,
            "caption": self.caption,
            "notes": list(self.notes),
        }

    @staticmethod
    def of_json(row: Mapping[str, Any]) -> Result:
        """The result that a line of a results file tells.

        Raises:
            DataError: something is missing.
        """
        try:
            notes = tuple(str(n) for n in row["notes"])
            return Result(row["id"], row["caption"], row["status"], row["spec"], row["reason"], row["raw"], notes)
        except (KeyError, TypeError) as e:
            raise DataError(f"this is no line of a results file ({e})", hint="`nesy extract` writes them") from None


def extract(
    extractor: SpecExtractor,
    captions: Sequence[Caption],
    signature: Signature,
    progress: Callable[[int, int], None] | None = None,
) -> list[Result]:
    """The results of all captions, in their order.

    signature: what every spec is checked against, whatever the extractor has checked itself.
    progress: told the number of captions done and of all captions.

    Raises:
        NesyError: the extractor cannot work at all (no server, no model); a single caption never raises.
    """
    found: dict[int, Result] = {}
    for i, result in stream(extractor, captions, signature):
        found[i] = result
        if progress is not None:
            progress(len(found), len(captions))
    missing = [i for i in range(len(captions)) if i not in found]
    if missing:
        raise NesyError(f"the extractor gave nothing for {len(missing)} captions, first `{captions[missing[0]].id}`")
    return [found[i] for i in range(len(captions))]


def stream(extractor: SpecExtractor, captions: Sequence[Caption], signature: Signature) -> Iterator[tuple[int, Result]]:
    """The results as they become ready, each with the index of its caption."""
    texts, ids = [c.text for c in captions], [c.id for c in captions]
    for i, extraction in extractor.stream(texts, ids):
        yield i, result_of(captions[i], extraction, signature)


def result_of(caption: Caption, extraction: Extraction, signature: Signature) -> Result:
    """An extraction as a result; a spec that does not check becomes a rejection."""

    def result(status: Status, spec: str | None, reason: str) -> Result:
        return Result(caption.id, caption.text, status, spec, reason, extraction.raw, extraction.notes)

    if extraction.formula is None:
        return result("rejected", None, extraction.reason)
    text = to_text(extraction.formula)
    checked = validate(text, signature)
    if isinstance(checked, Fault):
        return result("rejected", None, checked.reason)
    return result(extraction.status, text, extraction.reason)


@dataclass(frozen=True)
class Summary:
    """How many captions were accepted, repaired and rejected, and why (most frequent reason first)."""

    accepted: int
    repaired: int
    rejected: int
    repairs: dict[str, int]
    rejections: dict[str, int]

    @staticmethod
    def of(results: Iterable[Result]) -> Summary:
        counts = Counter((r.status, r.reason) for r in results)

        def reasons(which: Status) -> dict[str, int]:
            return {reason: count for (status, reason), count in counts.most_common() if status == which}

        def total(which: Status) -> int:
            return sum(reasons(which).values())

        return Summary(
            total("accepted"), total("repaired"), total("rejected"), reasons("repaired"), reasons("rejected")
        )

    def __str__(self) -> str:
        lines = [f"{self.accepted} accepted, {self.repaired} repaired, {self.rejected} rejected"]
        for head, reasons in (("repaired", self.repairs), ("rejected", self.rejections)):
            lines += [f"  {count:>5} {head}: {reason}" for reason, count in reasons.items()]
        return "\n".join(lines)
