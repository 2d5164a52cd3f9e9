"""How people talk about a platform game: synonyms for its classes and predicates.

Written with captions of MUGEN in mind. What is listed is what a careful reader would accept as *implied* by the words;
a doubtful reading is left out, because a false spec costs training more than a missing one.
"""

from __future__ import annotations

from nesy.synthesis.lexicon import Tables

CRUSH = (
    "stomp squash flatten kill crush destroy defeat smash squish trample murder slay terminate eliminate exterminate "
    "pulverize pummel smoosh squeeze"
)
WALK = "walk stroll wander amble stride march saunter trot"
RUN = "run dash sprint rush race hurry speed bolt"
JUMP = "jump hop leap bound vault spring"
TAKE = "collect get grab take obtain acquire catch gather eat consume earn snatch fetch retrieve pocket gobble"
WAIT = "stand wait stop pause stay rest remain halt idle"
CRAWL = "crawl creep fly hover float slither glide buzz walk move run go come hop jump patrol wander roam"

PLATFORMER = Tables(
    hero="mugen",
    sorts={
        "hero": ("mugen",),
        "monster": ("snail", "worm", "mouse", "frog", "slime", "bee", "bat"),
        "item": ("coin", "gem"),
        "crate": ("crate",),
        "ladder": ("ladder",),
        "support": ("crate", "ladder"),
        "place": ("coin", "gem", "crate", "ladder", "snail", "worm", "mouse", "frog", "slime", "bee", "bat"),
    },
    nouns={
        "mugen": "mugen alien character player hero protagonist avatar astronaut",
        "coin": "coin money",
        "gem": "gem diamond jewel crystal",
        "crate": "crate box",
        "ladder": "ladder",
        "mouse": "mouse rat",
        "slime": "slime blob goo",
        "frog": "frog toad",
        "monster": "monster enemy creature foe opponent bad~guy baddie villain critter beast",
        "item": "item collectible collectable treasure",
        "#shield": "shield bubble force~field protection power-up powerup power~up barrier armor armour aura",
        "#direction": "direction",
    },
    verbs=(
        # moving
        (f"{WALK} move go head proceed travel pace", "hero V", "walking(s)"),
        (RUN, "hero V", "running(s)"),
        ("walk move go", "hero V +fast", "running(s)"),
        ("come pass continue return", "hero V", ""),
        ("pass", "hero V place", "near(s,o)"),
        (CRAWL, "monster V", ""),
        ("approach near", "any V any", "approaching(s,o)"),
        ("reach", "any V place", "near(s,o)"),
        ("arrive", "any V at|near|on place", "near(s,o)"),
        # in the air
        (JUMP, "hero V", "jumping(s)"),
        (JUMP, "hero V -|over|above|across place", "jumping(s) above(s,o)"),
        ("clear", "hero V place", "jumping(s) above(s,o)"),
        (
            f"{JUMP} land stomp stamp bounce fall drop step come smash crash",
            "hero V on|onto|on~top~of|upon|atop monster",
            "stomping(s,o)",
        ),
        ("bounce", "hero V off|off~of monster", "stomping(s,o)"),
        (JUMP, "hero V on|onto|on~top~of|upon|atop crate", "on(s,o)"),
        (JUMP, "hero V on|onto ladder", "on(s,o)"),
        ("fall drop plunge plummet tumble descend", "hero V", "falling(s)"),
        ("land", "hero V", "landing(s)"),
        ("touch come", "hero V +down", "landing(s)"),
        ("land come fall drop", "hero V on|onto|on~top~of|upon|atop crate", "landing(s) on(s,o)"),
        ("get step", "hero V on|onto|on~top~of|upon|atop|up crate", "on(s,o)"),
        ("land", "hero V on|onto|by|next~to|near|beside ladder", "landing(s) near(s,o)"),
        # ladders
        ("climb ascend descend scale", "hero V", "climbing(s)"),
        ("climb", "hero V +up", "climbing(s)"),
        ("climb", "hero V +down", "climbing(s)"),
        (
            "climb ascend descend scale use take ride mount",
            "hero V -|on|onto|up|down|along ladder",
            "climbing(s) on(s,o)",
        ),
        ("go walk move come run head travel climb", "hero V up|down|on|onto ladder", "climbing(s) on(s,o)"),
        ("get", "hero V up|down|on|onto ladder", "on(s,o)"),
        ("climb", "hero V -|on|onto|up|over|on~top~of crate", "on(s,o)"),
        # standing, looking
        (WAIT, "hero V", "standing(s)"),
        ("turn rotate reverse spin", "hero V", "turning(s)"),
        ("turn flip face", "hero V +around", "turning(s)"),
        ("change switch reverse", "hero V #direction", "turning(s)"),
        ("face look", "any V", ""),
        # things
        (TAKE, "hero V item", "collecting(s,o)"),
        ("pick", "hero V +up item", "collecting(s,o)"),
        ("touch brush graze", "any V any", "touching(s,o)"),
        ("hit", "any V any", "touching(s,o)"),
        ("bump run walk crash smash jump fall move", "any V into|against any", "touching(s,o)"),
        ("bump collide", "any V with|on|to any", "touching(s,o)"),
        # monsters
        (CRUSH, "hero V monster", "stomping(s,o)"),
        ("kill murder eat destroy", "monster V hero", "killing(s,o) dead(o)"),
        ("die", "hero V to|from|by|because~of monster", "killing(o,s) dead(s)"),
        ("die perish", "any V", "dead(s)"),
        (CRUSH, "any V", ""),
        ("chase follow pursue hunt", "monster V hero", "chasing(s,o)"),
        # the shield
        (
            "get gain receive activate obtain acquire enable take collect grab earn have raise use",
            "hero V #shield",
            "shielded(p)",
        ),
        ("get gain receive take obtain acquire", "hero V #shield from|with item", "collecting(s,q) shielded(p)"),
        ("activate enable give grant bring raise cause", "any V #shield", "shielded(p)"),
        ("turn switch put power", "any V +on #shield", "shielded(p)"),
        ("turn switch put take power", "any V +off #shield", "not shielded(p)"),
        ("lose drop deactivate disable remove break pop burst destroy shed", "any V #shield", "not shielded(p)"),
        ("turn switch come go power", "#shield V +on", "shielded(p)"),
        ("appear activate start", "#shield V", "shielded(p)"),
        ("turn switch go wear come", "#shield V +off", "not shielded(p)"),
        ("disappear vanish deactivate break pop burst end stop fade expire", "#shield V", "not shielded(p)"),
        ("go", "#shield V +away", "not shielded(p)"),
        ("lose", "hero V #shield to|because~of|from|by|on any", "not shielded(s) touching(s,q)"),
    ),
    prepositions=(
        ("under below underneath beneath", "any", "below(s,o)", ""),
        ("above over", "any", "above(s,o)", ""),
        ("next~to beside near close~to by past alongside at", "any", "near(s,o)", ""),
        ("towards to", "any", "approaching(s,o)", "walking running"),
        ("on onto on~top~of upon atop", "support", "on(s,o)", "walking running standing landing climbing"),
        ("into against", "any", "touching(s,o)", "walking running standing"),
        ("with inside in under within for", "#shield", "shielded(p)", ""),
        ("without", "#shield", "not shielded(p)", ""),
    ),
    adjectives={
        "dead": "dead(s)",
        "shielded": "shielded(s)",
        "protected": "shielded(s)",
        "unshielded": "not shielded(s)",
        "unprotected": "not shielded(s)",
        "still": "standing(s)",
        "motionless": "standing(s)",
    },
    directions={"left": "facing_left(s)", "right": "facing_right(s)"},
    oriented="hero",
    directed="walking running jumping turning approaching near below above",
    results="shielded",
    exclusive=(
        "walking running standing jumping falling landing climbing turning dead",
        "facing_left facing_right",
    ),
)
