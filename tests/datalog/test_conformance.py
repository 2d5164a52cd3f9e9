"""Recorded answers of Scallop 0.2.5 (scallop-lang/scallop 668bfb6), reproduced or listed as a divergence."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

from nesy.errors import NesyError
from nesy.reasoners.datalog.context import ScallopContext
from nesy.reasoners.datalog.forward import ScallopForwardFunction

GOLDEN = json.loads((Path(__file__).parent / "scallop_golden.json").read_text())
DOCS = (Path(__file__).parents[2] / "docs" / "datalog.md").read_text()


def divergences() -> dict[str, set[str]]:
    table = DOCS.split("## Deliberate divergences")[1].split("Others, which")[0]
    rows = re.findall(r"^\| `(\w+)` \| (.+?) \|", table, re.M)
    return {name: set(re.findall(r"\w+", settings)) for name, settings in rows}


def diverges(program: str, provenance: str) -> bool:
    listed = divergences().get(program, set())
    return "all" in listed or provenance in listed


def cells() -> Iterator[Any]:
    for name, program in GOLDEN["programs"].items():
        for cell in program["results"]:
            yield pytest.param(name, cell, id=f"{name}-{cell}")


def answer(name: str, cell: str) -> dict[str, dict[str, float | None]] | str:
    program = GOLDEN["programs"][name]
    provenance, _, k = cell.partition("@")
    ctx = ScallopContext(provenance, k=int(k or 3))
    try:
        ctx.add_program(program["program"])
        ctx.run()
        out: dict[str, dict[str, float | None]] = {}
        for query in program["queries"]:
            found = list(ctx.relation(query))
            pairs = [(None, t) for t in found] if provenance == "unit" else found
            out[query] = {str(t): None if p is None else float(p) for p, t in pairs}
        return out
    except NesyError as error:
        return str(error)


def agrees(got: dict[str, dict[str, float | None]] | str, want: dict[str, Any]) -> bool:
    if "error" in want:
        # the kind of error, in Scallop's words, at the same line
        if not isinstance(got, str):
            return False
        words = re.sub(r"^\w+: (\[Error\] )?", "", want["error"]).split("\n")[0].split(" found at")[0]
        return words in got
    if isinstance(got, str) or set(got) != set(want):
        return False
    for query, rows in want.items():
        expected = {str(tuple(float("inf") if x == "inf" else x for x in t)): p for t, p in rows}
        if expected.keys() != got[query].keys():
            return False
        for t, p in expected.items():
            value = got[query][t]
            if p is not None and (value is None or abs(value - p) > 1e-4):
                return False
    return True


@pytest.mark.parametrize(("name", "cell"), cells())
def test_recorded_results(name: str, cell: str) -> None:
    got = answer(name, cell)
    want = GOLDEN["programs"][name]["results"][cell]["result"]
    if diverges(name, cell.partition("@")[0]):
        assert not isinstance(got, str), got
        assert not agrees(got, want), "listed as a divergence but equal: take it out of docs/datalog.md"
    else:
        assert agrees(got, want), (got, want)


def test_divergences_are_right() -> None:
    exact = answer("tc_cycle", "exact")
    assert isinstance(exact, dict)
    assert answer("tc_cycle", "topbottomkclauses@20")["t"] == pytest.approx(exact["t"])  # type: ignore[index]
    tagged = answer("rule_tag_expr", "exact")
    assert isinstance(tagged, dict) and tagged["b"] == pytest.approx({"(1.0,)": 0.5, "(2.0,)": 0.3})
    both = answer("disj_head", "topkproofs@3")
    assert isinstance(both, dict) and both["b"] == both["c"] == {"(1,)": 0.5}


def jacobians() -> Iterator[Any]:
    for name, program in GOLDEN["gradients"].items():
        for cell in program["results"]:
            yield pytest.param(name, cell, id=f"{name}-{cell}")


@pytest.mark.parametrize(("name", "cell"), jacobians())
def test_recorded_jacobians(name: str, cell: str) -> None:
    program = GOLDEN["gradients"][name]
    provenance, _, k = cell.partition("@")
    mapping = program["output_mapping"] or ()
    forward = ScallopForwardFunction(
        program=program["program"], provenance=provenance, k=int(k), output_relation="s", output_mapping=mapping,
        input_mappings={r: v["mapping"] for r, v in program["inputs"].items()},
    )  # fmt: skip
    inputs = {r: torch.tensor([v["tensor"]], requires_grad=True) for r, v in program["inputs"].items()}
    out = forward(**inputs).reshape(-1)
    want = program["results"][cell]
    assert out.tolist() == pytest.approx(want["out"], abs=1e-4)
    for value, row in zip(out, want["jacobian"], strict=True):
        got = torch.autograd.grad(value, list(inputs.values()), retain_graph=True, allow_unused=True)
        for relation, g in zip(inputs, got, strict=True):
            found = [0.0] * len(row[relation]) if g is None else g[0].tolist()
            assert found == pytest.approx(row[relation], abs=1e-3), (value, relation)
