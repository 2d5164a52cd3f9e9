"""The extractor ``rules``: a small grammar of English clauses over a lexicon of the domain; deterministic, offline."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from nesy.dsl.check import check_formula
from nesy.dsl.signature import Signature
from nesy.errors import NesyError
from nesy.synthesis.arrange import arrange
from nesy.synthesis.babyai import BABYAI
from nesy.synthesis.base import Domain, Extraction, Names, SpecExtractor, checked_settings, extractors
from nesy.synthesis.cataphora import forward
from nesy.synthesis.clauses import parse
from nesy.synthesis.coinrun import COINRUN
from nesy.synthesis.compose import compose
from nesy.synthesis.discourse import Discourse
from nesy.synthesis.lexicon import build
from nesy.synthesis.orders import arrange_orders
from nesy.synthesis.platformer import PLATFORMER
from nesy.synthesis.scanner import Scanner

DEFAULTS: dict[str, object] = {"hints": False}


class Rules(SpecExtractor):
    """Captions to specs by grammar and lexicon.

    Args:
        domain: the names that specs may mention.
        hints: say of event i of k that it lies in [i/k, (i + 1)/k] of the clip.
    """

    def __init__(self, domain: Domain, hints: bool = False) -> None:
        self.domain = domain
        self.hints = hints
        self.signature = Signature.of(classes=domain.classes, unary=domain.unary, binary=domain.binary)
        # a table belongs to a world: its main character alone may be a word of many others
        names = {*domain.classes, *domain.unary, *domain.binary}
        fitting = [t for t in (PLATFORMER, BABYAI, COINRUN) if t.hero in names and t.needs <= names]
        self.lexicon = build(domain, fitting)
        self.scanner = Scanner(self.lexicon)

    def extract(self, captions: Sequence[str]) -> list[Extraction]:
        return [self.one(c) for c in captions]

    def one(self, caption: str) -> Extraction:
        """The spec of one caption.

        >>> domain = Domain(("mugen", "coin"), ("walking",), ("collecting",))
        >>> Rules(domain).one("Mugen walks and takes a coin.").status
        'accepted'
        """
        notes: list[str] = []
        chunks = self.scanner.scan(caption, notes)
        hero = self.lexicon.hero
        clauses = parse(chunks, frozenset({hero} if hero else ()), notes)
        if not clauses:
            reason = "no verb that is understood" if caption.strip() else "empty caption"
            return Extraction(caption, None, "rejected", reason, tuple(notes))
        forward(clauses, self.lexicon)
        discourse = Discourse(self.lexicon, notes)
        readings = [discourse.read(c) for c in clauses]
        if self.lexicon.orders:
            story = arrange_orders(clauses, readings, notes)
        else:
            story = arrange(clauses, readings, self.lexicon.exclusive, notes, self.lexicon.everyday)
        formula = compose(story, discourse.cast.entities, notes, self.hints, self.lexicon.everyday)
        if formula is None:
            return Extraction(caption, None, "rejected", "no event that is understood", tuple(notes))
        try:
            check_formula(formula, self.signature)
        except NesyError as error:  # a limit of the language: too large, too many variables
            return Extraction(caption, None, "rejected", "the spec does not check", (*notes, str(error)))
        return Extraction(caption, formula, "accepted", "", tuple(notes))


@extractors.register("rules")
def make_rules(names: Names, settings: Mapping[str, object]) -> SpecExtractor:
    """The extractor of a ``captions { extractor: "rules" }`` block; setting: ``hints`` (false)."""
    chosen = checked_settings("rules", settings, DEFAULTS)
    return Rules(Domain.of(names), bool(chosen["hints"]))
