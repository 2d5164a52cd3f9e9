"""What is claimed of a whole time, by a denial, *always* or *whenever*, and the clauses that bound it."""

from __future__ import annotations

from collections.abc import Sequence

from nesy.dsl import ast
from nesy.synthesis import english as e
from nesy.synthesis.bounds import Bound, always, caused, denial, perfect
from nesy.synthesis.discourse import Reading, conjunction
from nesy.synthesis.story import Denial, Moment
from nesy.synthesis.telling import Telling


def claims_that_end_at(t: Telling, k: int) -> list[int]:
    """The claims that a clause behind clause ``k`` bounds: "does not sit or lie until ..." has two."""
    if k < 0 or not t.claims(k):
        return []
    c = t.clauses[k]
    if c.order and c.order != "without":
        return []
    goes_on = k > 0 and not c.subject and not c.opens and not c.order and c.link in ("and", ",")
    return [*(claims_that_end_at(t, k - 1) if goes_on else []), k]


def bounded(t: Telling, mains: Sequence[int], i: int) -> None:
    """Say of the claims ``mains`` what clause ``i`` leaves of them; without a way to say it, leave them out."""
    c, r = t.clauses[i], t.readings[i]
    reason = c.order == "open" and not (c.word == "since" and any(perfect(t.clauses[k]) for k in mains))
    if reason:
        open_ended(t, [i], mains[-1])
        return
    events = r.events if r is not None and t.told(i) else []
    found: list[tuple[Bound, Denial | None]] = []
    for k in mains:
        told, denied, bound = t.readings[k], t.denied.get(k), None
        if denied is not None and events:
            t.story.never.remove(denied)
            bound = denial(t.clauses[k], denied.what, c, events[0])
        elif told is not None and told.whole:
            t.story.beside = [f for f in t.story.beside if f is not told.events[0]]
            fact = told.events[0]
            bound = always(fact.body, c, events[0]) if events and isinstance(fact, ast.Always) else None
        elif denied is not None and denied in t.story.never:
            t.story.never.remove(denied)
        if bound is None or (bound.beside and len(events) > 1):
            t.notes.append(f"`{t.clauses[k].text}` was left out: `{c.word}` bounds what it claims")
        else:
            found.append((bound, denied))
    if not found or not events:
        if r is None:
            return
        t.notes.append(f"`{c.text}` was left out: it bounds a claim about a whole time")
        return
    first = [f for b, _ in found for f in b.first]
    anchor = next((d.after for _, d in found if d is not None), None)
    if first and anchor is not None:
        anchor.facts = conjunction([anchor.facts, *first])
    else:
        t.story.beside += first
    t.story.beside += [f for b, _ in found for f in b.beside]
    if any(isinstance(f, ast.Always) for b, _ in found for f in b.beside):
        return  # "always barks when the cat runs": as *whenever*, which does not say that it ever runs
    if any(b.beside for b, _ in found) and t.story.chain:
        t.beside(i)
        return
    t.append(i)
    moments = t.moments.get(i)
    if moments:
        moments[-1].facts = conjunction([moments[-1].facts, *(f for b, _ in found for f in b.behind)])


def open_ended(t: Telling, group: Sequence[int], main: int) -> None:
    """A cause is not later than its effect; of what *although* and *whereas* tell, no order is known."""
    moments = t.moments.get(main) if main >= 0 else None
    for k in group:
        r, c = t.readings[k], t.clauses[k]
        if r is None:
            continue
        if r.whole:
            t.story.beside += r.events
        elif c.word == "so that" and not r.negative:
            t.append(k)
        elif r.negative and c.word in e.CAUSES:
            t.notes.append(f"`{c.text}` was left out: the time of a negation")
        elif r.negative:
            t.negative(k, r)
        elif moments and c.word in e.CAUSES and moments[0] in t.story.chain and len(r.events) == 1:
            moments[0].facts = caused(moments[0].facts, r.events[:1])
        else:
            t.beside(k)


def not_before(t: Telling, i: int, main: int) -> None:
    """``leaves without having eaten``: not before it leaves; later, perhaps."""
    r, host = t.readings[i], t.moments.get(main)
    if r is None or host is None:
        t.notes.append(f"`{t.clauses[i].text}` was left out: the time of a negation")
    else:
        t.story.beside += [ast.Until(ast.Not(f), host[0].facts) for f in r.events]


def whole(t: Telling, i: int, r: Reading) -> None:
    """What is always so, unless the text goes on with *then*: "stands the whole time, then jumps"."""
    later = (k for k in range(i + 1, len(t.clauses)) if t.clauses[k].link == "then" and t.told(k))
    fact, following = r.events[0], t.clauses[i + 1 : i + 2]
    bounded = bool(following) and following[0].order in ("before", "while", "when") and not following[0].opens
    if isinstance(fact, ast.Always) and not bounded and next(later, None) is not None:
        t.notes.append(f"`{t.clauses[i].text}`: that it is always so was left out")
        t.story.chain.append(Moment(fact.body))
        t.moments[i] = t.story.chain[-1:]
    else:
        t.story.beside += r.events


def whenever(t: Telling, condition: int, main: int) -> bool:
    """``A whenever B``: in every frame, if B then A."""
    told, other = t.readings[main], t.readings[condition]
    moments = t.moments.get(main)
    if told is None or other is None or moments is None or len(moments) != 1 or moments[0] not in t.story.chain:
        return False
    if told.negative or other.negative or len(told.events) != 1 or len(other.events) != 1:
        return False
    t.story.chain.remove(moments[0])
    t.story.beside.append(ast.Always(ast.Implies(other.events[0], moments[0].facts)))
    return True
