"use strict";
// Mass spectra: the mirror plot.

function ticks(low, high, wanted) {
  const raw = (high - low) / wanted, base = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 5, 10].map((m) => m * base).find((s) => s >= raw);
  const out = [];
  for (let v = Math.ceil(low / step) * step; v <= high; v += step) out.push(v);
  return out;
}

// A narrow page gets a narrow plot, so that its texts stay legible.
const plotWidth = () => (matchMedia("(max-width: 40rem)").matches ? 360 : 900);

function frame(label, width) {
  return svg("svg", { viewBox: `0 0 ${width} 320`, role: "img", "aria-label": label });
}

const ascending = (peaks) => peaks.sort((a, b) => a[0] - b[0]);
// Of ascending peaks, so that many of them are no square of comparisons.
const meeting = (tolerance) => (peaks, mz) => {
  let low = 0, high = peaks.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (peaks[middle][0] < mz - tolerance) low = middle + 1;
    else high = middle;
  }
  return low < peaks.length && peaks[low][0] - mz <= tolerance;
};

// Which peaks of an analogue's reference count as moved: those that the answer lists, and of the others those that meet a free
// query peak only when they are moved. Each query peak serves once.
function movedPeaks(query, reference, hit, tolerance) {
  const meets = meeting(tolerance), shift = hit.delta_mass;
  const listed = ascending(hit.shifted_peaks.map((p) => [p.reference])), taken = ascending(hit.shifted_peaks.map((p) => [p.query]));
  const free = query.filter((p) => !meets(taken, p[0]));
  return new Set(reference.filter(([mz]) => meets(listed, mz) || (!meets(free, mz) && meets(free, mz + shift))));
}

// `hit`: a hit, or an analogue, whose moved peaks are drawn where they are moved to. `common`: both sides at the same scale.
function mirrorPlot(query, reference, hit, technique, common) {
  const tolerance = technique === "ei" ? 0.5 : 0.02, shift = (hit && hit.delta_mass) || 0;
  const meets = meeting(tolerance);
  const carriers = reference && shift ? movedPeaks(query, reference, hit, tolerance) : new Set();
  const moved = [...carriers].map(([mz, y]) => [mz + shift, y]);
  if (reference) reference = reference.filter((p) => !carriers.has(p));
  const width = plotWidth();
  const all = query.concat(reference || [], moved);
  const low = all.reduce((least, p) => Math.min(least, p[0]), Infinity) - 3, high = all.reduce((most, p) => Math.max(most, p[0]), -Infinity) + 3;
  const x = (mz) => 20 + (width - 40) * (mz - low) / (high - low);
  const below = reference ? `, ${hit.name} below${moved.length ? `, ${moved.length} of its peaks moved by ${signed(shift)} Da` : ""}` : "";
  const plot = frame(`Mirror plot: query above${below}; the peaks are listed in the files`, width);
  plot.append(svg("line", { class: "axis", x1: 20, x2: width - 20, y1: 155, y2: 155 }));
  const tallest = (peaks) => peaks.reduce((most, p) => Math.max(most, p[1]), 0);
  const base = tallest((reference || []).concat(moved, common ? query : [])), queryBase = common ? base : tallest(query);
  const side = (peaks, other, kind, direction, labelled) => {
    const top = direction > 0 ? queryBase : base;
    const near = (mz) => meets(other || [], mz);
    const path = { both: "", only: "" };
    for (const [mz, y] of peaks) path[near(mz) ? "both" : "only"] += `M${x(mz).toFixed(1)} 155v${(-direction * 125 * y / top).toFixed(1)}`;
    for (const part of ["only", "both"]) if (path[part]) plot.append(svg("path", { class: `${kind} ${part}`, d: path[part] }));
    const strongest = [...peaks].sort((a, b) => b[1] - a[1]).slice(0, 12);
    for (const [i, [mz, y]] of strongest.entries()) {
      // No label over another, nor on the stick of a stronger neighbour.
      if (labelled.some((l) => Math.abs(x(l) - x(mz)) < 34) || strongest.slice(0, i).some((p) => Math.abs(x(p[0]) - x(mz)) < 14)) continue;
      labelled.push(mz);
      const tip = 155 - direction * (125 * y / top + (direction > 0 ? 4 : 14));
      plot.append(svg("text", { x: x(mz), y: tip, "text-anchor": "middle" }, technique === "ei" ? mz.toFixed(0) : mz.toFixed(3)));
    }
  };
  side(query, ascending((reference || []).concat(moved)), "query", 1, []);
  const labelledBelow = [];
  if (moved.length) side(moved, query, "ref moved", -1, labelledBelow);
  if (reference) side(reference, query, "ref", -1, labelledBelow);
  for (const t of ticks(low, high, width / 100))
    if (x(t) < width - 40) plot.append(svg("text", { x: x(t), y: 316, "text-anchor": "middle" }, t.toFixed(0)));
  plot.append(svg("text", { x: width - 4, y: 316, "text-anchor": "end" }, "m/z"));
  return plot;
}
