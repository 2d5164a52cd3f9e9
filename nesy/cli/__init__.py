"""The command line: thin. It parses arguments, calls the library and prints.

Exit codes: 0 done, 1 the answer is no or a check failed, 2 unusable input, 130 interrupted. Errors go to stderr, one
message each; ``--debug`` shows the traceback.
"""

from __future__ import annotations

import sys


def main() -> None:
    """Entry point of the ``nesy`` script."""
    from nesy.cli.app import run

    sys.exit(run(sys.argv[1:]))
