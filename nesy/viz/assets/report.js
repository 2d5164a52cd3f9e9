(() => {
  const $ = (selector, root = document) => root.querySelector(selector);
  const $$ = (selector, root = document) => [...root.querySelectorAll(selector)];
  const COLOURS = 8;
  const WIDTH = 416, HEIGHT = 300;  // of a scene graph
  const AT_FIRST = 16;  // facts in the list before more are asked for
  const LANES = 3, LANE = 19;  // rows of witness marks over the axis, and their pixels

  // All text enters the page as text nodes: captions, names and specs are never parsed as markup.
  function svg(parent, name, attributes = {}, text = null) {
    const e = document.createElementNS(parent.namespaceURI, name);
    for (const [k, v] of Object.entries(attributes)) e.setAttribute(k, v);
    if (text !== null) e.textContent = text;
    return parent.appendChild(e);
  }
  const short = (s, n) => (s.length > n ? s.slice(0, n - 1) + "…" : s);
  const around = (node, more) => ({ x: node.x - node.w / 2 - more, y: node.y - node.h / 2 - more,
                                    w: node.w + 2 * more, h: node.h + 2 * more });
  const two = (p) => (p === null ? "–" : p.toFixed(2));

  // ------------------------------------------------------------------------------------------ one clip
  class Clip {
    constructor(panel) {
      this.panel = panel;
      this.index = Number(panel.dataset.clip);
      this.data = JSON.parse($(`#data-${this.index}`).textContent);
      for (const fact of this.data.facts) fact.prob = fact.permille.map((p) => p / 1000);
      this.frame = 0;
      this.focus = null;
      this.every = false;  // whether all facts are listed
      this.timer = null;
      this.picture = $(".stage .picture", panel);
      this.overlay = $("[data-overlay]", panel);
      this.graph = $("[data-graph]", panel);
      this.list = $("[data-facts]", panel);
      this.timeline = $("[data-timeline]", panel);
      this.slider = $("[data-scrub]", panel);
      this.now = $$("[data-now]", panel).map((e) => [e, this.data.facts[Number(e.dataset.now)]]);
      this.listen();
      this.seek(0);
      new ResizeObserver(() => this.fitAxis()).observe($(".axis .track", panel));
    }

    // Frame numbers that would touch are left out; witness marks that would cover each other stand in rows.
    fitAxis() {
      const track = $(".axis .track", this.panel), ticks = $$(".tick", track), flags = $$(".flag", track);
      if (!track.clientWidth) return;
      for (const t of ticks) t.hidden = false;
      const pitch = ticks.length > 1 ? ticks[1].offsetLeft - ticks[0].offsetLeft : Infinity;
      const widest = Math.max(...ticks.map((t) => t.offsetWidth)) + 6;
      const keep = [1, 2, 5, 10].find((k) => k * pitch >= widest) ?? ticks.length;
      ticks.forEach((t, k) => { t.hidden = k % keep !== 0; });
      const ends = [];
      for (const flag of flags) {
        flag.classList.remove("small");
        const left = flag.offsetLeft - flag.offsetWidth / 2;
        let lane = [...Array(LANES).keys()].find((k) => left >= (ends[k] ?? -Infinity) + 1);
        flag.classList.toggle("small", lane === undefined);  // the list of steps has all of them
        lane ??= LANES - 1;
        ends[lane] = Math.max(ends[lane] ?? -Infinity, left + flag.offsetWidth);
        flag.style.top = `${lane * LANE}px`;
      }
      this.timeline.style.setProperty("--lanes", Math.max(1, ends.length));
    }

    listen() {
      this.slider.addEventListener("input", () => { this.stop(); go(this.index, Number(this.slider.value)); });
      $("[data-play]", this.panel).addEventListener("click", () => this.toggle());
      for (const box of $$("[data-boxes], [data-truth]", this.panel)) box.addEventListener("change", () => this.draw());
      for (const b of $$("[data-jump]", this.panel)) {
        b.addEventListener("click", () => { this.stop(); go(this.index, Number(b.dataset.jump)); });
      }
      for (const b of $$("[data-focus]", this.panel)) b.addEventListener("click", () => this.look(Number(b.dataset.focus)));
      $("[data-more]", this.panel).addEventListener("click", () => { this.every = !this.every; this.drawFacts(); });
      const pairs = $("[data-pairs]", this.panel);
      if (pairs) {
        pairs.hidden = false;
        const few = pairs.parentElement.classList;
        few.add("few");
        pairs.addEventListener("click", () => {
          pairs.textContent = few.toggle("few") ? pairs.dataset.pairs : "fewer pairs";
        });
      }
      const track = $(".axis .track", this.panel);
      const at = (event) => {
        const r = track.getBoundingClientRect();
        return Math.floor(((event.clientX - r.left) / r.width) * this.data.frames);
      };
      this.timeline.addEventListener("pointerdown", (event) => {
        if (event.target.closest("button") || !event.target.closest(".track, .strip")) return;
        this.timeline.setPointerCapture(event.pointerId);
        this.stop();
        go(this.index, at(event));
      });
      this.timeline.addEventListener("pointermove", (event) => {
        if (this.timeline.hasPointerCapture(event.pointerId)) go(this.index, at(event));
      });
    }

    // Restrict graph, boxes and timelines to one object; the same object again lifts it.
    look(object) {
      this.focus = this.focus === object ? null : object;
      this.panel.classList.toggle("focused", this.focus !== null);
      for (const b of $$("[data-focus]", this.panel)) {
        b.setAttribute("aria-pressed", String(Number(b.dataset.focus) === this.focus));
      }
      for (const g of $$("[data-members]", this.panel)) {
        g.hidden = this.focus !== null && !g.dataset.members.split(" ").includes(String(this.focus));
      }
      this.draw();
    }

    seek(frame) {
      this.frame = Math.max(0, Math.min(this.data.frames - 1, frame));
      this.draw();
    }

    toggle() { this.timer === null ? this.play() : this.stop(); }
    play() {
      if (this.data.frames < 2) return;
      if (this.frame === this.data.frames - 1) this.seek(0);
      const step = () => (this.frame + 1 < this.data.frames ? go(this.index, this.frame + 1) : this.stop());
      this.timer = setInterval(step, 1000 / Math.min(60, Math.max(0.5, this.data.fps || 8)));
      this.button("❚❚", "pause");
    }
    stop() {
      if (this.timer !== null) clearInterval(this.timer);
      this.timer = null;
      this.button("▶", "play");
    }
    button(sign, label) {
      const b = $("[data-play]", this.panel);
      b.textContent = sign;
      b.setAttribute("aria-label", label);
    }

    draw() {
      const { frames, fps, sheet } = this.data;
      const f = this.frame;
      this.panel.dataset.frame = f;
      this.slider.value = f;
      const x = (f % sheet.columns) * sheet.width, y = Math.floor(f / sheet.columns) * sheet.height;
      this.picture.setAttribute("viewBox", `${x} ${y} ${sheet.width} ${sheet.height}`);
      const time = fps > 0 ? ` · ${(f / fps).toFixed(2)} s` : "";
      $("[data-counter]", this.panel).textContent = `${f} / ${frames - 1}${time}`;
      this.timeline.style.setProperty("--at", (f + 0.5) / frames);
      for (const [e, fact] of this.now) {
        e.textContent = two(fact.prob[f]);
        e.classList.toggle("on", fact.prob[f] >= 0.5);
      }
      for (const b of $$(".step", this.panel)) b.classList.toggle("current", Number(b.dataset.jump) === f);
      const truth = $("[data-truth]", this.panel);
      this.panel.classList.toggle("errors", truth !== null && truth.checked);
      this.drawBoxes();
      this.drawGraph();
      this.drawFacts();
    }

    name(n) { const c = this.data.objects[n].classes[0]; return c ? c[0] : "object"; }

    drawBoxes() {
      this.overlay.replaceChildren();
      if (!$("[data-boxes]", this.panel).checked) return;
      const [, , width, height] = this.overlay.getAttribute("viewBox").split(" ").map(Number);
      const scale = width / this.data.size[0];
      const drawn = [];
      this.data.objects.forEach((o, n) => {
        const box = o.boxes[this.frame];
        if (!box) return;
        const [x0, y0, x1, y1] = box.map((v) => v * scale);
        const wrong = o.truth !== null && o.truth !== this.name(n) && this.panel.classList.contains("errors");
        const dim = this.focus !== null && this.focus !== n ? " dim" : "";
        const css = `c${n % COLOURS}${wrong ? " wrong" : ""}${dim}`;
        const g = svg(this.overlay, "g", { class: css });
        const place = { x: x0, y: y0, width: Math.max(1, x1 - x0), height: Math.max(1, y1 - y0), rx: 2 };
        svg(g, "rect", { class: "halo", ...place });
        svg(g, "rect", { class: "box", ...place });
        drawn.push({ o, n, css, wrong, box: [x0, y0, x1, y1] });
      });
      const taken = [];  // labels come last and lie on all boxes; where there is no room for a class, the id stands alone
      for (const { o, n, css, wrong, box } of drawn) {
        const mark = wrong ? " ✗" : "";
        let text, place;
        for (text of [`${o.id} ${short(this.name(n), 16)}${mark}`, `${o.id}${mark}`]) {
          place = placing.free(placing.besideBox(box, 6 * text.length + 11, 15, width, height), taken);
          if (placing.covered(place, taken) === 0) break;
        }
        taken.push(place);
        const g = svg(this.overlay, "g", { class: css });
        svg(g, "rect", { class: "plate", x: place.x, y: place.y, width: place.w, height: place.h, rx: 3 });
        svg(g, "rect", { class: "whose", x: place.x + 1, y: place.y + 2, width: 3, height: place.h - 4, rx: 1.5 });
        svg(g, "text", { x: place.x + 7, y: place.y + 11, textLength: place.w - 11, lengthAdjust: "spacingAndGlyphs" }, text);
      }
    }

    // Which objects the graph explains: the one looked at, else those of the best assignment, else all.
    centre() {
      if (this.focus !== null) return new Set([this.focus]);
      return new Set(this.data.assigned.length ? this.data.assigned : this.data.objects.keys());
    }

    // The objects on an ellipse; their classes are shortened until no two of them touch.
    nodes() {
      const n = this.data.objects.length, f = this.frame;
      for (const most of [14, 9, 5, 0]) {
        const nodes = this.data.objects.map((o, i) => {
          const angle = -Math.PI / 2 + (2 * Math.PI * i) / n;
          const label = most ? short(this.name(i), most) : "";
          const w = 6.2 * (o.id.length + label.length) + 18;
          const x = n === 1 ? WIDTH / 2 : WIDTH / 2 + 152 * Math.cos(angle);
          return { x: Math.max(w / 2 + 2, Math.min(WIDTH - w / 2 - 2, x)), y: n === 1 ? 150 : 148 + 112 * Math.sin(angle),
                   w, h: 20, label, here: Boolean(o.boxes[f]) };
        });
        const boxes = nodes.map((v) => around(v, 2));
        if (!most || boxes.every((v, i) => placing.covered(v, boxes.slice(i + 1)) === 0)) return nodes;
      }
    }

    drawGraph() {
      this.graph.replaceChildren();
      const f = this.frame, centre = this.centre();
      if (!this.data.objects.length) {
        return void svg(this.graph, "text", { x: WIDTH / 2, y: 150, "text-anchor": "middle" }, "no objects");
      }
      const nodes = this.nodes();
      const edges = new Map(), unary = new Map();
      for (const fact of this.data.facts) {
        if (!(fact.prob[f] >= 0.5)) continue;
        const key = fact.o === null ? fact.s : `${fact.s} ${fact.o}`;
        const into = fact.o === null ? unary : edges;
        into.set(key, [...(into.get(key) || []), fact.p]);
      }
      const drawn = [];
      for (const [key, names] of edges) {
        const [s, o] = key.split(" ").map(Number), back = edges.get(`${o} ${s}`);
        const same = back !== undefined && back.join() === names.join();  // one link with two heads
        if (same && o < s) continue;
        const near = centre.has(s) || centre.has(o);
        const points = this.drawEdge(nodes[s], nodes[o], s, names, near, same ? 0 : back ? 20 : 6, same);
        if (points && near) drawn.push({ points, names });
      }
      nodes.forEach((node, i) => {
        const g = svg(this.graph, "g", { class: `node c${i % COLOURS}${node.here ? "" : " absent"}` });
        svg(g, "rect", { x: node.x - node.w / 2, y: node.y - node.h / 2, width: node.w, height: node.h, rx: 10 });
        const text = svg(g, "text", { x: node.x, y: node.y + 4, "text-anchor": "middle" });
        svg(text, "tspan", { class: "id" }, this.data.objects[i].id);
        if (node.label) svg(text, "tspan", {}, ` ${node.label}`);
        g.addEventListener("click", () => this.look(i));
      });
      this.drawGraphLabels(nodes, unary, drawn);
    }

    // What is said of the objects and of their links; it comes last, so that no node and no line covers it.
    drawGraphLabels(nodes, unary, edges) {
      const taken = nodes.map((v) => around(v, 1));
      const write = (css, text, place) => {
        taken.push(place);
        svg(this.graph, "text", { class: css, x: place.x + place.w / 2, y: place.y + 10, "text-anchor": "middle" }, text);
      };
      for (const [i, names] of unary) {
        const node = nodes[i], text = short(names.join(", "), 30), w = 5.4 * text.length + 4;
        const x = Math.max(0, Math.min(WIDTH - w, node.x - w / 2)), above = node.y - 25, below = node.y + 12;
        const places = (node.y < 140 ? [above, below] : [below, above]).map((y) => ({ x, y, w, h: 13 }));
        write("unary", text, placing.free(places, taken));  // on the outer side, away from the links
      }
      const lines = edges.length > 30 ? [] : edges.map((e) => e.points.filter((_, k) => k % 3 === 0));
      edges.forEach(({ points, names }, k) => {
        const text = names.length > 3 ? `${names.slice(0, 3).join(", ")} +${names.length - 3}` : names.join(", ");
        const places = placing.alongLine(points, 5.4 * text.length + 4, 13, WIDTH, HEIGHT);
        write("link", text, placing.free(places, taken, lines.filter((_, other) => other !== k).flat()));
      });
    }

    // The line between two objects; its points that are visible, undefined where the two nodes touch.
    drawEdge(a, b, s, names, near, bend, both) {
      const dx = b.x - a.x, dy = b.y - a.y, length = Math.hypot(dx, dy) || 1;
      const mx = (a.x + b.x) / 2 - (dy / length) * bend, my = (a.y + b.y) / 2 + (dx / length) * bend;
      const point = (t) => [(1 - t) ** 2 * a.x + 2 * t * (1 - t) * mx + t * t * b.x,
                            (1 - t) ** 2 * a.y + 2 * t * (1 - t) * my + t * t * b.y];
      const inside = ([x, y], c) => Math.abs(x - c.x) < c.w / 2 + 3 && Math.abs(y - c.y) < c.h / 2 + 3;
      const points = [...Array(41).keys()].map((k) => point(k / 40)).filter((p) => !inside(p, a) && !inside(p, b));
      if (points.length < 3) return undefined;
      const g = svg(this.graph, "g", { class: `edge c${s % COLOURS}${near ? "" : " far"}` });
      svg(g, "path", { d: "M" + points.map((p) => p.map((v) => v.toFixed(1)).join(",")).join("L") });
      const head = ([px, py], [ex, ey]) => {
        const turn = Math.atan2(ey - py, ex - px);
        const corner = (r, more) => [ex + r * Math.cos(turn + more), ey + r * Math.sin(turn + more)].map((v) => v.toFixed(1));
        svg(g, "polygon", { points: [corner(2, 0), corner(7, 2.6), corner(7, -2.6)].join(" ") });
      };
      head(points.at(-2), points.at(-1));
      if (both) head(points[1], points[0]);
      svg(g, "title", {}, names.join(", "));
      return points;
    }

    drawFacts() {
      this.list.replaceChildren();
      const f = this.frame, { objects, facts } = this.data;
      const centre = this.centre(), marked = this.panel.classList.contains("errors");
      const shown = [];
      for (const fact of facts) {
        const likely = fact.prob[f] >= 0.5, known = fact.truth !== null, holds = known && fact.truth[f] === "1";
        if (!likely && !holds) continue;
        if (!centre.has(fact.s) && !(fact.o !== null && centre.has(fact.o))) continue;
        const item = document.createElement("li");
        const state = !known ? "" : likely ? (holds ? " right" : " false") : " missed";
        item.className = `c${fact.s % COLOURS}${state}`;
        const args = fact.o === null ? objects[fact.s].id : `${objects[fact.s].id}, ${objects[fact.o].id}`;
        item.textContent = `${fact.p}(${args})`;
        item.title = state === " false" ? "predicted, but not true" : state === " missed" ? "true, but not predicted" : "";
        const p = document.createElement("span");
        p.className = "p";
        p.textContent = two(fact.prob[f]);
        item.append(p);
        if (likely || marked) shown.push(item);  // a missed one is not to be seen unless errors are marked
        this.list.append(item);
      }
      const more = $("[data-more]", this.panel);
      more.hidden = shown.length <= AT_FIRST + 1;  // a button in place of one fact would save nothing
      more.textContent = this.every ? "fewer facts" : `${shown.length - AT_FIRST} more facts`;
      if (!more.hidden) shown.slice(AT_FIRST).forEach((item) => { item.hidden = !this.every; });
      if (!this.list.children.length) {
        const item = document.createElement("li");
        item.className = "none";
        item.textContent = "nothing likely at this frame";
        this.list.append(item);
      }
    }
  }

  // ------------------------------------------------------------------------------------------ which clip, which frame
  const panels = $$(".clip[data-clip]");
  const clips = new Map();
  let current = -1;

  function clip(index) {
    if (!clips.has(index)) clips.set(index, new Clip(panels[index]));
    return clips.get(index);
  }

  function go(index, frame = null) {
    if (index < 0 || index >= panels.length) return;
    if (index !== current) {
      if (clips.has(current)) clips.get(current).stop();
      current = index;
      panels.forEach((p, i) => { p.hidden = i !== index; });
      for (const b of $$("[data-select]")) b.setAttribute("aria-current", String(Number(b.dataset.select) === index));
      document.body.dataset.clip = index;
    }
    const c = clip(index);
    if (frame !== null) c.seek(frame);
    remember();
  }

  let pending = null;
  let quiet = true;  // the first drawing leaves the address as it was
  function remember() {
    if (quiet) return;
    clearTimeout(pending);
    pending = setTimeout(() => {
      try { history.replaceState(null, "", `#clip=${current}&frame=${clips.get(current).frame}`); } catch { /* sandboxed */ }
    }, 200);
  }

  function restore() {
    const state = new URLSearchParams(location.hash.slice(1));
    const index = Number(state.get("clip") ?? "none"), frame = Number(state.get("frame"));
    if (!Number.isInteger(index) || index < 0 || index >= panels.length) return false;
    go(index, Number.isFinite(frame) ? Math.floor(frame) : 0);
    return true;
  }

  if (panels.length) {
    if (restore()) $("#clips").scrollIntoView();
    else go(0, 0);
    quiet = false;
    window.addEventListener("hashchange", restore);
    for (const b of $$("[data-select]")) b.addEventListener("click", () => go(Number(b.dataset.select)));
    document.addEventListener("keydown", (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      const c = clips.get(current), target = event.target;
      const button = target.closest && target.closest("button, summary, a");
      const moves = { ArrowLeft: c.frame - 1, ArrowRight: c.frame + 1, Home: 0, End: c.data.frames - 1 };
      if (event.key in moves) { c.stop(); go(current, moves[event.key]); }
      else if (event.key === " " && !button && target.type !== "checkbox") c.toggle();
      else if (event.key === "[") go(current - 1);
      else if (event.key === "]") go(current + 1);
      else return;
      event.preventDefault();
    });
  }

  // ------------------------------------------------------------------------------------------ page
  $("#theme").addEventListener("click", () => {
    const root = document.documentElement;
    const dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
    root.dataset.theme = dark ? "light" : "dark";
  });

  for (const table of $$("table.sortable")) {
    const heads = $$("thead th", table), body = $("tbody", table);
    const value = (row, k) => {
      const text = row.children[k].textContent;
      const x = parseFloat(text);
      return Number.isNaN(x) ? text : x;
    };
    heads.forEach((head, k) => {
      if (head.classList.contains("dots-head")) return;
      head.tabIndex = 0;
      const sort = () => {
        const down = head.getAttribute("aria-sort") !== "descending";
        heads.forEach((h) => h.removeAttribute("aria-sort"));
        head.setAttribute("aria-sort", down ? "descending" : "ascending");
        const rows = [...body.rows].sort((a, b) => {
          const x = value(a, k), y = value(b, k);
          return typeof x === "number" && typeof y === "number" ? x - y : String(x).localeCompare(String(y));
        });
        body.replaceChildren(...(down ? rows.reverse() : rows));
      };
      head.addEventListener("click", sort);
      head.addEventListener("keydown", (event) => { if (event.key === "Enter") sort(); });
    });
  }
})();
