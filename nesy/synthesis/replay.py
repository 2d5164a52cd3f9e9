"""The extractor ``replay``: answers recorded in a file, for tests and for training on specs that are already made."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from nesy.dsl.signature import Signature
from nesy.errors import DataError
from nesy.jobs import FAILURES
from nesy.synthesis.base import Extraction, Names, SpecExtractor, checked_settings, extractors
from nesy.synthesis.captions import json_lines
from nesy.synthesis.validation import Fault, spec_of_answer, validate
from nesy.synthesis.vocabulary import signature_of


class Replay(SpecExtractor):
    """Answers by caption, or by the caption's id.

    Args:
        signature: what the answers are checked against.
        answers: the answers by caption text; checked as a model's are.
        by_id: the same by the captions' ids, for lines that do not say the caption.
    """

    def __init__(
        self, signature: Signature, answers: Mapping[str, str], by_id: Mapping[str, str] | None = None
    ) -> None:
        self.signature = signature
        self.answers = dict(answers)
        self.by_id = dict(by_id or {})

    @classmethod
    def of_file(cls, path: Path, signature: Signature) -> Replay:
        """The answers of a jsonl file, or of all such files below a folder.

        Its lines have ``caption`` or ``id``, and ``raw`` or ``spec``. The output of ``nesy extract`` is such a file:
        where a line has a spec, that counts, else the raw answer. An id counts where a line does not say its caption.
        Of several lines about one caption the last one counts.

        Raises:
            DataError: a line without these.
        """
        answers: dict[str, str] = {}
        by_id: dict[str, str] = {}
        files = sorted(path.rglob("*.jsonl")) if path.is_dir() else [path]
        lines = ((f"{p}, line {n}", row) for p in files if p.name != FAILURES for n, row in json_lines(p))
        for place, line in lines:
            answer = line.get("spec")
            if answer is None:
                answer = line.get("raw")
            if answer is None:
                answer = "" if "status" in line else line.get("answer")
            caption, name = line.get("caption"), line.get("id")
            if not isinstance(answer, str):
                raise DataError(f"{place}: neither `spec` nor `raw` is a text")
            if isinstance(caption, str):
                answers[caption] = answer
            elif name is not None:
                by_id[str(name)] = answer
            else:
                raise DataError(f"{place}: neither `caption` nor `id`")
        return cls(signature, answers, by_id)

    def extract(self, captions: Sequence[str]) -> list[Extraction]:
        return [self._one(c, self.answers.get(c)) for c in captions]

    def stream(self, captions: Sequence[str], ids: Sequence[str] | None = None) -> Iterator[tuple[int, Extraction]]:
        for i, caption in enumerate(captions):
            answer = self.answers.get(caption)
            if answer is None and ids is not None:
                answer = self.by_id.get(ids[i])
            yield i, self._one(caption, answer)

    def _one(self, caption: str, answer: str | None) -> Extraction:
        if answer is None:
            return Extraction(caption, None, "rejected", "no recorded answer")
        text = spec_of_answer(answer)
        formula = text if isinstance(text, Fault) else validate(text, self.signature)
        if isinstance(formula, Fault):
            return Extraction(caption, None, "rejected", formula.reason, (formula.diagnostic,), answer)
        return Extraction(caption, formula, "accepted", raw=answer)


@extractors.register("replay")
def make_replay(names: Names, settings: Mapping[str, object]) -> SpecExtractor:
    """The extractor of a ``captions { extractor: "replay", file: "answers.jsonl" }`` block."""
    chosen = checked_settings("replay", settings, {"file": ""})
    if not chosen["file"]:
        raise DataError("the extractor `replay` needs a `file` of recorded answers", hint='file: "answers.jsonl"')
    return Replay.of_file(Path(str(chosen["file"])), signature_of(names))
