"""Everyday words for the same thing, and narrower words with the wider ones that may stand for them."""

from __future__ import annotations

from functools import lru_cache

from nesy.synthesis.lemmas import alike, words_of

SAME: tuple[tuple[str, ...], ...] = (
    ("person", "human", "people", "somebody", "someone"),
    ("kid", "child"), ("guy", "man"), ("lady", "woman"), ("infant", "baby"), ("sofa", "couch"), ("bike", "bicycle"),
    ("motorbike", "motorcycle"), ("tv", "television"), ("cell phone", "phone", "mobile", "smartphone", "telephone"),
    ("fridge", "refrigerator"), ("rug", "carpet"), ("cup", "mug"), ("garbage bin", "trash can", "bin"),
    ("car", "automobile"), ("plane", "airplane", "aircraft"), ("puppy", "pup"), ("bunny", "rabbit"),
    ("grab", "grasp", "seize"), ("pick up", "lift", "raise", "take up"), ("put down", "set down", "lay down"),
    ("collect", "gather", "take", "get"), ("run", "sprint", "race"), ("jump", "leap", "hop"),
    ("look at", "watch", "observe", "gaze at", "stare at"), ("talk to", "speak to", "chat with", "talk with"),
    ("kick", "boot"), ("throw", "toss", "hurl", "fling"), ("close", "shut"), ("push", "shove"), ("pull", "drag", "tug"),
    ("carry", "bear", "transport"), ("hold", "grip", "clutch"), ("hit", "strike"), ("stomp", "squash", "stamp on"),
    ("chase", "pursue"), ("follow", "trail"), ("hug", "embrace", "cuddle"), ("stroke", "pet", "caress"),
    ("approach", "move towards", "walk towards", "come up to", "go to"), ("fall", "tumble"), ("climb", "scale"),
    ("sleep", "asleep", "nap", "doze"), ("smile", "grin"), ("cut", "slice", "chop"), ("play with", "toy with"),
    ("near", "close to", "by", "nearby"), ("next to", "beside", "alongside"), ("in front of", "before", "ahead of"),
    ("on", "on top of", "atop", "upon"), ("above", "over"), ("below", "under", "beneath", "underneath"),
    ("in", "inside", "within", "into"), ("touch", "contact", "in contact with"), ("dead", "die", "killed"),
    ("facing left", "look left"), ("facing right", "look right"), ("wear", "dressed in"), ("ride", "riding on"),
    ("drink from", "sip from"), ("open", "opened"), ("empty", "vacant"), ("big", "large"), ("small", "little", "tiny"),
)  # fmt: skip
"""Each group in any direction."""

WIDER: dict[str, tuple[str, ...]] = {
    "man": ("adult", "person"), "woman": ("adult", "person"), "boy": ("child", "person"), "girl": ("child", "person"),
    "child": ("person",), "baby": ("child", "person"), "adult": ("person",), "toddler": ("child", "person"),
    "player": ("person",), "chef": ("person",), "worker": ("person",), "father": ("man", "adult", "person"),
    "mother": ("woman", "adult", "person"), "hand": ("person",), "puppy": ("dog",), "kitten": ("cat",),
    "dog": ("animal", "pet"), "cat": ("animal", "pet"), "horse": ("animal",), "bird": ("animal",),
    "duck": ("bird", "animal"),
    "toy": ("object",), "ball": ("toy", "object"), "cup": ("object",), "bottle": ("object",), "box": ("object",),
    "armchair": ("chair",), "stool": ("chair",), "bench": ("seat",), "desk": ("table",), "van": ("car", "vehicle"),
    "truck": ("vehicle",), "car": ("vehicle",), "bus": ("vehicle",), "stomp": ("kill",), "sprint": ("run", "move"),
    "walk": ("move",), "run": ("move",), "crawl": ("move",), "hug": ("touch",), "hold": ("touch",), "kiss": ("touch",),
    "carry": ("hold", "touch"), "on top of": ("on", "above"), "sit on": ("on",), "stand on": ("on",), "lie on": ("on",),
    "next to": ("near",), "beside": ("near",),
}  # fmt: skip
"""From a word to those that say less, nearest first; never the other way round, because that would add a claim."""


@lru_cache(maxsize=100_000)
def related(a: str, b: str) -> bool:
    """Whether two words are synonyms, or one is wider than the other.

    >>> related("jumped", "leaping"), related("girl", "person"), related("girl", "table")
    (True, True, False)
    """
    x, y = words_of(a), words_of(b)
    for group in SAME:
        members = [words_of(m) for m in group]
        if any(alike(x, m) for m in members) and any(alike(y, m) for m in members):
            return True
    for narrow, wide in WIDER.items():
        for p, q in ((x, y), (y, x)):
            if alike(p, words_of(narrow)) and any(alike(q, words_of(w)) for w in wide):
                return True
    return False
