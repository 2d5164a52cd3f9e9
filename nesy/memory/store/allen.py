"""Allen's thirteen relations between intervals (Communications of the ACM 26(11), 1983), as SQL conditions.

Intervals are half open, [start, end). Exactly one relation holds between any two.
"""

from __future__ import annotations

from nesy.errors import DataError, did_you_mean

RELATIONS: dict[str, str] = {
    "before": 'a."end" < b.start',
    "after": 'b."end" < a.start',
    "meets": 'a."end" = b.start',
    "met_by": 'b."end" = a.start',
    "overlaps": 'a.start < b.start AND b.start < a."end" AND a."end" < b."end"',
    "overlapped_by": 'b.start < a.start AND a.start < b."end" AND b."end" < a."end"',
    "starts": 'a.start = b.start AND a."end" < b."end"',
    "started_by": 'a.start = b.start AND b."end" < a."end"',
    "during": 'b.start < a.start AND a."end" < b."end"',
    "contains": 'a.start < b.start AND b."end" < a."end"',
    "finishes": 'b.start < a.start AND a."end" = b."end"',
    "finished_by": 'a.start < b.start AND a."end" = b."end"',
    "equals": 'a.start = b.start AND a."end" = b."end"',
}
INVERSE: dict[str, str] = {
    "before": "after", "meets": "met_by", "overlaps": "overlapped_by", "starts": "started_by", "during": "contains",
    "finishes": "finished_by", "equals": "equals",
}  # fmt: skip
INVERSE |= {v: k for k, v in INVERSE.items()}


def condition(relations: tuple[str, ...]) -> str:
    """The SQL condition "one of ``relations`` holds between rows a and b".

    Raises:
        DataError: an unknown relation.
    """
    for name in relations:
        if name not in RELATIONS:
            raise DataError(f"no interval relation `{name}`", expected=RELATIONS, hint=did_you_mean(name, RELATIONS))
    return "(" + " OR ".join(f"({RELATIONS[name]})" for name in relations) + ")"


def relation(a: tuple[int, int], b: tuple[int, int]) -> str:
    """The relation that holds between two intervals, by comparing their ends."""
    if a[1] <= b[0]:
        return "meets" if a[1] == b[0] else "before"
    if b[1] <= a[0]:
        return "met_by" if b[1] == a[0] else "after"
    first = (a[0] > b[0]) - (a[0] < b[0])
    last = (a[1] > b[1]) - (a[1] < b[1])
    return {
        (-1, -1): "overlaps", (-1, 0): "finished_by", (-1, 1): "contains",
        (0, -1): "starts", (0, 0): "equals", (0, 1): "started_by",
        (1, -1): "during", (1, 0): "finishes", (1, 1): "overlapped_by",
    }[first, last]  # fmt: skip
