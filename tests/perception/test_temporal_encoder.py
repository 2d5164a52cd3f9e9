"""Encoders over time against their slow definitions, in value and gradient."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from nesy.errors import DataError
from nesy.perception.temporal_encoder import TemporalEncoder, linear_recurrence


def slow_recurrence(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    h, out = torch.zeros_like(b[:, 0]), []
    for t in range(a.shape[1]):
        h = a[:, t] * h + b[:, t]
        out.append(h)
    return torch.stack(out, 1)


@given(st.integers(1, 3), st.integers(1, 70), st.integers(1, 3), st.integers(0, 10**6))
@settings(max_examples=25, deadline=None)
def test_chunked_recurrence_equals_the_loop(m: int, t: int, w: int, seed: int):
    torch.manual_seed(seed)
    a = torch.rand(m, t, w, dtype=torch.float64, requires_grad=True)
    b = torch.randn(m, t, w, dtype=torch.float64, requires_grad=True)
    fast, slow = linear_recurrence(a, b), slow_recurrence(a, b)
    assert torch.allclose(fast, slow, atol=1e-12)
    weight = torch.randn_like(slow)
    for x, y in zip(
        torch.autograd.grad((fast * weight).sum(), (a, b)),
        torch.autograd.grad((slow * weight).sum(), (a, b)),
        strict=True,
    ):
        assert torch.allclose(x, y, atol=1e-10)


@pytest.mark.parametrize("kind", ["transformer", "recurrent"])
def test_absent_frames_are_not_read_and_tracks_are_alone(kind: str):
    torch.manual_seed(0)
    encoder = TemporalEncoder(kind, 16)
    x = torch.randn(3, 20, 16)
    present = torch.ones(3, 20, dtype=torch.bool)
    present[0, 5:9] = False
    present[2] = False  # nowhere at all
    before = encoder(x, present)
    assert before.isfinite().all()
    changed = x.clone()
    changed[0, 5:9] += 100
    changed[2] += 100
    after = encoder(changed, present)
    assert torch.allclose(before[0][present[0]], after[0][present[0]], atol=1e-5)
    assert torch.allclose(before[1], after[1], atol=1e-5)
    assert (before[1] - encoder(x.roll(1, 0), present)[1]).abs().max() > 1e-3


@pytest.mark.parametrize("kind", ["transformer", "recurrent"])
def test_every_frame_hears_of_every_other_in_both_directions(kind: str):
    torch.manual_seed(0)
    encoder = TemporalEncoder(kind, 16, layers=1)
    x = torch.randn(1, 12, 16, requires_grad=True)
    present = torch.ones(1, 12, dtype=torch.bool)
    for t in (0, 6, 11):
        (g,) = torch.autograd.grad(encoder(x, present)[0, t].square().sum(), x)
        assert (g[0].abs().sum(-1) > 0).all(), t


def test_none_is_the_identity_and_a_wrong_name_is_told():
    x = torch.randn(1, 3, 8)
    assert torch.equal(TemporalEncoder("none", 8)(x, torch.ones(1, 3, dtype=torch.bool)), x)
    with pytest.raises(DataError, match="recurent") as e:
        TemporalEncoder("recurent", 8)
    assert "did you mean `recurrent`" in str(e.value)
