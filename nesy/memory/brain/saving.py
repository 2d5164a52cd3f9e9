"""A brain and its episodes in one safetensors file: numbers as tensors, names and moments as JSON; no code."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

from safetensors import SafetensorError, safe_open

from nesy.errors import CheckpointError, NesyError
from nesy.files import write_tensors
from nesy.memory.brain.brain import TensorBrain
from nesy.memory.brain.episodic import EpisodicMemory, Moment

FORMAT = "nesy tensor brain 1"


def save_brain(memory: EpisodicMemory, path: Path) -> None:
    """Write a brain with its episodic memory to ``path``, all or nothing."""
    brain = memory.brain
    about = {
        "options": brain.options,
        "groups": {role: group.names for role, group in brain.groups.items()},
        "moments": {str(row): asdict(m) for row, m in memory.moments.items()},
        "episodic": {"horizon": memory.horizon, "automatic": memory.automatic, "clock": memory.clock},
    }
    write_tensors(path, brain.state_dict(), {"format": FORMAT, "about": json.dumps(about)})


def load_brain(path: Path) -> EpisodicMemory:
    """Read a brain and its episodic memory.

    Raises:
        CheckpointError: the file is missing, broken or not a brain.
    """
    try:
        with safe_open(path, framework="pt") as file:
            meta = file.metadata() or {}
            tensors = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118
    except (OSError, SafetensorError) as error:
        raise CheckpointError(f"{path}: cannot be read as a tensor brain ({error})") from None
    if meta.get("format") != FORMAT:
        raise CheckpointError(f"{path}: not a tensor brain", expected=(FORMAT,))
    try:
        about = json.loads(meta["about"])
        options = about["options"]
        options["gates"] = tuple(options["gates"])
        groups: dict[str, list[str | None]] = about["groups"]
        brain = TensorBrain(
            {role: [n for n in names if n is not None] for role, names in groups.items()},
            reserve={role: sum(n is None for n in names) for role, names in groups.items()},
            **options,
        )
        for role, names in groups.items():
            brain.groups[role].restore(names)
        brain.to(tensors["semantic"].dtype)  # else float64 would be rounded to float32
        brain.load_state_dict(tensors)
        memory = EpisodicMemory(brain, horizon=about["episodic"]["horizon"], automatic=about["episodic"]["automatic"])
        memory.moments = {int(row): Moment(**m) for row, m in about["moments"].items()}
        memory.clock = about["episodic"]["clock"]
        if memory.moments.keys() != set(memory.times.rows()):
            raise ValueError("moments and times differ")
    except (KeyError, TypeError, ValueError, AttributeError, IndexError, RuntimeError, NesyError) as error:
        why = error.message if isinstance(error, NesyError) else error
        raise CheckpointError(f"{path}: the tensor brain is incomplete ({why})") from None
    brain.eval()
    return memory
