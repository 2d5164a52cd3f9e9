"""From readings of clauses to a story: what comes when, by the links between the clauses."""

from __future__ import annotations

from collections.abc import Sequence

from nesy.dsl import ast
from nesy.synthesis.bounds import perfect
from nesy.synthesis.claims import bounded, claims_that_end_at, not_before, open_ended, whenever, whole
from nesy.synthesis.clause import Clause
from nesy.synthesis.conventions import again_told, everyday, held
from nesy.synthesis.discourse import Reading, conjunction
from nesy.synthesis.story import Story, facts_of
from nesy.synthesis.telling import Telling


def arrange(
    clauses: Sequence[Clause],
    readings: Sequence[Reading | None],
    exclusive: Sequence[frozenset[str]],
    notes: list[str],
    everyday: bool = False,
) -> Story:
    """Put the events of all clauses into the order that the links between them give.

    exclusive: groups of predicates of which an object has at most one in a frame.
    """
    t = Telling(clauses, readings, exclusive, notes, everyday)
    _range(t, 0, len(clauses))
    return t.story


def _range(t: Telling, start: int, stop: int) -> None:
    i = start
    while i < stop:
        i = _one(t, i, stop)


def _one(t: Telling, i: int, stop: int) -> int:
    """Place clause ``i`` (and what belongs to it); the index of the next clause."""
    c = t.clauses[i]
    late = c.order == "without" and perfect(c)
    if (
        (c.order in ("after", "before", "while", "when", "open") or late)
        and c.paused
        and (c.order != "open" or not c.link)
    ):
        group, main = _preposed(t, i, stop)
        if main is not None:
            return _fronted(t, c.order, group, main, stop)
    _place(t, i)
    return i + 1


def _preposed(t: Telling, i: int, stop: int) -> tuple[list[int], int | None]:
    """The clauses of a subordinate group that begins at ``i``, and the main clause behind it, if there is one."""
    group, j = [i], i + 1
    while j < stop and not t.clauses[j].opens:
        c = t.clauses[j]
        if c.order:
            return group, None
        if c.link == "and" and not c.subject and c.verb.form == t.clauses[i].verb.form == "ing":
            group.append(j)
            j += 1
            continue
        if t.everyday and t.clauses[i].order == "while" and _another(c) and j + 1 < stop:
            group.append(j)  # "while the dog barks and the cat sleeps, the man runs"
            j += 1
            continue
        if c.paused or (c.link == "" and c.subject):
            return group, j
        return group, None
    return group, None


def _fronted(t: Telling, order: str, group: list[int], main: int, stop: int) -> int:
    end = main + 1
    if len(group) == 1 and t.claims(main) and order != "without":
        _place(t, main)
        bounded(t, [main], group[0])
        return end
    if order == "open":
        _place(t, main)
        open_ended(t, group, main)
        return end
    if order == "without":
        _place(t, main)
        not_before(t, group[0], main)
        return end
    if order == "after":
        for k in group:
            t.append(k)
    elif order == "before":
        while end < stop and _goes_on(t, end):
            end += 1
        _range(t, main, end)
        if t.clauses[group[0]].word in ("until", "till") and held(t, group[0], t.moments.get(end - 1)):
            return end
        for k in group:
            t.append(k)
    else:
        t.append(main)
        if t.clauses[group[0]].word == "whenever" and len(group) == 1 and whenever(t, group[0], main):
            return end
        for k in group:
            if order == "while" and (len(group) == 1 or t.everyday):
                t.merge(k, main)
            else:
                t.beside(k)
        return end
    return main if order == "after" else end


def _another(c: Clause) -> bool:
    """``... and the cat sleeps``: one more clause under the conjunction of the clause before."""
    return c.link == "and" and bool(c.subject) and not (c.order or c.paused or c.opens)


def _goes_on(t: Telling, k: int) -> bool:
    c = t.clauses[k]
    return not c.opens and not c.order and not c.subject and c.link in ("and", ",", "then")


def _during(t: Telling, k: int) -> bool:
    """Whether clause ``k`` is one of those behind a *while* that follows its main clause."""
    while k > 0 and _another(t.clauses[k]):
        k -= 1
    return t.clauses[k].order == "while" and not t.clauses[k].opens and t.clauses[k].beside is None


def _place(t: Telling, i: int) -> None:
    c, r = t.clauses[i], t.readings[i]
    host = t.moments.get(i - 1) if i and not (c.opens and c.order) else None
    bounds = c.order in ("after", "before", "while", "when", "open", "means", "without") and not c.opens
    mains = claims_that_end_at(t, i - 1) if bounds else []
    if mains and (r is None or not r.negative or c.order == "without"):
        bounded(t, mains, i)
    elif r is None:
        return
    elif r.whole:
        whole(t, i, r)
    elif c.order == "open" and not c.opens:
        open_ended(t, [i], next((k for k in range(i - 1, -1, -1) if t.clauses[k].order != "open"), i - 1))
    elif r.negative and ((c.order == "without" and perfect(c)) or "having" in c.verb.text.split()):
        not_before(t, i, i - 1)
    elif r.negative and c.together and host:
        host[-1].facts = conjunction([host[-1].facts, *(ast.Not(f) for f in r.events)])
        t.moments[i] = host
    elif t.everyday and not r.negative and host and _another(c) and _during(t, i - 1):
        t.merge(i, i - 1)  # "the man runs while the dog barks and the cat sleeps"
    elif r.negative and c.order == "while" and not c.opens:
        t.merge(i, i - 1)
    elif r.negative and c.order in ("after", "before", "when"):
        t.notes.append(f"`{c.text}` was left out: the time of a negation")
    elif host and i == 1 and c.link == "and" and t.clauses[0].ahead and not c.order and not r.negative:
        t.merge(i, 0)  # "at the same time the dog barks and the cat runs"
    elif c.together and c.together != "at once" and not r.joined and not c.order and not r.negative and i:
        if host:
            t.merge(i, i - 1)
        else:
            t.beside(i)
    elif (c.word == "whenever" and host and whenever(t, i, i - 1)) or (
        t.everyday and not r.negative and everyday(t, i, c, r, host)
    ):
        pass
    elif r.negative:
        t.negative(i, r)
    elif c.loose or c.order == "when":
        t.beside(i)
    elif r.result and host and c.link not in ("then", "or", "earlier") and c.order not in ("after", "before"):
        t.into(i, host)
    elif c.order == "while":
        t.merge(i, i - 1)
    elif c.order == "after" and not c.opens:
        t.before_host(i)
    elif c.order == "means":
        if host and all(f in facts_of(host[-1].facts) for e in r.events for f in facts_of(e)):
            t.moments[i] = host
        else:
            t.before_host(i)
    elif c.order == "relative":
        t.beside(i)
    elif c.order == "purpose" and not host:
        t.notes.append(f"`{c.text}` was left out: the purpose of something that is not told")
    elif c.link == "earlier" and host:
        t.insert(i, t.story.chain.index(host[0]))
    elif c.link == "or" and host:
        last = host[-1]
        args = last.facts.args if isinstance(last.facts, ast.Or) else (last.facts,)
        last.facts = ast.Or((*args, r.events[0]))
        t.moments[i] = host
    elif host and c.link != "then" and again_told(t, i, r, host):
        t.moments[i] = host
    else:
        t.append(i)
