"""How people tell what happens in CoinRun, in the facts of :mod:`nesy.datasets.coinrun`.

``jumping`` is the way up only there: who jumps over something is above it at some moment, and may be falling by then.
"""

from __future__ import annotations

from nesy.synthesis.lexicon import Tables
from nesy.synthesis.platformer import JUMP, TAKE, WAIT, WALK

COINRUN = Tables(
    hero="player",
    sorts={
        "hero": ("player",),
        "danger": ("saw", "enemy", "lava"),
        "thing": ("saw", "enemy", "lava", "crate", "coin"),
        "coin": ("coin",),
        "crate": ("crate",),
    },
    nouns={
        "player": "player character hero",
        "saw": "saw blade",
        "enemy": "enemy monster creature",
        "crate": "crate box",
        "coin": "coin",
        "lava": "lava",
    },
    verbs=(
        (f"{WALK} run move go", "hero V", "walking(s)"),
        (JUMP, "hero V", "jumping(s)"),
        (JUMP, "hero V over|above|across thing", "above(s,o)"),
        ("fall drop", "hero V", "falling(s)"),
        (WAIT, "hero V", "standing(s)"),
        (f"{JUMP} land climb stand", "hero V on|onto|on~top~of crate", "on(s,o)"),
        (TAKE, "hero V coin", "collecting(s,o)"),
        ("kill hit destroy", "danger V hero", "killing(s,o)"),
        ("die", "hero V to|from|by|because~of danger", "killing(o,s)"),
        ("touch", "any V any", "touching(s,o)"),
    ),
    prepositions=(
        ("next~to beside near", "any", "near(s,o)", ""),
        ("above over", "any", "above(s,o)", ""),
        ("below under", "any", "below(s,o)", ""),
    ),
    adjectives={},
    directions={"left": "facing_left(s)", "right": "facing_right(s)"},
    oriented="hero",
    directed="walking jumping",
    results="",
    exclusive=("walking standing jumping falling", "facing_left facing_right"),
    needs=frozenset({"coin", "jumping", "above"}),
)
