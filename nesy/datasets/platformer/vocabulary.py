"""The names of the platformer's scene graphs, and what each predicate means, in one table.

Lengths are in tiles (one tile is ``size / 6.4`` pixels), taken from the unclipped world boxes of the simulator; the
horizontal overlap of two boxes is measured against the narrower one. A fact holds only while its objects are present.
"""

from __future__ import annotations

from nesy.datasets.base import Vocabulary

CHARACTER = "mugen"
ITEMS = ("coin", "gem")
FURNITURE = ("crate", "ladder")
WALKERS = ("snail", "worm", "mouse", "frog", "slime")
FLYERS = ("bee", "bat")
MONSTERS = WALKERS + FLYERS

MOTIONS = ("walking", "running", "standing", "jumping", "falling", "landing", "climbing", "turning")

VOCABULARY = Vocabulary(
    classes=(CHARACTER, *ITEMS, *FURNITURE, *MONSTERS),
    unary=(*MOTIONS, "facing_left", "facing_right", "shielded", "dead"),
    binary=(
        "above",
        "below",
        "near",
        "touching",
        "on",
        "approaching",
        "collecting",
        "stomping",
        "killing",
        "chasing",
    ),
)

OVERLAP = 0.3  # least share of the narrower box that must overlap for above and below
ABOVE_SLACK = 0.2  # how far a's lower edge may sink under b's upper edge
ABOVE_REACH = 3.0
NEAR_GAP = 1.0
TOUCH_GAP = 0.08
MOVING = 0.3  # tiles a second
APPROACH_REACH = 4.0
APPROACH_LEVEL = 1.2  # greatest vertical distance of the centres
CHASE_REACH = 4.0
CHASE_LEVEL = 2.0

DEFINITIONS: dict[str, str] = {
    "walking": "the character moves over ground, platform or crate at walking speed",
    "running": "the character moves over ground, platform or crate at running speed",
    "standing": "the character is supported, at rest, and neither landing nor turning",
    "jumping": "the character is in the air and its vertical speed is above -3 tiles/s",
    "falling": "the character is in the air and its vertical speed is at most -3 tiles/s",
    "landing": "the character touched down less than 0.25 s ago (crouched)",
    "climbing": "the character hangs on a ladder",
    "turning": "the character changed its direction on the ground less than 0.25 s ago (seen from the front)",
    "facing_left": "the living character looks left",
    "facing_right": "the living character looks right",
    "shielded": "the character is inside the bubble that a gem gives and a coin or a hit takes",
    "dead": "the character was killed (until the clip ends), or the monster was stomped (0.5 s, then it vanishes)",
    "above": "a's lower edge is over b's upper edge (0.2 slack) by at most 3 tiles, overlapping >= 30 % horizontally",
    "below": "b is above a",
    "near": "the gap between the boxes is under 1 tile in both directions",
    "touching": "the gap between the boxes is at most 0.08 tile in both directions",
    "on": "the character a stands on the crate b or hangs on the ladder b",
    "approaching": "living a moves horizontally (> 0.3 tiles/s) towards b's centre, at most 4 tiles away, centres at "
    "most 1.2 tiles apart in height, not touching",
    "collecting": "the character a took the coin or gem b less than 0.3 s ago (b flies up, sparkling)",
    "stomping": "the character a came down on the monster b less than 0.3 s ago",
    "killing": "the monster a killed the character b less than 0.4 s ago",
    "chasing": "living monster a moves horizontally (> 0.3 tiles/s) towards the living character b, which looks away "
    "from a, at most 4 tiles away and centres at most 2 tiles apart in height",
}
