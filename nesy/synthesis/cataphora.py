"""A pronoun in front of what it stands for: ``while it is running, the dog barks``."""

from __future__ import annotations

from collections.abc import Sequence

from nesy.synthesis.chunks import NounPhrase
from nesy.synthesis.clause import Clause
from nesy.synthesis.lexicon import Lexicon
from nesy.synthesis.shared import FRONTED


def forward(clauses: Sequence[Clause], lexicon: Lexicon) -> None:
    """Give a subordinate clause that begins a caption with a pronoun the subject of its main clause.

    Only where nothing stands before that the pronoun could mean, and where it fits: the two noun phrases are then one.
    """
    if not clauses or not lexicon.everyday or clauses[0].order not in (*FRONTED, "open"):
        return
    first = clauses[0]
    main = next((c for c in clauses[1:] if c.subject), None)
    if main is None or main.opens or main.order or not main.paused:
        return
    if len(first.subject) == len(main.subject) == 1 and _fits(first.subject[0], main.subject[0], lexicon):
        first.subject = list(main.subject)


def _fits(pronoun: NounPhrase, meant: NounPhrase, lexicon: Lexicon) -> bool:
    if pronoun.determiner != "pronoun" or meant.determiner in ("pronoun", "no") or not meant.classes:
        return False
    gender, someone = lexicon.genders.get(meant.head, ""), bool(meant.classes & lexicon.people)
    if pronoun.text == "it":
        return not gender and not someone
    wanted = {"he": "m", "she": "f"}.get(pronoun.text)
    return wanted is not None and (gender == wanted or (not gender and someone))
