"""How people name the game's events and things: the words behind the manual-like captions.

Every phrase begins with a verb in its base form; ``{a}`` is the second party, ``{side}`` the direction.
"""

from __future__ import annotations

VERBS: dict[str, tuple[str, str, str]] = {  # third person, past, gerund
    "approach": ("approaches", "approached", "approaching"),
    "be": ("is", "was", "being"),
    "bump": ("bumps", "bumped", "bumping"),
    "climb": ("climbs", "climbed", "climbing"),
    "collect": ("collects", "collected", "collecting"),
    "come": ("comes", "came", "coming"),
    "crush": ("crushes", "crushed", "crushing"),
    "dash": ("dashes", "dashed", "dashing"),
    "die": ("dies", "died", "dying"),
    "drop": ("drops", "dropped", "dropping"),
    "fall": ("falls", "fell", "falling"),
    "flatten": ("flattens", "flattened", "flattening"),
    "get": ("gets", "got", "getting"),
    "go": ("goes", "went", "going"),
    "grab": ("grabs", "grabbed", "grabbing"),
    "head": ("heads", "headed", "heading"),
    "hop": ("hops", "hopped", "hopping"),
    "jump": ("jumps", "jumped", "jumping"),
    "keep": ("keeps", "kept", "keeping"),
    "kill": ("kills", "killed", "killing"),
    "land": ("lands", "landed", "landing"),
    "leap": ("leaps", "leapt", "leaping"),
    "lose": ("loses", "lost", "losing"),
    "make": ("makes", "made", "making"),
    "move": ("moves", "moved", "moving"),
    "pass": ("passes", "passed", "passing"),
    "pause": ("pauses", "paused", "pausing"),
    "pick": ("picks", "picked", "picking"),
    "run": ("runs", "ran", "running"),
    "rush": ("rushes", "rushed", "rushing"),
    "sprint": ("sprints", "sprinted", "sprinting"),
    "squash": ("squashes", "squashed", "squashing"),
    "stand": ("stands", "stood", "standing"),
    "stomp": ("stomps", "stomped", "stomping"),
    "stop": ("stops", "stopped", "stopping"),
    "stroll": ("strolls", "strolled", "strolling"),
    "take": ("takes", "took", "taking"),
    "touch": ("touches", "touched", "touching"),
    "turn": ("turns", "turned", "turning"),
    "wait": ("waits", "waited", "waiting"),
    "walk": ("walks", "walked", "walking"),
}

PHRASES: dict[str, tuple[str, ...]] = {
    "walk": ("walk{side}", "walk{side}", "move{side}", "go{side}", "stroll{side}", "head{side}", "keep walking{side}"),
    "run": ("run{side}", "run{side}", "dash{side}", "sprint{side}", "rush{side}", "run fast{side}"),
    "under walking": (
        "walk under {a}",
        "walk{side} under {a}",
        "pass below {a}",
        "go underneath {a}",
        "walk beneath {a}",
    ),
    "under running": ("run under {a}", "run{side} below {a}", "rush underneath {a}", "dash under {a}"),
    "under standing": ("stand under {a}", "wait below {a}", "stop beneath {a}", "stand underneath {a}"),
    "towards walking": (
        "walk towards {a}",
        "walk toward {a}",
        "approach {a}",
        "move towards {a}",
        "go{side} toward {a}",
    ),
    "towards running": ("run towards {a}", "rush towards {a}", "run toward {a}", "dash{side} towards {a}"),
    "past walking": ("walk past {a}", "walk{side} past {a}", "pass {a}", "walk by {a}", "go by {a}"),
    "past running": ("run past {a}", "run{side} past {a}", "pass {a} running", "run by {a}", "rush past {a}"),
    "jump": ("jump{side}", "jump{side}", "hop{side}", "leap{side}", "make a jump{side}"),
    "over": ("jump over {a}", "jump{side} over {a}", "leap over {a}", "hop over {a}", "jump above {a}"),
    "turn": ("turn around", "turn{side}", "turn back", "turn around{side}"),
    "fall": ("fall down", "fall", "drop down", "drop"),
    "stand": ("stand still", "wait", "stop", "pause", "wait a bit", "stand there"),
    "stand_on": ("stand on {a}", "wait on top of {a}", "stand on top of {a}", "stop on {a}"),
    "beside": ("stand next to {a}", "stop near {a}", "wait beside {a}", "stand close to {a}", "stand by {a}"),
    "bump": ("touch {a}", "bump into {a}", "touch the side of {a}"),
    "land": ("land", "touch down", "come down"),
    "land_on": ("land on {a}", "land on top of {a}", "come down on {a}", "get onto {a}"),
    "climb up": ("climb up {a}", "go up {a}", "climb {a} up", "climb up on {a}", "climb {a}"),
    "climb down": ("climb down {a}", "go down {a}", "climb {a} down", "climb down on {a}", "climb {a}"),
    "climb": ("climb {a}", "climb on {a}"),
    "collect": ("collect {a}", "collect {a}", "get {a}", "grab {a}", "pick up {a}", "take {a}"),
    "lose": ("lose the shield to {a}", "lose its shield to {a}", "lose the shield because of {a}"),
    "stomp": ("stomp on {a}", "squash {a}", "flatten {a}", "kill {a}", "jump on {a}", "crush {a}", "stomp {a}"),
    "killed": ("be killed by {a}", "get killed by {a}", "die to {a}", "get killed by {a}"),
    "chased": ("be chased by {a}", "get chased by {a}", "be followed by {a}"),
}

OTHER_LED: dict[str, tuple[tuple[str, str], ...]] = {  # present, past; {o} the other party, {s} the character
    "stomp": (
        ("{o} gets squashed", "{o} got squashed"),
        ("{o} is stomped by {s}", "{o} was stomped by {s}"),
        ("{o} gets killed by {s}", "{o} got killed by {s}"),
    ),
    "killed": (("{o} kills {s}", "{o} killed {s}"), ("{o} gets {s} killed", "{o} got {s} killed")),
    "chased": (("{o} chases {s}", "{o} chased {s}"), ("{o} follows {s}", "{o} followed {s}")),
    "collect": (("{o} gets collected", "{o} got collected"), ("{o} is taken by {s}", "{o} was taken by {s}")),
}

SIDES = (" to the {d}", " to the {d}", " {d}", " towards the {d}", " to its {d}")
SHIELD_ON = (" to turn on the shield", " and gets a shield", ", which turns the shield on", " for a shield")
SHIELD_OFF = (" to turn off the shield", " and loses the shield", ", which turns the shield off")
SHIELDED = (" with the shield on", " with a shield", " while shielded", " inside the bubble")

NOUNS: dict[str, tuple[str, ...]] = {
    "coin": ("coin", "coin", "coin", "gold coin"),
    "gem": ("gem", "gem", "gem", "diamond", "pink gem"),
    "crate": ("crate", "crate", "box", "wooden crate"),
    "slime": ("slime", "slime", "purple slime", "blob"),
    "mouse": ("mouse", "mouse", "grey mouse"),
    "snail": ("snail", "snail", "red snail"),
    "frog": ("frog", "frog", "green frog"),
}
NAMES = ("Mugen", "Mugen", "Mugen", "mugen", "The alien", "The character", "The player", "The little alien")
PRONOUNS = ("it", "it", "he", "she")
JOINS = (", ", ", ", " and ", " and ", ", then ", " and then ", ", and ", " then ")
LAST_JOINS = (" and ", " and ", ", and ", " and then ", ", then ", " and finally ")
OPENERS = ("Then ", "After that ", "After that, ", "Next, ", "Afterwards ", "")
FEW = {
    2: ("two {n}s", "a couple of {n}s", "a few {n}s", "some {n}s", "2 {n}s"),
    3: ("three {n}s", "a few {n}s", "some {n}s"),
}
TIMES = {2: ("jump twice", "jump a few times", "jump two times"), 3: ("jump a few times", "jump three times")}


def inflect(phrase: str, form: int) -> str:
    """``phrase`` with its first verb in third person (0), past (1), gerund (2)."""
    verb, _, rest = phrase.partition(" ")
    if verb not in VERBS and "{" in verb:  # a direction glued to the verb
        verb, brace, tail = verb.partition("{")
        return VERBS[verb][form] + brace + tail + (f" {rest}" if rest else "")
    return VERBS[verb][form] + (f" {rest}" if rest else "")
