"""The core cases of the package ``datalog-conformance``, through an adapter that writes them as Scallop programs."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from nesy.errors import NesyError
from nesy.reasoners.datalog.context import ScallopContext

suite = pytest.importorskip("datalog_conformance")

from datalog_conformance.plugin import discover_yaml_tests  # noqa: E402
from datalog_conformance.runner import YamlTestRunner  # noqa: E402
from datalog_conformance.schema import Model, Program, TestCase  # noqa: E402

FOLDER = Path(suite.__file__).parent / "_tests"
# A variable that occurs only under a negation: one case wants an error, nemo_negation.yaml reads it as existential.
# `Fib(n - 1, x)` binds n in this language, which inverts + and -; the other case wants an error for it.
CONTRADICTED = {"review_v2_unsafe_negation", "crepe_unbound_variable"}
CODES = {
    "arity mismatch": "arity_mismatch",
    "Cannot stratify": "cyclic_negation",
    "unbounded": "unbound_variable",
    "a wildcard cannot stand in the head": "safety_violations",
}
TOKEN = re.compile(
    r'\s*("(?:[^"\\]|\\.)*"|:-|[<>!=]=|[A-Za-z_][A-Za-z0-9_.?]*'
    r"|(?<![\w)] )(?<![\w)])-?\d+(?:\.\d+)?|\d+(?:\.\d+)?|[(),<>=+*/-])"
)


class Rejected(Exception):
    """An error of ours under the suite's name for it."""

    def __init__(self, error: NesyError) -> None:
        super().__init__(str(error))
        self.code = next((c for words, c in CODES.items() if words in str(error)), "other")


class Adapter:
    """A ``DatalogEvaluator``: every constant a String, unless the rules compute with numbers."""

    def evaluate(self, program: Any) -> Any:
        try:
            return Model(facts=_Translation(program).run())
        except NesyError as error:
            raise Rejected(error) from error


class _Translation:
    def __init__(self, program: Any) -> None:
        self.program = program
        self.names: dict[str, str] = {}
        self.numeric = any(re.search(r"[<>+*/=]|[\w)]\s*-", re.sub(r'"[^"]*"|:-', "", r)) for r in program.rules)
        self.extra: list[str] = []

    def run(self) -> dict[str, set[tuple[Any, ...]]]:
        ctx = ScallopContext()
        rules = [self.rule(r) for r in self.program.rules]
        for name, rows in self.program.facts.items():
            if len({len(row) for row in rows}) > 1:
                ctx.add_program("\n".join(f"rel {self.name(name)}({', '.join(map(self.constant, r))})" for r in rows))
            elif rows:
                table = [tuple(map(self.coded, row)) for row in rows]
                ctx.add_relation(self.name(name), tuple(type(v) for v in table[0]))
                ctx.add_facts(self.name(name), table)
        ctx.add_program("\n".join(rules + self.extra))
        ctx.run()
        return {
            name: {tuple(map(self.value, t)) for t in ctx.relation(mine)}
            for name, mine in self.names.items() if ctx.has_relation(mine)
        }  # fmt: skip

    def name(self, predicate: str) -> str:
        return self.names.setdefault(predicate, f"p{len(self.names)}_{re.sub('[^A-Za-z0-9]', '_', predicate)}")

    def coded(self, value: Any) -> Any:
        return value if self.numeric and not isinstance(value, str) else f"{type(value).__name__}:{value}"

    def constant(self, value: Any) -> str:
        coded = self.coded(value)
        if not isinstance(coded, str):
            return str(coded)
        return '"' + coded.replace("\\", "\\\\").replace('"', '\\"') + '"'

    def value(self, value: Any) -> Any:
        if not isinstance(value, str) or ":" not in value:
            return value
        kind, _, text = value.partition(":")
        return {"int": int, "float": float, "bool": lambda t: t == "True"}.get(kind, str)(text)

    def rule(self, text: str) -> str:
        tokens = TOKEN.findall(text.rstrip(" ."))
        if ":-" not in tokens:
            return f"rel {self.terms(tokens)}"
        at = tokens.index(":-")
        literals = _split(tokens[at + 1 :])
        positive = {t for x in [tokens[:at], *literals] if x[0] != "not" for t in x[1:] if re.match("[A-Za-z]", t)}
        body = []
        for literal in literals:
            if literal[0] != "not":
                body.append(self.terms(literal))
                continue
            shown = list(dict.fromkeys(t for t in literal[2:] if re.match("[A-Za-z]", t)))
            kept = [v for v in shown if v in positive]
            if len(kept) == len(shown):
                body.append("not " + self.terms(literal[1:]))
                continue
            helper = f"helper{len(self.extra)}({', '.join('v_' + v for v in kept)})"
            self.extra.append(f"rel {helper} = {self.terms(literal[1:])}")
            body.append(f"not {helper}")
        return f"rel {self.terms(tokens[:at])} = {', '.join(body)}"

    def terms(self, tokens: list[str]) -> str:
        out = []
        for i, token in enumerate(tokens):
            if re.match("[A-Za-z_]", token) and i + 1 < len(tokens) and tokens[i + 1] == "(":
                out.append(self.name(token))
            elif token[0] == '"':
                out.append(self.constant(token[1:-1]))
            elif re.match(r"-?\d", token):
                out.append(self.constant(float(token) if "." in token else int(token)))
            elif re.match("[A-Za-z]", token):
                out.append("v_" + token)
            else:
                out.append(token)
        return " ".join(out)


def _split(tokens: list[str]) -> list[list[str]]:
    """Literals of a body, separated by commas outside parentheses."""
    out: list[list[str]] = [[]]
    depth = 0
    for token in tokens:
        depth += (token == "(") - (token == ")")
        if token == "," and depth == 0:
            out.append([])
        else:
            out[-1].append(token)
    return out


def cases() -> list[Any]:
    parts = ("basic", "negation", "recursion", "errors")
    found = [pair for part in parts for pair in discover_yaml_tests(FOLDER / part)]
    slow = pytest.mark.slow
    return [
        pytest.param(case, id=f"{p.stem}-{case.name}", marks=[slow] if "lubm" in p.stem or "hmmer" in p.stem else [])
        for p, case in found if p.stem not in CONTRADICTED
    ]  # fmt: skip


@pytest.mark.parametrize("case", cases())
def test_case(case: TestCase) -> None:
    YamlTestRunner(Adapter()).run_test_case(case)


def test_the_protocol() -> None:
    from datalog_conformance.protocol import DatalogEvaluator

    assert isinstance(Adapter(), DatalogEvaluator)
    program = Program.from_dict({"facts": {"e": [[1, 2], [2, "x"]]}, "rules": ["p(X) :- e(X, Y), not e(Y, X)."]})
    assert Adapter().evaluate(program).facts["p"] == {(1,), (2,)}
