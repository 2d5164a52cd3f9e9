"""The extractor ``transformers``: a causal language model on this machine, bound to the domain's grammar."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from nesy.dsl.signature import Signature
from nesy.errors import NesyError
from nesy.synthesis.base import Extraction, Names, SpecExtractor, checked_settings, extractors
from nesy.synthesis.dialogue import Conversation, Judge, converse
from nesy.synthesis.encoder import similarity_of
from nesy.synthesis.llm.grammar import SpecGrammar
from nesy.synthesis.normalize import Normaliser
from nesy.synthesis.prompt import Message, Prompt
from nesy.synthesis.vocabulary import signature_of

if TYPE_CHECKING:
    from nesy.synthesis.llm.decoder import Decoder, Speed

DEFAULTS: dict[str, object] = {
    "model": "", "device": "cpu", "dtype": "auto", "constrained": True, "batch": 8, "tries": 2, "examples": 5,
    "objects": 3, "events": 4, "facts": 3, "max_tokens": 128, "normalise": True, "encoder": "auto",
}  # fmt: skip


class Local(SpecExtractor):
    """Captions to specs by a local model, in batches.

    Args:
        signature: the domain.
        decoder: the model.
        grammar: what it may say, so that every answer parses and checks; None lets it say anything, and its mistakes
            go back to it.
        prompt: the prompt; None for that of the domain.
        batch: captions at one time.
        tries: answers a caption at most. most: tokens an answer at most, without a grammar.
    """

    def __init__(
        self,
        signature: Signature,
        decoder: Decoder,
        *,
        grammar: SpecGrammar | None = None,
        prompt: Prompt | None = None,
        batch: int = 8,
        tries: int = 1,
        most: int = 128,
        normaliser: Normaliser | None = None,
    ) -> None:
        self.decoder = decoder
        self.grammar = grammar
        self.prompt = prompt or Prompt.of(signature, examples=5, as_json=False)
        self.judge = Judge(signature, normaliser)
        self.batch = batch
        self.tries = tries
        self.most = most

    @property
    def usage(self) -> Speed:
        """Tokens and seconds so far."""
        return self.decoder.speed

    def extract(self, captions: Sequence[str]) -> list[Extraction]:
        found = dict(self.stream(captions))
        return [found[i] for i in range(len(captions))]

    def stream(self, captions: Sequence[str], ids: Sequence[str] | None = None) -> Iterator[tuple[int, Extraction]]:
        """Extractions as their conversations end; the next caption takes a free place in the batch."""
        waiting = iter(enumerate(captions))
        running: list[tuple[int, Conversation, list[Message]]] = []
        while True:
            while len(running) < self.batch and (item := next(waiting, None)) is not None:
                i, caption = item
                talk = converse(caption, self.prompt, self.judge, self.tries)
                try:
                    running.append((i, talk, next(talk)))
                except StopIteration as end:
                    yield i, end.value
            if not running:
                return
            answers = self._answers([messages for _, _, messages in running])
            still: list[tuple[int, Conversation, list[Message]]] = []
            for (i, talk, _), answer in zip(running, answers, strict=True):
                try:
                    still.append((i, talk, talk.send(answer)))
                except StopIteration as end:
                    yield i, end.value
            running = still

    def _answers(self, conversations: list[list[Message]]) -> list[str]:
        if self.grammar is None:
            return self.decoder.answers(conversations, self.most)
        return self.decoder.answers(conversations, self.grammar.longest, self.grammar.text)


@extractors.register("transformers")
def make_transformers(names: Names, settings: Mapping[str, object]) -> SpecExtractor:
    """The extractor of a ``captions { extractor: "transformers", model: "FOLDER" }`` block.

    The model is a folder, a ``.gguf`` file, a name that the Hugging Face hub knows, or ``smollm2`` for a small one that
    the package index carries (:func:`nesy.synthesis.llm.weights.smollm2`). It is loaded when the first caption comes.
    """
    chosen: dict[str, Any] = checked_settings("transformers", settings, DEFAULTS)
    signature = signature_of(names)
    if not chosen["model"]:
        raise NesyError("the extractor `transformers` needs a `model`", hint='model: "FOLDER", or model: "smollm2"')
    for name in ("batch", "tries", "objects", "events", "facts", "max_tokens"):
        if chosen[name] < 1:
            raise NesyError(f"setting `{name}` of extractor `transformers` is {chosen[name]}", expected=["at least 1"])
    return Lazy(signature, chosen)


class Lazy(SpecExtractor):
    """Loads the model with the first caption, so that a task file can be checked without it."""

    def __init__(self, signature: Signature, chosen: dict[str, Any]) -> None:
        self.signature = signature
        self.chosen = chosen
        self._local: Local | None = None
        self.grammar = (
            SpecGrammar.of(signature, **{k: chosen[k] for k in ("objects", "events", "facts")})
            if chosen["constrained"]
            else None
        )

    @property
    def usage(self) -> Speed | None:
        """Tokens and seconds so far; None before the first caption."""
        return self._local.usage if self._local is not None else None

    def extract(self, captions: Sequence[str]) -> list[Extraction]:
        return self._loaded().extract(captions)

    def stream(self, captions: Sequence[str], ids: Sequence[str] | None = None) -> Iterator[tuple[int, Extraction]]:
        return self._loaded().stream(captions, ids)

    def _loaded(self) -> Local:
        if self._local is None:
            from nesy.synthesis.llm.decoder import Decoder
            from nesy.synthesis.llm.weights import smollm2

            c = self.chosen
            model = str(smollm2()) if c["model"] == "smollm2" else str(c["model"])
            self._local = Local(
                self.signature,
                Decoder.load(model, c["device"], c["dtype"]),
                grammar=self.grammar,
                prompt=Prompt.of(self.signature, examples=c["examples"], as_json=False),
                batch=c["batch"],
                tries=c["tries"],
                most=c["max_tokens"],
                normaliser=Normaliser(self.signature, similarity_of(c["encoder"])) if c["normalise"] else None,
            )
        return self._local
