"""The application: its commands and the one place where errors become messages and exit codes."""

from __future__ import annotations

import os
import sys
from typing import Annotated, Any

import typer
from rich.console import Console

from nesy.errors import NesyError
from nesy.own import mistake_in

app = typer.Typer(
    name="nesy",
    help="Learn what happens in videos from their captions, through a temporal logic.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
# A notebook is told plain text: there rich would write HTML, ask for widgets and take the cell for a terminal.
PLAIN = False if "ipykernel" in sys.modules else None
err = Console(stderr=True, highlight=False, soft_wrap=True, force_terminal=PLAIN, force_jupyter=PLAIN)
out = Console(highlight=False, soft_wrap=True, force_terminal=PLAIN, force_jupyter=PLAIN)
DEBUG = "NESY_DEBUG"
# Some versions of typer bring their own copy of click: take its error class from there, whichever it is.
UsageError: Any = typer.BadParameter.__bases__[0]


def _version(show: bool) -> None:
    if show:
        from nesy import __version__

        print(f"nesy {__version__}")
        raise typer.Exit()


@app.callback()
def common(
    debug: Annotated[bool, typer.Option("--debug", help="Show tracebacks.")] = False,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and stop.")
    ] = False,
) -> None:
    """Options that stand before the command."""
    if debug:
        os.environ[DEBUG] = "1"


def stage_of(setting: str) -> str | None:
    """The block of a task file that has a setting of this name, for who writes it as an option."""
    from nesy.datasets.opening import PLATFORMER_DEFAULTS
    from nesy.datasets.settings import COMMON
    from nesy.training.settings import TrainSettings

    for stage, names in (("train", TrainSettings.__dataclass_fields__), ("data", {**COMMON, **PLATFORMER_DEFAULTS})):
        if setting in names:
            return stage
    return None


def run(arguments: list[str]) -> int:
    """Run a command line and give its exit code; the only handler of errors."""
    from nesy.cli import commands  # noqa: F401  registers the commands

    if "--debug" in arguments:  # accepted anywhere on the line
        arguments = ["--debug", *(a for a in arguments if a != "--debug")]
    try:
        code = typer.main.get_command(app).main(arguments, prog_name="nesy", standalone_mode=False)
        return code if isinstance(code, int) else 0
    except NesyError as e:
        if os.environ.get(DEBUG):
            raise
        print(str(e), file=sys.stderr)
        return 2
    except typer.Exit as e:
        return e.exit_code
    except UsageError as e:
        e.show()
        wrong = str(getattr(e, "option_name", "")).lstrip("-").replace("-", "_")
        if wrong and (stage := stage_of(wrong)) and "train" in arguments:
            print(f"  help: settings of the file are changed with --set {stage}.{wrong}=VALUE", file=sys.stderr)
        return 2
    except (KeyboardInterrupt, typer.Abort):
        print("interrupted", file=sys.stderr)
        return 130
    except BrokenPipeError:  # the reader of a pipe has gone: `nesy ... | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except MemoryError:
        if os.environ.get(DEBUG):
            raise
        print(
            "error: out of memory\n  help: fewer clips, a smaller batch (train.batch) or shorter clips", file=sys.stderr
        )
        return 2
    except Exception as e:
        if os.environ.get(DEBUG):
            raise
        mistake = mistake_in(e)
        if mistake is not None:
            print(str(mistake), file=sys.stderr)
            return 2
        print(
            f"error: internal fault ({type(e).__name__}: {str(e)[:300]})\n"
            "  help: this is a mistake in nesy, not in your input; run again with --debug and report what it prints",
            file=sys.stderr,
        )
        return 3
