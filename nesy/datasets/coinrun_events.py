"""The events of a stretch of CoinRun in their order, as a sentence and as a formula."""

from __future__ import annotations

from dataclasses import dataclass

from nesy.datasets.coinrun_scene import Scene, visible

WALK = 4  # frames; shorter walks are not told
MOST = 6  # events of a caption


@dataclass(frozen=True)
class Event:
    """What the player does: the words, the object's class and name (if any), and the fact of some frame.

    ``fact`` is a formula about the player p and the object {x}.
    """

    words: str
    fact: str
    kind: str = ""
    name: str = ""


def events(scenes: list[Scene]) -> list[Event]:
    """At most MOST events, in order; a walk that goes on after an interruption is told again."""
    out: list[Event] = []
    start = 0
    while start < len(scenes):
        pose = _pose(scenes[start])
        stop = start
        while stop < len(scenes) and _pose(scenes[stop]) == pose:
            stop += 1
        if pose.startswith("walking") and stop - start >= WALK:
            side = pose.split()[1]
            out.append(Event(f"walks {side}", f"walking(p) and facing_{side}(p)"))
        if pose == "air":
            out += _jump(scenes, start, stop)
        start = stop
    last = scenes[-1]
    for predicate, a, b in sorted(last.binary):
        if predicate == "collecting":
            out.append(Event("collects the coin", "collecting(p, {x})", "coin", b))
        if predicate == "killing":
            out.append(Event(f"is killed by {_a(last.classes[a])}", "killing({x}, p)", last.classes[a], a))
    return [e for i, e in enumerate(out) if i == 0 or e != out[i - 1]][:MOST]


def _pose(scene: Scene) -> str:
    if scene.holds("jumping", "player") or scene.holds("falling", "player"):
        return "air"
    if scene.holds("standing", "player"):
        return "standing"
    return "walking right" if scene.holds("facing_right", "player") else "walking left"


def _jump(scenes: list[Scene], start: int, stop: int) -> list[Event]:
    """A time in the air: what was jumped over (passed above, and on its other side afterwards) and landed on."""
    flight = scenes[start:stop]
    rises = [i for i, s in enumerate(flight) if s.holds("jumping", "player")]
    out: list[Event] = []
    if rises:
        before, after = flight[0].boxes["player"], flight[-1].boxes["player"]
        for name, kind in flight[0].classes.items():
            if kind not in ("saw", "enemy", "lava"):
                continue
            # not in the last frame: what ends the clip there, being killed above all, would be told as later
            over = [s for s in flight if s is not scenes[-1] and s.holds("above", "player", name)]
            over = [s for s in over if name in visible(s, 64)]
            box = flight[0].boxes[name]
            passed = (before[2] <= box[0] + 0.5 and after[0] >= box[2] - 0.5) or (
                before[0] >= box[2] - 0.5 and after[2] <= box[0] + 0.5
            )
            if over and passed:
                out.append(Event(f"jumps over {_a(kind)}", "above(p, {x})", kind, name))
        out = out[:1] or [Event("jumps", "jumping(p)")]
    if stop < len(scenes):
        held = sorted(b for predicate, a, b in scenes[stop].binary if predicate == "on" and a == "player")
        if held:
            out.append(Event("lands on a crate", "on(p, {x})", "crate", held[0]))
    return out


def _a(kind: str) -> str:
    return "lava" if kind == "lava" else f"an {kind}" if kind == "enemy" else f"a {kind}"


def sentence(told: list[Event]) -> str:
    """``The player walks right, then jumps over a saw, then collects the coin.``"""
    return f"The player {', then '.join(e.words for e in told)}."


def spec(told: list[Event]) -> str:
    """Each event at the time of the one before or later; objects are told apart only by their classes."""
    bindings, facts = ["p: player"], list[str]()
    for e in told:
        if not e.kind:
            facts.append(e.fact)
            continue
        x = f"x{len(bindings)}"
        bindings.append(f"{x}: {e.kind}")
        facts.append(e.fact.format(x=x))
    text = ""
    for fact in reversed(facts):
        text = f"eventually ({fact} and {text})" if text else f"eventually ({fact})"
    return f"exists {', '.join(bindings)} {{ {text} }}"
