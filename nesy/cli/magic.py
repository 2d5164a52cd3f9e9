"""``%load_ext nesy``: rich displays in a notebook, errors without a traceback, and ``%nesy`` for commands."""

from __future__ import annotations

import shlex
import sys
import warnings
from collections.abc import Callable
from glob import glob
from typing import Any

from nesy.errors import NesyError
from nesy.viz.display import show

SHOWN_TYPES = {
    "nesy.dsl.ast": ("Formula", "Module"),
    "nesy.dsl.builder": ("Formula",),
    "nesy.scenegraph.file": ("GraphFile",),
    "nesy.reasoners.temporal.query": ("Answer",),
    "nesy.viz.asked": ("Asked",),
    "nesy.memory.answers": ("Reply",),
    "nesy.memory.store.store": ("TripleStore",),
}


def extend(ipython: Any) -> None:
    """What ``%load_ext nesy`` does: rich displays for nesy's types, its errors without a traceback, ``%nesy``.

    ``%nesy query ...`` runs a command as in a shell, ``*`` in file names included, in this process.
    """
    from IPython.core.magic import no_var_expand

    warnings.filterwarnings("ignore", message="IProgress not found")  # bars are text; widgets are not needed
    html = ipython.display_formatter.formatters["text/html"]
    shown: Callable[[object], str] = lambda x: str(show(x).html)  # noqa: E731
    for module, names in SHOWN_TYPES.items():
        for name in names:
            html.for_type_by_name(module, name, shown)
    ipython.set_custom_exc((NesyError,), _told)
    ipython.register_magic_function(no_var_expand(_command), "line", "nesy")  # braces belong to formulas


def _command(line: str) -> None:
    from nesy.cli.app import run

    arguments: list[str] = []
    for a in shlex.split(line):
        arguments += (sorted(glob(a)) if "*" in a else []) or [a]
    code = run(arguments)
    if code:
        print(f"exit code {code}", file=sys.stderr)


def _told(shell: Any, kind: type[BaseException], error: BaseException, trace: Any, tb_offset: Any = None) -> list[str]:
    """The error as the command line tells it."""
    print(str(error), file=sys.stderr)
    return str(error).split("\n")
