"""What to forget: by age, by confidence, by video, and down to a budget."""

from __future__ import annotations

from dataclasses import dataclass

from nesy.errors import DataError
from nesy.memory.store.match import MOST


@dataclass(frozen=True, slots=True)
class Policy:
    """What ``forget`` removes; the conditions that are given apply one after the other.

    older_than: seconds since the episode was remembered.
    below: triples whose confidence is smaller.
    video: this whole video with its graph.
    budget: keep at most so many triples: the most salient, by peak probability, of equal ones the youngest. Class
        memberships go last, when nothing else is left to go.

    A video of which no triple is left is forgotten with its graph; one in which nothing was ever seen goes by its age
    or its name only.
    """

    older_than: float | None = None
    below: float | None = None
    video: str | None = None
    budget: int | None = None

    def __post_init__(self) -> None:
        if (self.older_than, self.below, self.video, self.budget) == (None, None, None, None):
            raise DataError("nothing to forget is named", expected=["an age", "a confidence", "a video", "a budget"])
        if self.older_than is not None and self.older_than < 0:
            raise DataError(f"an age of {self.older_than} seconds")
        if self.below is not None and not 0 <= self.below <= 1:
            raise DataError(f"confidence {self.below} is not between 0 and 1")
        if self.budget is not None and self.budget < 0:
            raise DataError(f"a budget of {self.budget} triples")


def doomed(policy: Policy, now: float, count: int) -> list[tuple[str, tuple[float | int, ...]]]:
    """The DELETE statements of a policy (without the video, which has a graph and vectors too)."""
    statements: list[tuple[str, tuple[float | int, ...]]] = []
    if policy.older_than is not None:
        statements.append(
            ("DELETE FROM triples WHERE video IN (SELECT id FROM videos WHERE added < ?)", (now - policy.older_than,))
        )
    if policy.below is not None:
        statements.append(("DELETE FROM triples WHERE confidence < ?", (policy.below,)))
    if policy.budget is not None:
        statements.append(
            (
                "DELETE FROM triples WHERE id IN (SELECT id FROM triples "
                "ORDER BY predicate = 1 DESC, peak DESC, id DESC LIMIT 9223372036854775807 OFFSET ?)",
                (min(policy.budget, MOST),),
            )
        )
    return statements
