"""Template captions in the manner of MUGEN's automatic ones: one clause for each event, in order."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from nesy.datasets.base import GroundTruth
from nesy.datasets.platformer.events import PRIORITY, Atom, Event, conjunction

MAX_CLAUSES = 7


@dataclass(frozen=True, slots=True)
class Clause:
    """One said thing: every atom is true at ``frame``, the witness; clauses of a caption have rising witnesses."""

    text: str
    atoms: tuple[Atom, ...]
    frame: int


def choose(events: list[Event], rng: Random, most: int = MAX_CLAUSES) -> list[Event]:
    """The events worth telling, with strictly rising starts: one qualified motion a stretch, all contacts."""
    best: dict[int, list[Event]] = {}
    for e in events:
        best.setdefault(e.start, []).append(e)
    told: list[Event] = []
    open_motion: dict[str, int] = {}  # kind of motion -> end of the last told stretch
    for start in sorted(best):
        ranked = sorted(best[start], key=lambda e: -PRIORITY[e.kind] - rng.random())
        for e in ranked:
            motion = e.gait or e.kind
            if e.kind in ("walk", "run", "stand") and rng.random() < 0.5 and _qualified_later(e, events):
                continue
            if motion in open_motion and start < open_motion[motion]:
                continue
            if told and e.kind == told[-1].kind in ("bump", "beside", "towards", "past") and e.other == told[-1].other:
                continue
            if e.kind == "over" and start < open_motion.get("jump", 0) and told and told[-1].kind == "jump":
                told.pop()  # the better word for the same jump
            told.append(e)
            open_motion[motion] = max(e.end, start + 1)
            if e.kind == "over":
                open_motion["jump"] = e.end
            if e.kind in ("land_on", "land"):
                open_motion["land"] = open_motion["land_on"] = e.end
            if e.kind == "stand_on":
                open_motion["standing"] = open_motion["stand"] = e.end
            if e.gait == "standing" or e.kind == "stand":
                open_motion["standing"] = open_motion["stand"] = open_motion["stand_on"] = e.end
            break
    while len(told) > most:
        told.remove(min(told, key=lambda e: PRIORITY[e.kind] + rng.random()))
    return told


def _qualified_later(e: Event, events: list[Event]) -> bool:
    """Does the same stretch get a more telling name a few frames on?"""
    return any(f.gait == e.gait and f.kind != e.kind and e.start < f.start < min(e.end, e.start + 4) for f in events)


def article(name: str) -> str:
    return f"an {name}" if name[0] in "aeiou" else f"a {name}"


def auto_caption(events: list[Event], truth: GroundTruth, rng: Random) -> tuple[str, list[Clause]]:
    """``Mugen walks to the right, and jumps over a snail, and collects a coin.`` and its clauses."""
    clauses = []
    for e in choose(events, rng):
        name = truth.vocabulary.classes[int(truth.classes[e.other])] if e.other is not None else ""
        text = auto_clause(e, name)
        atoms = e.atoms
        if e.shield and e.kind == "collect":
            me = next(a[1] for a in e.atoms)
            atoms = (*atoms, ("shielded" if e.shield == "on" else "not shielded", me))
        if conjunction(truth, atoms)[e.start]:
            clauses.append(Clause(text, atoms, e.start))
    if not clauses:
        return "", []
    return "Mugen " + ", and ".join(c.text for c in clauses) + ".", clauses


def auto_clause(e: Event, name: str) -> str:
    """The template of one event; ``name`` is the class of its second party."""
    side = f" to the {e.direction}" if e.direction in ("left", "right") else ""
    verb = {"walking": "walks", "running": "runs", "standing": "stands"}.get(e.gait, "")
    a = article(name) if name else ""
    match e.kind:
        case "walk" | "run":
            return f"{verb}{side}"
        case "under":
            return f"{verb}{side} under {a}"
        case "towards":
            return f"{verb}{side} towards {a}"
        case "past":
            return f"{verb}{side} past {a}"
        case "jump":
            return f"jumps{side}"
        case "over":
            return f"jumps{side} over {a}"
        case "turn":
            return f"turns around{side}"
        case "fall":
            return "falls down"
        case "stand":
            return "stands still"
        case "stand_on":
            return f"stands on {a}"
        case "beside":
            return f"stands next to {a}"
        case "bump":
            return f"touches {a}"
        case "land":
            return "lands"
        case "land_on":
            return f"lands on {a}"
        case "climb":
            return f"climbs{' ' + e.direction if e.direction else ''} on {a}"
        case "collect":
            return f"collects {a}" + (f" to turn {e.shield} the shield" if e.shield else "")
        case "lose":
            return f"loses the shield to {a}"
        case "stomp":
            return f"stomps on {a}"
        case "killed":
            return f"is killed by {a}"
        case "chased":
            return f"is chased by {a}"
    raise ValueError(e.kind)
