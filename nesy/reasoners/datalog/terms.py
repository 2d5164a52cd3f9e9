"""Values in a program: what may stand where a value is needed, and terms of algebraic data types.

A constructor applied to constants is a value of its own, which exists because the program speaks of it. One with
variables is a pattern in a body, which reads the relation of the constructor, and makes a new term in a head.
"""

from __future__ import annotations

from nesy.errors import did_you_mean
from nesy.reasoners.datalog import ir
from nesy.reasoners.datalog import syntax as ast
from nesy.reasoners.datalog.declared import Declared, constructor_relation


class Terms(Declared):
    """Terms over the declared names."""

    def _check_value(self, term: ast.Term) -> None:
        """An expression holds no atoms and no aggregates."""
        match term:
            case ast.Call(name=name):
                if self.is_entity(term):
                    self.program.entities.append(term)
                    return
                hint = "an atom has no value; functions are written with `$`"
                if name in self.program.constructors:
                    hint = f"take the term apart with `case x is {show(term)}`, or make it with `new` in a head"
                raise self.error(f"expected a value, found `{show(term)}`", term.span, hint)
            case ast.Aggregate():
                hint = f"give the aggregate a name first: `n := {term.op}(...)`"
                raise self.error("not supported yet: an aggregate inside an expression", term.span, hint)
            case ast.Op(symbol="and" | "or" | "not" | "implies" as s):
                raise self.error(f"expected a value, found a formula with `{s}`", term.span, "use `&&`, `||`, `!`")
            case ast.Wildcard() | ast.Tuple() | ast.InRange() | ast.Case() | ast.New():
                raise self.error("expected a value", term.span)
            case ast.Op(args=args) | ast.Func(args=args):
                for a in args:
                    self._check_value(a)
            case ast.Cast(arg=arg):
                self._check_value(arg)
            case _:
                pass

    def _pattern(self, subject: ast.Term, pattern: ast.Term, out: list[ir.Literal]) -> None:
        if not isinstance(pattern, ast.Call) or pattern.name not in self.program.constructors:
            known = did_you_mean(getattr(pattern, "name", ""), self.program.constructors)
            raise self.error("expected a constructor after `is`", pattern.span, known)
        self.check_constructor(pattern)
        args: list[ast.Term] = []
        nested: list[tuple[ast.Var, ast.Call]] = []
        for a in pattern.args:
            if isinstance(a, ast.Call) and not self.is_entity(a):
                inner = ast.Var(a.span, self.fresh("c"))
                nested.append((inner, a))
                a = inner
            elif not isinstance(a, ast.Wildcard):
                self._check_value(a)
            args.append(a)
        out.append(ir.Atom(constructor_relation(pattern.name), (subject, *args), False, pattern.span))
        for inner, call in nested:
            self._pattern(inner, call, out)

    def _construct(self, call: ast.Call, literals: list[ir.Literal]) -> ast.Var:
        """The variable that holds the new term; literals that make it are added to ``literals``."""
        self.check_constructor(call)
        args: list[ast.Term] = []
        for a in call.args:
            if isinstance(a, ast.Call | ast.New):
                a = self._construct(a.call if isinstance(a, ast.New) else a, literals)
            else:
                self._check_value(a)
            args.append(a)
        result = ast.Var(call.span, self.fresh("e"))
        literals.append(ir.Construct(call.name, tuple(args), result, call.span))
        return result


def show(term: ast.Term) -> str:
    """A term as text, for query names and messages."""
    match term:
        case ast.Var(name=name):
            return name
        case ast.Wildcard():
            return "_"
        case ast.Const(value=value, kind=kind):
            if kind == "bool":
                return "true" if value else "false"
            return f'"{value}"' if kind in ("String", "Symbol") else repr(value) if kind == "char" else str(value)
        case ast.Call(name=name, args=args):
            return f"{name}({', '.join(map(show, args))})"
        case ast.Func(name=name, args=args):
            return f"${name}({', '.join(map(show, args))})"
        case ast.Op(symbol=symbol, args=(a, b)):
            return f"{show(a)} {symbol} {show(b)}"
        case _:
            return "..."
