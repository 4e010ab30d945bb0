"use strict";
// What a mixture is made of: its components, what they explain, what is left, and asking about what is left.

const shareBar = (share) => {
  const bar = svg("svg", { class: "bar", viewBox: "0 0 100 10", preserveAspectRatio: "none", "aria-hidden": "true" });
  bar.append(svg("rect", { class: "all", x: 0, y: 0, width: 100, height: 10 }), svg("rect", { class: "part", x: 0, y: 0, width: (100 * share).toFixed(1), height: 10 }));
  return bar;
};

function componentRow(c) {
  const name = el("td", {}, c.name || `entry ${c.entry}`, c.inchikey ? el("div", { class: "small" }, el("code", {}, c.inchikey)) : null);
  const alike = c.alike.length ? c.alike.map((a) => a.name).join(", ") : "none";
  return el("tr", {}, cell(c.rank), name, el("td", { class: "whole" }, shareBar(c.share), percent(c.share)),
    cell(`explains ${percent(c.worth)} of what the others leave`), cell(alike));
}

// The query on the axis of what is left, without the straight line that the comparison takes off.
function straightened(query, left, regions) {
  const y = left.absorbance.map((_, i) => {
    const x = left.x0_cm1 + i * left.dx_cm1;
    return isLeftOut(regions, x) ? null : valueAt(query, x);
  });
  let n = 0, si = 0, sy = 0, sii = 0, siy = 0;
  y.forEach((v, i) => { if (v !== null) { n++; si += i; sy += v; sii += i * i; siy += i * v; } });
  const spread = n ? sii - si * si / n : 0, slope = spread > 0 ? (siy - si * sy / n) / spread : 0;
  return y.map((v, i) => (v === null ? null : v - sy / n - slope * (i - si / n)));
}

function mixtureTraces(v, state) {
  const left = v.mixture.residual, regions = maskedRegions(v.preparation).sort((a, b) => a[0] - b[0]), filter = filterOf(v.preparation);
  const curve = (y, kind, key, name, text) => ({ t: { ...left, absorbance: y }, kind, key, name, text, moved: 0, factor: 1, offset: 0, gaps: regions });
  const rest = curve(left.absorbance, "left", "l", "left over", "left over: query less components");
  let curves = [rest];
  if (!filter) {
    const query = straightened(v.prepared || v.spectrum, left, regions);
    // A null is in a gap, where no line is drawn.
    const sum = query.map((q, i) => (q === null ? 0 : q - left.absorbance[i]));
    curves = [curve(query.map((q) => q ?? 0), "query", "q", "query", "query, less a straight line"),
      curve(sum, "ref", "r t", "components", "the components together (dashed)"), rest];
  }
  state.range ??= "all";
  const unit = `${filter ? DERIVATIVES[filter.order] : ""}${yUnit(v.technique)}`;
  const make = () => ({ curves, regions, unit, xUnit: X_UNITS[v.technique] || "wavenumber, 1/cm" });
  return traceView(filter ? "What is left of the query" : "Query, the components together, and what is left", state, make, false);
}

function mixturePlot(v) {
  if (!v.spectrum || !v.mixture.residual) return null;
  if (v.mixture.residual.absorbance) return mixtureTraces(v, {});
  const hit = { name: "what the components leave" };
  return el("div", {}, mirrorPlot(v.spectrum.peaks, v.mixture.residual.peaks, hit, v.technique, true),
    el("p", { class: "small keys" }, el("span", { class: "key q" }, "query"), el("span", { class: "key r" }, "left over, below, at the same scale")));
}

// The interface reads two columns; steps were done already and must not be done again, only regions stay out.
function asCsv(v) {
  const left = v.mixture.residual, raman = v.technique === "raman";
  const rows = left.peaks ? left.peaks : left.absorbance.map((y, i) => [+(left.x0_cm1 + i * left.dx_cm1).toFixed(4), y]);
  const head = left.peaks ? "m/z,intensity" : raman ? "Raman shift,intensity" : "cm-1,absorbance";
  return [`# technique: ${v.technique}`, `# name: what is left of ${v.query.replace(/[\r\n]+/g, " ") || "the query"}`, head, ...rows.map((r) => r.join(","))].join("\n") + "\n";
}

function leftoverAddress(v) {
  const address = new URLSearchParams({ spectrum: "1", alpha: String(v.alpha), mixture: "0", file: "left.csv" });
  const masks = v.preparation && /mask=[^,]*/.exec(v.preparation.text);
  if (masks && v.preparation.library !== masks[0]) address.set("prepare", masks[0]);
  return `/v1/identify?${address}`;
}

async function searchLeft(v, button, state, box) {
  button.disabled = true;
  state.textContent = "Asking about what is left ...";
  try {
    const reply = await fetch(leftoverAddress(v), { method: "POST", body: asCsv(v), headers: { "Content-Type": "text/csv" } });
    const answer = await reply.json();
    state.textContent = reply.ok ? "" : `${answer.title || "The request failed"}: ${answer.detail || ""}`;
    if (!reply.ok) return;
    const head = el("h3", { tabindex: -1 }, "What is left, searched by itself");
    box.replaceChildren(head, el("p", { class: "small" }, "A difference holds the noise of query and references as well; stated error rates are those of measured spectra."),
      ...answer.spectra.map((one, i) => spectrumPanel(one, i, "Left over")));
    head.focus();
  } catch (error) {
    state.textContent = `The service did not answer: ${error.message}`;
  } finally {
    button.disabled = false;
  }
}

// Why what is left cannot be searched; "" where it can.
function whyNotLeft(v) {
  if (!v.mixture.residual_available)
    return "What is left cannot be shown: the spectrum of a component is not open to all, and the difference would give it away.";
  if (!v.mixture.residual) return "Nothing is left.";
  return v.preparation && filterOf(v.preparation) ? "What is left is a derivative, which cannot be searched again." : "";
}

function leftPart(v) {
  const why = whyNotLeft(v);
  if (why) return [el("p", {}, why)];
  const state = el("p", { role: "status" }), box = el("div", { class: "left" });
  const button = el("button", { type: "button", class: "search-left", onclick: () => searchLeft(v, button, state, box) }, "Search what is left");
  return [button, state, box];
}

function mixturePart(v) {
  const heads = [{ t: "#" }, { t: "Component" }, { t: "Share of the signal" }, { t: "Worth" }, { t: "Nearly as good in its place" }];
  const rows = v.mixture.components.map(componentRow);
  return el("section", { class: "mixture", "aria-label": "Mixture" }, el("h4", {}, "A mixture?"), el("p", {}, v.mixture.statement),
    stacked(table("Components, largest first: a share of the signal is none of the weight", heads, rows)), mixturePlot(v), ...leftPart(v));
}
