"""A small Datalog evaluator, boolean and naive, for the part of Scallop that compiled specs use.

It shares no code with the package: it reads the program's text, so that the text itself is what is tested.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable

Row = tuple[object, ...]
Facts = dict[str, set[Row]]

_RULE = re.compile(r"rel (\w+)\(([^)]*)\) = (.*)")
_COUNT = re.compile(r"k := count\((?P<names>[^:]*): (?P<relation>\w+)\((?P<args>[^)]*)\)\)")
_ATOM = re.compile(r"(?P<negated>not )?(?P<relation>\w+)\((?P<args>[^)]*)\)$")


def run(program: str, facts: Facts) -> Facts:
    """All relations of ``program`` on ``facts``; relations that nothing derives are empty."""
    rules = []
    for line in program.split("\n"):
        m = _RULE.match(line)
        if m:
            rules.append((m[1], split(m[2]), body(m[3])))
    heads = {h for h, _, _ in rules}
    known: Facts = {name: set(rows) for name, rows in facts.items()}
    for group in strata(heads, rules):
        changed = True
        while changed:
            changed = False
            for head, args, parts in rules:
                if head in group:
                    rows = set(derive(args, parts, known))
                    if not rows <= known.setdefault(head, set()):
                        known[head] |= rows
                        changed = True
    return known


def split(text: str) -> list[str]:
    return [x.strip() for x in text.split(",")] if text.strip() else []


def body(text: str) -> list[str]:
    """The parts of a body, split at commas outside of parentheses."""
    parts, depth = [""], 0
    for c in text:
        depth += (c == "(") - (c == ")")
        if c == "," and not depth:
            parts.append("")
        else:
            parts[-1] += c
    return [p.strip() for p in parts]


def uses(parts: Iterable[str]) -> Iterable[tuple[str, bool]]:
    for p in parts:
        count, atom = _COUNT.match(p), _ATOM.match(p)
        if count:
            yield count["relation"], True
        elif atom:
            yield atom["relation"], bool(atom["negated"])


def strata(heads: set[str], rules: list[tuple[str, list[str], list[str]]]) -> list[set[str]]:
    """The heads by level: what is negated or counted lies strictly lower."""
    level = dict.fromkeys(heads, 0)
    for _ in range(len(heads) + 1):
        before = dict(level)
        for head, _, parts in rules:
            for used, negative in uses(parts):
                if used in level:
                    level[head] = max(level[head], level[used] + negative)
        if level == before:
            return [{h for h in heads if level[h] == i} for i in range(max(level.values(), default=0) + 1)]
    raise AssertionError("the program is not stratified")


def derive(args: list[str], parts: list[str], known: Facts) -> Iterable[Row]:
    solutions: list[dict[str, object]] = [{}]
    ordered = sorted(parts, key=lambda p: not (_ATOM.match(p) and not p.startswith("not ")) and not _COUNT.match(p))
    for p in ordered:
        solutions = [extended for s in solutions for extended in step(p, s, known, args)]
    for s in solutions:
        assert all(a in s for a in args), f"unbound head variable in {parts}"
        yield tuple(s[a] for a in args)


def step(part: str, s: dict[str, object], known: Facts, head: list[str]) -> Iterable[dict[str, object]]:
    count, atom = _COUNT.match(part), _ATOM.match(part)
    if count:
        names, row = split(count["names"]), split(count["args"])
        groups: Counter[Row] = Counter()
        for fact in known.get(count["relation"], ()):
            groups[tuple(v for v, a in zip(fact, row, strict=True) if a not in names)] += 1
        keys = [a for a in row if a not in names]
        for key, number in groups.items():
            yield {**s, **dict(zip(keys, key, strict=True)), "k": number}
    elif atom:
        args = split(atom["args"])
        if atom["negated"]:
            assert all(a in s or a.startswith('"') for a in args), f"unsafe negation: {part}"
            row_ = tuple(s.get(a, a.strip('"')) for a in args)
            if row_ not in known.get(atom["relation"], ()):
                yield s
        else:
            for fact in known.get(atom["relation"], ()):
                new = match(args, fact, s)
                if new is not None:
                    yield new
    elif re.fullmatch(r"u == t \+ 1|n == t \+ 1", part):
        left = part[0]
        value = int(str(s["t"])) + 1
        if s.get(left, value) == value:
            yield {**s, left: value}
    elif compare(part, s):
        yield s


def match(args: list[str], fact: Row, s: dict[str, object]) -> dict[str, object] | None:
    out = dict(s)
    for a, v in zip(args, fact, strict=True):
        if a == "_":
            continue
        if a.startswith('"'):
            if a.strip('"') != v:
                return None
        elif out.setdefault(a, v) != v:
            return None
    return out


def compare(part: str, s: dict[str, object]) -> bool:
    left, op, right = re.split(r" (==|!=|<=|>=|<|>) ", part)
    a, b = value(left, s), value(right, s)
    return {"==": a == b, "!=": a != b, "<=": a <= b, ">=": a >= b, "<": a < b, ">": a > b}[op]


def value(text: str, s: dict[str, object]) -> int:
    """A sum of products of numbers and variables, written with spaces around every operator."""
    total, sign = 0, 1
    for piece in re.split(r" (\+|-) ", text):
        if piece in ("+", "-"):
            sign = 1 if piece == "+" else -1
            continue
        product = 1
        for factor in piece.split(" * "):
            product *= int(factor) if factor.isdigit() else int(str(s[factor]))
        total += sign * product
    return total
