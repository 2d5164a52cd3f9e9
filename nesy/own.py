"""Code of one's own, which runs because its file was named: where its mistakes are, so that nobody looks for them here.

What such a file raises, wherever nesy calls it, is a mistake of the user's and is told with the place in that file.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import CodeType
from typing import Any

from nesy.errors import NesyError

_files: dict[Path, str] = {}
"""The files that were run, and each as it was named."""


class OwnCodeError(NesyError):
    """Code of one's own fails."""


def remember(path: Path) -> None:
    """Note that ``path`` is a file of one's own."""
    _files[path.resolve()] = str(path)


def place_of(error: BaseException) -> tuple[str, str] | None:
    """``FILE:LINE`` and the function in which code of one's own was when ``error`` was raised, None if in none."""
    found, trace = None, error.__traceback__
    if isinstance(error, SyntaxError) and (named := _named(error.filename)) is not None:
        return f"{named}:{error.lineno}", "<module>"
    while trace is not None:
        code: CodeType = trace.tb_frame.f_code
        if (named := _named(code.co_filename)) is not None:
            found = f"{named}:{trace.tb_lineno}", code.co_qualname
        trace = trace.tb_next
    return found


def defined_at(code: Callable[..., Any]) -> str:
    """``FILE:LINE: `` of code of one's own, for the beginning of a message; empty for any other."""
    function = code if inspect.isroutine(code) or isinstance(code, type) else type(code)
    try:
        named = _named(inspect.getsourcefile(function))
        return f"{named}:{max(1, inspect.getsourcelines(function)[1])}: " if named is not None else ""
    except (TypeError, OSError):
        return ""


def mistake_in(error: BaseException) -> OwnCodeError | None:
    """``error`` as the user's mistake, None if no code of one's own took part in it."""
    place = place_of(error)
    if place is None:
        return None
    where, function = place
    who = "the file" if function == "<module>" else f"`{function}`"
    return OwnCodeError(
        f"{where}: {who} fails with {said(error)}", hint="this is in your own file; --debug shows the whole way there"
    )


def said(error: BaseException) -> str:
    """Kind and text of an error, in one line."""
    text = error.msg if isinstance(error, SyntaxError) else str(error)
    return " ".join(f"{type(error).__name__}: {text[:500]}".split())


@contextmanager
def own_mistakes(called: Callable[..., Any] | None = None) -> Iterator[None]:
    """Raises what code of one's own raises as its mistake, with its place.

    For processes whose tracebacks get lost, and where ``called`` may be of one's own and not take what it is given.
    """
    try:
        yield
    except NesyError:
        raise
    except Exception as e:
        mistake = mistake_in(e)
        if mistake is None and called is not None and (where := defined_at(called)):
            mistake = OwnCodeError(f"{where}`{getattr(called, '__name__', called)}` cannot be called: {said(e)}")
        if mistake is None:
            raise
        raise mistake from e


def _named(file: str | None) -> str | None:
    return _files.get(Path(file).resolve()) if file and _files else None
