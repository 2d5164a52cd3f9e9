"""Which group and which split each video of a captions file is in: all clips of a video, and of a group, in one."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from nesy.errors import DataError

if TYPE_CHECKING:
    from nesy.datasets.folder import Row


def groups_of(rows: Iterable[Row]) -> dict[str, str]:
    """Video -> its group: the one that a row of it states, else the video by itself.

    Raises:
        DataError: rows that put one video in two groups, which could fall in different splits.
    """
    stated: dict[str, str] = {}
    for row in rows:
        before = stated.get(row.video) or row.group
        if row.group and before != row.group:
            raise DataError(
                f"{row.place}: `{row.video}` is in two groups, {before} and {row.group}",
                hint="all clips of one video belong to one group",
            )
        stated[row.video] = before
    return {video: group or video for video, group in stated.items()}


def splits_of(rows: Iterable[Row], groups: dict[str, str]) -> dict[str, str]:
    """Group -> the split that rows of it state; a row that states none goes where the others of its group are.

    Raises:
        DataError: rows that put one group in two splits.
    """
    stated: dict[str, str] = {}
    for row in rows:
        group = groups[row.video]
        if row.split and stated.setdefault(group, row.split) != row.split:
            raise DataError(
                f"{row.place}: group `{group}` is in two splits, {stated[group]} and {row.split}",
                hint="all clips of one video (or group) belong to one split",
            )
    return stated
