"use strict";
// Infrared and Raman spectra: traces over one axis from high to low wavenumber, zoom, and a reading that follows the pointer and
// the arrow keys.

const RANGES = [{ id: "all", text: "All" }, { id: "fingerprint", text: "Fingerprint, 650\u20131800", low: 650, high: 1800 },
  { id: "ch", text: "CH, NH, OH, 2700\u20133700", low: 2700, high: 3700 }];
const DRAWN_MOST = 2000; // points of a trace; of a longer one the least and largest of every few
const DERIVATIVES = ["", "1st derivative of ", "2nd derivative of "];

const lastOf = (t) => t.x0_cm1 + t.dx_cm1 * (t.absorbance.length - 1);
const shortNumber = (v) => (v === null || Number.isNaN(v) ? "\u2013" : String(+v.toPrecision(3)).replace("-", "\u2212"));
const wavenumber = (x) => `${x.toFixed(0)} 1/cm`;
const signedCm1 = (x) => `${x < 0 ? "\u2212" : "+"}${Math.abs(x)} 1/cm`;

// --- what is drawn --------------------------------------------------------------------------------------------------------

// By a cubic through the four neighbours (Catmull-Rom); null where nothing was measured.
function valueAt(t, x) {
  const n = t.absorbance.length, at = (x - t.x0_cm1) / t.dx_cm1;
  if (n < 2 || !(at > -1e-6 && at < n - 1 + 1e-6)) return null;
  const i = Math.min(Math.max(Math.floor(at), 0), n - 2), u = at - i;
  const [a, b, c, d] = [i - 1, i, i + 1, i + 2].map((k) => t.absorbance[Math.min(Math.max(k, 0), n - 1)]);
  return b + u / 2 * (c - a + u * (2 * a - 5 * b + 4 * c - d + u * (3 * (b - c) + d - a)));
}

// The text form of a preparation ends with its masks: "mask=2280-2400+1350-1900".
function maskedRegions(preparation) {
  const masks = /mask=([^,]*)/.exec(preparation.text);
  return masks ? masks[1].split("+").map((r) => r.split("-").map(Number)).filter((r) => r.length === 2) : [];
}

// What the comparison with a hit leaves out, on the library's axis, ascending: masks, which count on the axis of either, and all
// beyond the compared range.
function leftOut(preparation, hit) {
  const moved = hit ? hit.moved_cm1 : 0;
  const regions = maskedRegions(preparation).flatMap(([low, high]) => (moved ? [[low, high], [low + moved, high + moved]] : [[low, high]]));
  if (hit) regions.push([-Infinity, hit.range_cm1[0] - 0.01], [hit.range_cm1[1] + 0.01, Infinity]);
  const out = [];
  for (const r of regions.sort((a, b) => a[0] - b[0])) {
    const last = out[out.length - 1];
    if (last && r[0] <= last[1]) last[1] = Math.max(last[1], r[1]);
    else out.push([...r]);
  }
  return out;
}
const isLeftOut = (regions, x) => regions.some(([low, high]) => x >= low && x <= high);

// Savitzky-Golay by a parabola, as the search takes it of query and library (Savitzky and Golay 1964), up to a factor.
function derivativeOf(t, order, points) {
  const half = (points - 1) / 2, weights = [];
  for (let k = -half; k <= half; k++) weights.push(order === 1 ? k : k * k - half * (half + 1) / 3);
  const y = [];
  for (let i = half; i + half < t.absorbance.length; i++) y.push(weights.reduce((sum, w, k) => sum + w * t.absorbance[i - half + k], 0));
  return { x0_cm1: t.x0_cm1 + half * t.dx_cm1, dx_cm1: t.dx_cm1, absorbance: y };
}

// Factor and offset that bring a reference nearest to the query (least squares) where they are compared.
function fitTo(query, reference, moved, regions) {
  let n = 0, x0 = 0, y0 = 0, sx = 0, sy = 0, sxx = 0, sxy = 0;
  reference.absorbance.forEach((value, i) => {
    const x = reference.x0_cm1 + i * reference.dx_cm1, at = isLeftOut(regions, x) ? null : valueAt(query, x - moved);
    if (at === null) return;
    if (!n) [x0, y0] = [value, at]; // about the first point: a large offset costs no digits
    const r = value - x0, q = at - y0;
    n++; sx += r; sy += q; sxx += r * r; sxy += r * q;
  });
  const variance = n ? sxx - sx * sx / n : 0;
  if (!(variance > 0)) return { factor: 1, offset: 0 };
  const factor = (sxy - sx * sy / n) / variance;
  return { factor, offset: y0 - factor * x0 + (sy - factor * sx) / n };
}

// --- the plot -------------------------------------------------------------------------------------------------------------

const yOf = (c, i) => c.factor * c.t.absorbance[i] + c.offset;
const shownAt = (c, x) => {
  const y = (c.gaps && isLeftOut(c.gaps, x)) ? null : valueAt(c.t, x - c.moved);
  return y === null ? null : c.factor * y + c.offset;
};

// [wavenumber, value] pairs between low and high; null where the line breaks.
function pointsBetween(c, low, high) {
  const t = c.t, n = t.absorbance.length, clamp = (i) => Math.min(Math.max(i, 0), n);
  const from = clamp(Math.ceil((low - c.moved - t.x0_cm1) / t.dx_cm1 - 1e-6)), to = clamp(Math.floor((high - c.moved - t.x0_cm1) / t.dx_cm1 + 1e-6) + 1);
  const step = to - from > DRAWN_MOST ? Math.ceil(2 * (to - from) / DRAWN_MOST) : 1, out = [];
  for (let i = from; i < to; i += step) {
    let least = i, most = i;
    for (let k = i + 1; k < Math.min(i + step, to); k++) {
      if (t.absorbance[k] < t.absorbance[least]) least = k;
      if (t.absorbance[k] > t.absorbance[most]) most = k;
    }
    for (const k of least === most ? [i] : [Math.min(least, most), Math.max(least, most)]) {
      const x = t.x0_cm1 + k * t.dx_cm1 + c.moved;
      out.push(c.gaps && isLeftOut(c.gaps, x) ? null : [x, yOf(c, k)]);
    }
  }
  return out;
}

function place2d(curves, low, high, width) {
  const box = { left: 52, right: width - 10, top: 8, bottom: 276 };
  let least = Infinity, most = -Infinity;
  const lines = curves.map((c) => pointsBetween(c, low, high));
  for (const line of lines) for (const p of line) if (p) { least = Math.min(least, p[1]); most = Math.max(most, p[1]); }
  if (!(most > least)) { most = (Number.isFinite(most) ? most : 0) + 1; least = most - 2; }
  const room = 0.04 * (most - least);
  least -= room; most += room;
  const x = (v) => box.left + (box.right - box.left) * (high - v) / (high - low); // spectroscopy's way: from high to low
  const y = (v) => box.bottom - (box.bottom - box.top) * (v - least) / (most - least);
  return { ...box, low, high, least, most, x, y, lines, width };
}

function drawAxes(plot, p, unit, xUnit) {
  for (const t of ticks(p.least, p.most, 5)) {
    plot.append(svg("line", { class: Math.abs(t) < 1e-9 * (p.most - p.least) ? "axis zero" : "grid", x1: p.left, x2: p.right, y1: p.y(t), y2: p.y(t) }),
      svg("text", { class: "ytick", x: p.left - 5, y: p.y(t) + 4, "text-anchor": "end" }, shortNumber(Math.abs(t) < 1e-9 * (p.most - p.least) ? 0 : t)));
  }
  plot.append(svg("line", { class: "axis", x1: p.left, x2: p.right, y1: p.bottom, y2: p.bottom }));
  for (const t of ticks(p.low, p.high, p.width / (p.width < 500 ? 50 : 70))) {
    plot.append(svg("line", { class: "axis", x1: p.x(t), x2: p.x(t), y1: p.bottom, y2: p.bottom + 4 }),
      svg("text", { class: "xtick", x: p.x(t), y: p.bottom + 17, "text-anchor": "middle" }, t.toFixed(0)));
  }
  plot.append(svg("text", { class: "xname", x: (p.left + p.right) / 2, y: 314, "text-anchor": "middle" }, xUnit),
    svg("text", { class: "yname", x: 0, y: 0, transform: `translate(12 ${(p.top + p.bottom) / 2}) rotate(-90)`, "text-anchor": "middle" }, unit));
}

function drawLine(plot, p, kind, points) {
  let d = "", pen = "M";
  for (const point of points) {
    if (point) d += `${pen}${p.x(point[0]).toFixed(1)} ${p.y(point[1]).toFixed(1)}`;
    pen = point ? "L" : "M";
  }
  if (d) plot.append(svg("path", { class: kind, d }));
}

// What the view shows anew whenever zoom or preparation change.
function drawTraces(plot, what, low, high, width) {
  const p = place2d(what.curves, low, high, width);
  plot.setAttribute("viewBox", `0 0 ${p.width} 320`);
  plot.replaceChildren();
  for (const [from, to] of what.regions) {
    const a = Math.max(from, low), b = Math.min(to, high);
    if (b > a) plot.append(svg("rect", { class: "off", x: p.x(b), y: p.top, width: p.x(a) - p.x(b), height: p.bottom - p.top }));
  }
  drawAxes(plot, p, what.unit, what.xUnit);
  // Dashed lines come after the query, so that where they agree both are seen.
  what.curves.forEach((c, k) => drawLine(plot, p, c.kind, p.lines[k]));
  return p;
}

function legend(what, low, high) {
  const shaded = what.regions.some(([a, b]) => Math.min(b, high) > Math.max(a, low));
  const items = what.curves.map((c) => el("span", { class: `key ${c.key}` }, c.text));
  if (shaded) items.push(el("span", { class: "key o" }, "shaded: not compared"));
  return items.concat(what.note ? el("span", { class: "note" }, what.note) : []);
}

const pressed = (button, on) => button.setAttribute("aria-pressed", String(on));

function buttonGroup(label, choices, chosen, choose) {
  const buttons = choices.map((c) => {
    const b = el("button", { type: "button", class: "chip", onclick: () => { buttons.forEach((other) => pressed(other, other === b)); choose(c.id); } }, c.text);
    pressed(b, c.id === chosen);
    return b;
  });
  return el("div", { class: "chips", role: "group", "aria-label": label }, ...buttons);
}

// A view: `state` {range, prepared, x} outlives it, so that another hit is seen at the same zoom; `make(state)` gives what to show:
// {curves: [{t, kind, key, text, name, moved, factor, offset, gaps}], regions, unit, xUnit, note}, the query first.
function bounds({ state, all }) {
  const r = RANGES.find((one) => one.id === state.range);
  return r.low ? { low: Math.max(r.low, all.low), high: Math.min(r.high, all.high) } : all;
}

function sayPlace(view, x) {
  view.box.setAttribute("aria-valuenow", x.toFixed(0));
  view.box.setAttribute("aria-valuetext", wavenumber(x));
}

function drawView(view) {
  const { low, high } = bounds(view);
  view.p = drawTraces(view.plot, view.what, low, high, view.width);
  view.key.replaceChildren(...legend(view.what, low, high));
  view.box.setAttribute("aria-label", `${view.label}, from ${wavenumber(high)} to ${wavenumber(low)}. Left and right arrow keys, page up and down read values`);
  view.cursor.replaceChildren();
  view.plot.append(view.cursor);
}

function readAt(view, wanted) {
  const { p, what, cursor } = view, x = Math.min(Math.max(wanted, p.low), p.high);
  view.state.x = x;
  cursor.replaceChildren(svg("line", { x1: p.x(x), x2: p.x(x), y1: p.top, y2: p.bottom }));
  const told = what.curves.map((c) => {
    const y = shownAt(c, x);
    if (y !== null) cursor.append(svg("circle", { class: c.kind, cx: p.x(x), cy: p.y(y), r: 4 }));
    return `${c.name} ${y === null ? "nothing" : shortNumber(y)}`;
  });
  view.where.className = "where";
  view.where.textContent = `${wavenumber(x)}:`;
  view.values.textContent = `${told.join("; ")}${isLeftOut(what.regions, x) ? " (not compared)" : ""}`;
  sayPlace(view, x);
}

function listen(view) {
  const { box, plot, state } = view;
  box.addEventListener("pointermove", (event) => {
    const { left, width } = plot.getBoundingClientRect(), p = view.p;
    readAt(view, p.high - ((event.clientX - left) / width * p.width - p.left) / (p.right - p.left) * (p.high - p.low));
  });
  box.addEventListener("focus", () => readAt(view, state.x));
  box.addEventListener("keydown", (event) => {
    const { low, high } = view.p, step = Math.max(view.what.curves[0].t.dx_cm1, (high - low) / 1000);
    const to = { ArrowLeft: state.x + step, ArrowRight: state.x - step, PageUp: state.x + 25 * step, PageDown: state.x - 25 * step, Home: high, End: low }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    readAt(view, to);
  });
  // At the width that it gets, so that texts keep their size, on a turned phone too.
  new ResizeObserver(() => {
    const given = Math.max(280, Math.min(Math.round(box.clientWidth), 1000));
    if (!box.clientWidth || given === view.width) return;
    view.width = given;
    drawView(view);
  }).observe(box);
}

function toolsOf(view, canBePrepared) {
  const { state, all } = view, ranges = RANGES.filter((r) => !r.low || (r.low < all.high && r.high > all.low));
  const tools = el("div", { class: "tools" }, buttonGroup("Part of the axis", ranges, state.range, (id) => { state.range = id; drawView(view); }));
  const prepare = (id) => { state.prepared = id; view.what = view.make(state); drawView(view); };
  if (canBePrepared) tools.append(buttonGroup("Query", [{ id: true, text: "Prepared" }, { id: false, text: "As read" }], state.prepared, prepare));
  return tools;
}

function traceView(label, state, make, canBePrepared) {
  const what = make(state), query = what.curves[0], all = { low: query.t.x0_cm1 + query.moved, high: lastOf(query.t) + query.moved };
  const plot = svg("svg", { "aria-hidden": "true", class: "traces" });
  const box = el("div", { class: "plot", tabindex: 0, role: "slider", "aria-valuemin": Math.ceil(all.low), "aria-valuemax": Math.floor(all.high) }, plot);
  const where = el("span", {}, "Point at the plot, or focus it and use the arrow keys, to read values."), values = el("span", { role: "status" });
  const view = { label, state, make, what, all, plot, box, where, values, key: el("p", { class: "small keys" }), cursor: svg("g", { class: "cursor" }), width: plotWidth() };
  drawView(view);
  state.x ??= strongest(query, bounds(view));
  sayPlace(view, state.x);
  listen(view);
  return el("div", {}, toolsOf(view, canBePrepared), box, el("p", { class: "reading" }, where, " ", values), view.key);
}

function strongest(c, { low, high }) {
  const points = pointsBetween(c, low, high).filter(Boolean);
  return points.length ? points.reduce((best, p) => (p[1] > best[1] ? p : best))[0] : (low + high) / 2;
}

// --- query and hit --------------------------------------------------------------------------------------------------------

const X_UNITS = { raman: "Raman shift, 1/cm" };
const yUnit = (technique) => (technique === "raman" ? "Raman intensity" : "absorbance");
const filterOf = (preparation) => {
  const m = /derivative=(\d):(\d+)/.exec(preparation.text);
  return m ? { order: +m[1], points: +m[2] } : null;
};
const isPrepared = (v) => Boolean(v.prepared) && v.preparation.steps.some((s) => s.step !== "mask");

function hitCurves(v, reference, hit, prepared) {
  const moved = hit ? hit.moved_cm1 : 0, regions = leftOut(v.preparation, hit), filter = prepared ? filterOf(v.preparation) : null;
  const query = prepared ? v.prepared : v.spectrum, shown = !isPrepared(v) ? "" : prepared ? ", prepared" : ", as read";
  const curves = [{ t: query, kind: "query", key: "q", name: "query", moved, factor: 1, offset: 0,
    text: `query${moved ? ` moved by ${signedCm1(moved)}` : ""}${shown}` }];
  if (reference) {
    const t = filter ? derivativeOf(reference, filter.order, filter.points) : reference;
    curves.push({ t, kind: "ref", key: "r t", name: hit.name, moved: 0, ...fitTo(query, t, moved, regions),
      text: `${hit.name}, scaled to the query by least squares (dashed)` });
  }
  const unit = `${filter ? DERIVATIVES[filter.order] : ""}${yUnit(v.technique)}${prepared && !filter ? ", prepared" : ""}`;
  return { curves, regions, unit, xUnit: X_UNITS[v.technique] || "wavenumber, 1/cm" };
}

function hitTraces(v, reference, hit, note, state) {
  const canBePrepared = isPrepared(v);
  state.range ??= "all";
  state.prepared ??= canBePrepared;
  const kind = v.technique === "raman" ? "Raman spectrum" : "Infrared spectrum";
  return traceView(`${kind}: query${reference ? ` and ${hit.name}` : ""}`, state, (s) => ({ ...hitCurves(v, reference, hit, s.prepared), note }), canBePrepared);
}

// --- what was done to it ----------------------------------------------------------------------------------------------------

function preparationList(v) {
  const p = v.preparation, other = p.library !== undefined && p.library !== p.text;
  const steps = p.steps.map((s) => el("li", {}, s.text[0].toUpperCase() + s.text.slice(1)));
  if (p.max_lag_cm1) steps.push(el("li", {}, `The query may be moved by up to ${p.max_lag_cm1} 1/cm either way`));
  return el("section", { class: "steps" }, el("h4", {}, "How the spectrum was prepared"), el("ol", {}, ...steps),
    other ? el("p", { class: "small" }, "The library was prepared otherwise: ", el("code", {}, p.library), ".") : null);
}
