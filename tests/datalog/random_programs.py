"""Random stratified programs with uncertain facts, and their meaning by enumeration of worlds."""

from __future__ import annotations

import itertools
import random
from dataclasses import dataclass, field

Atom = tuple[str, tuple[str, ...]]  # variables are upper case; constants are digits
Rule = tuple[Atom, list[tuple[bool, Atom]]]  # head, (positive?, atom)
Ground = tuple[str, tuple[int, ...]]

BASE = {"e": 2, "f": 2, "g": 1}
STRATA = [{"p": 2, "q": 1}, {"r": 2, "s": 1}, {"t": 1, "u": 0}]


@dataclass
class RandomProgram:
    """Groups of facts (one fact: independent; several: exclusive) and rules."""

    groups: list[list[tuple[float, Ground]]] = field(default_factory=list)
    certain: list[Ground] = field(default_factory=list)
    rules: list[Rule] = field(default_factory=list)

    def facts_text(self) -> str:
        lines = []
        for group in self.groups:
            rows = ("; " if len(group) > 1 else ", ").join(f"{p}::{_row(args)}" for p, (_, args) in group)
            lines.append(f"rel {group[0][1][0]} = {{{rows}}}")
        lines += [f"rel {name}{_row(args)}" for name, args in self.certain]
        return "\n".join(lines)

    def scallop(self) -> str:
        lines = [f"type {n}({', '.join(['i32'] * a)})" for n, a in arities().items()]
        for head, body in self.rules:
            lines.append(
                f"rel {_atom(head, False)} = {', '.join(('' if pos else 'not ') + _atom(a, False) for pos, a in body)}"
            )
        return "\n".join([*lines, self.facts_text()])

    def problog(self) -> str:
        lines = []
        for group in self.groups:
            lines.append("; ".join(f"{p}::{name}({','.join(map(str, args))})" for p, (name, args) in group) + ".")
        lines += [f"{name}({','.join(map(str, args))})." for name, args in self.certain]
        for head, body in self.rules:
            literals = ", ".join(("" if positive else "\\+") + _atom(a, True) for positive, a in body)
            lines.append(f"{_atom(head, True)} :- {literals}.")
        return "\n".join(lines)

    def probabilities(self) -> dict[Ground, float]:
        """The probability of every derivable tuple: a sum over worlds."""
        out: dict[Ground, float] = {}
        choices = [[*group, (1 - sum(p for p, _ in group), None)] for group in self.groups]
        for world in itertools.product(*choices):
            weight = 1.0
            facts = set(self.certain)
            for p, fact in world:
                weight *= p
                if fact is not None:
                    facts.add(fact)
            if weight <= 0:
                continue
            for ground in self.model(facts):
                out[ground] = out.get(ground, 0.0) + weight
        return out

    def model(self, facts: set[Ground]) -> set[Ground]:
        """The stratified model of one world, by naive iteration."""
        known = set(facts)
        for stratum in STRATA:
            rules = [r for r in self.rules if r[0][0] in stratum]
            changed = True
            while changed:
                changed = False
                for head, body in rules:
                    for env in _matches(body, known):
                        ground = (head[0], tuple(int(env.get(a, a)) for a in head[1]))
                        if ground not in known:
                            known.add(ground)
                            changed = True
        return known


def arities() -> dict[str, int]:
    return {**BASE, **{k: v for s in STRATA for k, v in s.items()}}


def _row(args: tuple[int, ...]) -> str:
    return f"({', '.join(map(str, args))})"


def _atom(atom: Atom, prolog: bool) -> str:
    name, args = atom
    shown = ",".join(a if prolog else a.lower() for a in args)
    return name if prolog and not args else f"{name}({shown})"


def _matches(body: list[tuple[bool, Atom]], known: set[Ground]) -> list[dict[str, str]]:
    envs: list[dict[str, str]] = [{}]
    for positive, (name, args) in sorted(body, key=lambda x: not x[0]):
        found = []
        for env in envs:
            if not positive:
                if (name, tuple(int(env.get(a, a)) for a in args)) not in known:
                    found.append(env)
                continue
            for other, row in known:
                if other != name:
                    continue
                new = dict(env)
                if all(
                    new.setdefault(a, str(v)) == str(v) if a.isalpha() else a == str(v)
                    for a, v in zip(args, row, strict=True)
                ):
                    found.append(new)
        envs = found
    return envs


def random_program(seed: int, exclusive: bool = True) -> RandomProgram:
    """A program with up to 6 groups of uncertain facts; recursion inside a stratum, negation of lower ones."""
    rng = random.Random(seed)
    program = RandomProgram()
    names = arities()
    seen: set[Ground] = set()
    for _ in range(rng.randint(2, 6)):
        name = rng.choice(list(BASE))
        size = rng.choice([1, 1, 1, 2, 3]) if exclusive else 1
        rows = {tuple(rng.randrange(3) for _ in range(BASE[name])) for _ in range(size)}
        rows = {r for r in rows if (name, r) not in seen}
        if not rows:
            continue
        seen |= {(name, r) for r in rows}
        weights = [round(rng.uniform(0.05, 0.9 if len(rows) == 1 else 0.95 / len(rows)), 2) for _ in rows]
        program.groups.append([(p, (name, r)) for p, r in zip(weights, sorted(rows), strict=True)])
    for _ in range(rng.randint(0, 2)):
        name = rng.choice(list(BASE))
        fact = (name, tuple(rng.randrange(3) for _ in range(BASE[name])))
        if fact not in seen:
            seen.add(fact)
            program.certain.append(fact)
    lower = dict(BASE)
    for stratum in STRATA:
        for _ in range(rng.randint(2, 4)):
            head = rng.choice(list(stratum))
            usable = {**lower, **stratum}
            body: list[tuple[bool, Atom]] = []
            for _ in range(rng.randint(1, 3)):
                name = rng.choice(list(usable))
                args = tuple(
                    rng.choice("XYZ") if rng.random() < 0.9 else str(rng.randrange(3)) for _ in range(usable[name])
                )
                body.append((True, (name, args)))
            bound = sorted({a for _, (_, args) in body for a in args if a.isalpha()})
            if not bound:
                continue
            if lower != BASE and rng.random() < 0.6:
                name = rng.choice(list(lower))
                body.append((False, (name, tuple(rng.choice(bound) for _ in range(lower[name])))))
            program.rules.append(((head, tuple(rng.choice(bound) for _ in range(names[head]))), body))
        lower |= stratum
    return program
