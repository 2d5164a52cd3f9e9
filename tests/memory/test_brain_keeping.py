"""Keeping and losing: forgetting policies, files, pools that fill up, and the examination of a memory."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from nesy.errors import CheckpointError, GroundingError, NesyError
from nesy.memory.brain import TensorBrain
from nesy.memory.brain.episodic import EpisodicMemory
from nesy.memory.brain.examination import Trace, completion, order, recognition
from nesy.memory.brain.saving import load_brain, save_brain
from tests.memory.toy import names, one_thread  # noqa: F401


def empty(reserve: int = 50, **options: object) -> EpisodicMemory:
    torch.manual_seed(0)
    brain = TensorBrain(
        {"entity": names("e", 5), "predicate": ["near", "on"]},
        reserve={"time": reserve},
        inputs=16,
        width=32,
        context=8,
    )
    return EpisodicMemory(brain, **options)  # type: ignore[arg-type]


def scenes(count: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(count, 16, generator=torch.Generator().manual_seed(seed))


@settings(max_examples=30, deadline=None)
@given(st.lists(st.sampled_from(["write", "forget"]), max_size=40), st.integers(0, 99))
def test_no_write_and_no_forgetting_touches_another_column(steps: list[str], seed: int):
    memory, g = empty(10), torch.Generator().manual_seed(seed)
    held: dict[str, torch.Tensor] = {}
    for i, step in enumerate(steps):
        if step == "write" and len(held) < 10:
            state = torch.randn(32, generator=g)
            memory.write(state, f"m{i}")
            held[f"m{i}"] = state
        elif step == "forget" and held:
            victim = sorted(held)[int(torch.randint(len(held), (1,), generator=g))]
            assert memory.forget(keep=len(held), names=[victim]) == [victim]
            del held[victim]
        assert {m.name for m in memory.moments.values()} == set(held)
        for name, state in held.items():
            assert torch.equal(memory.brain.bank("time")[memory.times.row(name)], state)
    free = [r for r, n in enumerate(memory.times.names) if n is None]
    assert memory.times.capacity - len(free) == len(held)


def test_a_cue_recalls_the_moment_it_resembles():
    memory = empty()
    with pytest.raises(NesyError, match="nothing is remembered yet"):
        memory.recall_from_cue(torch.zeros(32))
    states = torch.randn(5, 32, generator=torch.Generator().manual_seed(3))
    for i, state in enumerate(states):
        memory.write(state, f"m{i}")
    name, answers = memory.recall_from_cue(states[3] + 0.1, subject="e2", k=2)
    assert name == "m3" and [a.subject for a in answers] == ["e2", "e2"]
    assert answers == memory.recall("m3", subject="e2", k=2)


def test_policies_keep_what_they_promise():
    def filled() -> EpisodicMemory:
        memory = empty(horizon=5.0)
        for i, scene in enumerate(scenes(10)):
            memory.remember(scene, f"m{i}", salience=10.0 if i in (0, 8) else 1.0 + i / 100)
        return memory

    assert filled().forget("age", keep=7) == ["m0", "m1", "m2"]
    assert filled().forget("budget", keep=2) == [f"m{i}" for i in range(10) if i not in (0, 8)]
    gone = filled().forget("salience", keep=5)
    assert "m8" not in gone
    assert "m0" not in gone, "ten times the salience outweighs nine steps of age"
    assert set(gone) == {"m1", "m2", "m3", "m4", "m5"}
    with pytest.raises(NesyError, match="unknown forgetting policy `random`"):
        filled().forget("random", keep=1)  # type: ignore[arg-type]


def test_a_moment_that_is_recognised_often_is_kept_longer():
    memory = empty(horizon=5.0)
    states = memory.state(scenes(4)).detach()
    for i, q in enumerate(states):
        memory.write(q, f"m{i}")
    before = memory.weight(memory.times.row("m0"))
    for _ in range(50):
        assert memory.recognise(states[0])[0].time == "m0"
    assert memory.weight(memory.times.row("m0")) > before
    assert "m0" not in memory.forget("salience", keep=2)


def test_a_full_pool_says_so_or_makes_room():
    memory = empty(3)
    for i, scene in enumerate(scenes(3)):
        memory.remember(scene, f"m{i}")
    with pytest.raises(NesyError, match="group `time` is full: 3 rows"):
        memory.remember(scenes(1)[0], "m3")
    roomy = empty(3, automatic="age")
    for i, scene in enumerate(scenes(9)):
        roomy.remember(scene, f"m{i}")
    assert {m.name for m in roomy.moments.values()} == {"m6", "m7", "m8"}
    with pytest.raises(NesyError, match="exists already"):
        roomy.remember(scenes(1)[0], "m8")
    with pytest.raises(GroundingError, match="no time is called `m0`"):
        roomy.recall("m0")
    with pytest.raises(NesyError, match="32 finite numbers"):
        roomy.write(torch.full((32,), float("nan")), "broken")


def test_a_saved_brain_recalls_the_same(tmp_path: Path):
    memory = empty()
    for i, scene in enumerate(scenes(6)):
        memory.remember(scene, f"m{i}", salience=float(i))
    memory.forget("age", keep=4)
    path = tmp_path / "brain.safetensors"
    save_brain(memory, path)
    again = load_brain(path)
    assert again.moments == memory.moments
    for name in ("m2", "m5"):
        assert again.recall(name, k=3) == memory.recall(name, k=3)
    cue = memory.state(scenes(6)[3])[0].detach()
    assert again.recognise(cue)[0].time == "m3"
    again.remember(scenes(1, seed=9)[0], "later")
    assert again.moments[again.times.row("later")].clock == 7
    assert [p.name for p in tmp_path.iterdir()] == ["brain.safetensors"]


def test_a_broken_file_is_named(tmp_path: Path):
    path = tmp_path / "brain.safetensors"
    with pytest.raises(CheckpointError, match=r"brain\.safetensors"):
        load_brain(path)
    save_brain(empty(), path)
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(CheckpointError, match="cannot be read"):
        load_brain(path)


def test_examination_and_its_chance_levels():
    memory = empty(200)
    seen, new = scenes(100), scenes(100, seed=1)
    states = memory.state(seen).detach()
    for i, q in enumerate(states):
        memory.write(q, f"m{i}")
    noisy = memory.state(seen + 0.3 * scenes(100, seed=2)).detach()
    assert recognition(memory, noisy, memory.state(new).detach()).right >= 0.95
    assert recognition(memory, memory.state(scenes(100, seed=3)), memory.state(new)).right < 0.7  # both are new
    marks = [completion(memory, seen, names("m", 100), keep).right for keep in (1.0, 0.8, 0.0)]
    assert marks[0] == 1.0
    assert marks[1] > 0.5 > marks[2]
    assert marks[2] <= 0.05
    stamps = torch.tensor([float(memory.moments[memory.times.row(f"m{i}")].clock) for i in range(100)])
    assert order(stamps, (1, 5)).right == 1.0
    trace, things = Trace(256, 0.95), torch.randn(100, 256, generator=torch.Generator().manual_seed(4))
    for q in things:
        trace.see(q)
    faded = trace.strength(things)
    near, far = order(faded, (1, 3)), order(faded, (40, 99))
    assert far.right > 0.8
    assert far.right > near.right
    assert order(torch.zeros(100), (1, 99)).right == near.chance == 0.5
    with pytest.raises(NesyError, match="no two of 100 moments"):
        order(stamps, (100, 200))
