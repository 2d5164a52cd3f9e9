"""The page in a real browser: the scrubber is clicked, keys are pressed, and what changes is read back."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nesy.viz import ClipPanel, Report, WitnessStep, write_report
from tests.viz.chromium import Chromium, find_chromium
from tests.viz.samples import clip, report

FOUND = find_chromium()
pytestmark = pytest.mark.skipif(FOUND is None, reason="no chromium found: `apt-get install chromium` to run this test")

FRAMES = 12


@pytest.fixture(scope="module")
def browser() -> Iterator[Chromium]:
    with Chromium(FOUND or "") as b:
        yield b


@pytest.fixture(scope="module")
def clips() -> list[ClipPanel]:
    """Two clips with a truth, a witness and an assignment each."""
    return [clip(FRAMES, 4, seed=i) for i in range(2)]


@pytest.fixture
def page(browser: Chromium, clips: list[ClipPanel], tmp_path: Path) -> Chromium:
    browser.open(write_report(Report("t", clips=clips), tmp_path / "report.html"))
    return browser


STATE = """(() => {
  const panel = document.querySelector('.clip:not([hidden])');
  const [x, y, w, h] = panel.querySelector('.stage .picture').getAttribute('viewBox').split(' ').map(Number);
  const columns = JSON.parse(document.getElementById('data-' + panel.dataset.clip).textContent).sheet.columns;
  const track = panel.querySelector('.axis .track').getBoundingClientRect();
  const cursor = panel.querySelector('.cursor').getBoundingClientRect();
  return {
    clip: Number(panel.dataset.clip),
    visible: document.querySelectorAll('.clip:not([hidden])').length,
    frame: Number(panel.dataset.frame),
    slider: Number(panel.querySelector('[data-scrub]').value),
    picture: y / h * columns + x / w,
    counter: panel.querySelector('[data-counter]').textContent,
    cursor: (cursor.left - track.left) / track.width,
    boxes: panel.querySelectorAll('.overlay rect.box').length,
    nodes: panel.querySelectorAll('.graph .node:not(.absent)').length,
    facts: [...panel.querySelectorAll('.facts li:not(.none)')].map((e) => e.firstChild.textContent),
    now: [...panel.querySelectorAll('[data-now]')].map((e) => [Number(e.dataset.now), e.textContent]),
    current: [...panel.querySelectorAll('.step.current')].map((e) => Number(e.dataset.jump)),
  };
})()"""


def check(page: Chromium, clips: list[ClipPanel], index: int, frame: int) -> dict[str, Any]:
    """Everything on the screen agrees on the clip and the frame, and with the data."""
    state = dict(page.evaluate(STATE))
    c = clips[index]
    assert (state["clip"], state["visible"]) == (index, 1)
    assert state["frame"] == state["slider"] == state["picture"] == frame
    assert state["counter"].startswith(f"{frame} / {FRAMES - 1} ·")
    assert state["cursor"] == pytest.approx((frame + 0.5) / FRAMES, abs=0.01)
    assert state["boxes"] == state["nodes"] == c.present[frame].sum()
    assert state["current"] == [w.frame for w in c.witness if w.frame == frame]
    assigned = set(c.assignment.values())
    wanted = set()
    here = c.present[frame]
    for s, a in enumerate(c.ids):
        for k, p in enumerate(c.vocabulary.unary):
            if here[s] and a in assigned and round(float(c.unary[frame, s, k]), 3) >= 0.5:
                wanted.add(f"{p}({a})")
        for o, b in enumerate(c.ids):
            for k, p in enumerate(c.vocabulary.binary):
                likely = round(float(c.binary[frame, s, o, k]), 3) >= 0.5
                if s != o and here[s] and here[o] and {a, b} & assigned and likely:
                    wanted.add(f"{p}({a}, {b})")
    likely_facts = page.evaluate(
        "[...document.querySelectorAll('.clip:not([hidden]) .facts li:not(.none):not(.missed)')]"
        ".map((e) => e.firstChild.textContent)"
    )
    assert set(likely_facts) == wanted
    return state


def test_first_sight(page: Chromium, clips: list[ClipPanel]) -> None:
    state = check(page, clips, 0, 0)
    facts = page.evaluate("JSON.parse(document.getElementById('data-0').textContent).facts")
    assert state["now"] and all(text == f"{facts[k]['permille'][0] / 1000:.2f}" for k, text in state["now"])


def test_clicking_the_scrubber_moves_everything(page: Chromium, clips: list[ClipPanel]) -> None:
    page.click("#scrub-0", across=0.5)
    frame = page.evaluate("Number(document.getElementById('scrub-0').value)")
    assert 4 <= frame <= 7
    check(page, clips, 0, frame)
    page.click("#scrub-0", across=0.999)
    check(page, clips, 0, FRAMES - 1)


def test_keys(page: Chromium, clips: list[ClipPanel]) -> None:
    for _ in range(3):
        page.press("ArrowRight")
    check(page, clips, 0, 3)
    page.press("ArrowLeft")
    check(page, clips, 0, 2)
    page.press("End")
    page.press("ArrowRight")
    check(page, clips, 0, FRAMES - 1)
    page.press("Home")
    page.press("]", "]")
    page.press("ArrowRight")
    check(page, clips, 1, 1)
    page.press("[", "[")
    check(page, clips, 0, 0)


def test_playing_reaches_the_end_and_stops(page: Chromium, clips: list[ClipPanel]) -> None:
    page.press("End")
    for _ in range(2):
        page.press("ArrowLeft")
    page.click("[data-play]")
    assert page.evaluate("document.querySelector('[data-play]').getAttribute('aria-label')") == "pause"
    page.wait("document.querySelector('[data-play]').getAttribute('aria-label') === 'play'")
    check(page, clips, 0, FRAMES - 1)


def test_timeline_witness_and_thumbnail_jump(page: Chromium, clips: list[ClipPanel]) -> None:
    page.click("#clip-0 .strip", across=8.5 / FRAMES)
    check(page, clips, 0, 8)
    page.click("#clip-0 .witness li:last-child .step")
    check(page, clips, 0, FRAMES - 1)
    page.click("#tab-1")
    check(page, clips, 1, 0)
    page.click("#clip-1 .axis .flag:last-child")
    check(page, clips, 1, clips[1].witness[-1].frame)


def test_all_strips_stand_under_the_axis(browser: Chromium, tmp_path: Path) -> None:
    crowd = clip(10, 8)  # more pairs than are shown at first
    browser.open(write_report(Report("t", clips=[crowd]), tmp_path / "crowd.html"))
    strips = (
        "[...document.querySelectorAll('.axis .track, .strip')].map((e) => e.getBoundingClientRect())"
        ".filter((r) => r.width).map((r) => [r.left, r.right])"
    )
    few = len(browser.evaluate(strips))
    scrolls = "(() => { const p = document.querySelector('.pairs'); return p.scrollHeight > p.clientHeight; })()"
    assert not browser.evaluate(scrolls)  # whole rows only, no list in the list
    browser.click("[data-pairs]")
    edges = browser.evaluate(strips)
    assert len(edges) > 100 > few > 20
    assert all(e == pytest.approx(edges[0], abs=0.5) for e in edges)
    browser.click("[data-pairs]")
    assert len(browser.evaluate(strips)) == few


# How many of the elements cover another one by more than a hair.
COVER = """((selector) => {
  const boxes = [...document.querySelectorAll(selector)].map((e) => e.getBoundingClientRect()).filter((r) => r.width);
  const over = (a, b) => Math.min(a.right, b.right) - Math.max(a.left, b.left) > .5
                      && Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) > .5;
  return [boxes.length, boxes.filter((a, i) => boxes.some((b, j) => i !== j && over(a, b))).length];
})"""


@pytest.mark.parametrize("width", [400, 1400])
def test_nothing_covers_a_label(browser: Chromium, tmp_path: Path, width: int) -> None:
    """Frame numbers, witness marks, labels of boxes, and what stands in the scene graph."""
    steps = [WitnessStep(f, f"walking(o{k})") for k, f in enumerate((2, 4, 5, 5, 10, 20))]
    boxes = clip(24, 6).boxes * 0 + np.array([3.0, 3, 9, 9]) + np.arange(6)[:, None]  # nearly on each other
    dark = np.zeros((24, 90, 120, 3), np.uint8)
    crowd = replace(clip(24, 6, present=np.ones((24, 6), bool)), witness=steps, boxes=boxes, frames=dark)
    browser.send("Emulation.setDeviceMetricsOverride", width=width, height=900, deviceScaleFactor=1, mobile=False)
    try:
        browser.open(write_report(Report("t", clips=[crowd]), tmp_path / "crowd.html"))
        browser.wait("document.querySelector('.timeline').style.getPropertyValue('--lanes') !== ''")
        for frame in range(0, 24, 3):
            for what in (".axis .tick", ".axis .flag", ".overlay .plate"):
                shown, covered = browser.evaluate(f"{COVER}('{what}')")
                assert shown > 1 and covered == 0, (frame, what)
            nodes = browser.evaluate(f"{COVER}('.graph .node')")
            assert nodes == [6, 0]
            for _ in range(3):
                browser.press("ArrowRight")
    finally:
        browser.send("Emulation.clearDeviceMetricsOverride")


def test_a_link_and_its_label_are_both_seen(browser: Chromium, tmp_path: Path) -> None:
    """Two of many objects side by side: their short link has its label beside it."""
    alone = clip(2, 8, truth=False, present=np.ones((2, 8), bool), unary=np.zeros((2, 8, 2)), assignment={})
    binary = np.zeros_like(alone.binary)
    binary[:, 0, 1, 2] = binary[:, 4, 3, 2] = binary[:, 0, 4, 1] = 0.9
    browser.open(write_report(Report("t", clips=[replace(alone, binary=binary)]), tmp_path / "links.html"))
    assert browser.evaluate("document.querySelectorAll('.graph .link').length") == 3
    assert browser.evaluate(f"{COVER}('.graph .link, .graph .node')") == [11, 0]
    hidden = browser.evaluate(
        "[...document.querySelectorAll('.graph .edge path')].map((p) => {"
        " const seen = [...Array(21).keys()].map((k) => p.getPointAtLength(k / 20 * p.getTotalLength()));"
        " const on = [...document.querySelectorAll('.graph .link')].map((t) => t.getBBox());"
        " const held = (q) => on.some((r) => q.x > r.x && q.x < r.x + r.width && q.y > r.y && q.y < r.y + r.height);"
        " return seen.filter(held).length / seen.length; })"
    )
    assert len(hidden) == 3 and max(hidden) < 0.7, hidden


def test_the_cursor_runs_behind_words(page: Chromium) -> None:
    above = page.evaluate(
        "[...document.querySelectorAll('#clip-0 .timeline .head, #clip-0 .timeline h4')].map((e) => {"
        " e.scrollIntoView({block: 'center'});"
        " if (!e.getClientRects().length) return true;"
        " const x = document.querySelector('#clip-0 .cursor').getBoundingClientRect().left;"
        " const r = e.getBoundingClientRect(), style = getComputedStyle(e);"
        " return x > r.left && x < r.right && style.position === 'relative'"
        "  && Number(style.zIndex) > Number(getComputedStyle(document.querySelector('.cursor')).zIndex)"
        "  && style.backgroundColor === getComputedStyle(document.querySelector('#clip-0')).backgroundColor; })"
    )
    assert len(above) > 3 and all(above)


def test_only_what_can_be_used_is_offered(browser: Chromium, clips: list[ClipPanel], tmp_path: Path) -> None:
    """Errors are marked where there is a truth, another clip is gone to where there is one; the marks are explained."""
    seen = "(() => { const t = document.querySelector('.clip').innerText; return [...document.querySelectorAll('kbd')]"
    seen += ".map((e) => e.textContent).join(' ') + ' ' + t; })()"
    browser.open(write_report(Report("t", clips=clips), tmp_path / "two.html"))
    told = browser.evaluate(seen)
    for words in ("mark errors", "line: true", "true, but not predicted", "predicted, but not true", "value", "["):
        assert words in told
    browser.click("#clip-0 [data-truth]")
    assert "but not predicted" not in browser.evaluate(seen)
    browser.open(write_report(Report("t", clips=[replace(clips[0], truth=None)]), tmp_path / "one.html"))
    told = browser.evaluate(seen)
    for words in ("mark errors", "line: true", "predicted, but not true", "["):
        assert words not in told
    assert "shade: predicted probability" in told and "value" in told


def test_more_facts_are_asked_for(browser: Chromium, tmp_path: Path) -> None:
    sure = clip(2, 5, present=np.ones((2, 5), bool), truth=False, binary=np.full((2, 5, 5, 3), 0.9), assignment={})
    browser.open(write_report(Report("t", clips=[sure]), tmp_path / "many.html"))
    visible = "[...document.querySelectorAll('.facts li')].filter((e) => e.getClientRects().length).length"
    every = browser.evaluate("document.querySelectorAll('.facts li').length")
    assert browser.evaluate(visible) == 16 and every > 60
    assert browser.evaluate("document.querySelector('[data-more]').textContent") == f"{every - 16} more facts"
    browser.click("[data-more]")
    assert browser.evaluate(visible) == every


def test_address_sets_and_keeps_the_state(page: Chromium, clips: list[ClipPanel], tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    page.open(path, "#clip=1&frame=5")
    check(page, clips, 1, 5)
    page.press("ArrowRight")
    page.wait("location.hash === '#clip=1&frame=6'")
    page.evaluate("location.hash = '#clip=0&frame=3'")
    page.wait("document.body.dataset.clip === '0'")
    check(page, clips, 0, 3)
    for odd, frame in (("#clip=0&frame=999", FRAMES - 1), ("#clip=0&frame=x", 0), ("#clip=0&frame=-4", 0)):
        page.open(path, odd)
        check(page, clips, 0, frame)
    page.open(path, "#clip=77&frame=1")
    check(page, clips, 0, 0)


def test_looking_at_one_object(page: Chromium, clips: list[ClipPanel]) -> None:
    page.click("#clip-0 [data-focus='2']")
    shown = page.evaluate(
        "[...document.querySelectorAll('#clip-0 .group')].filter((g) => !g.hidden).map((g) => g.dataset.members)"
    )
    assert shown and all("2" in m.split() for m in shown)
    facts = page.evaluate("[...document.querySelectorAll('#clip-0 .facts li:not(.none)')].map((e) => e.textContent)")
    assert all("o3" in f for f in facts)
    page.click("#clip-0 [data-focus='2']")
    assert page.evaluate("document.querySelectorAll('#clip-0 .group[hidden]').length") == 0
    page.click("#clip-0 [data-boxes]")
    assert page.evaluate("document.querySelectorAll('#clip-0 .overlay rect').length") == 0


def test_no_request_and_no_error(browser: Chromium, tmp_path: Path) -> None:
    browser.open(write_report(report(3), tmp_path / "full.html"))
    browser.press("]", "]")
    browser.press("ArrowRight")
    browser.click(".sortable thead th.num")
    asked = [e["request"]["url"] for m, e in browser.events if m == "Network.requestWillBeSent"]
    assert asked[0].startswith("file://")
    assert all(url.startswith("data:") for url in asked[1:])
    assert [e for m, e in browser.events if m in ("Runtime.exceptionThrown", "Log.entryAdded")] == []


def test_hostile_captions_do_not_run(browser: Chromium, tmp_path: Path) -> None:
    evil = "</script><script>document.title='ran'</script><img src=x onerror=\"document.title='ran'\">"
    panel = clip(caption=evil, spec=evil, id=evil, ids=(evil, "o2", "o3"), assignment={evil: evil})
    browser.open(write_report(Report("still", clips=[panel, panel]), tmp_path / "evil.html"))
    browser.press("ArrowRight")
    assert browser.evaluate("document.title") == "still"
    assert browser.evaluate("document.querySelector('.caption').textContent") == evil
    assert browser.evaluate("document.querySelectorAll('img').length") == 0
    # Even markup that got in unescaped would be stopped by the page's policy.
    browser.evaluate("document.body.insertAdjacentHTML('beforeend', '<b onclick=\"document.title=1\" id=bad>x</b>')")
    browser.evaluate("document.getElementById('bad').click()")
    browser.evaluate("(() => { const s = document.createElement('script'); s.textContent = 'document.title=2';"
                     " document.body.append(s); })()")  # fmt: skip
    assert browser.evaluate("document.title") == "still"


CONTRAST = """(() => {
  const rgba = (c) => {
    const v = c.match(/[\\d.]+/g).map(Number), scale = c.startsWith('color(srgb') ? 255 : 1;  // of a mixed colour
    return [v[0] * scale, v[1] * scale, v[2] * scale, v[3] ?? 1];
  };
  const light = (c) => {
    const [r, g, b] = c.map((v) => v / 255).map((v) => (v <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4));
    return .2126 * r + .7152 * g + .0722 * b;
  };
  const ground = (e) => {
    for (; e; e = e.parentElement) {
      const c = rgba(getComputedStyle(e).backgroundColor);
      if (c[3] === 1) return c;
    }
  };
  const found = [];
  for (const e of document.querySelectorAll('body *')) {
    const own = [...e.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim());
    if (!own || e.closest('svg, script, noscript, .thumb-p, :disabled') || !e.getClientRects().length) continue;
    const a = light(rgba(getComputedStyle(e).color)), b = light(ground(e));
    const name = `${e.className || e.localName}: ${e.textContent.slice(0, 20)}`;
    found.push([name, (Math.max(a, b) + .05) / (Math.min(a, b) + .05)]);
  }
  return {card: light(ground(document.querySelector('.clip'))), found};
})()"""


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_both_themes_are_readable(browser: Chromium, tmp_path: Path, theme: str) -> None:
    """All text keeps a contrast of at least 4.5 to its ground (WCAG AA), quiet text included."""
    browser.send("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": theme}])
    colourful = replace(report(0), clips=[clip(8, 9), clip(seed=1)])  # every object colour
    browser.open(write_report(colourful, tmp_path / "themes.html"))
    seen = browser.evaluate(CONTRAST)
    assert (seen["card"] < 0.1) == (theme == "dark")
    assert len(seen["found"]) > 150
    faint = {name.split(":")[0]: round(ratio, 2) for name, ratio in seen["found"] if ratio < 4.5}
    assert faint == {}
    browser.click("#theme")
    assert (browser.evaluate(CONTRAST)["card"] < 0.1) == (theme == "light")


def test_tables_sort(browser: Chromium, tmp_path: Path) -> None:
    full = report(0)
    values = [0.3, 0.9, float("nan"), 0.5]
    chosen = [full.predicates[0].__class__(f"p{i}", "unary", 0.1, {"captions": v}) for i, v in enumerate(values)]
    browser.open(write_report(Report("t", rows=full.rows, predicates=chosen), tmp_path / "sort.html"))
    order = "[...document.querySelectorAll('.predicates tbody th')].map((e) => e.textContent)"
    browser.click(".predicates thead th:last-child")
    assert browser.evaluate(order)[:3] == ["p1", "p3", "p0"]
    browser.click(".predicates thead th:last-child")
    assert [p for p in browser.evaluate(order) if p != "p2"] == ["p0", "p3", "p1"]
