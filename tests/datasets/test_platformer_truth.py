"""The vectorised ground truth against slow definitions written out pair by pair, and the boxes against the pixels."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from nesy.datasets.platformer import vocabulary as v
from nesy.datasets.platformer.level import DIFFICULTIES
from nesy.datasets.platformer.render import render
from nesy.datasets.platformer.simulate import POSES, Record, simulate
from nesy.datasets.platformer.truth import facts, observe, to_view
from nesy.datasets.platformer.world import VIEW, World

CLIPS = 60


@pytest.fixture(scope="module")
def records() -> list[tuple[World, Record]]:
    names = list(DIFFICULTIES)
    return [simulate(f"t/{i}", f"t/{i}", DIFFICULTIES[names[i % 3]], 24, 8) for i in range(CLIPS)]


def slow_unary(r: Record, f: int, a: int) -> dict[str, bool]:
    pose = POSES[int(r.pose[f])] if a == 0 else None
    alive = bool(r.exists[f, a] and not r.dead[f, a])
    value = {name: pose == name for name in v.MOTIONS}
    value["facing_left"] = a == 0 and alive and r.facing[f, a] < 0
    value["facing_right"] = a == 0 and alive and r.facing[f, a] > 0
    value["shielded"] = a == 0 and bool(r.shield[f])
    value["dead"] = bool(r.exists[f, a] and r.dead[f, a])
    return value


def slow_binary(r: Record, f: int, a: int, b: int) -> dict[str, bool]:
    ax0, ay0, ax1, ay1 = r.box[f, a].tolist()
    bx0, by0, bx1, by1 = r.box[f, b].tolist()

    def over(p: tuple[float, float, float, float], q: tuple[float, float, float, float]) -> bool:
        shared = min(p[2], q[2]) - max(p[0], q[0])
        return shared >= 0.3 * min(p[2] - p[0], q[2] - q[0]) and -0.2 <= p[1] - q[3] <= 3.0

    gap_x, gap_y = max(bx0 - ax1, ax0 - bx1, 0.0), max(by0 - ay1, ay0 - by1, 0.0)
    touching = gap_x <= 0.08 and gap_y <= 0.08
    dx, dy = (bx0 + bx1 - ax0 - ax1) / 2, abs(by0 + by1 - ay0 - ay1) / 2
    living = not r.dead[f, a]
    towards = living and abs(r.vx[f, a]) > 0.3 and r.vx[f, a] * dx > 0
    monster_a, monster_b = r.kinds[a] in v.MONSTERS, r.kinds[b] in v.MONSTERS
    return {
        "above": over((ax0, ay0, ax1, ay1), (bx0, by0, bx1, by1)),
        "below": over((bx0, by0, bx1, by1), (ax0, ay0, ax1, ay1)),
        "near": gap_x < 1.0 and gap_y < 1.0,
        "touching": touching,
        "on": a == 0 and b == int(r.support[f]),
        "approaching": towards and abs(dx) <= 4.0 and dy <= 1.2 and not touching,
        "collecting": a == 0 and r.kinds[b] in v.ITEMS and bool(r.collecting[f, b]),
        "stomping": a == 0 and monster_b and bool(r.stomping[f, b]),
        "killing": b == 0 and monster_a and bool(r.killing[f, a]),
        "chasing": b == 0
        and monster_a
        and towards
        and not r.dead[f, 0]
        and abs(dx) <= 4.0
        and dy <= 2.0
        and (dx > 0) == (r.facing[f, 0] > 0),
    }


def test_facts_equal_the_slow_definitions(records: list[tuple[World, Record]]) -> None:
    for _, r in records[:25]:
        unary, binary = facts(r)
        frames, n = r.exists.shape
        for f in range(0, frames, 2):
            for a in range(n):
                if not r.exists[f, a]:
                    continue
                want = slow_unary(r, f, a)
                assert {k for k, x in want.items() if x} == {
                    k for k, x in zip(v.VOCABULARY.unary, unary[f, a], strict=True) if x
                }
                for b in range(n):
                    if b == a or not r.exists[f, b]:
                        assert not binary[f, a, b].any()
                        continue
                    pair = slow_binary(r, f, a, b)
                    got = {k for k, x in zip(v.VOCABULARY.binary, binary[f, a, b], strict=True) if x}
                    assert {k for k, x in pair.items() if x} == got, (f, r.kinds[a], r.kinds[b])


def test_every_predicate_is_defined_in_words() -> None:
    assert set(v.DEFINITIONS) == set(v.VOCABULARY.unary) | set(v.VOCABULARY.binary)


def test_vocabulary_is_the_agreed_one() -> None:
    classes = "mugen coin gem crate ladder snail worm mouse frog slime bee bat"
    unary = "walking running standing jumping falling landing climbing turning facing_left facing_right shielded dead"
    binary = "above below near touching on approaching collecting stomping killing chasing"
    assert " ".join(v.VOCABULARY.classes) == classes
    assert " ".join(v.VOCABULARY.unary) == unary
    assert " ".join(v.VOCABULARY.binary) == binary


def test_the_character_always_does_exactly_one_thing(records: list[tuple[World, Record]]) -> None:
    columns = [v.VOCABULARY.unary.index(name) for name in (*v.MOTIONS, "dead")]
    for _, r in records:
        assert (facts(r)[0][:, 0][:, columns].sum(-1) == 1).all()


def test_the_dead_stay_dead_and_things_do_nothing(records: list[tuple[World, Record]]) -> None:
    dead = v.VOCABULARY.unary.index("dead")
    for _, r in records:
        unary, _ = facts(r)
        assert (np.diff(unary[:, 0, dead].astype(int)) >= 0).all()
        things = [e for e, kind in enumerate(r.kinds) if kind in (*v.ITEMS, *v.FURNITURE)]
        assert not unary[:, things].any()


def test_tracks_and_truth_agree(records: list[tuple[World, Record]]) -> None:
    for i, (_, r) in enumerate(records):
        tracks, truth, order = observe(r, 64, str(i))
        n = len(order)
        assert 1 <= n <= 8 and list(truth.classes).count(0) == 1
        assert tracks.present.any(0).all()
        assert (tracks.boxes[~tracks.present] == 0).all()
        assert not truth.unary[~tracks.present].any()
        assert not truth.binary[~(tracks.present[:, :, None] & tracks.present[:, None, :])].any()
        boxes = tracks.boxes[tracks.present]
        assert (boxes >= 0).all() and (boxes <= 64).all()
        assert (boxes[:, 2] > boxes[:, 0]).all() and (boxes[:, 3] > boxes[:, 1]).all()


def test_track_order_tells_nothing_about_the_class(records: list[tuple[World, Record]]) -> None:
    places = [list(observe(r, 64, str(i))[1].classes).index(0) for i, (_, r) in enumerate(records)]
    assert len(set(places)) >= 6
    assert max(places.count(p) for p in set(places)) < 0.4 * len(places)


@pytest.mark.parametrize("size", [64, 128])
def test_what_is_drawn_lies_in_its_box(records: list[tuple[World, Record]], size: int) -> None:
    """Take one thing out of the world: the picture changes inside its box (and its sparkle or bubble) only."""
    for world, r in records[:8]:
        plain = replace(r, shield=np.zeros_like(r.shield), collecting=np.zeros_like(r.collecting))
        whole = render(world, plain, size)
        shown = to_view(r.box, r.camera) * size / VIEW
        for e in range(1, len(r.kinds)):
            if r.kinds[e] in v.FURNITURE:
                continue
            exists = r.exists.copy()
            exists[:, e] = False
            changed = (render(world, replace(plain, exists=exists), size) != whole).any(-1)
            for f in range(0, len(changed), 5):
                ys, xs = np.nonzero(changed[f])
                if not r.exists[f, e]:
                    assert not len(ys)
                elif len(ys):
                    x0, y0, x1, y1 = shown[f, e]
                    assert xs.min() >= x0 - 2 and xs.max() <= x1 + 1 and ys.min() >= y0 - 2 and ys.max() <= y1 + 1


def test_clips_are_dense_in_events() -> None:
    """What the method needs: most event predicates occur in many clips."""
    clips = [simulate(f"d/{i}", f"d/{i}", DIFFICULTIES["normal"], 24, 8)[1] for i in range(80)]
    truths = [observe(r, 64, str(i))[1] for i, r in enumerate(clips)]
    unary = np.mean([t.unary.any((0, 1)) for t in truths], axis=0)
    binary = np.mean([t.binary.any((0, 1, 2)) for t in truths], axis=0)
    share = dict(zip((*v.VOCABULARY.unary, *v.VOCABULARY.binary), (*unary, *binary), strict=True))
    rare = {"killing": 0.08, "shielded": 0.25, "climbing": 0.3, "stomping": 0.35, "running": 0.4}
    for name, value in share.items():
        assert value >= rare.get(name, 0.45), (name, value)
    assert share["killing"] < 0.5
