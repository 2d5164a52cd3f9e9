"""Batches of texts from a local causal language model: the shared beginning is read once, and a grammar can bind it."""

from __future__ import annotations

import copy
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch

from nesy.errors import DataError, NesyError
from nesy.synthesis.prompt import Message


@dataclass
class Speed:
    """Tokens read and written, and the seconds that it took."""

    read: int = 0
    reused: int = 0
    written: int = 0
    seconds: float = 0.0

    def __str__(self) -> str:
        rate = self.written / self.seconds if self.seconds else 0.0
        return (
            f"{self.written} tokens written in {self.seconds:.1f} s ({rate:.1f} tokens a second), "
            f"{self.read} prompt tokens read, {self.reused} reused"
        )


@dataclass
class Decoder:
    """A causal model with its tokenizer.

    newline: texts end before the first line break, else at the end of the turn.
    """

    model: Any
    tokenizer: Any
    newline: bool = True
    speed: Speed = field(default_factory=Speed)

    def __post_init__(self) -> None:
        self._prefix: tuple[list[int], Any] | None = None
        self._grammars: Any = None
        config = getattr(self.model, "generation_config", None)
        ends = getattr(config, "eos_token_id", None)
        ends = ends if isinstance(ends, list) else [ends]
        self.ends = {e for e in (*ends, self.tokenizer.eos_token_id) if isinstance(e, int)}
        self._specials = [t for t in self.tokenizer.get_added_vocab() if len(t) > 1]

    @classmethod
    def load(cls, name: str, device: str = "cpu", dtype: str = "auto") -> Decoder:
        """The model of a folder or of a name that ``transformers`` knows; weights as safetensors or GGUF, never pickle.

        Raises:
            DataError: it cannot be loaded.
        """
        from transformers import AutoModelForCausalLM, AutoTokenizer

        types = {"auto": torch.bfloat16, "float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}
        if dtype not in types:
            raise NesyError(f"unknown dtype `{dtype}`", expected=list(types))
        try:
            where = torch.device(device)
            more = {"gguf_file": Path(name).name} if name.endswith(".gguf") else {}
            place = str(Path(name).parent) if more else name
            tokenizer = AutoTokenizer.from_pretrained(place, trust_remote_code=False, **more)
            model = AutoModelForCausalLM.from_pretrained(
                place, dtype=types[dtype], trust_remote_code=False, use_safetensors=None if more else True, **more
            )
            model.to(where).eval()
        except (OSError, ValueError, RuntimeError, ImportError, KeyError) as e:
            said = " ".join(str(e).split())[:300]
            raise DataError(
                f"cannot load the language model `{name}`: {said}",
                hint="name a folder with config.json, model.safetensors and tokenizer.json",
            ) from None
        if getattr(tokenizer, "chat_template", None) is None:
            raise DataError(f"the language model `{name}` has no chat template", hint="take an instruction-tuned model")
        return cls(model, tokenizer)

    def tokens(self, messages: Sequence[Message]) -> list[int]:
        """The tokens of a conversation up to where the answer begins; special tokens inside of texts become plain."""
        plain = [{"role": m["role"], "content": self._plain(m["content"])} for m in messages]
        text = self.tokenizer.apply_chat_template(plain, tokenize=False, add_generation_prompt=True)
        return list(self.tokenizer(text, add_special_tokens=False)["input_ids"])

    def _plain(self, text: str) -> str:
        for special in self._specials:
            text = text.replace(special, f"{special[0]} {special[1:]}")
        return text.encode("utf-8", "replace").decode()

    @torch.inference_mode()
    def answers(self, conversations: Sequence[Sequence[Message]], most: int, grammar: str | None = None) -> list[str]:
        """The most likely continuation (greedy) of each conversation, all at once.

        most: tokens an answer at most. grammar: in llguidance's dialect of Lark, its sentences ending in a newline;
            ``most`` must be at least the length of its longest sentence in bytes, so that none is cut.
        """
        began = time.perf_counter()
        prompts = [self.tokens(c) for c in conversations]
        matchers = self._matchers(grammar, len(prompts)) if grammar is not None else None
        logits, cache, mask, position = self._prefill(prompts)
        device = logits.device
        written: list[list[int]] = [[] for _ in prompts]
        open_ = [True] * len(prompts)
        texts = [""] * len(prompts)
        for _ in range(most):
            if matchers is not None:
                _forbid(logits, matchers, open_)
            chosen = logits.argmax(-1).tolist()
            for b, token in enumerate(chosen):
                if not open_[b]:
                    chosen[b] = next(iter(self.ends), 0)
                elif token in self.ends:
                    open_[b] = False
                else:
                    written[b].append(token)
                    texts[b] = self.tokenizer.decode(written[b], skip_special_tokens=True)
                    stopped = matchers is not None and _consume(matchers[b], token)
                    open_[b] = not stopped and not (self.newline and "\n" in texts[b].lstrip())
                    self.speed.written += 1
            if not any(open_):
                break
            mask = torch.cat([mask, mask.new_ones(len(prompts), 1)], 1)
            out = self.model(
                input_ids=torch.tensor(chosen, device=device)[:, None], attention_mask=mask, past_key_values=cache,
                position_ids=position[:, None], use_cache=True,
            )  # fmt: skip
            logits, cache, position = out.logits[:, -1].float(), out.past_key_values, position + 1
        self.speed.seconds += time.perf_counter() - began
        return [t.strip().partition("\n")[0].strip() if self.newline else t.strip() for t in texts]

    def _prefill(self, prompts: list[list[int]]) -> tuple[Any, Any, Any, Any]:
        """Logits after each prompt, the cache, its mask and the next positions; the common beginning is read once."""
        device = self.model.device
        shared, cache = self._shared(prompts)
        rest = [p[len(shared) :] for p in prompts]
        width = max(map(len, rest))
        pads = [width - len(r) for r in rest]
        filler = next(iter(self.ends), 0)
        ids = torch.tensor([[filler] * n + r for n, r in zip(pads, rest, strict=True)], device=device)
        seen = torch.tensor([[0] * n + [1] * len(r) for n, r in zip(pads, rest, strict=True)], device=device)
        mask = torch.cat([seen.new_ones(len(prompts), len(shared)), seen], 1)
        positions = (mask.cumsum(1) - 1).clamp(min=0)
        batched = copy.deepcopy(cache)
        batched.batch_repeat_interleave(len(prompts))
        out = self.model(
            input_ids=ids, attention_mask=mask, past_key_values=batched, position_ids=positions[:, len(shared) :],
            use_cache=True, logits_to_keep=1,
        )  # fmt: skip
        self.speed.read += sum(map(len, rest))
        return out.logits[:, -1].float(), out.past_key_values, mask, positions[:, -1] + 1

    def _shared(self, prompts: list[list[int]]) -> tuple[list[int], Any]:
        """The tokens that all prompts begin with, and their cache; kept for the next batch."""
        if self._prefix is not None:
            kept = self._prefix[0]
            if all(p[: len(kept)] == kept and len(p) > len(kept) for p in prompts):
                self.speed.reused += len(kept) * len(prompts)
                return self._prefix
        shortest = min(map(len, prompts))
        n = 0
        while n < shortest - 8 and all(p[n] == prompts[0][n] for p in prompts):  # the last words differ by caption
            n += 1
        if len(prompts) == 1:
            n = max(0, n - 64)  # one caption alone does not show where the shared part ends
        if n == 0:
            n = 1  # an empty cache has no shape yet; the first token opens every turn
        if any(p[:n] != prompts[0][:n] for p in prompts):
            raise NesyError("the chat template begins differently for different captions")
        ids = torch.tensor([prompts[0][:n]], device=self.model.device)
        out = self.model(input_ids=ids, use_cache=True, logits_to_keep=1)
        self.speed.read += n
        self.speed.reused += n * (len(prompts) - 1)
        self._prefix = prompts[0][:n], out.past_key_values
        return self._prefix

    def _matchers(self, grammar: str, count: int) -> list[Any]:
        try:
            import llguidance
            import llguidance.hf
        except ImportError:
            raise NesyError("decoding under a grammar needs llguidance", hint="pip install llguidance") from None
        if self._grammars is None or self._grammars[0] != grammar:
            compiled = llguidance.LLMatcher.grammar_from_lark(grammar)
            fault = llguidance.LLMatcher.validate_grammar(compiled)
            if fault:
                raise NesyError(f"the grammar is refused by llguidance: {fault[:300]}")
            words = llguidance.hf.from_tokenizer(self.tokenizer, n_vocab=self.model.config.vocab_size)
            self._grammars = grammar, llguidance.LLMatcher(words, compiled)
        return [self._grammars[1].deep_copy() for _ in range(count)]


def _forbid(logits: Any, matchers: Sequence[Any], open_: Sequence[bool]) -> None:
    """Give every token that the grammar excludes at its place the logit minus infinity, in place."""
    rows = []
    for b, matcher in enumerate(matchers):
        if open_[b]:
            bits = np.frombuffer(matcher.compute_bitmask(), dtype=np.uint8)
            allowed = np.unpackbits(bits, bitorder="little")[: logits.shape[1]].astype(bool)
        else:
            allowed = np.ones(logits.shape[1], dtype=bool)
        rows.append(np.pad(allowed, (0, logits.shape[1] - len(allowed))))
    logits.masked_fill_(~torch.from_numpy(np.stack(rows)).to(logits.device), float("-inf"))


def _consume(matcher: Any, token: int) -> bool:
    """Move a matcher on; whether its sentence is complete.

    Raises:
        NesyError: the grammar does not allow the token, which the mask should have prevented.
    """
    if not matcher.consume_token(token):
        raise NesyError(f"the grammar failed while decoding: {matcher.get_error()[:300]}")
    return bool(matcher.is_stopped() or matcher.is_accepting())
