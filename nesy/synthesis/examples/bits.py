"""Temporal operators on bit-packed boolean traces: one bit a frame, 64 frames a word, all candidates at once.

A value is an array ``[..., N, W]`` of uint64: N traces of W words, frame ``j`` in bit ``j % 64`` of word ``j // 64``.
Bits behind a trace's end are always 0. ``eventually`` and ``until`` double their reach in each of log2(T) steps (the
idea of bit-parallel evaluation is from Valizadeh, Fijalkow and Berger, "LTL learning on GPUs", 2024); what each
operator means is :mod:`nesy.reasoners.temporal.definition`, against which the tests hold all of them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Words = npt.NDArray[np.uint64]

WORD = 64
ONE = np.uint64(1)
_REST = np.uint64(WORD - 1)


def pack(values: npt.NDArray[np.bool_]) -> Words:
    """Booleans [..., T] as words [..., ceil(T / 64)], at least one word."""
    width = max(1, -(-values.shape[-1] // WORD))
    padded = np.zeros((*values.shape[:-1], width * WORD), bool)
    padded[..., : values.shape[-1]] = values
    octets = np.packbits(padded, axis=-1, bitorder="little")
    return octets.view("<u8").astype(np.uint64)


def unpack(words: Words, frames: int) -> npt.NDArray[np.bool_]:
    """Words [..., W] as booleans [..., frames]."""
    octets = np.ascontiguousarray(words.astype("<u8")).view(np.uint8)
    return np.unpackbits(octets, axis=-1, bitorder="little")[..., :frames].astype(bool)


@dataclass(frozen=True)
class Clock:
    """Which bits are frames, and which of them the first and the last; [N, W] each."""

    inside: Words
    first: Words
    last: Words
    frames: int

    @classmethod
    def of(cls, lengths: npt.NDArray[np.int64]) -> Clock:
        """The clock of traces of these lengths, [N]; every length is at least 1."""
        longest = int(lengths.max(initial=1))
        at = np.arange(longest)
        inside = at < lengths[:, None]
        return cls(pack(inside), pack(inside & (at == 0)), pack(at == lengths[:, None] - 1), longest)

    def of_traces(self, which: npt.NDArray[np.int64]) -> Clock:
        """The same for some of the traces."""
        return Clock(self.inside[which], self.first[which], self.last[which], self.frames)


def later(x: Words, by: int = 1) -> Words:
    """The value ``by`` frames later, false behind the end."""
    whole, rest = divmod(by, WORD)
    width = x.shape[-1]
    if width == 1 and not whole:
        return x >> np.uint64(rest)
    out = np.zeros_like(x)
    if whole >= width:
        return out
    out[..., : width - whole] = x[..., whole:] >> np.uint64(rest)
    if rest:
        out[..., : width - whole - 1] |= x[..., whole + 1 :] << np.uint64(WORD - rest)
    return out


def earlier(x: Words, by: int, clock: Clock) -> Words:
    """The value ``by`` frames earlier, false before the beginning."""
    whole, rest = divmod(by, WORD)
    width = x.shape[-1]
    out = np.zeros_like(x)
    if whole < width:
        out[..., whole:] = x[..., : width - whole] << np.uint64(rest)
        if rest:
            out[..., whole + 1 :] |= x[..., : width - whole - 1] >> np.uint64(WORD - rest)
    return out & clock.inside


def eventually(x: Words, clock: Clock) -> Words:
    step = 1
    while step < clock.frames:
        x = x | later(x, step)
        step *= 2
    return x


def within(x: Words, lo: int, hi: int) -> Words:
    """``eventually[lo, hi]``."""
    reach, out = 1, x  # out: some frame among the next `reach`, this one included
    while reach < hi - lo + 1:
        step = min(reach, hi - lo + 1 - reach)
        out, reach = out | later(out, step), reach + step
    return later(out, lo) if lo else out


def once(x: Words, clock: Clock) -> Words:
    step = 1
    while step < clock.frames:
        x = x | earlier(x, step, clock)
        step *= 2
    return x


def until(left: Words, right: Words, clock: Clock) -> Words:
    step, value, held = 1, right, left
    while step < clock.frames:
        value = value | (held & later(value, step))
        step *= 2
        if step < clock.frames:
            held = held & later(held, step // 2)
    return value


def since(left: Words, right: Words, clock: Clock) -> Words:
    step, value, held = 1, right, left
    while step < clock.frames:
        value = value | (held & earlier(value, step, clock))
        step *= 2
        if step < clock.frames:
            held = held & earlier(held, step // 2, clock)
    return value
