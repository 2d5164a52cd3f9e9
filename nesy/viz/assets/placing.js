"use strict";
// Where a label can stand, as nesy/viz/placing.py has it for drawings that are made without a script.
const placing = (() => {
  const LINE = 12;  // the area that a point of a line counts for: rather cross a line than another label

  // Boxes are {x, y, w, h} with x, y their upper left corner.
  function overlap(a, b) {
    const w = Math.min(a.x + a.w, b.x + b.w) - Math.max(a.x, b.x);
    const h = Math.min(a.y + a.h, b.y + b.h) - Math.max(a.y, b.y);
    return w > 0 && h > 0 ? w * h : 0;
  }
  const holds = (box, [x, y]) => x >= box.x && x <= box.x + box.w && y >= box.y && y <= box.y + box.h;
  const covered = (box, taken) => taken.reduce((sum, t) => sum + overlap(box, t), 0);

  // Of the places, in the order of preference, the first that covers nothing taken and crosses fewest lines.
  function free(places, taken, lines = []) {
    let best = null, least = Infinity;
    for (const place of places) {
      const cost = 10 * covered(place, taken) + LINE * lines.reduce((n, p) => n + holds(place, p), 0);
      if (cost < least) [best, least] = [place, cost];
      if (cost === 0) break;
    }
    return best;
  }

  const inside = (box, width, height) => ({
    ...box, x: Math.max(0, Math.min(width - box.w, box.x)), y: Math.max(0, Math.min(height - box.h, box.y)),
  });

  // The label of a box [x0, y0, x1, y1]: above it, below it, within it, beside it, then anywhere up or down.
  function besideBox([x0, y0, x1, y1], w, h, width, height) {
    const out = [];
    for (const y of [y0 - h - 2, y1 + 2, y0 + 2, y1 - h - 2]) {
      for (const x of [x0 - 1, x1 + 1 - w]) if (y >= 0 && y + h <= height) out.push({ x, y, w, h });
    }
    for (const x of [x1 + 3, x0 - 3 - w]) if (x >= 0 && x + w <= width) out.push({ x, y: y0, w, h });
    for (let k = 1; k * (h + 1) < height; k++) {
      for (const y of [y0 - h - 2 - k * (h + 1), y1 + 2 + k * (h + 1)]) out.push({ x: x0 - 1, y, w, h });
    }
    return out.map((box) => inside(box, width, height));
  }

  // The label of a line: on it where the line stays visible on both sides, else beside it.
  function alongLine(points, w, h, width, height) {
    const [a, b] = [points[0], points.at(-1)], length = Math.hypot(b[0] - a[0], b[1] - a[1]) || 1;
    const [nx, ny] = [(a[1] - b[1]) / length, (b[0] - a[0]) / length];  // across the line
    const extent = Math.min(w / Math.max(1e-6, Math.abs(ny)), h / Math.max(1e-6, Math.abs(nx)));  // of the line it hides
    const clear = (w * Math.abs(nx) + h * Math.abs(ny)) / 2 + 2;
    const out = [];
    for (const off of [...(length > extent + 26 ? [0] : []), 1, -1, 1.7, -1.7, 2.6, -2.6]) {
      for (const t of [0.5, 0.4, 0.6, 0.3, 0.7, 0.2, 0.8]) {
        const [x, y] = points[Math.round(t * (points.length - 1))];
        out.push(inside({ x: x + off * clear * nx - w / 2, y: y + off * clear * ny - h / 2, w, h }, width, height));
      }
    }
    return out;
  }

  return { covered, free, besideBox, alongLine };
})();
