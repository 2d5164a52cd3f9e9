"""From the simulator's record to tracks and exact scene graph; the rules are those of ``vocabulary.DEFINITIONS``."""

from __future__ import annotations

from random import Random

import numpy as np
from numpy.typing import NDArray

from nesy.datasets.base import GroundTruth, Tracks
from nesy.datasets.platformer import vocabulary as v
from nesy.datasets.platformer.simulate import POSES, Record
from nesy.datasets.platformer.world import FLOOR_MARGIN, VIEW

MAX_OBJECTS = 8
VISIBLE = 0.3  # least share of a box inside the view for an object to be present
MIN_FRAMES = 2  # an object seen in fewer frames is not tracked


def observe(record: Record, size: int, seed: str) -> tuple[Tracks, GroundTruth, NDArray[np.int64]]:
    """Tracks in pixels, the scene graph, and which entity each track is. Track order is shuffled by ``seed``."""
    return scene(record, to_view(record.box, record.camera) * (size / VIEW), size, seed)


def scene(
    record: Record, pixels: NDArray[np.float64], size: int, seed: str
) -> tuple[Tracks, GroundTruth, NDArray[np.int64]]:
    """As :func:`observe`, for boxes already projected: ``pixels`` [T, E, 4], y downwards, in a square of ``size``."""
    seen = visible(record, pixels, size)
    gaps = _gaps(record.box)
    distance = np.where(seen, np.maximum(gaps[0][:, 0], gaps[1][:, 0]), np.inf).min(0)
    distance[0] = -np.inf
    least = min(MIN_FRAMES, len(seen))
    kept = [int(e) for e in np.argsort(distance, kind="stable") if seen[:, e].sum() >= least][:MAX_OBJECTS]
    kept.sort()
    Random(seed).shuffle(kept)
    order = np.array(kept, dtype=np.int64)

    present = seen[:, order]
    boxes = np.clip(pixels[:, order], 0.0, size) * present[:, :, None]
    tracks = Tracks(np.round(boxes, 2).astype(np.float32), present, tuple(f"o{i + 1}" for i in range(len(order))))
    unary, binary = facts(record)
    truth = GroundTruth(
        vocabulary=v.VOCABULARY,
        classes=np.array([v.VOCABULARY.classes.index(record.kinds[e]) for e in order], dtype=np.int64),
        unary=unary[:, order] & present[:, :, None],
        binary=binary[:, order][:, :, order] & (present[:, :, None] & present[:, None, :])[..., None],
    )
    return tracks, truth, order


def to_view(box: NDArray[np.float64], camera: NDArray[np.float64]) -> NDArray[np.float64]:
    """World boxes to boxes in the view, in tiles, y downwards from the upper edge. [T, E, 4]"""
    top = VIEW - FLOOR_MARGIN
    left = camera[:, None]
    return np.stack([box[..., 0] - left, top - box[..., 3], box[..., 2] - left, top - box[..., 1]], axis=-1)


def visible(record: Record, pixels: NDArray[np.float64], size: int) -> NDArray[np.bool_]:
    """Which entities exist and have at least ``VISIBLE`` of their box inside the picture. [T, E]"""
    inside = np.clip(pixels, 0.0, size)
    area = (pixels[..., 2] - pixels[..., 0]) * (pixels[..., 3] - pixels[..., 1])
    part = (inside[..., 2] - inside[..., 0]) * (inside[..., 3] - inside[..., 1])
    return record.exists & (part >= VISIBLE * area)


def _gaps(box: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Horizontal and vertical gaps between all pairs of boxes, 0 where they overlap. [T, E, E] each"""
    a, b = box[:, :, None], box[:, None, :]
    across = np.maximum(np.maximum(b[..., 0] - a[..., 2], a[..., 0] - b[..., 2]), 0.0)
    upright = np.maximum(np.maximum(b[..., 1] - a[..., 3], a[..., 1] - b[..., 3]), 0.0)
    return across, upright


def facts(record: Record) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """All predicates of all existing entities, in or out of view: unary [T, E, U], binary [T, E, E, R]."""
    frames, n = record.exists.shape
    unary = np.zeros((frames, n, len(v.VOCABULARY.unary)), bool)
    u = {name: i for i, name in enumerate(v.VOCABULARY.unary)}
    for name in v.MOTIONS:
        unary[:, 0, u[name]] = record.pose == POSES.index(name)
    # As in MUGEN, captions tell the direction of the character alone, so only the character has one.
    living = record.exists & ~record.dead
    unary[:, 0, u["facing_left"]] = (record.facing[:, 0] == -1) & living[:, 0]
    unary[:, 0, u["facing_right"]] = (record.facing[:, 0] == 1) & living[:, 0]
    unary[:, 0, u["shielded"]] = record.shield
    unary[:, :, u["dead"]] = record.dead & record.exists

    binary = np.zeros((frames, n, n, len(v.VOCABULARY.binary)), bool)
    r = {name: i for i, name in enumerate(v.VOCABULARY.binary)}
    box = record.box
    a, b = box[:, :, None], box[:, None, :]
    across, upright = _gaps(box)
    overlap = np.minimum(a[..., 2], b[..., 2]) - np.maximum(a[..., 0], b[..., 0])
    narrow = np.minimum(a[..., 2] - a[..., 0], b[..., 2] - b[..., 0])
    lift = a[..., 1] - b[..., 3]
    above = (overlap >= v.OVERLAP * narrow) & (lift >= -v.ABOVE_SLACK) & (lift <= v.ABOVE_REACH)
    binary[..., r["above"]] = above
    binary[..., r["below"]] = above.transpose(0, 2, 1)
    binary[..., r["near"]] = (across < v.NEAR_GAP) & (upright < v.NEAR_GAP)
    touching = (across <= v.TOUCH_GAP) & (upright <= v.TOUCH_GAP)
    binary[..., r["touching"]] = touching

    x, y = (box[..., 0] + box[..., 2]) / 2, (box[..., 1] + box[..., 3]) / 2
    dx, dy = x[:, None, :] - x[:, :, None], np.abs(y[:, None, :] - y[:, :, None])  # from a to b
    heading = np.where(np.abs(record.vx) > v.MOVING, np.sign(record.vx), 0.0)
    towards = (heading[:, :, None] * dx > 0) & living[:, :, None]
    binary[..., r["approaching"]] = towards & (np.abs(dx) <= v.APPROACH_REACH) & (dy <= v.APPROACH_LEVEL) & ~touching
    monsters = np.array([k in v.MONSTERS for k in record.kinds])
    looks_away = np.sign(dx[:, :, 0]) == record.facing[:, :1]
    binary[:, :, 0, r["chasing"]] = (
        towards[:, :, 0]
        & (np.abs(dx[:, :, 0]) <= v.CHASE_REACH)
        & (dy[:, :, 0] <= v.CHASE_LEVEL)
        & looks_away
        & monsters
        & living[:, :1]
    )
    for f in np.flatnonzero(record.support >= 0):
        binary[f, 0, record.support[f], r["on"]] = True
    binary[:, 0, :, r["collecting"]] = record.collecting
    binary[:, 0, :, r["stomping"]] = record.stomping
    binary[:, :, 0, r["killing"]] = record.killing
    both = record.exists[:, :, None] & record.exists[:, None, :]
    both[:, np.arange(n), np.arange(n)] = False
    return unary, binary & both[..., None]
