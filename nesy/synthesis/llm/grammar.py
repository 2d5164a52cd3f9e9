"""A finite language of specs over one domain, in which every sentence parses and checks: what a local model may say.

The grammar of :mod:`nesy.dsl.decoding` is the whole language; a small model gets lost in it (it goes on for ever, or
uses variables that nothing binds). Here the objects come first, an event is a bounded conjunction, a spec a bounded
sequence of events, and each body knows only the variables of its quantifier. A sentence ends in a newline, so that the
model can stop only where a formula is complete.
"""

from __future__ import annotations

from dataclasses import dataclass

from nesy.dsl.signature import Signature
from nesy.errors import SpecTypeError
from nesy.synthesis.validation import Fault, validate

VARIABLES = ("x", "y", "z", "w")


@dataclass(frozen=True)
class SpecGrammar:
    """The grammar in llguidance's dialect of Lark, and an upper bound of the length of its sentences.

    longest: bytes, so no sentence has more tokens than this.
    """

    text: str
    longest: int

    @staticmethod
    def of(signature: Signature, *, objects: int = 3, events: int = 4, facts: int = 3) -> SpecGrammar:
        """The grammar of a domain, with up to so many variables, events in a row, and facts in an event.

        Only names that can be asked of any object are in it: custom predicates and macros that demand classes, and
        rules, are left out.

        Raises:
            SpecTypeError: the domain has no predicate of one or two objects.
        """
        unary, binary = _usable(signature, 1), _usable(signature, 2)
        if not unary and not binary:
            raise SpecTypeError("the domain has no predicate of one or two objects", hint="declare one: unary running")
        if not 1 <= objects <= len(VARIABLES):
            raise SpecTypeError(f"{objects} objects a spec", expected=[f"1 to {len(VARIABLES)}"])
        rules: list[str] = []
        if signature.classes:
            rules.append(f"class: {_one_of(signature.classes)}")
        if unary:
            rules.append(f"unary: {_one_of(unary)}")
        if binary:
            rules.append(f"binary: {_one_of(binary)}")
        specs = []
        for k in range(1, objects + 1):
            specs.append(f'"exists " {_bindings(k, signature)} " {{ " body{k} " }}"')
            rules += _body(k, bool(unary), bool(binary), events, facts)
        specs.append(f'"forall " {_bindings(1, signature)} " {{ always not " atom1 " }}"')
        specs.append(f'"exists at least " /[2-9]/ " " {_bindings(1, signature)} " {{ eventually " literal1 " }}"')
        text = 'start: spec "\\n"\nspec: ' + "\n    | ".join(specs) + "\n" + "\n".join(rules) + "\n"
        name = max(map(len, (*unary, *binary)))
        sort = max(map(len, signature.classes), default=0)
        longest = objects * (sort + 5) + events * (facts * (name + 16) + 32) + 160
        return SpecGrammar(text, longest)


def _usable(signature: Signature, arity: int) -> list[str]:
    """Predicates of so many objects that may be asked of objects of any class; without the classes themselves."""
    names = [*(signature.unary if arity == 1 else signature.binary), *signature.predicates, *signature.defines]
    kept = []
    for n in names:
        parameters = signature.parameters(n) or ()
        if len(parameters) != arity or any(p.sort for p in parameters):
            continue
        variables = ", ".join(VARIABLES[:arity])
        if not isinstance(validate(f"exists {variables} {{ eventually {n}({variables}) }}", signature), Fault):
            kept.append(n)
    return kept


def _bindings(k: int, signature: Signature) -> str:
    if not signature.classes:
        return f'"{", ".join(VARIABLES[:k])}"'
    return " ".join(f'"{", " if i else ""}{v}: " class' for i, v in enumerate(VARIABLES[:k]))


def _body(k: int, unary: bool, binary: bool, events: int, facts: int) -> list[str]:
    """The rules of bodies over the first ``k`` variables."""
    variables = "(" + " | ".join(f'"{v}"' for v in VARIABLES[:k]) + ")"
    atoms = [f'unary "(" {variables} ")"'] if unary else []
    if binary and k == 1 and not unary:
        atoms.append('binary "(x, x)"')
    elif binary and k > 1:  # of two different variables, or a model says near(x, x)
        pairs = [f'"({a}, {b})"' for a in VARIABLES[:k] for b in VARIABLES[:k] if a != b]
        atoms.append(f"binary ({' | '.join(pairs)})")
    different = [f'"{a} != {b} and "' for i, a in enumerate(VARIABLES[:k]) for b in VARIABLES[i + 1 : k]]
    apart = f"({' | '.join(different)})"
    bodies = f'moment{k} (" and " moment{k})? | events{k}'
    if different:
        bodies += f' | {apart} moment{k} | {apart} "(" events{k} ")"'
    return [
        f"atom{k}: {' | '.join(atoms)}",
        f'literal{k}: "not "? atom{k}',
        f'all{k}: literal{k} (" and " literal{k}){{0,{facts - 1}}}',
        f'facts{k}: all{k} | "(" literal{k} " or " literal{k} ")"',
        f'moment{k}: "eventually (" all{k} ")" | "eventually (" literal{k} " or " literal{k} ")"'
        f' | "eventually " literal{k} | "always " literal{k}'
        f' | "eventually (" atom{k} " and (" literal{k} " until " literal{k} "))"',
        f'events{k}: facts{k} (" then " facts{k}){{1,{events - 1}}}',
        f"body{k}: {bodies}",
    ]


def _one_of(names: tuple[str, ...] | list[str]) -> str:
    return "(" + " | ".join(f'"{n}"' for n in names) + ")"
