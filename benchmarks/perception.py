"""Clips a second of every perception backend: decoding, looking (crops or features), training; cached and not.

    python benchmarks/perception.py                       small true-architecture models with random weights, CPU
    python benchmarks/perception.py --clip DIR --size 224 a real CLIP or SigLIP checkpoint, on a GPU when there is one

Each row is one backend on the same clips (20 frames of 320 x 240 with 4 tracks, unless told).
``decode`` is reading the mp4; ``look`` what a clip costs once; ``cached`` the same from features on disk;
``forward`` prediction from what ``look`` gave; ``train`` forward and backward of a batch. All in clips a second.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch

from nesy.datasets.video import read_video, write_video
from nesy.perception import PredicateModel, backends, batch_views
from nesy.scenegraph import Vocabulary

HEIGHT, WIDTH = 240, 320
VOCABULARY = Vocabulary(
    ("person", "cat", "car", "ball"),
    ("walking", "running", "standing", "sitting"),
    ("near", "holding", "above", "chasing"),
)


def clip(seed: int, length: int, objects: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Frames, boxes and presence of squares that move over noise."""
    rng = np.random.default_rng(seed)
    frames = rng.integers(0, 255, (length, HEIGHT // 8, WIDTH // 8, 3)).astype(np.uint8)
    frames = frames.repeat(8, 1).repeat(8, 2)
    start = rng.uniform(20, 120, (objects, 2))
    speed = rng.uniform(-3, 3, (objects, 2))
    boxes = np.zeros((length, objects, 4), np.float32)
    for t in range(length):
        corner = start + speed * t
        boxes[t] = np.concatenate([corner, corner + 60], 1).clip(0, HEIGHT - 1)
    return frames, boxes, np.ones((length, objects), bool)


def rate(work: Callable[[], Any], clips: int, least: float) -> float:
    """Clips a second of ``work``, which handles ``clips`` of them; repeated for ``least`` seconds after one warm-up."""
    work()
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    began, done = time.perf_counter(), 0
    while time.perf_counter() - began < least or not done:
        work()
        done += clips
        if torch.cuda.is_available():
            torch.cuda.synchronize()
    return done / (time.perf_counter() - began)


def measure(
    build: Callable[[str], PredicateModel], clips: list[Any], least: float, cache: bool
) -> dict[str, float | None]:
    """One row of the table."""
    device = "cuda" if torch.cuda.is_available() else "cpu"
    model = build("").to(device)
    batch = len(clips)
    views = [model.look(*c) for c in clips]
    model.to(device)
    together = batch_views(views, [8.0] * batch).to(device)
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-4)

    @torch.no_grad()
    def forward() -> None:
        model.eval()
        model(together)

    def train() -> None:
        model.train()
        graph = model(together)
        loss = graph.unary.sigmoid().mean() + graph.binary.sigmoid().mean() - graph.classes[..., 0].mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()

    row: dict[str, float | None] = {
        "look": rate(lambda: model.look(*clips[0]), 1, least),
        "cached": None,
        "forward": rate(forward, batch, least),
        "train": rate(train, batch, least),
    }
    if cache:
        with tempfile.TemporaryDirectory() as folder:
            kept = build(folder)
            kept.look(*clips[0])
            row["cached"] = rate(lambda: kept.look(*clips[0]), 1, least)
    return row


def small_clip(folder: Path) -> str:
    """A CLIP of ViT-B/32's shape at a quarter of its width, random, where no checkpoint is given."""
    from tokenizers import Tokenizer
    from tokenizers.models import WordLevel
    from tokenizers.pre_tokenizers import Whitespace
    from transformers import CLIPConfig, CLIPModel, PreTrainedTokenizerFast

    names = ["<pad>", "<unk>", "<start>", "<end>"]
    tokens = Tokenizer(WordLevel({w: i for i, w in enumerate(names)}, unk_token="<unk>"))
    tokens.pre_tokenizer = Whitespace()
    PreTrainedTokenizerFast(tokenizer_object=tokens, pad_token="<pad>", unk_token="<unk>").save_pretrained(folder)
    text = {"vocab_size": 8, "hidden_size": 128, "intermediate_size": 512, "num_attention_heads": 2,
            "bos_token_id": 2, "eos_token_id": 3, "pad_token_id": 0}  # fmt: skip
    vision = {"hidden_size": 192, "intermediate_size": 768, "num_attention_heads": 3}
    CLIPModel(CLIPConfig(text_config=text, vision_config=vision)).save_pretrained(folder)
    return str(folder)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clip", help="a CLIP or SigLIP checkpoint directory")
    parser.add_argument("--size", type=int, default=112, help="side of the frames of the video networks")
    parser.add_argument("--batch", type=int, default=2, help="clips a training step")
    parser.add_argument("--frames", type=int, default=20)
    parser.add_argument("--objects", type=int, default=4)
    parser.add_argument("--seconds", type=float, default=1.0, help="least time of each measurement")
    parser.add_argument("--precision", default="bfloat16" if torch.cuda.is_available() else "float32")
    parser.add_argument("--only", help="rows whose name has this text")
    chosen = parser.parse_args()
    if not torch.cuda.is_available():
        torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as temporary:
        film = Path(temporary) / "clip.mp4"
        clips = [clip(i, chosen.frames, chosen.objects) for i in range(chosen.batch)]
        write_video(film, clips[0][0], 10)
        decode = rate(lambda: read_video(film), 1, chosen.seconds)
        where = torch.cuda.get_device_name() if torch.cuda.is_available() else "CPU, 1 thread"
        print(
            f"{where}; {chosen.frames} frames of {WIDTH} x {HEIGHT}, {chosen.objects} tracks; "
            f"decode {decode:.1f} clips/s"
        )
        checkpoint = chosen.clip or small_clip(Path(temporary) / "clip")
        common: dict[str, object] = {"precision": chosen.precision}
        asked: dict[str, object] = {"checkpoint": checkpoint, **common}
        rows: list[tuple[str, str, dict[str, object]]] = [("tiny", "tiny", {})]
        rows += [(f"clip {t}", "clip", {**asked, "train": t, "resolution": WIDTH}) for t in ("frozen", "lora", "full")]
        for network in ("r3d_18", "s3d", "mvit_v2_s"):
            for mode in ("frozen", "full"):
                settings = {"backbone": network, "size": chosen.size, "train": mode, **common}
                rows.append((f"video {network} {mode}", "video", settings))
        print(f"{'backend':24}{'look':>10}{'cached':>10}{'forward':>10}{'train':>10}   clips/s", flush=True)
        for title, name, settings in rows:
            if chosen.only and chosen.only not in title:
                continue
            frozen = settings.get("train") == "frozen"

            def build(cache: str, name: str = name, settings: dict[str, object] = settings) -> PredicateModel:
                return backends[name](VOCABULARY, {**settings, **({"cache": cache} if cache else {})})

            row = measure(build, clips, chosen.seconds, frozen)
            cells = "".join(f"{'-' if x is None else f'{x:.2f}':>10}" for x in row.values())
            print(f"{title:24}{cells}", flush=True)


if __name__ == "__main__":
    main()
