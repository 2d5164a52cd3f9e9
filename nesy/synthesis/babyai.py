"""How BabyAI speaks: its missions are orders to the agent (``go to a red ball, then open the door``).

What an order asks for, as facts of the domain of :mod:`nesy.datasets.babyai`.
"""

from __future__ import annotations

from nesy.synthesis.lexicon import Tables

BABYAI = Tables(
    hero="agent",
    sorts={
        "hero": ("agent",),
        "thing": ("ball", "box", "door", "key"),
        "door": ("door",),
        "light": ("ball", "box", "key"),
    },
    nouns={"agent": "agent robot you", "thing": "object thing"},
    verbs=(
        ("go walk move head", "hero V to thing", "facing(s,o)"),
        ("pick", "hero V +up light", "carrying(s,o)"),
        ("take grab fetch get", "hero V light", "carrying(s,o)"),
        ("open", "hero V door", "open(o)"),
        ("put place drop", "hero V light next~to|beside thing", "next_to(o,q)"),
    ),
    prepositions=(),
    adjectives={},
    directions={},
    oriented="hero",
    directed="",
    results="",
    exclusive=("open closed locked",),
    orders=True,
    needs=frozenset({"facing", "carrying"}),
)
