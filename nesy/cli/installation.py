"""What this installation has and lacks: versions, device, disk, cache, language model; a remedy for every problem.

Nothing here asks the network, except :func:`ask_server`. Keys are only said to be set or not.
"""

from __future__ import annotations

import os
import platform
import re
import shutil
import sys
import tempfile
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path
from typing import Literal
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

Status = Literal["ok", "note", "problem"]
LITTLE, FULL = 5 * 2**30, 2**30  # bytes of free disk: a note below the first, a problem below the second
TIMEOUT = 10.0  # seconds that a server may take to answer


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at. ``note``: works, but worth knowing; ``problem``: nesy will fail there.

    remedy: what to do, a line; empty where nothing has to be done.
    """

    name: str
    status: Status
    value: str
    remedy: str = ""


def examine(online: bool = False) -> Iterator[Finding]:
    """Every finding, in the order in which they are told."""
    from nesy import __version__

    yield Finding("nesy", "ok", f"{__version__} in {Path(__file__).resolve().parents[1]}")
    yield python_version(sys.version_info[:3])
    needed, extras = requirements()
    for name, least in needed:
        yield package(name, least)
    yield torchvision_fits()
    yield device()
    yield encoder()
    for extra, packages in extras.items():
        yield optional(extra, packages)
    yield from storage(cache_folder())
    yield llm()
    if online:
        yield ask_server()


def python_version(found: tuple[int, ...]) -> Finding:
    """Python 3.11 or newer."""
    text = f"{'.'.join(map(str, found))} on {platform.platform(terse=True)}"
    if found < (3, 11):
        return Finding("python", "problem", text, "install Python 3.11 or newer, and make the environment again")
    return Finding("python", "ok", text)


# -- packages --------------------------------------------------------------------------------------------------------


PROJECT = Path(__file__).resolve().parents[2] / "pyproject.toml"


def requirements(tree: Path = PROJECT) -> tuple[list[tuple[str, str]], dict[str, list[str]]]:
    """Needed packages with their least versions, and the packages of each extra.

    From ``pyproject.toml`` (``tree``) in a working tree, else from what the installer wrote down; ``dev`` and ``docs``
    are for working trees only.
    """
    try:
        project = tomllib.loads(tree.read_text("utf-8")).get("project", {})
    except (OSError, ValueError):
        project = {}
    if project.get("name") == "nesy":
        lines = list(project.get("dependencies", []))
        extras = {k: [_name(x) for x in v] for k, v in project.get("optional-dependencies", {}).items()}
    else:
        lines, extras = [], {}
        try:
            stated = requires("nesy") or []
        except PackageNotFoundError:
            stated = []
        for line in stated:
            extra = re.search(r"extra\s*==\s*['\"]([\w.-]+)['\"]", line)
            if extra and extra[1] in ("dev", "docs"):
                continue
            if extra:
                extras.setdefault(extra[1], []).append(_name(line))
            else:
                lines.append(line)
    least = {_name(x): (re.search(r">=\s*([\d.]+)", x) or [None, "0"])[1] or "0" for x in lines}
    return list(least.items()), extras


def _name(requirement: str) -> str:
    return re.split(r"[\s<>=!~;\[]", requirement.strip(), maxsplit=1)[0]


def package(name: str, least: str) -> Finding:
    """Whether a needed package is there and new enough; nothing is imported."""
    remedy = f"pip install --upgrade '{name}>={least}'"
    try:
        found = version(name)
    except PackageNotFoundError:
        return Finding(name, "problem", "missing", remedy)
    if _numbers(found) < _numbers(least):
        return Finding(name, "problem", f"{found}, older than {least}", remedy)
    return Finding(name, "ok", found)


def _numbers(text: str) -> tuple[int, ...]:
    """``2.15.0+cpu`` as (2, 15, 0), without zeros at the end."""
    numbers = [int(x) for x in re.findall(r"\d+", re.split(r"[+a-zA-Z]", text, maxsplit=1)[0])]
    while numbers and numbers[-1] == 0:
        numbers.pop()
    return tuple(numbers)


def optional(extra: str, packages: list[str]) -> Finding:
    """Whether the packages of an extra are there."""
    missing = []
    for name in packages:
        try:
            version(name)
        except PackageNotFoundError:
            missing.append(name)
    if missing:
        text = f"not installed: {', '.join(missing)}"
        return Finding(f"extra {extra}", "note", text, f"if you need it: pip install 'nesy[{extra}]'")
    return Finding(f"extra {extra}", "ok", ", ".join(packages))


def torchvision_fits() -> Finding:
    """A torchvision that was built for another torch fails when it is imported, and with it transformers."""
    try:
        import torch
        import torchvision
        from torchvision.ops import nms

        nms(torch.zeros(1, 4), torch.zeros(1), 0.5)
    except Exception as e:
        return Finding(
            "torch + torchvision", "problem", f"do not work together ({type(e).__name__}: {str(e)[:120]})",
            "install both in one command, from one index: pip install --force-reinstall torch torchvision",
        )  # fmt: skip
    return Finding("torch + torchvision", "ok", f"{torch.__version__} and {torchvision.__version__} work together")


def device() -> Finding:
    """The GPU that training would take, or why there is none."""
    try:
        import torch
    except Exception:
        return Finding("GPU", "note", "unknown: torch cannot be imported")
    if torch.cuda.is_available():
        p = torch.cuda.get_device_properties(0)
        more = f", and {torch.cuda.device_count() - 1} more" if torch.cuda.device_count() > 1 else ""
        return Finding("GPU", "ok", f"{p.name}, {p.total_memory / 2**30:.0f} GiB{more}")
    if Path("/dev/nvidia0").exists() or shutil.which("nvidia-smi"):
        built = torch.version.cuda
        text = f"there is one, but torch ({'built for CUDA ' + built if built else 'built without CUDA'}) cannot use it"
        remedy = "update the driver" if built else "pip install torch torchvision from an index with CUDA builds"
        return Finding("GPU", "problem", text, remedy)
    return Finding("GPU", "note", f"none: training runs on {os.cpu_count()} CPU cores")


def encoder() -> Finding:
    """PyAV's H.264 encoder, with which made videos are written."""
    try:
        import av

        av.codec.Codec("libx264", "w")
    except Exception as e:
        return Finding("video", "problem", f"no H.264 encoder ({type(e).__name__})", "pip install --force-reinstall av")
    return Finding("video", "ok", f"PyAV {av.__version__} writes H.264")


# -- disk ------------------------------------------------------------------------------------------------------------


def cache_folder() -> Path:
    """Where made datasets and answers of language models are kept."""
    from nesy.training.run import cache_folder as folder

    return folder()


def storage(folder: Path) -> Iterator[Finding]:
    """Whether the cache folder (or what will hold it) can be written, and how much room is left there."""
    there = next(p for p in (folder, *folder.absolute().parents) if p.exists())
    remedy = "set NESY_CACHE to a folder that you can write"
    try:
        if not there.is_dir():
            raise NotADirectoryError(f"{there} is a file")
        with tempfile.TemporaryFile(dir=there) as file:
            file.write(b"nesy")
    except OSError as e:
        yield Finding("cache", "problem", f"{folder} cannot be written ({e.strerror or e})", remedy)
        return
    yield Finding("cache", "ok", f"{folder}" + ("" if there == folder else " (not made yet)"))
    yield room(shutil.disk_usage(there).free, there)


def room(free: int, where: Path) -> Finding:
    """What ``free`` bytes on the disk of ``where`` mean."""
    text = f"{free / 2**30:.1f} GiB free at {where}"
    remedy = "make room there, or set NESY_CACHE to another disk"
    if free < FULL:
        return Finding("disk", "problem", text, remedy)
    return Finding("disk", "note", text, remedy) if free < LITTLE else Finding("disk", "ok", text)


# -- language model --------------------------------------------------------------------------------------------------


def llm() -> Finding:
    """The language model that `captions { extractor: "openai" }` would ask; from the environment only."""
    url, model = os.environ.get("OPENAI_BASE_URL"), os.environ.get("OPENAI_MODEL")
    key = "set" if os.environ.get("OPENAI_API_KEY") else "not set"
    if url is None and key == "not set":
        text = "none configured; the rules read captions without one"
        return Finding("language model", "note", text, "if you want one: set OPENAI_BASE_URL and OPENAI_API_KEY")
    if url is not None and urlsplit(url).scheme not in ("http", "https"):
        return Finding("language model", "problem", "OPENAI_BASE_URL is no address", "begin it with https://")
    text = f"{_bare(url)}, model {model or 'not chosen'}, key {key} (not asked: --online does)"
    return Finding("language model", "ok", text)


def ask_server() -> Finding:
    """Whether the configured server answers (``GET .../models``)."""
    url = os.environ.get("OPENAI_BASE_URL") or _default()
    name = "language model, online"
    if urlsplit(url).scheme not in ("http", "https"):
        return Finding(name, "problem", "OPENAI_BASE_URL is no address", "begin it with https://")
    key = os.environ.get("OPENAI_API_KEY")
    request = Request(f"{url.rstrip('/')}/models", headers={"Authorization": f"Bearer {key}"} if key else {})
    try:
        with urlopen(request, timeout=TIMEOUT) as answer:
            return Finding(name, "ok", f"{_bare(url)} answers (HTTP {answer.status})")
    except HTTPError as e:
        remedy = "set OPENAI_API_KEY" if e.code in (401, 403) else "OPENAI_BASE_URL usually ends in /v1"
        return Finding(name, "problem", f"{_bare(url)} refuses (HTTP {e.code})", remedy)
    except (URLError, OSError, ValueError) as e:
        reason = getattr(e, "reason", e)
        return Finding(
            name, "problem", f"{_bare(url)} does not answer ({reason})", "is the server running, the address right?"
        )


def _bare(url: str | None) -> str:
    """An address without a user, a password or a query that may be in it."""
    if url is None:
        return _default()
    parts = urlsplit(url)
    host = parts.hostname or ""
    return f"{parts.scheme}://{host}{f':{parts.port}' if parts.port else ''}{parts.path}"


def _default() -> str:
    from nesy.synthesis.llm.server import BASE_URL

    return BASE_URL
