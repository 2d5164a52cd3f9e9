"""The conventions of everyday English about time: relative clauses, participles, *until*, what is told twice."""

from __future__ import annotations

from nesy.dsl import ast
from nesy.synthesis.bounds import caused
from nesy.synthesis.clause import Clause
from nesy.synthesis.discourse import Reading, conjunction
from nesy.synthesis.story import Moment, contradict, retold
from nesy.synthesis.telling import Telling
from nesy.synthesis.tenses import BE, lasting, relative


def everyday(t: Telling, i: int, c: Clause, r: Reading, host: list[Moment] | None) -> bool:
    """The conventions of everyday English; whether one of them placed the clause."""
    before = t.clauses[i - 1] if i else None
    if before is not None and before.order == "relative" and before.head is not None and not c.order:
        return with_head(t, i)
    if c.order == "relative":
        relation = relative(c, before) if before is not None else "open"
        if c.head is not None:
            return i + 1 < len(t.clauses) and not t.clauses[i + 1].order  # its main clause takes it
        if c.link == "then":
            t.append(i)
        elif not host or host[0] not in t.story.chain:
            t.beside(i)
        elif relation == "same":
            t.merge(i, i - 1)
        elif relation == "done" and len(r.events) == 1:
            host[-1].facts = caused(host[-1].facts, r.events)
        elif relation in ("earlier", "done"):
            t.insert(i, t.story.chain.index(host[0]))
        elif c.paused and c.word != "reduced":
            t.append(i)  # "to a dog, which catches it": the story goes on
        else:
            t.beside(i)
        return True
    if c.word in ("until", "till") and c.order == "before" and held(t, i, host):
        return True
    participle = _bare_participle(c)
    together = c.link in (",", "") or (c.link == "and" and under_way(t, i - 1))
    if participle and host and together and not c.opens:
        t.merge(i, i - 1)
        return True
    return False


def _bare_participle(c: Clause) -> bool:
    return (
        c.verb.form == "ing"
        and not c.subject
        and not c.order
        and not c.verb.text.startswith(tuple(f"{x} " for x in BE))
    )


def under_way(t: Telling, i: int) -> bool:
    """Whether clause ``i`` is an action under way, or one of several: ``is running, barking and jumping``."""
    while i > 0 and _bare_participle(t.clauses[i]) and t.clauses[i].link in (",", "and"):
        i -= 1
    return i >= 0 and lasting(t.clauses[i])


def held(t: Telling, i: int, host: list[Moment] | None) -> bool:
    """``A until B`` in everyday English; whether it can be said."""
    r = t.readings[i]
    if not t.everyday or not host or r is None or r.negative or r.whole or len(r.events) != 1:
        return False
    held = host[-1].facts
    host[-1].facts = conjunction([held, ast.Until(held, r.events[0])])
    t.moments[i] = host
    return True


def with_head(t: Telling, i: int) -> bool:
    """Clause ``i`` and the relative clause at its subject: "a dog that is barking chases a car"."""
    other, relation = t.readings[i - 1], relative(t.clauses[i - 1], t.clauses[i])
    told = other is not None and not other.negative and not other.whole
    if other is None or not told:
        return False
    if relation == "earlier":
        t.append(i - 1)
    t.append(i)
    mine = t.moments.get(i)
    if not mine or (relation == "open"):
        t.beside(i - 1)
    elif relation == "done":
        mine[0].facts = caused(mine[0].facts, other.events)
    elif relation == "same":
        if contradict(mine[-1].facts, other.events[0], t.exclusive):
            t.insert(i - 1, t.story.chain.index(mine[0]))
        else:
            mine[-1].facts = conjunction([mine[-1].facts, *other.events])
    return True


def again_told(t: Telling, i: int, r: Reading, host: list[Moment]) -> bool:
    """Whether another verb says the same again: ``stands still, waits``."""
    other = set(t.clauses[i].verb.lemmas).isdisjoint(t.clauses[i - 1].verb.lemmas)
    if other and len(r.events) == 1 and r.events[0] == host[-1].facts:
        return True
    return (other or not t.everyday) and retold(r.events, host[-1].facts)
