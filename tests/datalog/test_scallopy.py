"""The scallopy API: contexts, mappings, forward functions, foreign code, entities, copies."""

import pickle
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from nesy.errors import DataError, NesyError
from nesy.reasoners import scallopy
from nesy.reasoners.datalog.builtins import DatalogWarning


def closure(ctx: scallopy.ScallopContext) -> list[object]:
    ctx.run()
    return list(ctx.relation("path"))


def graph(provenance: str = "unit") -> scallopy.ScallopContext:
    ctx = scallopy.ScallopContext(provenance)
    ctx.add_relation("edge", (int, int))
    ctx.add_rule("path(a, c) = edge(a, c) or path(a, b) and edge(b, c)")
    return ctx


def test_results_are_sorted_tuples() -> None:
    ctx = graph()
    ctx.add_facts("edge", [(2, 3), (1, 2), (3, 4)])
    assert closure(ctx) == [(1, 2), (1, 3), (1, 4), (2, 3), (2, 4), (3, 4)]


def test_clone_leaves_the_original_alone_and_keeps_k() -> None:
    ctx = scallopy.Context("topkproofs", k=7)
    ctx.add_relation("edge", (int, int))
    ctx.add_rule("path(a, c) = edge(a, c) or path(a, b) and edge(b, c)")
    ctx.add_facts("edge", [(0.5, (0, 1))])
    ctx.run()
    copy = ctx.clone()
    copy.add_facts("edge", [(0.5, (1, 2))])
    assert len(closure(copy)) == 3 and len(list(ctx.relation("path"))) == 1 and copy.k == 7
    assert ctx.clone(provenance="minmaxprob").k == 7


def test_iteration_limit_cuts_silently_and_can_be_lifted() -> None:
    ctx = graph()
    ctx.add_facts("edge", [(i, i + 1) for i in range(4)])
    ctx.set_iter_limit(2)
    assert len(closure(ctx)) == 7
    ctx.set_iter_limit(None)
    assert len(closure(ctx)) == 10


def test_rule_tags_and_certain_facts() -> None:
    ctx = scallopy.Context("topkproofs")
    ctx.add_relation("a", int)
    ctx.add_facts("a", [(None, (1,)), (0.5, (2,))])
    ctx.add_rule("b(x) = a(x)", tag=0.8)
    ctx.run()
    assert list(ctx.relation("b")) == [(pytest.approx(0.8), (1,)), (pytest.approx(0.4), (2,))]


def test_disjunctions_bar_proofs() -> None:
    ctx = scallopy.Context("topkproofs")
    ctx.add_relation("a", (str, bool))
    ctx.add_facts("a", [(1.0, ("x", True)), (1.0, ("x", False))], disjunctions=[[0, 1]])
    ctx.add_rule("both() = a(v, true), a(v, false)")
    ctx.run()
    assert list(ctx.relation("both")) == []
    proofs = scallopy.Context("proofs")
    proofs.add_relation("a", (str, bool))
    proofs.add_facts("a", [("x", True), ("x", False)], disjunctions=[[0, 1]])
    proofs.add_rule("both() = a(v, true), a(v, false)")
    proofs.add_rule("any(v) = a(v, x)")
    proofs.run()
    assert list(proofs.relation("both")) == [] and list(proofs.relation("any")) == [("x",)]
    ((found, _),) = proofs.relation("any", debug=True)
    assert set(found) == {frozenset({1}), frozenset({2})}


def test_csv_from_python(tmp_path: Path) -> None:
    path = tmp_path / "people.csv"
    path.write_text("id,name,year\n1,ann,2022\n2,bob,2023\n")
    ctx = scallopy.Context()
    ctx.add_relation("all", (int, str, int), load_csv=scallopy.io.CSVFileOptions(str(path), has_header=True))
    ctx.add_relation("some", (int, int), load_csv=scallopy.io.CSVFileOptions(str(path), fields=["year", "id"]))
    long = scallopy.io.CSVFileOptions(str(path), keys="id", fields=["name", "year"])
    ctx.add_relation("long", (int, scallopy.Symbol, str), load_csv=long)
    for context in (ctx, ctx.clone()):
        context.run()
        assert list(context.relation("all")) == [(1, "ann", 2022), (2, "bob", 2023)]
        assert list(context.relation("some")) == [(2022, 1), (2023, 2)]
        rows = [(1, "name", "ann"), (1, "year", "2022"), (2, "name", "bob"), (2, "year", "2023")]
        assert list(context.relation("long")) == rows
    bad = scallopy.Context()
    bad.add_relation("r", int, load_csv=scallopy.io.CSVFileOptions(str(path), fields=["age"]))
    with pytest.raises(DataError, match="no column `age`"):
        bad.run()


def test_tropical_is_the_shortest_path() -> None:
    ctx = graph("tropical")
    ctx.add_facts("edge", [(1, (0, 1)), (1, (1, 2)), (5, (0, 2))])
    assert closure(ctx) == [(1, (0, 1)), (2, (0, 2)), (1, (1, 2))]


def test_custom_provenance() -> None:
    class Best(scallopy.ScallopProvenance):
        def zero(self) -> float:
            return 0.0

        def one(self) -> float:
            return 1.0

        def add(self, a: float, b: float) -> float:
            return max(a, b)

        def mult(self, a: float, b: float) -> float:
            return a * b

    ctx = scallopy.Context("custom", custom_provenance=Best())
    ctx.add_program("type edge(i32, i32)\nrel path(a, c) = edge(a, c) or path(a, b) and edge(b, c)")
    ctx.add_facts("edge", [(0.5, (0, 1)), (0.5, (1, 2)), (0.2, (0, 2)), (1.0, (2, 0))])
    assert dict((t, p) for p, t in closure(ctx))[0, 2] == 0.25  # type: ignore[misc,attr-defined]


def test_mappings_without_output_mapping_and_several_outputs() -> None:
    ctx = scallopy.Context("diffminmaxprob")
    ctx.add_relation("d1", int, range(3))
    ctx.add_relation("d2", int, range(3))
    ctx.add_rule("s(a + b) = d1(a), d2(b)")
    ctx.add_rule("m(a * b) = d1(a), d2(b)")
    x = torch.rand(4, 3).softmax(1)
    tuples, values = ctx.forward_function("s")(d1=x, d2=x)
    assert set(tuples) == {(i,) for i in range(5)} and values.shape == (4, 5)
    out = ctx.forward_function(output_mappings={"s": None, "m": list(range(5))})(d1=x, d2=x)
    assert out["m"].shape == (4, 5) and out["s"][1].shape == (4, 5)
    assert torch.allclose(out["m"][:, 4], torch.minimum(x[:, 2], x[:, 2]))


def test_samples_with_different_tuples() -> None:
    forward = scallopy.Module(
        program="type e(i32, i32)\nrel p(x, y) = e(x, y) or (p(x, z) and e(z, y))",
        provenance="difftopkproofs", output_relation="p", output_mapping=[(0, 2), (3, 4), (0, 2)],
    )  # fmt: skip
    p = torch.tensor(0.3, requires_grad=True)
    out = forward(e=[[(0.5, (0, 1)), (p, (1, 2))], [(0.2, (3, 4))], []])
    assert out.tolist() == [pytest.approx(x) for x in ([0.15, 0, 0.15], [0, 0.2, 0], [0, 0, 0])]
    out.sum().backward()
    assert p.grad is not None and float(p.grad) == pytest.approx(1.0)


def test_single_tuple_mapping_and_empty_result() -> None:
    forward = scallopy.Module(program="type a(i32)\nrel ok() = a(5)", output_relation="ok", output_mapping=())
    x = [[(torch.tensor(0.5, requires_grad=True), (1,))], [(0.25, (5,))]]
    out = forward(a=x)
    assert out.shape == (2,) and out.tolist() == [0.0, 0.25] and out.requires_grad
    free = scallopy.Module(program="type a(i32)\nrel ok() = a(5)", output_relation="ok")
    assert free(a=[[(0.5, (1,))]])[0] == [] and free(a=[[(0.5, (1,))]])[1].shape == (1, 0)


def test_per_sample_disjunctions_are_exact() -> None:
    forward = scallopy.Module(
        program="type a(i32)\nrel any() = a(x)", provenance="exact", output_relation="any", output_mapping=()
    )
    sample = [(0.2, (0,)), (0.5, (1,))]
    out = forward(a=[sample, sample], disjunctions={"a": [[[0, 1]], []]})
    assert out.tolist() == pytest.approx([0.7, 0.6])


def test_retained_facts_and_threshold() -> None:
    ctx = scallopy.Context("difftopkproofs")
    ctx.add_relation("d", int, scallopy.Map(range(4), retain_k=2))
    ctx.add_rule("r(x) = d(x)")
    x = torch.tensor([[0.1, 0.2, 0.3, 0.4], [0.4, 0.3, 0.2, 0.1]], requires_grad=True)
    out = ctx.forward_function("r", list(range(4)))(d=x)
    assert out.tolist() == [pytest.approx([0, 0, 0.3, 0.4]), pytest.approx([0.4, 0.3, 0, 0])]
    ctx.set_input_mapping("d", scallopy.Map(range(4), retain_threshold=0.25))
    assert ctx.forward_function("r", list(range(4)))(d=x)[0].tolist() == pytest.approx([0, 0, 0.3, 0.4])


def test_modes_choose_k() -> None:
    forward = scallopy.Module(
        program="type d(i32)\nrel any() = d(x)", train_k=1, test_k=3, output_relation="any", output_mapping=(),
        input_mappings={"d": range(3)},
    )  # fmt: skip
    x = torch.tensor([[0.5, 0.5, 0.4]])
    assert forward(d=x).tolist() == pytest.approx([0.5])
    forward.eval()
    assert forward(d=x).tolist() == pytest.approx([1 - 0.5 * 0.5 * 0.6])


def test_mapping_shapes() -> None:
    m = scallopy.Map({0: range(2), 1: ["a", "b", "c"]})
    assert (m.kind, m.shape, m.dimension, m.is_singleton) == ("dict", (2, 3), 2, False)
    assert m.process_tensor(torch.zeros(2, 3))[4][1] == (1, "b")
    assert len(m.process_tensor(torch.zeros(5, 2, 3))) == 5
    assert scallopy.Map(3).shape == () and scallopy.Map([[1, 2], [3, 4]]).shape == (2, 2)
    groups = scallopy.Map({0: range(2), 1: range(3)}, disjunctive_dim=1).groups()
    assert groups == [0, 0, 0, 1, 1, 1]
    for bad in ([], [[]], [(1, 2), (1,)], {}, {1: [2]}, (1, []), [[1], [2, 3]]):
        with pytest.raises(DataError):
            scallopy.Map(bad)
    with pytest.raises((AttributeError, DataError)):
        m.dimension = 3  # type: ignore[misc]


def test_foreign_functions_and_predicates() -> None:
    T = scallopy.Generic(scallopy.Number)

    @scallopy.foreign_function
    def total(*xs: T) -> T:  # type: ignore[valid-type]
        return sum(xs)  # type: ignore[call-overload,no-any-return]

    @scallopy.ff
    def position(text: str, part: str) -> scallopy.usize:  # type: ignore[valid-type]
        return text.index(part)

    @scallopy.foreign_predicate
    def near(x: int) -> scallopy.Facts[float, tuple[int]]:  # type: ignore[type-arg]
        yield 0.5, (x + 1,)
        yield 1.0, (x,)

    ctx = scallopy.Context("minmaxprob")
    for f in (total, position):
        ctx.register_foreign_function(f)
    ctx.register_foreign_predicate(near)
    ctx.add_program('rel s = {("hello", "l"), ("hello", "z")}\nrel at($position(a, b)) = s(a, b)')
    ctx.add_program(
        "type n(u8, u8)\nrel n = {(1, 2)}\nrel t($total(a, b) as i32) = n(a, b)\nrel m(y) = t(x), near(x, y)"
    )
    ctx.run()
    assert [list(ctx.relation(r)) for r in ("at", "t", "m")] == [
        [(1.0, (2,))], [(1.0, (3,))], [(1.0, (3,)), (0.5, (4,))],
    ]  # fmt: skip
    with pytest.raises(NesyError, match="already registered"):
        ctx.register_foreign_function(total)
    with pytest.raises(NesyError, match="no type annotation"):
        scallopy.ff(lambda a: a)


def test_a_failing_predicate_has_no_answers_but_warns() -> None:
    @scallopy.foreign_predicate
    def broken(text: str) -> scallopy.Facts[None, str]:  # type: ignore[type-arg]
        raise RuntimeError("no")
        yield text

    ctx = scallopy.Context()
    ctx.register_foreign_predicate(broken)
    ctx.add_rule('r(y) = broken("x", y)')
    with pytest.warns(DatalogWarning, match="broken"):
        ctx.run()
    assert list(ctx.relation("r")) == []


EXPRESSIONS = """
type Expr = Const(i32) | Add(Expr, Expr)
type root(id: i32, e: Expr)
rel eval(e, y) = case e is Const(y)
rel eval(e, a + b) = case e is Add(l, r) and eval(l, a) and eval(r, b)
rel result(i, y) = root(i, e) and eval(e, y)
"""


def test_terms_from_text() -> None:
    ctx = scallopy.Context()
    ctx.add_program(EXPRESSIONS + "const E = Add(Const(1), Const(2))\nrel root(9, E)")
    ctx.add_facts("root", [(1, "Add(Const(5), Add(Const(3), Const(4)))"), (2, "Const(7)")])
    ctx.run()
    assert list(ctx.relation("result")) == [(1, 12), (2, 7), (9, 3)]
    with pytest.warns(DatalogWarning, match="takes 2 arguments"):
        ctx.add_facts("root", [(3, "Add(Const(1))")])
    forward = scallopy.Module(
        program=EXPRESSIONS, provenance="diffminmaxprob", non_probabilistic=["root"], output_relation="result"
    )
    found, _ = forward(root=[[(1, "Add(Const(5), Const(3))")], [(1, "Const(10)")]])
    assert set(found) == {(1, 8), (1, 10)}


def test_import_and_csv_are_relative_to_the_file(tmp_path: Path) -> None:
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib" / "edges.csv").write_text("p,from,to\n0.5,0,1\n0.25,1,2\n")
    (tmp_path / "lib" / "graph.scl").write_text(
        '@file("edges.csv", has_header=true, has_probability=true)\ntype edge(from: i32, to: i32)\n'
    )
    (tmp_path / "main.scl").write_text(
        'import "lib/graph.scl"\nrel path(a, c) = edge(a, c) or path(a, b) and edge(b, c)'
    )
    ctx = scallopy.Context("addmultprob")
    ctx.import_file(str(tmp_path / "main.scl"))
    assert closure(ctx) == [(0.5, (0, 1)), (0.125, (0, 2)), (0.25, (1, 2))]
    with pytest.raises(DataError, match="Cannot open file"):
        ctx.import_file(str(tmp_path / "none.scl"))
    (tmp_path / "lib" / "edges.csv").write_text("p,from,to\n0.5,0,x\n")
    with pytest.raises(DataError, match="cannot read 'x' as `i32`"):
        ctx.clone().run()


def test_pickled_modules_give_the_same_answers() -> None:
    forward = scallopy.Module(
        program="type d(i32)\nrel any() = d(x)",
        output_relation="any",
        output_mapping=(),
        input_mappings={"d": range(3)},
    )
    x = torch.tensor([[0.5, 0.25, 0.125]])
    again = pickle.loads(pickle.dumps(forward))
    assert torch.equal(forward(d=x), again(d=x))


def test_relations_and_hidden_ones() -> None:
    ctx = scallopy.Context()
    ctx.add_program("@hidden\ntype a(i32)\ntype b(x: i32, usize)\nrel b(x, n) = a(x), n := count(y: a(y))")
    assert ctx.relations() == ["b"] and ctx.has_relation("a") and ctx.relation_field_names("b") == ["x", None]


def answers() -> Iterator[tuple[str, object]]:
    yield "Unknown provenance `foo`", lambda: scallopy.Context("foo")
    yield "Unknown relation `zz`", lambda: scallopy.Context().add_facts("zz", [(1,)])
    yield "Unknown relation `q`; cannot construct", lambda: graph("diffminmaxprob").forward_function("q")
    yield "only be called on context with differentiable", lambda: graph().forward_function("path")
    yield "has not been computed", lambda: graph().relation("path")
    yield "columns, but", lambda: graph().add_facts("edge", [(1, 2, 3)])
    yield "expected an integer", lambda: graph().add_facts("edge", [("a", 2)])
    yield "does not fit in `usize`", lambda: _facts("usize", -1)
    yield r"expected \(tag, tuple\)", lambda: graph("minmaxprob").add_facts("edge", [7])
    yield "probability 1.5", lambda: graph("minmaxprob").add_facts("edge", [(1.5, (0, 1))])
    yield "probability nan", lambda: graph("minmaxprob").add_facts("edge", [(float("nan"), (0, 1))])
    yield "no input to the forward", lambda: graph("diffminmaxprob").forward_function("path")()
    yield "no `input_mapping`", lambda: graph("diffminmaxprob").forward_function("path")(edge=torch.rand(2, 2))
    yield "in the input mapping does not match", lambda: graph("exact").set_input_mapping("edge", range(3))
    yield "in the output mapping does not match", lambda: graph("exact").forward_function("path", [(1,)])
    yield "Tensor shape mismatch", lambda: _digit()(d=torch.rand(2, 4))
    yield "not probabilities", lambda: _digit()(d=torch.tensor([[0.5, 2.0, 0.1]]))
    yield "not probabilities", lambda: _digit()(d=torch.tensor([[0.5, float("nan"), 0.1]]))
    yield "Inconsistency in batch size", lambda: _digit()(d=torch.rand(2, 3), e=[[]])
    yield "wmc_with_disjunctions", lambda: scallopy.Context("topkproofs", wmc_with_disjunctions=True)


def _facts(kind: str, value: object) -> None:
    ctx = scallopy.Context()
    ctx.add_relation("r", kind)
    ctx.add_facts("r", [value])


def _digit() -> scallopy.ScallopForwardFunction:
    return scallopy.Module(
        program="type d(i32), e(i32)\nrel r(x) = d(x)", input_mappings={"d": range(3)}, output_relation="r"
    )


@pytest.mark.parametrize(("message", "act"), list(answers()), ids=lambda x: x if isinstance(x, str) else "")
def test_mistakes_have_one_clear_error(message: str, act: object) -> None:
    with pytest.raises(NesyError, match=message):
        act()  # type: ignore[operator]


def test_a_wrong_rule_leaves_the_context_usable() -> None:
    ctx = graph()
    with pytest.raises(NesyError, match="unbounded"):
        ctx.add_rule("bad(x, y) = edge(x, _)")
    assert "bad" not in ctx.relations()
    ctx.add_facts("edge", [(0, 1)])
    assert closure(ctx) == [(0, 1)]


NUMBERED = {
    "digit_a": [((torch.tensor(0.1), 1), (1,)), ((torch.tensor(0.9), 2), (2,))],
    "digit_b": [((torch.tensor(0.9), 3), (1,)), ((torch.tensor(0.1), 4), (2,))],
}
BEST = {
    2: (0.09, [[(True, 1), (True, 3)]]),
    3: (1 - (1 - 0.81) * (1 - 0.01), [[(True, 2), (True, 3)], [(True, 1), (True, 4)]]),
    4: (0.09, [[(True, 2), (True, 4)]]),
}
SUM_OF_NUMBERED = "type digit_a(i32), digit_b(i32)\nrel s(a + b) = digit_a(a) and digit_b(b)"


def test_debug_provenance_names_the_facts_of_the_proofs() -> None:
    ctx = scallopy.Context("difftopkproofsdebug")
    ctx.add_program(SUM_OF_NUMBERED + "\nrel none() = not digit_a(1)\nrel t(x) = digit_a(x)")
    for name, facts in NUMBERED.items():
        ctx.add_facts(name, facts)
    ctx.run()
    found = {x: (float(p), proofs) for (p, proofs), (x,) in ctx.relation("s")}
    assert found == {x: (pytest.approx(p, abs=1e-6), proofs) for x, (p, proofs) in BEST.items()}
    (((_, proofs), _),) = ctx.relation("none")
    assert proofs == [[(False, 1)]]
    with pytest.raises(NesyError, match="expected \\(probability, number\\)"):
        ctx.add_facts("digit_a", [(0.5, (1,))])


def test_debug_forward_gives_the_proofs_of_every_sample() -> None:
    options = {"program": SUM_OF_NUMBERED, "provenance": "difftopkproofsdebug", "output_relation": "s"}
    samples = {name: [facts, facts[:1]] for name, facts in NUMBERED.items()}
    tuples, values, proofs = scallopy.Module(**options)(**samples)
    for i, (x,) in enumerate(tuples):
        assert float(values[0, i]) == pytest.approx(BEST[x][0], abs=1e-6) and proofs[0][i] == BEST[x][1]
        assert proofs[1][i] == ([[(True, 1), (True, 3)]] if x == 2 else [])
    values, proofs = scallopy.Module(**options, output_mapping=[2, 3, 4])(**samples)
    assert values[0].tolist() == pytest.approx([p for p, _ in BEST.values()], abs=1e-6)
    assert proofs[0] == [q for _, q in BEST.values()] and proofs[1] == [[[(True, 1), (True, 3)]], [], []]
    mapped = scallopy.Module(**options, input_mappings={"digit_a": range(3), "digit_b": range(3)})
    with pytest.raises(DataError, match="takes no tensors"):
        mapped(digit_a=torch.rand(1, 3), digit_b=torch.rand(1, 3))
