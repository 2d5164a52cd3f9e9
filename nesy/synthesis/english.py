"""The closed words of English that any caption uses, whatever its domain."""

from __future__ import annotations


def words(text: str) -> frozenset[str]:
    """The words of a space-separated list."""
    return frozenset(text.split())


INDEFINITE = frozenset(
    {"a", "an", "another", "one", "some", "any", "each", "every", "several", "many", "few", "all", "most"}
)
DEFINITE = frozenset({"the", "this", "that", "these", "those"})
POSSESSIVE = frozenset({"its", "his", "her", "their", "my", "our", "your"})
OTHER = frozenset({"another", "other", "different", "second", "third"})
NUMBERS = {"one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "both": 2, "couple": 2, "pair": 2}
VAGUE = frozenset({"some", "several", "many", "few", "all", "multiple", "various", "numerous", "more", "most", "lots"})

SUBJECT_PRONOUNS = frozenset({"it", "he", "she", "they", "who"})
OBJECT_PRONOUNS = frozenset({"it", "him", "her", "them", "itself", "himself", "herself", "themselves"})
RECIPROCAL = frozenset({"each other", "one another"})
REFLEXIVE = frozenset({"itself", "himself", "herself", "themselves"})

BE = frozenset({"be", "is", "are", "was", "were", "am", "been", "being"})
GET = frozenset({"get", "gets", "got", "getting", "gotten"})
DO = frozenset({"do", "does", "did"})
HAVE = frozenset({"has", "have", "had", "having"})
WILL = frozenset({"will", "shall"})
MODALS = frozenset({"can", "could", "would", "should", "may", "might", "must", "ought"})
"""Words that say what may be, and not what is."""

ENDS = words("stop quit cease")
PHASES = words("start begin continue keep proceed manage happen decide use resume finish")
"""Verbs that leave what follows true: ``starts walking``, ``manages to jump``."""

FAILURES = words("fail avoid miss refuse forget neglect")
"""Verbs that deny what follows: ``fails to collect the coin``, ``avoids touching it``."""

ATTEMPTS = words("try attempt want plan hope need intend prepare threaten seem appear pretend wish")
"""Verbs that leave open whether what follows happens."""

SUPPORT = words("make do take have perform give execute")
"""Verbs that leave the meaning to a noun: ``makes a jump``."""

NEGATIONS = frozenset(
    {"not", "never", "no", "nothing", "nobody", "none", "neither", "nor", "hardly", "barely", "without"}
)
ALMOST = frozenset({"almost", "nearly", "narrowly"})

PREPOSITIONS = frozenset(
    {
    "about", "above", "across", "against", "ahead of", "along", "alongside", "among", "around", "at",
    "atop", "away from", "back", "because of", "behind", "below", "beneath", "beside", "besides", "between",
    "beyond", "by", "close to", "down", "due to", "for", "from", "in", "in front of", "inside", "into",
    "near", "near to", "next to", "of", "off", "off of", "on", "on top of", "onto", "out", "out of",
    "over", "past", "through", "to", "toward", "towards", "under", "underneath", "up", "up on", "up to",
    "upon", "via", "with", "within", "without", "adjacent to", "nearby", "onto top of", "right next to",
    "together with", "thanks to", "down on", "away",
    }
)  # fmt: skip
SPELLINGS = {
    "on to": "onto", "in to": "into", "infront of": "in front of", "ontop of": "on top of",
    "underneath of": "underneath", "toward": "towards", "nearby": "near", "near to": "near", "up on": "on",
    "up onto": "onto", "down on": "on", "down onto": "onto", "onto top of": "on top of",
    "right next to": "next to", "off of": "off", "up to": "to", "adjacent to": "next to", "over top of": "over",
    "to the side of": "next to", "to the top of": "to", "to the bottom of": "to", "at the side of": "next to",
    "by the side of": "next to", "out from under": "from", "back to": "to", "over to": "to", "close by": "near",
    "due to": "because of", "thanks to": "because of",
}  # fmt: skip
CONNECTORS: dict[str, str] = {  # words to the kind of link
    "and": "and", "&": "and", "plus": "and", "but": "and", "yet": "and", "as well as": "and", "along with": "and",
    "and also": "and", "but also": "and", "not only": "and", "then": "then", "and then": "then", "after that": "then",
    "after this": "then", "afterwards": "then", "afterward": "then", "next": "then", "and next": "then",
    "later": "then", "later on": "then", "finally": "then", "and finally": "then", "lastly": "then",
    "eventually": "then", "subsequently": "then", "thereafter": "then", "followed by": "then", "soon after": "then",
    "shortly after": "then", "right after that": "then", "in the end": "then", "at the end": "then", "->": "then",
    "→": "then", "=>": "then", ">": "then", "and after that": "then", "but then": "then", "only to": "then",
    "or": "or", "or else": "or", "but first": "earlier",
    "before that": "earlier", "before this": "earlier", "previously": "earlier", "earlier": "earlier",
    "after": "after", "as soon as": "after", "right after": "after", "once": "after", "having": "after",
    "just after": "after", "shortly after it": "after", "before": "before", "right before": "before",
    "just before": "before", "prior to": "before", "until": "before", "till": "before", "while": "while",
    "whilst": "while", "as": "while", "just as": "while", "at the same time as": "while", "and while": "while",
    "when": "when", "whenever": "when", "by the time": "when", "in order to": "purpose", "so as to": "purpose",
    "by": "means",
    "because": "open", "since": "open", "so that": "open", "if": "open", "unless": "open", "as if": "open",
    "as though": "open", "instead of": "without", "rather than": "without", "although": "open", "though": "open",
    "even though": "open", "whereas": "open", "where": "relative", "which": "relative", "that": "relative",
    "who": "relative", "whose": "open", "so": "then", "and so": "then", "without": "without",
}  # fmt: skip
"""``open`` links open a clause whose relation to the rest, or whose truth, the sentence leaves unclear."""

ADVERBS = words(
    "again also just quickly slowly finally briefly suddenly immediately quietly carefully continuously constantly "
    "still further farther forward forwards ahead fast straight high higher too first firstly initially now there "
    "here already almost instantly successfully safely easily simply directly soon shortly once more "
    "repeatedly together somewhere anywhere apart alive backwards backward upward upwards downward downwards "
    "horizontally vertically twice slightly accidentally gently barely long far right back both only even "
    "very really quite nicely happily sadly gradually apparently actually basically rapidly momentarily currently "
    "promptly swiftly consecutively respectively continually halfway midway bit either"
)
FILLERS: tuple[str, ...] = (
    "a bit more", "a bit", "a little bit", "a little", "a little while", "a little further", "for a bit",
    "for a while", "for a moment", "for a second", "for a short time", "for a little", "for a little bit",
    "for a little while", "for some time", "for a few seconds", "a few steps", "a few paces", "some steps",
    "one step", "two steps", "a step", "a short distance", "some distance", "a long way", "a short way",
    "a lot", "a while", "a moment", "at first", "at last", "in place", "in the air", "in mid air",
    "in midair", "through the air", "into the air", "in the beginning", "in the middle", "all the time",
    "the whole time", "all the way", "once again", "once more", "one more time",
    "again and again", "over and over", "on the way", "along the way", "in the process", "in a row",
    "of course", "for the most part", "as well", "so far", "most of the time", "up and down", "of the screen",
    "on the screen", "on screen", "in the level", "on the ground", "on the floor", "in the video",
    "in the clip", "at the beginning", "in the scene", "a second time", "a third time", "straight away",
    "right away", "kind of", "sort of", "each time", "every time", "this time", "back and forth",
    "left and right", "still again", "of the level", "of the frame", "of the map", "of the picture",
)  # fmt: skip
WHOLE: tuple[str, ...] = (
    "always", "the whole time", "all the time", "the entire time", "throughout the video", "throughout the clip",
    "throughout", "during the whole video", "during the whole clip", "from start to end", "from beginning to end",
)  # fmt: skip
"""What says that something is true in every frame."""
TOGETHER: tuple[str, ...] = (
    "at the same time", "at the very same time", "simultaneously", "concurrently", "meanwhile", "in the meantime",
    "at once",
)  # fmt: skip
"""What says that all of a clause, or a clause and the one before, is true in one frame."""
EXCEPTIONS: tuple[str, ...] = (
    "except for", "except", "apart from", "aside from", "other than", "excluding", "save for", "all but", "but one",
    "but two", "but for",
)  # fmt: skip
"""What takes something out of a claim, so that the claim as it stands is false."""
CAUSES = frozenset({"because", "since"})
MANNER = words("fast high far long together straight alone well hard loudly")
"""With the words in *-ly*: how something is done. A denial of the manner is no denial of the act."""
UNREAL = frozenset({"as if", "as though"})
PARTS = words("side top bottom edge end back front middle corner tip head base foot face height half tail")
"""``the side of a crate`` is about the crate."""

GROUPS = words("group bunch couple pair number series set lot row line pile lots stack few")

PLAIN = words(
    "wall walls tall ball balls hall call calls talk talks ground round sound found hand hands sand band bands head "
    "ruins movie sees door doors floor floors world word words work works worked worn horn corn born form forms from "
    "front point points paint part parts park start starts star stars stair stairs step steps stem stone stones store "
    "state states stay stays grass glass class cross gross green screen seen been keen queen great grave large larger "
    "small smaller smell shell shelf sheet sheep shape shapes share sharp short shot shots show shows shown slow "
    "slower slope slopes snow snowy space spaces spike spikes spot spots spring springs stage level levels lever "
    "line lines light lights life live platform platforms place places plant plants plain plane plate play plays "
    "played player plus pole pool poor power press pull push puts reach ready real rest ride ring river road rock "
    "rocks roof room rope row rows safe saw saws scene score seat second seconds section side sides sign since "
    "single size skill skills skip skips sky slide slides slip slips slot snake soft some sort speed spin spins "
    "split square stick stuck strange stream street strong style such sure swim table tail task team tell test than "
    "that thing things think those thought three threw throw thus tick tile tiles time times tiny title today tool "
    "tools total touch tower track trail train trap traps tree trees trick trip true truck tube tunnel twist type "
    "under unit upper user usual valley value very video view visit voice wait watch water wave ways weak wear well "
    "were what wheel when where which white whole wide wild wind window wing wings winter wish with wood wooden "
    "would write wrong yard year yellow young zone blue black brown pink purple orange gold golden silver gray grey "
    "dark bright little huge giant big bigger another other others area areas apple banana bird birds bridge "
    "building bush bushes button cactus cake car cars castle cave chain chair chest city cliff cliffs cloud clouds "
    "corner cup cups danger death desert dirt dot dots edge edges edible egg eggs empty enter exit eyes face faces "
    "fence field fire fish flag flags flame floating flower flowers food foot forest free friend fruit game games "
    "gap gaps ghost girl goal guy hat heart hearts hill hills hit hits hole holes home hop horse house human ice "
    "inch island items journey jungle key keys king lake lamp land lands lava lead leaf left length letter limit "
    "log long lower lucky luck magic main man many map mark match maze meter metal middle money moon more mountain "
    "mouth music name narrow night noise north notes number object objects obstacle obstacles ocean open panel path "
    "paths peak people person picture piece pieces pile pipe pipes pit pits steep steeps dump dumps lumps bumps "
    "pumps hunts bunch punch lunch crash crashes trash brush rash cash dash wash rush creates create created crater "
    "grate grates greats rate rates later ladder ladders letters over chose lose loose choose close closes closed "
    "clothes count counts counter cover covers coat coats coast cost costs case cases base bases chance change "
    "changes chases chess check checks cheek heat beat beats meat neat boat boats goat goats foam bean beans beer "
    "bear bears bed beds deer feel feels fell felt full fill fills file files mill miles mile smile smiles slices "
    "stops shops ships chips drops crops props groups grow grows grown crown drown draws draw drawn dawn down town "
    "gown own owner shower ever never even wake wakes waking woke woken bake bakes baking make makes making fake "
    "hike hikes hiking bike "
    "bikes biking rake rakes raking shave shaves shaving save saves saving pave stare stares staring stir stirs "
    "stirring "
    "stack stacks stacking sticks sting stings stinging swing swings swinging slam slams slamming slap slaps slapping "
    "snap snaps snapping grab grabs grabbing grip grips gripping trim trims trimming chop chops chopping peel peels "
    "peeling hand hands handing hang hangs hanging hurt hurts hurting hunt hunting bring brings bringing call calling "
    "calm calms calming kneads melts mixes mixing moan moans mourn notice notices own owns pack packs packing paint "
    "pats patting pay pays paying pick pinch poke pokes poking pray prays praying punches raise raises rub rubs "
    "rubbing seek seeks sell sells send sends serve serves shoot shoots shove shoves show showing shrug sigh sighs "
    "sneak sneaks sort spill spills splash spray sprays stab stays stomp strike strikes stroke strokes swallow sway "
    "sways tap taps tapping taste tastes teach tear tears tease teases tie ties tying tickle tickles tickling tired "
    "tug tugs warn warns whip whips whisper whispers win wins winning wrap wraps yell yells barge barges bargain"
)
"""Plain words that a speller must not turn into words of a domain."""
