"""The video backend: torchvision's networks at a small size, read at the boxes."""

from __future__ import annotations

import pytest
import torch
from safetensors.torch import save_file

from nesy.errors import CheckpointError, DataError
from nesy.perception import backends, batch_views
from nesy.perception.video import Video
from nesy.training import checkpoint
from tests.perception.scenes import VOCABULARY, scene

NETWORKS = ["r3d_18", "s3d", "mvit_v2_s"]


def build(backbone: str, **settings: object) -> Video:
    torch.manual_seed(1)
    small = {"backbone": backbone, "size": 32, "window": 2, "width": 32, "device": "cpu"}
    model = backends["video"](VOCABULARY, {**small, **settings})
    assert isinstance(model, Video)
    return model


@pytest.mark.parametrize("backbone", NETWORKS)
def test_trains_and_predicts(backbone: str):
    model = build(backbone, checkpointing=backbone == "mvit_v2_s")
    views = batch_views([model.look(*scene(6)), model.look(*scene(5, seed=1))], [8.0, None])
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3 if backbone == "s3d" else 1e-3)
    there, losses = views.view.present, []
    model.train()
    for _ in range(2):
        graph = model(views)
        loss = -graph.classes[:, 0, 0].mean() - torch.nn.functional.logsigmoid(graph.unary[..., 0])[there].mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(float(loss.detach()))
    assert losses[-1] < losses[0], losses
    grown = [p.grad is not None and bool(p.grad.abs().sum() > 0) for p in model.backbone.parameters()]
    assert sum(grown) > 0.9 * len(grown)  # the whole network learns through ROI alignment
    graph = model.eval()(views)
    assert graph.unary.shape == (2, 6, 2, 2) and graph.unary.isfinite().all()


def test_features_are_read_at_the_box():
    """Changing pixels far from a box changes its features less than changing the pixels in it."""
    model = build("r3d_18", train="frozen", size=64).eval()
    frames, boxes, present = scene(6, size=60)
    first = model.look(frames, boxes, present).crops.float()
    inside, outside = frames.copy(), frames.copy()
    for t in range(6):
        x0, y0, x1, y1 = boxes[t, 0].astype(int)
        inside[t, y0:y1, x0:x1] = 255
    outside[:, 50:, 50:] = 255
    near = (model.look(inside, boxes, present).crops.float() - first)[:, 0].norm()
    far = (model.look(outside, boxes, present).crops.float() - first)[:, 0].norm()
    assert near > far


def test_frozen_backbone_is_left_out_of_checkpoints_and_comes_back(tmp_path):
    model = build("r3d_18", train="frozen", cache=str(tmp_path / "cache"))
    view = model.look(*scene(4))
    assert view.crops.shape == (4, 2, 512) and len(list(tmp_path.rglob("*.safetensors"))) == 1
    saved = checkpoint.save(tmp_path / "run", 1, model, torch.optim.AdamW(model.parameters()))
    assert (saved / "model.safetensors").stat().st_size < 3_000_000  # of 130 MB
    torch.manual_seed(77)
    again = backends["video"](
        VOCABULARY, {"size": 32, "window": 2, "width": 32, "train": "frozen", "device": "cpu"}
    ).eval()
    checkpoint.load(saved, again)
    views = batch_views([view], [None])
    assert torch.equal(model.eval()(views).unary, again(batch_views([again.look(*scene(4))], [None])).unary)
    assert torch.equal(model(views).binary, again(views).binary)


def test_weights_are_read_from_safetensors_in_torchvisions_names(tmp_path):
    donor = build("r3d_18")
    from torchvision.models.video import r3d_18

    whole = r3d_18(weights=None)
    whole.load_state_dict(donor.backbone.network.state_dict(), strict=False)
    save_file(whole.state_dict(), tmp_path / "r3d.safetensors")  # with its 400 classes, as torchvision gives it
    model = build("r3d_18", weights=str(tmp_path / "r3d.safetensors"))
    for a, b in zip(donor.backbone.parameters(), model.backbone.parameters(), strict=True):
        assert torch.equal(a, b)
    with pytest.raises(CheckpointError, match="s3d"):
        build("s3d", weights=str(tmp_path / "r3d.safetensors"))
    with pytest.raises(CheckpointError, match="no safetensors file") as e:
        build("r3d_18", weights="r3d_18.pth")
    assert "save_file" in str(e.value)
    with pytest.raises(DataError, match="r3d_19") as caught:
        build("r3d_19")
    assert "r3d_18" in str(caught.value)


def test_mvit_of_another_size_is_torchvisions_at_its_own_size():
    from torchvision.models.video import mvit_v2_s as theirs

    from nesy.perception.backbones import mvit_v2_s as ours

    with torch.device("meta"):
        a, b = theirs(weights=None).state_dict(), ours(224, 16).state_dict()
    assert {k: v.shape for k, v in a.items()} == {k: v.shape for k, v in b.items()}


@pytest.mark.parametrize("name", NETWORKS)
def test_maps_have_one_slice_a_frame(name: str):
    model = build(name).eval()
    for frames in (1, 5):
        with torch.no_grad():
            maps = model.backbone(torch.zeros(1, frames, 3, 32, 32, dtype=torch.uint8))
        assert maps.shape[:3] == (1, model.backbone.width, frames)


@pytest.mark.parametrize("temporal", ["none", "transformer", "recurrent"])
def test_every_backend_takes_a_temporal_encoder(temporal: str):
    torch.manual_seed(0)
    model = backends["tiny"](VOCABULARY, {"temporal": temporal})
    views = batch_views([model.look(*scene(6))], [None])
    model(views).unary.sum().backward()
    grads = [p.grad for p in model.over_time.parameters()]
    assert bool(grads) == (temporal != "none") and all(g is not None and g.abs().sum() > 0 for g in grads)
