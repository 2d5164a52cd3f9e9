"""The map of a memory: what it counts, what it finds telling, and that its drawing holds together."""

from __future__ import annotations

from collections import Counter
from html import unescape
from pathlib import Path

import pytest

import nesy
from nesy.memory.store import Triple, TripleStore
from nesy.viz.memory_map import HEIGHT, WIDTH, Overview, _spread, map_svg, overview
from nesy.viz.placing import Box
from tests.viz.reading import read


def seen() -> list[Triple]:
    """Two dogs, three cats; everything is near everything, one dog chases a cat five times."""
    names = {"v/d1": "dog", "v/d2": "dog", "v/c1": "cat", "v/c2": "cat", "v/c3": "cat"}
    out = [Triple(n, "is_a", c, "v", 0, 9, 0.9) for n, c in names.items()]
    out.append(Triple("v/d1", "is_a", "cat", "v", 0, 9, 0.1))  # the less likely class
    out += [Triple(a, "near", b, "v", k, k + 1) for a in names for b in names if a != b for k in range(3)]
    out += [Triple("v/d1", "chasing", "v/c1", "v", k, k + 1) for k in range(5)]
    out += [Triple("v/c1", "hiding", None, "v", 7, 9)]
    return out


def test_counts_are_those_of_the_triples() -> None:
    o = overview(seen())
    assert o.objects == {"dog": 2, "cat": 3}
    assert o.alone == {"cat": Counter(hiding=1)}
    expected = {("dog", "near", "dog"): 6, ("cat", "near", "cat"): 18, ("dog", "near", "cat"): 18}
    assert o.links == expected | {("cat", "near", "dog"): 18, ("dog", "chasing", "cat"): 5}


def test_what_is_telling() -> None:
    """The chase stands for its pair although nearness is more frequent; the symmetric one is told once."""
    o = overview(seen())
    told = o.telling()
    assert told[0] == ("dog", "chasing", "cat") and ("dog", "near", "cat") not in told
    assert o.symmetric("near") and not o.symmetric("chasing")
    both = Overview(Counter(a=1, b=1), {}, Counter({("a", "near", "b"): 2, ("b", "near", "a"): 2}))
    assert both.telling() == [("a", "near", "b")]
    assert overview([]).telling() == [] and map_svg(overview([])) is None


@pytest.mark.parametrize("n", range(1, 14))
def test_places_on_the_circle_are_all_taken(n: int) -> None:
    names = [str(k) for k in range(n)]
    assert sorted(_spread(names)) == sorted(names)


def test_the_drawing() -> None:
    evil = "<script>x</script>"
    triples = [Triple("v/a", "is_a", evil, "v", 0, 1), Triple("v/a", evil, "v/a", "v", 0, 1), *seen()]
    root = read(f"<div>{map_svg(overview(triples))}</div>")
    assert len(root.all("circle")) == 3 and evil in root.text() and not root.all("script")
    for c in root.all("circle"):
        x, y, r = (float(c.attributes[k]) for k in ("cx", "cy", "r"))
        assert r <= x <= WIDTH - r and r <= y <= HEIGHT - r
    heads = [g for g in root.all("g", class_="tie") if g.all("polygon")]
    assert len(heads) == 1 and "dog chasing cat: 5 times" in heads[0].text()


def test_no_label_covers_another() -> None:
    """Ten classes of which each does something to all others."""
    names = {f"v/{k}": f"class{k}" for k in range(10)}
    triples = [Triple(n, "is_a", c, "v", 0, 1) for n, c in names.items()]
    triples += [
        Triple(a, f"does{(7 * i + j) % 9}", b, "v", k, k + 1)
        for i, a in enumerate(names) for j, b in enumerate(names) if a != b for k in range(1 + (i * j) % 5)
    ]  # fmt: skip
    root = read(f"<div>{map_svg(overview(triples))}</div>")
    labels = [e for e in root.all("text") if e.attributes["class"] in ("did", "name")]
    boxes = [Box(float(e.attributes["x"]), float(e.attributes["y"]), 6 * len(e.text()), 11) for e in labels]
    assert len(boxes) > 20
    assert sum(a.overlap(b) for i, a in enumerate(boxes) for b in boxes[:i]) == 0


def test_a_store_is_shown(tmp_path: Path) -> None:
    with TripleStore.open(tmp_path / "memory") as store:
        assert "0 triples of 0 videos" in nesy.show(store).html
        store.add_episode("v", seen(), frames=9, fps=3.0)
        shown = nesy.show(store)
        assert f"{len(seen())} triples of 1 video" in unescape(shown.html)
        assert "dog chasing cat: 5 times" in str(shown) and "<svg" in shown.html
