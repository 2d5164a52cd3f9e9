"""What happened in a clip, as spans of frames in which a conjunction of facts holds: the ground under every caption."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from nesy.datasets.base import GroundTruth
from nesy.datasets.platformer import vocabulary as v

Atom = tuple[str, ...]  # predicate and track indices as text, e.g. ("above", "0", "3"); "not shielded" negates
PRIORITY = {
    "killed": 10,
    "stomp": 9,
    "collect": 8,
    "lose": 8,
    "climb": 7,
    "over": 7,
    "chased": 6,
    "land_on": 5,
    "under": 5,
    "beside": 4,
    "bump": 4,
    "stand_on": 4,
    "run": 4,
    "jump": 4,
    "towards": 4,
    "past": 4,
    "walk": 3,
    "turn": 3,
    "fall": 2,
    "stand": 2,
    "land": 1,
}


@dataclass(frozen=True, slots=True)
class Event:
    """All ``atoms`` hold in every frame of ``[start, end)`` and not in the frames just outside.

    ``other`` is the track of the second party, ``direction`` left, right, up, down or empty, ``gait`` walking, running
    or standing where the event qualifies a motion, ``shield`` on or off when the event switched it.
    """

    kind: str
    start: int
    end: int
    atoms: tuple[Atom, ...]
    other: int | None = None
    direction: str = ""
    gait: str = ""
    shield: str = ""


def holds(truth: GroundTruth, atom: Atom) -> NDArray[np.bool_]:
    """The frames in which one atom is true, bool [T]."""
    name = atom[0].removeprefix("not ")
    if len(atom) == 2:
        value = truth.unary[:, int(atom[1]), truth.vocabulary.unary.index(name)]
    else:
        value = truth.binary[:, int(atom[1]), int(atom[2]), truth.vocabulary.binary.index(name)]
    return ~value if atom[0].startswith("not ") else value


def conjunction(truth: GroundTruth, atoms: tuple[Atom, ...]) -> NDArray[np.bool_]:
    """The frames in which all atoms are true, bool [T]."""
    mask: NDArray[np.bool_] = np.logical_and.reduce([holds(truth, a) for a in atoms])
    return mask


def runs(mask: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Maximal stretches of true frames, end exclusive."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], mask.view(np.int8), [0]])))
    return list(zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True))


def extract(truth: GroundTruth, moved: NDArray[np.float64], lifted: NDArray[np.float64]) -> list[Event]:
    """Every event of a clip, by start and then by priority.

    Args:
        truth: the exact scene graph.
        moved: the character's horizontal speed in every frame, tiles/s, to tell a hop from a jump to the side.
        lifted: the character's height in every frame, tiles, to tell climbing up from climbing down.
    """
    me = int(np.flatnonzero(truth.classes == 0)[0]) if (truth.classes == 0).any() else None
    if me is None:
        return []
    found = [*_motions(truth, me, moved, lifted), *_contacts(truth, me)]
    if not found:  # a clip so short that nothing lasts: tell single frames
        plain = {"walk": "walking", "run": "running", "stand": "standing", "jump": "jumping", "fall": "falling"}
        for kind, gait in plain.items():
            found += _spans(truth, Event(kind, 0, 0, ((gait, str(me)),), gait=gait if kind in ("walk", "run") else ""))
    return sorted(found, key=lambda e: (e.start, -PRIORITY[e.kind], e.other if e.other is not None else -1))


def _spans(truth: GroundTruth, event: Event, least: int = 1, late: bool = False) -> Iterator[Event]:
    for start, end in runs(conjunction(truth, event.atoms)):
        if end - start >= least and not (late and start == 0):
            yield replace(event, start=start, end=end)


def _motions(truth: GroundTruth, me: int, moved: NDArray[np.float64], lifted: NDArray[np.float64]) -> Iterator[Event]:
    m = str(me)
    names = truth.vocabulary.classes
    kinds = [names[c] for c in truth.classes]
    others = [o for o in range(len(kinds)) if o != me]
    for side in ("left", "right"):
        facing = ("facing_" + side, m)
        for gait, kind in (("walking", "walk"), ("running", "run")):
            go = Event(kind, 0, 0, ((gait, m), facing), direction=side, gait=gait)
            yield from _spans(truth, go, least=2)
            for o in others:
                if kinds[o] in v.FLYERS or kinds[o] in v.ITEMS:
                    under = (*go.atoms, ("below", m, str(o)))
                    yield from _spans(truth, replace(go, kind="under", atoms=under, other=o))
                if kinds[o] in v.FURNITURE:
                    past = (*go.atoms, ("near", m, str(o)))
                    for e in _spans(truth, replace(go, kind="past", atoms=past, other=o), least=2):
                        if e.start and not holds(truth, ("on", m, str(o)))[e.start]:
                            yield e
                towards = (*go.atoms, ("approaching", m, str(o)))
                yield from _spans(truth, replace(go, kind="towards", atoms=towards, other=o), least=2)
        yield from _spans(truth, Event("turn", 0, 0, (("turning", m), facing), direction=side))
        for event in _spans(truth, Event("jump", 0, 0, (("jumping", m), facing), direction=side), least=2):
            aside = bool(np.abs(moved[event.start : event.end]).mean() > 0.8)
            plain = event if aside else replace(event, direction="")
            yield plain
            for o in others:
                if kinds[o] in v.MONSTERS or kinds[o] == "crate":
                    over = (*event.atoms, ("above", m, str(o)))
                    for e in _spans(truth, replace(plain, kind="over", atoms=over, other=o)):
                        if event.start <= e.start < event.end:
                            yield e
    yield from _spans(truth, Event("fall", 0, 0, (("falling", m),)), least=2)
    yield from _spans(truth, Event("stand", 0, 0, (("standing", m),)), least=2)
    yield from _spans(truth, Event("land", 0, 0, (("landing", m),)), late=True)
    for o in others:
        on = ("on", m, str(o))
        if kinds[o] == "crate":
            yield from _spans(truth, Event("land_on", 0, 0, (("landing", m), on), other=o))
            yield from _spans(truth, Event("stand_on", 0, 0, (("standing", m), on), other=o), least=2)
            for gait in ("walking", "running", "standing"):
                bump = Event("bump", 0, 0, ((gait, m), ("touching", m, str(o))), other=o, gait=gait)
                yield from (e for e in _spans(truth, bump) if not holds(truth, on)[e.start])
        if kinds[o] == "ladder":
            for e in _spans(truth, Event("climb", 0, 0, (("climbing", m), on), other=o), least=2):
                rise = float(lifted[e.end - 1] - lifted[e.start])
                yield replace(e, direction="up" if rise > 0.2 else "down" if rise < -0.2 else "")
        if kinds[o] in v.FLYERS:
            yield from _spans(
                truth, Event("under", 0, 0, (("standing", m), ("below", m, str(o))), other=o, gait="standing")
            )
        if kinds[o] != "coin" and kinds[o] != "gem":
            beside = Event("beside", 0, 0, (("standing", m), ("near", m, str(o))), other=o, gait="standing")
            for e in _spans(truth, beside, least=2):
                if not (holds(truth, on)[e.start] or holds(truth, ("above", m, str(o)))[e.start]):
                    yield e


def _contacts(truth: GroundTruth, me: int) -> Iterator[Event]:
    m = str(me)
    names = truth.vocabulary.classes
    shielded = holds(truth, ("shielded", m))
    for o, kind in enumerate(names[c] for c in truth.classes):
        other = str(o)
        if kind in v.ITEMS:
            for e in _spans(truth, Event("collect", 0, 0, (("collecting", m, other),), other=o)):
                before = shielded[e.start - 1] if e.start else shielded[0]
                switched = "" if before == shielded[e.start] else "on" if shielded[e.start] else "off"
                yield replace(e, shield=switched)
        if kind in v.MONSTERS:
            yield from _spans(truth, Event("stomp", 0, 0, (("stomping", m, other),), other=o))
            yield from _spans(truth, Event("killed", 0, 0, (("killing", other, m), ("dead", m)), other=o))
            yield from _spans(truth, Event("chased", 0, 0, (("chasing", other, m),), other=o), least=3)
            for e in _spans(truth, Event("lose", 0, 0, (("not shielded", m), ("touching", m, other)), other=o)):
                living = not holds(truth, ("dead", m))[e.start] and not holds(truth, ("dead", other))[e.start]
                if e.start and shielded[e.start - 1] and living and not _collecting(truth, me)[e.start]:
                    yield replace(e, shield="off")


def _collecting(truth: GroundTruth, me: int) -> NDArray[np.bool_]:
    mask: NDArray[np.bool_] = np.any(truth.binary[:, me, :, truth.vocabulary.binary.index("collecting")], axis=-1)
    return mask
