"""Small checkpoints of the true architectures with random weights, written by save_pretrained."""

from __future__ import annotations

from pathlib import Path

import torch


def words_tokenizer(folder: Path, words: list[str], longest: int) -> None:
    from tokenizers import Tokenizer
    from tokenizers.models import WordLevel
    from tokenizers.pre_tokenizers import Whitespace
    from tokenizers.processors import TemplateProcessing
    from transformers import PreTrainedTokenizerFast

    special = ["<pad>", "<unk>", "<start>", "<end>"]
    raw = Tokenizer(WordLevel({w: i for i, w in enumerate(dict.fromkeys(special + words))}, unk_token="<unk>"))
    raw.pre_tokenizer = Whitespace()
    raw.post_processor = TemplateProcessing(single="<start> $A <end>", special_tokens=[("<start>", 2), ("<end>", 3)])
    PreTrainedTokenizerFast(
        tokenizer_object=raw,
        pad_token="<pad>",
        unk_token="<unk>",
        bos_token="<start>",
        eos_token="<end>",
        model_max_length=longest,
    ).save_pretrained(folder)


SENTENCES = (
    "a an photo picture of something that is not in video the red blue thing . "
    "cat dog running still near above square disc moving left right"
)
WORDS = SENTENCES.split()


def clip_checkpoint(folder: Path, kind: str = "clip") -> Path:
    """A CLIP or SigLIP model of 40 k parameters on pictures of 32 x 32."""
    from transformers import CLIPConfig, CLIPModel, SiglipConfig, SiglipModel

    text = {
        "vocab_size": 64, "hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2,
        "num_attention_heads": 2, "max_position_embeddings": 24, "projection_dim": 32, "projection_size": 32,
        "bos_token_id": 2, "eos_token_id": 3, "pad_token_id": 0,
    }  # fmt: skip
    vision = {
        "hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 2,
        "image_size": 32, "patch_size": 8, "projection_dim": 32,
    }  # fmt: skip
    torch.manual_seed(0)
    if kind == "clip":
        model = CLIPModel(CLIPConfig(text_config=text, vision_config=vision, projection_dim=32))
    else:
        model = SiglipModel(SiglipConfig(text_config=text, vision_config=vision))
    model.save_pretrained(folder)
    words_tokenizer(folder, WORDS, 24)
    return folder
