"""The extractor ``openai``: captions to specs by any OpenAI-compatible server, many at once, resumable."""

from __future__ import annotations

import asyncio
import contextlib
import os
import queue
import threading
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from nesy.dsl.signature import Signature
from nesy.errors import NesyError
from nesy.synthesis.base import Extraction, Names, SpecExtractor, checked_settings, extractors
from nesy.synthesis.dialogue import Judge, converse
from nesy.synthesis.encoder import similarity_of
from nesy.synthesis.llm.cache import Answer, AnswerCache, default_cache, key_of
from nesy.synthesis.llm.client import ChatClient, NoAnswer, Usage
from nesy.synthesis.normalize import Normaliser
from nesy.synthesis.prompt import Message, Prompt
from nesy.synthesis.vocabulary import signature_of

DEFAULTS: dict[str, object] = {
    "model": "", "tries": 3, "concurrency": 8, "retries": 5, "pause": 1.0, "timeout": 60.0, "per_minute": 0,
    "temperature": 0.0, "max_tokens": 0, "examples": 11, "normalise": True, "encoder": "auto", "cache": "",
}  # fmt: skip
BASE_URL = "https://api.openai.com/v1"


class Served(SpecExtractor):
    """Captions to specs by a server's model.

    Args:
        signature: the domain.
        client: how the server is asked.
        cache: where answers are kept; a question that is in it is never asked.
        prompt: the prompt; None for that of the domain.
        tries: answers a caption at most, the first one included.
        concurrency: questions at one time.
        normaliser: maps unknown words of answers to the domain's; None to hand them back as mistakes.
    """

    def __init__(
        self,
        signature: Signature,
        client: ChatClient,
        cache: AnswerCache,
        *,
        prompt: Prompt | None = None,
        tries: int = 3,
        concurrency: int = 8,
        normaliser: Normaliser | None = None,
    ) -> None:
        self.client = client
        self.cache = cache
        self.prompt = prompt or Prompt.of(signature)
        self.judge = Judge(signature, normaliser)
        self.tries = tries
        self.concurrency = concurrency

    @property
    def usage(self) -> Usage:
        """Requests and tokens so far."""
        return self.client.usage

    def extract(self, captions: Sequence[str]) -> list[Extraction]:
        found = dict(self.stream(captions))
        return [found[i] for i in range(len(captions))]

    def stream(self, captions: Sequence[str], ids: Sequence[str] | None = None) -> Iterator[tuple[int, Extraction]]:
        """Extractions in the order in which the server answers.

        The event loop runs in a thread of its own, so that this works inside of another one (notebooks) as well.

        Raises:
            NesyError: no caption can be translated: wrong key, unknown model, no server, broken cache.
        """
        done: queue.SimpleQueue[tuple[int, Extraction] | BaseException | None] = queue.SimpleQueue()
        loop = asyncio.new_event_loop()
        task = loop.create_task(self._all(captions, done))

        def work() -> None:
            try:
                loop.run_until_complete(task)
                done.put(None)
            except BaseException as e:  # handed over to the thread that waits
                done.put(_first(e))
            finally:
                loop.close()

        thread = threading.Thread(target=work, name="nesy-openai", daemon=True)
        thread.start()
        try:
            while (item := done.get()) is not None:
                if isinstance(item, BaseException):
                    raise item
                yield item
        finally:
            with contextlib.suppress(RuntimeError):  # the loop has closed meanwhile
                loop.call_soon_threadsafe(task.cancel)
            thread.join()

    async def _all(self, captions: Sequence[str], done: queue.SimpleQueue[Any]) -> None:
        waiting = iter(enumerate(captions))
        asked: dict[str, asyncio.Task[Answer]] = {}
        async with self.client.session(self.concurrency) as session, asyncio.TaskGroup() as group:

            async def worker() -> None:
                for i, caption in waiting:
                    done.put((i, await self._one(caption, session, asked)))

            for _ in range(min(self.concurrency, len(captions))):
                group.create_task(worker())

    async def _one(self, caption: str, session: Any, asked: dict[str, asyncio.Task[Answer]]) -> Extraction:
        conversation = converse(caption, self.prompt, self.judge, self.tries)
        answer: str | None = None
        try:
            while True:
                messages = next(conversation) if answer is None else conversation.send(answer)
                answer = (await self._answer(messages, session, asked)).text
        except StopIteration as end:
            extraction: Extraction = end.value
            return extraction
        except NoAnswer as e:
            return Extraction(caption, None, "rejected", str(e), raw=answer)

    async def _answer(self, messages: list[Message], session: Any, asked: dict[str, asyncio.Task[Answer]]) -> Answer:
        """From the cache, from the same question that is under way, or from the server."""
        key = key_of(self.client.model, messages, self.client.temperature)
        if key in asked:
            self.usage.cached += 1
            return await asyncio.shield(asked[key])
        kept = self.cache.get(key)
        if kept is not None:
            self.usage.cached += 1
            return kept

        async def ask() -> Answer:
            answer = await self.client.ask(session, messages)
            self.cache.put(key, self.client.model, answer)
            return answer

        asked[key] = asyncio.ensure_future(ask())
        try:
            return await asked[key]
        finally:
            del asked[key]


def _first(error: BaseException) -> BaseException:
    """The first fault that is meant for a user, of those that ended several tasks at once."""
    if isinstance(error, BaseExceptionGroup):
        single = [_first(e) for e in error.exceptions]
        return next((e for e in single if isinstance(e, NesyError)), single[0])
    return error


@extractors.register("openai")
def make_openai(names: Names, settings: Mapping[str, object]) -> SpecExtractor:
    """The extractor of a ``captions { extractor: "openai", model: "..." }`` block.

    The server is ``$OPENAI_BASE_URL`` and the key ``$OPENAI_API_KEY``, never a setting: files get shared. The model may
    also be given as ``$OPENAI_MODEL``. Settings: see ``docs/extraction.md``.
    """
    chosen: dict[str, Any] = checked_settings("openai", settings, DEFAULTS)
    signature = signature_of(names)
    model = chosen["model"] or os.environ.get("OPENAI_MODEL")
    if not model:
        raise NesyError("the extractor `openai` needs a `model`", hint='model: "NAME", or set OPENAI_MODEL')
    for name, least in (("tries", 1), ("concurrency", 1), ("retries", 0), ("timeout", 0.001), ("pause", 0.0)):
        if chosen[name] < least:
            raise NesyError(f"setting `{name}` of extractor `openai` is {chosen[name]}", expected=[f"at least {least}"])
    client = ChatClient(
        (os.environ.get("OPENAI_BASE_URL") or BASE_URL).rstrip("/"),
        os.environ.get("OPENAI_API_KEY") or None,
        str(model),
        **{k: chosen[k] for k in ("temperature", "max_tokens", "timeout", "retries", "pause", "per_minute")},
    )
    return Served(
        signature,
        client,
        AnswerCache(Path(chosen["cache"]) if chosen["cache"] else default_cache()),
        prompt=Prompt.of(signature, examples=chosen["examples"]),
        tries=chosen["tries"],
        concurrency=chosen["concurrency"],
        normaliser=Normaliser(signature, similarity_of(chosen["encoder"])) if chosen["normalise"] else None,
    )
