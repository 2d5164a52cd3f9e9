"""Answers that a server has given, kept in one sqlite file so that nothing is paid for twice."""

from __future__ import annotations

import hashlib
import json
import os
import sqlite3
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nesy.errors import DataError
from nesy.synthesis.prompt import Message


@dataclass(frozen=True, slots=True)
class Answer:
    """What a model said, and the tokens that it read and wrote (0 where the server does not say)."""

    text: str
    prompt_tokens: int = 0
    completion_tokens: int = 0


def key_of(model: str, messages: Sequence[Message], temperature: float) -> str:
    """The same for the same model, prompt, caption and earlier turns."""
    told = json.dumps([model, list(messages), temperature], sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(told.encode("utf-8", "surrogatepass")).hexdigest()


def default_cache() -> Path:
    """``$NESY_CACHE/llm.sqlite``, else the user's cache folder."""
    root = os.environ.get("NESY_CACHE")
    if root:
        return Path(root) / "llm.sqlite"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "nesy" / "llm.sqlite"


class AnswerCache:
    """Answers by key; every answer is on the disk when :meth:`put` returns, and several processes may share the file.

    Raises:
        DataError: the file cannot be opened or is not such a cache.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.Lock()
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._db = sqlite3.connect(path, timeout=60, check_same_thread=False, isolation_level=None)
            self._db.execute("PRAGMA journal_mode=WAL")
            self._db.execute("PRAGMA synchronous=NORMAL")  # outlives a killed process
            self._db.execute(
                "CREATE TABLE IF NOT EXISTS answers (key TEXT PRIMARY KEY, model TEXT, text TEXT NOT NULL,"
                " prompt_tokens INTEGER NOT NULL, completion_tokens INTEGER NOT NULL)"
            )
        except (OSError, sqlite3.Error) as e:
            raise DataError(f"{path}: cannot be used as a cache of answers ({e})", hint="name another file") from None

    def get(self, key: str) -> Answer | None:
        """The answer kept under ``key``, None if there is none."""
        with self._lock:
            row = self._run("SELECT text, prompt_tokens, completion_tokens FROM answers WHERE key = ?", (key,))
        return Answer(row[0], row[1], row[2]) if row else None

    def put(self, key: str, model: str, answer: Answer) -> None:
        """Keep an answer, durably."""
        row = (key, model, answer.text, answer.prompt_tokens, answer.completion_tokens)
        with self._lock:
            self._run("INSERT OR REPLACE INTO answers VALUES (?, ?, ?, ?, ?)", row)

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._db.close()

    def _run(self, statement: str, values: tuple[object, ...]) -> tuple[Any, ...] | None:
        try:
            row: tuple[Any, ...] | None = self._db.execute(statement, values).fetchone()
        except (sqlite3.Error, UnicodeEncodeError) as e:
            raise DataError(f"{self.path}: the cache of answers fails ({e})") from None
        return row
