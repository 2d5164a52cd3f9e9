"""The clip backend on small checkpoints of the true architectures, through the code that loads real ones."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from nesy.errors import CheckpointError, DataError
from nesy.perception import backends, batch_views, view_of
from nesy.perception.clip import Clip
from nesy.perception.regions import object_regions, pair_regions, shapes_of
from nesy.training import checkpoint
from tests.perception.checkpoints import clip_checkpoint
from tests.perception.scenes import VOCABULARY, scene


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    root = tmp_path_factory.mktemp("checkpoints")
    return {kind: clip_checkpoint(root / kind, kind) for kind in ("clip", "siglip")}


def build(folder: Path, **settings: object) -> Clip:
    torch.manual_seed(1)
    model = backends["clip"](VOCABULARY, {"checkpoint": str(folder), "device": "cpu", **settings})
    assert isinstance(model, Clip)
    return model


def batch(model: Clip):
    views = [model.look(*scene(6, seed=0)), model.look(*scene(4, seed=1))]
    return batch_views(views, [8.0, 8.0])


def step(model: Clip, views, optimizer: torch.optim.Optimizer) -> float:
    """One step towards: the first object is a cat that is running, and never near the other."""
    model.train()
    graph = model(views)
    there = views.view.present
    loss = -graph.classes[:, 0, 0].mean() - torch.nn.functional.logsigmoid(graph.unary[..., 0])[there].mean()
    loss = loss - torch.nn.functional.logsigmoid(-graph.binary[:, :, 0, 1, 0])[there.all(-1)].mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return float(loss.detach())


@pytest.mark.parametrize("kind", ["clip", "siglip"])
@pytest.mark.parametrize(
    "settings",
    [
        {"train": "frozen", "temporal": "recurrent"},
        {"train": "lora", "rank": 2},
        {"train": "full", "checkpointing": True, "head": False},
        {"train": "frozen", "score": "sigmoid", "temporal": "transformer", "precision": "bfloat16"},
    ],
    ids=lambda s: "-".join(str(v) for v in s.values()),
)
def test_learns_and_its_checkpoint_gives_the_same_predictions(folders, tmp_path, kind, settings):
    model = build(folders[kind], **settings)
    views = batch(model)
    optimizer = torch.optim.AdamW(model.parameters(), lr=5e-3)
    losses = [step(model, views, optimizer) for _ in range(8)]
    assert losses[-1] < 0.9 * losses[0], losses
    model.eval()
    with torch.no_grad():
        before = model(views)
    saved = checkpoint.save(tmp_path, 1, model, optimizer)
    again = build(folders[kind], **settings).eval()
    with torch.no_grad():
        assert not torch.allclose(again(views).unary, before.unary)
    checkpoint.load(saved, again)
    with torch.no_grad():
        after = again(views)
    for name in ("classes", "unary", "binary"):
        assert torch.equal(getattr(before, name), getattr(after, name)), name
    stored = load_file(saved / "model.safetensors")
    if settings["train"] != "full":  # what was not trained is not stored again
        assert not any(k.endswith("patch_embedding.weight") for k in stored)


def test_frozen_weights_stay_and_trained_ones_move(folders):
    for settings, moves in (("frozen", False), ("lora", False), ("full", True)):
        model = build(folders["clip"], train=settings)
        weight = model.encoder.model.vision_model.embeddings.patch_embedding.weight
        first = weight.detach().clone()
        step(model, batch(model), torch.optim.AdamW(model.parameters(), lr=5e-3))
        assert torch.equal(first, weight) != moves, settings


def test_trained_and_frozen_paths_agree_before_training(folders):
    """The same pictures once a clip (half precision) and in every step give the same facts."""
    frozen = build(folders["clip"], train="frozen").eval()
    full = build(folders["clip"], train="full", resolution=56).eval()
    with torch.no_grad():
        a, b = frozen(batch(frozen)), full(batch(full))
    assert torch.allclose(a.classes, b.classes, atol=0.05)
    there = a.present
    assert torch.allclose(a.unary[there], b.unary[there], atol=0.05)
    assert torch.allclose(a.binary[:, 1:, 0, 1], b.binary[:, 1:, 0, 1], atol=0.05)


def test_score_is_cosine_of_crop_and_prompt(folders):
    """Log-odds against their formula, computed here by hand from the encoder."""
    for kind, score in (("clip", "contrast"), ("siglip", "sigmoid")):
        model = build(folders[kind], head=False, prompts={"running": "a cat running"}).eval()
        frames, boxes, present = scene(3)
        with torch.no_grad():
            graph = model(batch_views([model.look(frames, boxes, present)], [None]))
            picture = object_regions(
                torch.from_numpy(frames).permute(0, 3, 1, 2),
                torch.tensor([2]),
                torch.from_numpy(boxes[2, 0])[None],
                32,
            )
            v = model.encoder.pictures(picture)[0]
            yes, no = model.encoder.texts(["a cat running", "a photo of something that is not running."])
            scale = model.encoder.scale
            expected = scale * v @ (yes - no) if score == "contrast" else scale * v @ yes + model.encoder.bias
        assert float(graph.unary[0, 2, 0, 0]) == pytest.approx(float(expected), abs=0.02), kind


def test_order_of_a_pair_is_visible():
    frames, _, _ = scene(1)
    video, one = torch.from_numpy(frames).permute(0, 3, 1, 2), torch.tensor([0])
    a, b = torch.tensor([[4.0, 8, 14, 18]]), torch.tensor([[30.0, 28, 40, 38]])
    forward, backward = pair_regions(video, one, a, b, 32), pair_regions(video, one, b, a, 32)
    assert forward.shape == (1, 3, 32, 32) and not torch.allclose(forward, backward)
    red = (forward[0, 0] - forward[0, 2]) - (backward[0, 0] - backward[0, 2])
    assert (
        red[:16, :16].max() > 50 and red[16:, 16:].min() < -50
    )  # the subject's place is redder than when it is object


def test_what_lies_outside_the_box_is_dimmed():
    frames = torch.full((1, 3, 40, 40), 255.0)
    picture = object_regions(frames, torch.tensor([0]), torch.tensor([[10.0, 10, 30, 30]]), 40, margin=0.25)
    assert picture[0, :, 20, 20].tolist() == [255.0] * 3
    assert picture[0, 0, 1, 1] == pytest.approx(0.25 * 255 + 0.75 * 118)


def test_features_are_cached_on_disk_and_follow_pixels_and_weights(folders, tmp_path):
    model = build(folders["clip"], cache=str(tmp_path))
    first = model.look(*scene(4))
    calls = []
    model._features = lambda *a: calls.append(a)  # type: ignore[method-assign]  # must not be needed again
    second = model.look(*scene(4))
    assert not calls and torch.equal(first.crops, second.crops) and torch.equal(first.unions, second.unions)
    (file,) = tmp_path.rglob("*.safetensors")
    other = build(folders["siglip"], cache=str(tmp_path))
    other.look(*scene(4))
    build(folders["clip"], cache=str(tmp_path)).look(*scene(4, seed=5))
    assert len(list(tmp_path.rglob("*.safetensors"))) == 3
    file.write_bytes(b"damaged")
    mended = build(folders["clip"], cache=str(tmp_path)).look(*scene(4))
    assert torch.equal(mended.crops, first.crops)


def test_chunks_do_not_change_features(folders):
    one, many = build(folders["clip"], chunk=1), build(folders["clip"], chunk=1000)
    a, b = one.look(*scene(5)), many.look(*scene(5))
    assert torch.allclose(a.crops.float(), b.crops.float(), atol=1e-3)
    assert torch.allclose(a.unions.float(), b.unions.float(), atol=1e-3)


def test_a_clip_without_objects(folders):
    frames, _, _ = scene(3)
    for train in ("frozen", "full"):
        model = build(folders["clip"], train=train).eval()
        view = model.look(frames, np.zeros((3, 0, 4), np.float32), np.zeros((3, 0), bool))
        assert model(batch_views([view], [None])).unary.shape == (1, 3, 0, 2)


def test_mistakes_are_named(folders, tmp_path):
    with pytest.raises(CheckpointError, match="no checkpoint directory 'nowhere'") as e:
        build(Path("nowhere"))
    assert "hf download" in str(e.value)
    with pytest.raises(DataError, match="no setting `templates2`"):
        build(folders["clip"], templates2={})
    with pytest.raises(DataError, match=r"perception\.train is 'lore'") as e:
        build(folders["clip"], train="lore")
    assert "did you mean `lora`" in str(e.value)
    with pytest.raises(DataError, match="`runing`") as e:
        build(folders["clip"], prompts={"runing": "x"})
    assert "did you mean `running`" in str(e.value)
    with pytest.raises(DataError, match=r"with \{\}") as e:
        build(folders["clip"], templates={"class": "a photo"})
    with pytest.raises(DataError, match="no linear layer is named nothing") as e:
        build(folders["clip"], train="lora", adapt="nothing")
    assert "q_proj" in str(e.value)
    (tmp_path / "config.json").write_text('{"model_type": "bert"}')
    with pytest.raises(CheckpointError, match="type 'bert'"):
        build(tmp_path)
    (tmp_path / "config.json").write_text((folders["clip"] / "config.json").read_text())
    (tmp_path / "pytorch_model.bin").write_bytes(b"x")
    with pytest.raises(CheckpointError, match="which is a pickle"):
        build(tmp_path)
    (tmp_path / "model.safetensors").write_bytes(b"x")
    with pytest.raises(CheckpointError, match="cannot be read"):
        build(tmp_path)
    with pytest.raises(CheckpointError, match="tokenizer"):
        build(tmp_path, weights="random")


def masks_of(boxes: np.ndarray, present: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """The left half of every box."""
    out = np.zeros((*present.shape, *size), bool)
    for t, n in zip(*present.nonzero(), strict=True):
        x0, y0, x1, y1 = boxes[t, n].astype(int)
        out[t, n, y0:y1, x0 : (x0 + x1) // 2] = True
    return out


def test_what_lies_outside_the_mask_is_dimmed():
    frames = torch.full((1, 3, 40, 40), 255.0)
    box, one = torch.tensor([[10.0, 10, 30, 30]]), torch.tensor([0])
    masks = torch.from_numpy(masks_of(box[None].numpy(), np.ones((1, 1), bool), (40, 40)))
    shapes = shapes_of(masks, box[None])[0]
    picture = object_regions(frames, one, box, 40, margin=0.25, shapes=shapes)
    grey = pytest.approx(0.25 * 255 + 0.75 * 118)
    assert picture[0, 0, 20, 12] == 255 and picture[0, 0, 20, 27] == grey and picture[0, 0, 5, 12] == grey
    pair = pair_regions(frames, one, box, box, 40, margin=0.25, shapes=(shapes, None))
    assert pair[0, 2, 20, 12] < pair[0, 2, 20, 27]  # red and blue, only blue
    empty = shapes_of(torch.zeros_like(masks), box[None])[0]
    assert torch.equal(object_regions(frames, one, box, 40, shapes=empty), object_regions(frames, one, box, 40))


@pytest.mark.parametrize("train", ["frozen", "full"])
def test_masks_are_seen_when_they_are_asked_for(folders, tmp_path, train):
    frames, boxes, present = scene(4)
    masks = masks_of(boxes, present, frames.shape[1:3])
    plain = build(folders["clip"], train=train, resolution=56).eval()
    masked = build(folders["clip"], train=train, resolution=56, masks=True).eval()
    full = np.zeros_like(masks)
    for t, n in zip(*present.nonzero(), strict=True):
        x0, y0, x1, y1 = boxes[t, n].astype(int)
        full[t, n, y0:y1, x0:x1] = True
    with torch.no_grad():
        seen = {
            name: model(batch_views([view_of(model, frames, boxes, present, lambda m=m: m)], [None])).unary[0, 1:, 0]
            for name, model, m in (
                ("plain", plain, masks), ("half", masked, masks), ("full", masked, full), ("none", masked, None)
            )
        }  # fmt: skip
        both = [view_of(masked, frames, boxes, present, lambda m=m: m) for m in (masks, None)]
        mixed = masked(batch_views(both, [None, None])).unary[:, 1:, 0]
    assert torch.allclose(seen["plain"], seen["none"], atol=1e-3) and torch.allclose(
        seen["plain"], seen["full"], atol=2e-2
    )
    assert not torch.allclose(seen["plain"], seen["half"], atol=2e-2)
    for k, name in enumerate(("half", "none")):
        assert torch.allclose(mixed[k], seen[name], atol=1e-3)


def test_cached_features_follow_the_masks(folders, tmp_path):
    frames, boxes, present = scene(4)
    model = build(folders["clip"], cache=str(tmp_path), masks=True)
    a = model.look(frames, boxes, present, masks_of(boxes, present, frames.shape[1:3]))
    b = model.look(frames, boxes, present, None)
    assert len(list(tmp_path.rglob("*.safetensors"))) == 2 and not torch.equal(a.crops, b.crops)


@pytest.mark.slow
def test_compiled_encoder_says_the_same(folders):
    """Features and gradients; torch takes most of a minute to compile."""
    plain, fast = build(folders["clip"], train="full"), build(folders["clip"], train="full", compile=True)
    assert plain.state_dict().keys() == fast.state_dict().keys()
    grads = []
    for model in (plain, fast):
        views = batch(model)
        graph = model(views)
        graph.unary[views.view.present].sum().backward()
        weight = model.encoder.model.vision_model.embeddings.patch_embedding.weight
        grads.append((graph.unary[views.view.present].detach(), weight.grad))
    for one, other in zip(*grads, strict=True):
        assert torch.allclose(one, other, rtol=1e-3, atol=1e-5)


def test_what_cannot_be_compiled_is_told(folders, monkeypatch):
    def broken(*args: object, **options: object):
        def call(*args: object):
            raise torch._dynamo.exc.TorchDynamoException("no compiler is found")

        return call

    monkeypatch.setattr(torch, "compile", broken)
    with pytest.raises(DataError, match=r"cannot compile the encoder here .no compiler") as e:
        build(folders["clip"], compile=True).look(*scene(3))
    assert "compile: false" in str(e.value)
