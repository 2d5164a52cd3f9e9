"""Formulas read back in English: one line each for simple parts, an indented outline for the rest."""

from __future__ import annotations

from fractions import Fraction

from nesy.dsl import ast
from nesy.dsl.ast import Formula, Window
from nesy.dsl.printer import quantity_text, statement_text, to_text
from nesy.dsl.signature import Signature
from nesy.dsl.tree import tree


def explain(formula: Formula, signature: Signature | None = None) -> str:
    """What ``formula`` says, in English. With a ``signature``, classes are told from predicates.

    >>> from nesy.dsl.parser import parse_formula
    >>> print(explain(parse_formula("exists m: mugen, s: snail { jumping(m) and above(m, s) then dead(s) }")))
    There are a mugen m and a snail s such that
      these things happen one after the other, each at a later frame:
        1. both m is jumping and m is above s
        2. s is dead
    """
    lines = Reader(signature or Signature()).lines(formula, first=True)
    lines[0] = lines[0][:1].upper() + lines[0][1:]
    return "\n".join(lines)


def explain_module(module: ast.Module) -> str:
    """Every spec, constraint, rule and macro of ``module``: its text, what it says, and its tree."""
    signature = Signature.from_module(module)
    parts = []
    for s in module.statements:
        match s:
            case ast.Spec(_, formula) | ast.Constraint(formula) | ast.Define(_, _, formula):
                head = statement_text(s)
            case ast.Rule(_, formula):
                head = statement_text(s)
            case _:
                continue
        told = explain(formula, signature)
        if isinstance(s, ast.Rule):
            told = f"{_capital(Reader(signature).atom(s.head, True))} in every frame at which\n" + _indent(told)
        elif isinstance(s, ast.Constraint):
            told = "In every clip, for all objects:\n" + _indent(told)
        parts.append(f"{head}\n\n{_indent(told)}\n\n{_indent(tree(formula))}\n")
    return "\n".join(parts)


def _indent(text: str) -> str:
    return "\n".join("  " + line for line in text.split("\n"))


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


class Reader:
    """Reads formulas aloud; ``first`` says that the position is the first frame, else it is some moment "then"."""

    def __init__(self, signature: Signature) -> None:
        self.signature = signature

    # -- short phrases -----------------------------------------------------------------------------------------------

    def atom(self, f: ast.Atom, positive: bool) -> str:
        name, verb = f.predicate.replace("_", " "), " " if positive else " not "
        if not f.args:
            return f"{name} {'holds' if positive else 'does not hold'}"
        subject, *rest = f.args
        if len(rest) == 0 and f.predicate in self.signature.classes:
            return f"{subject} is{verb}{_article(name)}"
        if len(rest) > 1:
            return f"{name}{'' if positive else ' does not hold'} of {_listed(list(f.args), 'and')}"
        whole = name + "".join(" " + r for r in rest)
        head = name.split(" ", maxsplit=1)[0]
        if head.endswith("s") and not head.endswith("ss") and positive:
            return f"{subject} {whole}"  # a verb: `collects`
        if head.endswith("s") and not head.endswith("ss"):
            return f"it is not so that {subject} {whole}"
        return f"{subject} is{verb}{whole}"

    def phrase(self, f: Formula, first: bool) -> str | None:
        """``f`` as part of a sentence, None when that would be hard to follow."""
        literal = self.literal(f)
        if literal is not None:
            return literal
        match f:
            case ast.And(args) | ast.Or(args) if len(args) <= 3:
                words = [self.literal(a) for a in args]
                if None in words:
                    return None
                row = [w for w in words if w is not None]
                if isinstance(f, ast.Or):
                    return "either " + _listed(row, "or")
                return ("both " if len(row) == 2 else "all of ") + _listed(row, "and")
            case ast.Hinted(body):
                inner = self.phrase(body, first)
                return None if inner is None else f"{inner} ({_hint(f)})"
            case ast.Not(body):
                inner = self.phrase(body, first)
                return None if inner is None else f"it is not so that {inner}"
        when = moment(f, first)
        if when is not None:
            (body,) = ast.children(f)
            inner = self.phrase(body, first=False)
            if inner is not None and len(when) + len(inner) < 90:
                return f"{when} {inner}"
        return None

    def literal(self, f: Formula) -> str | None:
        match f:
            case ast.Truth(value):
                return "true" if value else "false"
            case ast.Atom():
                return self.atom(f, True)
            case ast.Not(ast.Atom() as a):
                return self.atom(a, False)
            case ast.Equal(a, b):
                return f"{a} and {b} are the same object"
            case ast.Not(ast.Equal(a, b)):
                return f"{a} and {b} are different objects"
            case ast.Distinct(args):
                return f"{_listed(list(args), 'and')} are different objects"
        return None

    # -- outlines ----------------------------------------------------------------------------------------------------

    def lines(self, f: Formula, first: bool) -> list[str]:
        """``f`` as an outline of one or more lines."""
        short = self.phrase(f, first)
        if short is not None:
            return [short]
        when = moment(f, first)
        if when is not None:
            (body,) = ast.children(f)
            return self._headed(when.rstrip(",") + ":", body, False)
        match f:
            case ast.And(args):
                return self._listed("all of these hold:", args, "-", first)
            case ast.Or(args):
                return self._listed("at least one of these holds:", args, "-", first)
            case ast.Not(body):
                return self._headed("it is not so that", body, first)
            case ast.Hinted(body):
                return self._headed(f"({_hint(f)})", body, first)
            case ast.Implies(a, b):
                return [*self._headed("if", a, first), *self._headed("then", b, first)]
            case ast.Iff(a, b):
                return [*self._headed("exactly when", a, first), *self._headed("this holds:", b, first)]
            case ast.Then():
                return self._then(f)
            case ast.Until(a, b, w):
                return [
                    *self._headed(f"{_when(w, 'at some moment', first)}", b, False),
                    *self._headed("and at every moment before that", a, False),
                ]
            case ast.WeakUntil(a, b, w):
                return [
                    *self._headed("at every moment", a, False),
                    *self._headed(f"up to {_end(w, first)}, or until just before{_at_which(w, first)}", b, False),
                ]
            case ast.Release(a, b, w):
                return [
                    *self._headed(f"{_when(w, 'at every moment', first)}", b, False),
                    *self._headed("unless at an earlier moment", a, False),
                ]
            case ast.Since(a, b, w):
                return [
                    *self._headed(f"{_ago(w, 'at some moment')}", b, False),
                    *self._headed("and at every moment since", a, False),
                ]
            case ast.Exists(bindings, body):
                there = "there is" if len(bindings) == 1 else "there are"
                return self._headed(f"{there} {_objects(bindings)} such that", body, first)
            case ast.Forall(bindings, body):
                return self._headed(f"for every choice of {_objects(bindings)}:", body, first)
            case ast.ExistsAtLeast(count, bindings, body):
                return self._headed(f"there are at least {count} {_choices(bindings)} such that", body, first)
            case ast.Count(comparison, number, bindings, body):
                how = {"=": "exactly", "!=": "any number but", "<": "fewer than", "<=": "at most", ">": "more than"}
                some = f"{how.get(comparison, 'at least')} {number}"
                return self._headed(f"there are {some} {_choices(bindings)} such that", body, first)
        return [to_text(f)]

    def _headed(self, head: str, body: Formula, first: bool) -> list[str]:
        inner = self.lines(body, first)
        if len(inner) == 1 and len(head) + len(inner[0]) < 100 and not head.endswith(("such that", ":")):
            return [f"{head} {inner[0]}"]
        return [head, *("  " + line for line in inner)]

    def _listed(self, head: str, parts: tuple[Formula, ...], mark: str, first: bool) -> list[str]:
        out = [head]
        for i, part in enumerate(parts, 1):
            label = mark if mark == "-" else f"{i}."
            inner = self.lines(part, first)
            out.append(f"  {label} {inner[0]}")
            out += [" " * (len(label) + 3) + line for line in inner[1:]]
        return out

    def _then(self, f: ast.Then) -> list[str]:
        out = self._listed("these things happen one after the other, each at a later frame:", f.parts, "1", False)
        starts = [i for i, line in enumerate(out) if i and line[2].isdigit()]
        for start, gap in zip(starts[1:], f.gaps, strict=True):
            if gap is not None:
                label, _, rest = out[start].strip().partition(" ")
                when = _where(gap) if gap.unit == "fraction" else f"{_span(gap)} after that"
                out[start] = f"  {label} ({when}) {rest}"
        return out


def moment(f: Formula, first: bool) -> str | None:
    """When, for the operators of one operand: ``at some moment``, ``at the next frame``."""
    match f:
        case ast.Eventually(_, w):
            return _when(w, "at some moment", first)
        case ast.Always(_, w):
            return _when(w, "at every moment", first)
        case ast.Once(_, w):
            return _ago(w, "at some moment")
        case ast.Historically(_, w):
            return _ago(w, "at every moment")
        case ast.Next():
            return "there is a next frame, and in it"
        case ast.WeakNext():
            return "in the next frame, if there is one,"
        case ast.Previous():
            return "there is a frame before, and in it"
        case ast.WeakPrevious():
            return "in the frame before, if there is one,"
    return None


def _when(w: Window | None, words: str, first: bool) -> str:
    if w is None:
        return words if first else f"{words} from then on"
    if w.unit == "fraction":
        return f"{words} {_where(w)}" + ("" if first else ", from then on,")
    return f"{words} {_span(w)} {'after the start' if first else 'later'}"


def _ago(w: Window | None, words: str) -> str:
    if w is None:
        return f"{words} up to then"
    return f"{words} {_where(w)}, up to then," if w.unit == "fraction" else f"{words} {_span(w)} earlier"


def _end(w: Window | None, first: bool) -> str:
    """Where a window ends, whatever its beginning: ``the end of the clip``, ``4 frames later``."""
    if w is None or w.hi is None or (w.unit == "fraction" and w.hi == 1):
        return "the end of the clip"
    if w.unit == "fraction":
        return f"the end of the first {quantity_text(w.hi, 'fraction')} of the clip"
    return f"{_span(Window(w.hi, w.hi, w.unit))} {'after the start' if first else 'later'}"


def _at_which(w: Window | None, first: bool) -> str:
    return "" if w is None else f" {_when(w, 'a moment', first)} at which"


def _where(w: Window) -> str:
    hi = Fraction(1) if w.hi is None else w.hi
    if w.lo == 0:
        return f"in the first {quantity_text(hi, 'fraction')} of the clip"
    if hi == 1:
        return f"in the last {quantity_text(1 - w.lo, 'fraction')} of the clip"
    return f"between {quantity_text(w.lo, 'fraction')} and {quantity_text(hi, 'fraction')} of the clip"


def _span(w: Window) -> str:
    unit = "frames" if w.unit == "frames" else "seconds"
    lo = quantity_text(w.lo, w.unit).removesuffix("s")
    if w.hi is None:
        return f"{lo} or more {unit}"
    hi = quantity_text(w.hi, w.unit).removesuffix("s")
    if lo == hi:
        return f"{lo} {unit.removesuffix('s') if lo == '1' else unit}"
    return f"{lo} to {hi} {unit}"


def _hint(f: ast.Hinted) -> str:
    words = []
    match f.location:
        case str(word):
            words.append({"mid": "in the middle of the clip"}.get(word, f"{word} in the clip"))
        case (lo, hi):
            words.append(_where(Window(lo, hi, "fraction")))
    match f.duration:
        case str(length):
            words.append(f"for a {length} time")
        case Fraction() as share:
            words.append(f"for {quantity_text(share, 'fraction')} of the clip")
    return "said to happen " + ", ".join(words)


def _objects(bindings: tuple[ast.Binding, ...]) -> str:
    return _listed([f"{_article(b.sort.replace('_', ' ') if b.sort else 'object')} {b.var}" for b in bindings], "and")


def _choices(bindings: tuple[ast.Binding, ...]) -> str:
    if len(bindings) == 1:
        (b,) = bindings
        return f"different objects {b.var}" + (f" of class {b.sort}" if b.sort else "")
    return f"different choices of {_objects(bindings)}"


def _listed(words: list[str], last: str) -> str:
    if len(words) == 1:
        return words[0]
    return ", ".join(words[:-1]) + f" {last} {words[-1]}"


def _article(noun: str) -> str:
    return ("an " if noun[:1].lower() in "aeiou" else "a ") + noun
