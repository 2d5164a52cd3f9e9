"""The index layer's names: groups of indices, each with a pool of rows that are written later.

An index keeps its row for life, so that writing a new one never moves or changes another.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import torch
from torch import Tensor

from nesy.errors import GroundingError, NesyError, did_you_mean


class Group:
    """One group of indices (entities, classes, times ...): ``capacity`` rows, of which some carry a name."""

    def __init__(self, role: str, names: Sequence[str], reserve: int = 0) -> None:
        if len(set(names)) != len(names):
            raise NesyError(f"group `{role}` names an index twice", hint="give every index of a group its own name")
        self.role = role
        self.names: list[str | None] = [*names, *([None] * reserve)]
        self._rows: dict[str, int] = {name: row for row, name in enumerate(names)}
        self._free: list[int] = list(range(len(self.names) - 1, len(names) - 1, -1))
        self.used = torch.tensor([n is not None for n in self.names], dtype=torch.bool)

    @property
    def capacity(self) -> int:
        return len(self.names)

    def __len__(self) -> int:
        return len(self._rows)

    def __contains__(self, name: object) -> bool:
        return name in self._rows

    def row(self, name: str) -> int:
        """The row of ``name``.

        Raises:
            GroundingError: the group has no such index.
        """
        if name not in self._rows:
            raise GroundingError(f"no {self.role} is called `{name}`", hint=did_you_mean(name, self._rows))
        return self._rows[name]

    def name(self, row: int) -> str:
        """The name written at ``row``."""
        name = self.names[row] if 0 <= row < self.capacity else None
        if name is None:
            raise GroundingError(f"row {row} of group `{self.role}` carries no index")
        return name

    def take(self, name: str) -> int:
        """Give ``name`` the next free row."""
        if name in self._rows:
            raise NesyError(f"{self.role} `{name}` exists already", hint="forget it first, or use another name")
        if not self._free:
            raise NesyError(
                f"group `{self.role}` is full: {self.capacity} rows, all in use",
                hint="forget some indices (policy budget), or grow the group",
            )
        row = self._free.pop()
        self.names[row], self._rows[name], self.used[row] = name, row, True
        return row

    def release(self, row: int) -> str:
        """Take the name off ``row`` and put the row back into the pool; returns the name."""
        name = self.name(row)
        self.names[row], self.used[row] = None, False
        del self._rows[name]
        self._free.append(row)
        return name

    def restore(self, names: Sequence[str | None]) -> None:
        """Put names back onto the rows they had, None where a row is free."""
        self.names = list(names)
        self._rows = {n: row for row, n in enumerate(self.names) if n is not None}
        self._free = [row for row in range(len(self.names) - 1, -1, -1) if self.names[row] is None]
        self.used = torch.tensor([n is not None for n in self.names], dtype=torch.bool)

    def extend(self, rows: int) -> None:
        """Add ``rows`` free rows."""
        self._free = list(range(self.capacity + rows - 1, self.capacity - 1, -1)) + self._free
        self.names += [None] * rows
        self.used = torch.cat([self.used, torch.zeros(rows, dtype=torch.bool)])

    def rows(self) -> list[int]:
        """The rows in use, ascending."""
        return sorted(self._rows.values())


class Candidates:
    """A candidate set of a measurement: groups side by side, positions counted through their capacities."""

    def __init__(self, groups: Mapping[str, Group], roles: Iterable[str]) -> None:
        self.roles = tuple(roles)
        self.groups = tuple(groups[r] for r in self.roles)

    def position(self, name: str) -> int:
        """Where ``name`` stands; the first group that has it counts."""
        offset = 0
        for group in self.groups:
            if name in group:
                return offset + group.row(name)
            offset += group.capacity
        known = [n for g in self.groups for n in g.names if n is not None]
        raise GroundingError(f"no {' or '.join(self.roles)} is called `{name}`", hint=did_you_mean(name, known))

    def name(self, position: int) -> str:
        """The name at ``position``."""
        for group in self.groups:
            if position < group.capacity:
                return group.name(position)
            position -= group.capacity
        raise GroundingError(f"no index at position {position} behind {' + '.join(self.roles)}")

    def used(self) -> Tensor:
        """bool [K], True where a position carries an index."""
        return torch.cat([g.used for g in self.groups])
