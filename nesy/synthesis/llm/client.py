"""One question to an OpenAI-compatible server: retries, waiting as told, and a clear reason when there is no answer."""

from __future__ import annotations

import asyncio
import importlib
import random
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from typing import Any

from nesy.errors import NesyError
from nesy.synthesis.llm.cache import Answer
from nesy.synthesis.prompt import Message

RETRIED = frozenset((408, 409, 425, 429, 500, 502, 503, 504, 520, 522, 524, 529))
LONGEST_WAIT = 120.0
"""Seconds that a server's Retry-After is obeyed at most."""
BODY_BYTES = 4 << 20
SCHEMA = {
    "type": "json_schema",
    "json_schema": {
        "name": "spec",
        "strict": True,
        "schema": {
            "type": "object",
            "properties": {"spec": {"type": ["string", "null"]}},
            "required": ["spec"],
            "additionalProperties": False,
        },
    },
}


class NoAnswer(Exception):
    """There is no answer to one question; the text is the reason. Stays inside this package."""


@dataclass
class Usage:
    """What a run has cost so far."""

    requests: int = 0
    retries: int = 0
    cached: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0

    def __str__(self) -> str:
        return (
            f"{self.requests} requests ({self.retries} of them again), {self.cached} answers from the cache, "
            f"{self.prompt_tokens} prompt and {self.completion_tokens} completion tokens"
        )


def http_library() -> Any:
    """httpx, under the name that is installed; NesyError if it is not."""
    for name in ("httpx2", "httpx"):
        try:
            return importlib.import_module(name)
        except ImportError:
            continue
    raise NesyError("the extractor `openai` needs an HTTP client", hint="pip install httpx")


@dataclass
class ChatClient:
    """Asks ``POST base_url/chat/completions``.

    retries: how often a question is asked again after a fault that may pass. pause: seconds before the first time;
    doubled each time, with a random share taken off. per_minute: requests started a minute at most, 0 for no limit.
    """

    base_url: str
    key: str | None
    model: str
    temperature: float = 0.0
    max_tokens: int = 0
    timeout: float = 60.0
    retries: int = 5
    pause: float = 1.0
    per_minute: int = 0
    usage: Usage = field(default_factory=Usage)

    def __post_init__(self) -> None:
        self._http = http_library()
        self._formats: list[dict[str, Any] | None] = [SCHEMA, {"type": "json_object"}, None]
        self._without: set[str] = set()
        self._open_from = 0.0  # no request starts before, because a server said so
        self._next_start = 0.0
        self._reached = False
        self._random = random.Random()

    def session(self, connections: int) -> Any:
        """An asynchronous HTTP session, to be used in ``async with``."""
        headers = {"Authorization": f"Bearer {self.key}"} if self.key else {}
        limits = self._http.Limits(max_connections=connections)
        return self._http.AsyncClient(headers=headers, timeout=self.timeout, limits=limits, follow_redirects=False)

    async def ask(self, session: Any, messages: Sequence[Message]) -> Answer:
        """The model's answer.

        Raises:
            NoAnswer: this question has none.
            NesyError: no question will have one (wrong key, unknown model, no server).
        """
        fault = ""
        attempt = 0
        while attempt <= self.retries:
            await self._turn()
            self.usage.requests += 1
            self.usage.retries += attempt > 0
            wait: float | None = None
            body = self._body(messages)
            try:
                response = await session.post(f"{self.base_url}/chat/completions", json=body)
            except self._http.InvalidURL as e:
                raise NesyError(f"`{self.base_url}` is no address of a server ({e})") from None
            except self._http.UnsupportedProtocol:
                raise NesyError(f"`{self.base_url}` is no address of a server", hint="begin it with https://") from None
            except self._http.TimeoutException:
                fault = "the server did not answer in time"
            except self._http.ConnectError:
                fault = "the server cannot be reached"
                if attempt == self.retries and not self._reached:
                    raise NesyError(
                        f"no server at {self.base_url}", hint="set OPENAI_BASE_URL, and start the server if it is yours"
                    ) from None
            except self._http.HTTPError as e:
                fault = f"the connection broke ({type(e).__name__})"
            else:
                self._reached = True
                if response.status_code == 200:
                    read = _read(response)
                    if isinstance(read, Answer):
                        self.usage.prompt_tokens += read.prompt_tokens
                        self.usage.completion_tokens += read.completion_tokens
                        return read
                    fault = read
                elif response.status_code in RETRIED:
                    fault = f"the server answered HTTP {response.status_code}"
                    wait = retry_after(response.headers.get("retry-after"), time.time())
                    if wait is not None:
                        self._open_from = max(self._open_from, time.monotonic() + wait)
                elif response.status_code in (400, 404, 422) and self._with_less(response, body):
                    continue  # not a fault of this question, and each round leaves something out
                else:
                    raise self._refused(response)
            if wait is None:
                wait = min(LONGEST_WAIT, self.pause * 2**attempt) * (1 - self._random.random() / 2)
            attempt += 1
            if attempt <= self.retries:
                await asyncio.sleep(wait)
        raise NoAnswer(fault)

    async def _turn(self) -> None:
        """Wait until a request may start."""
        now = time.monotonic()
        start = max(now, self._open_from)
        if self.per_minute:
            start = max(start, self._next_start)
            self._next_start = start + 60 / self.per_minute
        if start > now:
            await asyncio.sleep(start - now)

    def _body(self, messages: Sequence[Message]) -> dict[str, Any]:
        # a lone surrogate is a character in JSON but not in UTF-8
        clean = [{"role": m["role"], "content": m["content"].encode("utf-8", "replace").decode()} for m in messages]
        body: dict[str, Any] = {"model": self.model, "messages": clean}
        if "temperature" not in self._without:
            body["temperature"] = self.temperature
        if self.max_tokens:
            body["max_completion_tokens" if "max_tokens" in self._without else "max_tokens"] = self.max_tokens
        if self._formats[0] is not None:
            body["response_format"] = self._formats[0]
        return body

    def _with_less(self, response: Any, body: dict[str, Any]) -> bool:
        """Leave out what the server does not know; whether the question can be asked again in another form."""
        said = response.text[:4000]
        for name in ("temperature", "max_tokens"):
            if name in said and name in body and name not in self._without:
                self._without.add(name)
                return True
        asked = body.get("response_format")
        about_format = any(w in said for w in ("response_format", "json_schema", "json_object", "schema"))
        if asked is None or not (about_format or response.status_code == 422):
            return False
        if asked == self._formats[0]:  # else another request has found it out meanwhile
            self._formats.pop(0)
        return True

    def _refused(self, response: Any) -> Exception:
        status, said = response.status_code, _message(response)
        if status in (401, 403):
            return NesyError(f"the server refuses the key (HTTP {status}): {said}", hint="set OPENAI_API_KEY")
        if status == 404:
            return NesyError(
                f"the server at {self.base_url} does not know the address or the model `{self.model}`: {said}",
                hint="OPENAI_BASE_URL usually ends in /v1",
            )
        return NoAnswer(f"the server answered HTTP {status}")


def retry_after(value: str | None, now: float) -> float | None:
    """The seconds that a Retry-After header asks for (a number or a date), at most LONGEST_WAIT; None if it says none.

    >>> retry_after("7", 0.0), retry_after("Thu, 01 Jan 1970 00:00:30 GMT", 10.0), retry_after("soon", 0.0)
    (7.0, 20.0, None)
    """
    if value is None:
        return None
    try:
        seconds = float(value)
    except ValueError:
        try:
            seconds = parsedate_to_datetime(value).timestamp() - now
        except (ValueError, TypeError, OverflowError):
            return None
    return min(max(seconds, 0.0), LONGEST_WAIT) if seconds == seconds else None


def _read(response: Any) -> Answer | str:
    """The answer in the body of a response, or what is wrong with the body."""
    if len(response.content) > BODY_BYTES:
        return "the server's answer is too long"
    try:
        value = response.json()
    except (ValueError, RecursionError):
        return "the server's answer is not JSON"
    try:
        message = value["choices"][0]["message"]
        content = message.get("content")
        if isinstance(content, list):  # some servers answer in parts
            content = "".join(p["text"] for p in content if p.get("type") == "text")
        refusal = message.get("refusal")
    except (KeyError, IndexError, TypeError, AttributeError):
        return "the server's answer is no chat completion"
    if content is None:
        content = refusal if isinstance(refusal, str) else ""
    if not isinstance(content, str):
        return "the server's answer is no chat completion"
    usage = value.get("usage")
    counts = [usage.get(k) if isinstance(usage, dict) else 0 for k in ("prompt_tokens", "completion_tokens")]
    asked, said = (n if isinstance(n, int) and not isinstance(n, bool) and n >= 0 else 0 for n in counts)
    return Answer(content, asked, said)


def _message(response: Any) -> str:
    """What the server says about a refusal, on one line."""
    try:
        error = response.json()["error"]
        said = error["message"] if isinstance(error, dict) else error
    except (ValueError, KeyError, TypeError, RecursionError):
        said = response.text
    return " ".join(str(said).split())[:300]
