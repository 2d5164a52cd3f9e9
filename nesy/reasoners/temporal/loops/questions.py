"""Which propositions "some object ..." a batch asks: each one once, however many items and bindings ask it."""

from __future__ import annotations

from typing import Any

import numpy as np

from nesy.reasoners.temporal.compiled import compiled
from nesy.reasoners.temporal.loops.program import Ints


def distinct_questions(
    of: Ints, clip: Ints, objects: Ints, live: Any, asks: Ints, questions: Ints, clips: int, n: int, place: Ints
) -> Ints:
    """The different questions, [U, 2 + W]: kind, clip and objects (0 where there is none).

    Args:
        asks, questions: of :class:`nesy.reasoners.temporal.loops.program.Program`.
        place: [I, X, A] filled with the number of the question where a live binding asks one.
    """
    width = questions.shape[1] - 2
    most = int(((asks[1:] - asks[:-1])[of] * live.sum(1)).sum())
    table = np.full(1 << max(4, (2 * most).bit_length()), -1, np.int64)
    codes = np.empty(most, np.int64)
    count = number(of, clip, objects, live, asks, questions, clips, max(1, n), place, table, codes)
    out = np.empty((count, 2 + width), np.int64)
    code = codes[:count]
    for k in range(width + 1, 1, -1):
        code, out[:, k] = np.divmod(code, max(1, n))
    out[:, 0], out[:, 1] = np.divmod(code, clips)
    return out


@compiled
def number(
    of: Any, clip: Any, objects: Any, live: Any, asks: Any, questions: Any, clips: Any, n: Any, place: Any,
    table: Any, codes: Any,
) -> Any:  # fmt: skip
    """Number the questions in ``place``; ``codes`` has each one's code. ``table`` is a hash table of their numbers."""
    count, mask = 0, len(table) - 1
    for i in range(len(of)):
        for q in range(asks[of[i]], asks[of[i] + 1]):
            for a in range(live.shape[1]):
                if not live[i, a]:
                    continue
                code = questions[q, 0] * clips + clip[i]
                for k in range(2, questions.shape[1]):
                    block = questions[q, k]
                    code = code * n + (objects[i, a, block] if block >= 0 else 0)
                slot = (code * 0x9E3779B1 >> 7) & mask
                while table[slot] >= 0 and codes[table[slot]] != code:
                    slot = (slot + 1) & mask
                if table[slot] < 0:
                    table[slot] = count
                    codes[count] = code
                    count += 1
                place[i, questions[q, 1], a] = table[slot]
    return count
