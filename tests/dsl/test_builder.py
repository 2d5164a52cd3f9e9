"""The Python builder makes the trees that the parser makes, and refuses what the parser refuses."""

from __future__ import annotations

from fractions import Fraction

import pytest

from nesy.dsl import builder as b
from nesy.dsl.parser import parse_formula
from nesy.dsl.signature import Signature
from nesy.errors import ErrorGroup, SpecTypeError

jumping, near, dead = b.predicates("jumping, near dead")
a, c, s = b.variables("a c s")


@pytest.mark.parametrize(
    ("built", "text"),
    [
        (
            b.eventually(jumping(a) & near(a, c), within=b.frames(2, 10)).then(dead(s)),
            "eventually[2, 10] (jumping(a) and near(a, c)) then dead(s)",
        ),
        (jumping(a).then(dead(a)).then(dead(s), within=b.frames(1, 5)), "jumping(a) then dead(a) then[1,5] dead(s)"),
        (jumping(a) & dead(a) & dead(s), "jumping(a) and dead(a) and dead(s)"),
        (jumping(a) & (dead(a) & dead(s)), "jumping(a) and (dead(a) and dead(s))"),
        (jumping(a) | ~dead(a) & b.true, "jumping(a) or (not dead(a) and true)"),
        (jumping(a) >> dead(a), "jumping(a) -> dead(a)"),
        (jumping(a).iff(b.false), "jumping(a) <-> false"),
        (b.exists(a.of("mugen"), c)(a != c), "exists a: mugen, c { a != c }"),
        (b.exists(c.of("coin"), at_least=2)(b.next(dead(c))), "exists at least 2 c: coin { next dead(c) }"),
        (b.forall(a)(b.distinct(a, c, s)), "forall a { distinct(a, c, s) }"),
        (b.count(c.of("coin"))(dead(c)) <= 3, "exists at most 3 c: coin { dead(c) }"),
        (b.count(c)(dead(c)) > 3, "count c { dead(c) } > 3"),
        (b.always(dead(a), b.seconds(0.1, 2)), "always[0.1s, 2s] dead(a)"),
        (b.once(b.historically(dead(a)), b.part(0, "1/3")), "once[0%, 1/3] historically dead(a)"),
        (dead(a).until(dead(s), b.frames(3)), "dead(a) until[3,] dead(s)"),
        (dead(a).weak_until(dead(s)).release(b.weak_next(b.true)), "(dead(a) W dead(s)) R weak next true"),
        (b.previous(dead(a)).since(b.weak_previous(dead(a))), "Y dead(a) S weak Y dead(a)"),
        (dead(a).at("early", "short"), "dead(a) @ early short"),
        (dead(a).at((0, Fraction(1, 3)), 0.25), "dead(a) @ [0%, 1/3] 25%"),
        (a == c, "a = c"),
    ],
)
def test_the_same_tree(built: b.Formula, text: str) -> None:
    assert built.node == parse_formula(text)


def test_the_same_checks() -> None:
    vocabulary = Signature.of(classes=["mugen"], unary=["jumping"])
    assert b.exists(a.of("mugen"))(jumping(a)).check(vocabulary) == ()
    with pytest.raises(ErrorGroup, match="did you mean `jumping`"):
        b.exists(a)(b.predicate("jumpin")(a)).check(vocabulary)


@pytest.mark.parametrize(
    "mistake",
    [
        lambda: b.variables("next"),
        lambda: b.predicates("2b"),
        lambda: b.predicate("über"),
        lambda: jumping("a"),
        lambda: jumping(a) & "dead",
        lambda: bool(jumping(a)),
        lambda: jumping(a) and dead(a),
        lambda: b.frames(5, 2),
        lambda: b.seconds("soon", 2),
        lambda: b.part(0, 2),
        lambda: dead(a).at("sometime"),
        lambda: dead(a).at(),
        lambda: b.exists()(dead(a)),
        lambda: b.exists(*b.variables("at"))(dead(a)),
        lambda: b.exists(a, at_least=-1)(dead(a)),
    ],
)
def test_mistakes(mistake: object) -> None:
    with pytest.raises(SpecTypeError):
        mistake()  # type: ignore[operator]


def test_depth_is_limited() -> None:
    f = dead(a)
    with pytest.raises(SpecTypeError, match="200"):
        for _ in range(300):
            f = b.next(f)
