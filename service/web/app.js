"use strict";
// The page of npswatch: files in, verdict out. Talks to the same HTTP interface as everybody else.

const $ = (id) => document.getElementById(id);
const SVG = "http://www.w3.org/2000/svg";

function el(name, attributes, ...children) {
  const node = document.createElement(name);
  for (const [key, value] of Object.entries(attributes || {})) {
    if (key.startsWith("on")) node.addEventListener(key.slice(2), value);
    else if (value !== null && value !== undefined && value !== false) node.setAttribute(key, value === true ? "" : value);
  }
  node.append(...children.filter((c) => c !== null && c !== undefined));
  return node;
}

function svg(name, attributes, text) {
  const node = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  if (text !== undefined) node.textContent = text;
  return node;
}

const percent = (p) => `${(100 * p).toFixed(p < 0.0995 ? 1 : 0)} %`;
const WORDS = { identified: "Identified (presumptive)", ambiguous: "Ambiguous", novel: "Novel", unusable: "Unusable" };

// What an error rate rests on.
function basis(calibration) {
  if (calibration.source === "none") return "not known: nothing to calibrate on";
  if (calibration.source === "general") return "by the general table of the program, for lack of replicates in the library";
  return `from ${calibration.pairs} replicate pairs (${calibration.source})`;
}

function table(caption, heads, rows) {
  const head = el("tr", {}, ...heads.map((h) => el("th", { scope: "col", class: h.n ? "n" : null }, h.t)));
  return el("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": caption }, el("table", {}, el("caption", {}, caption), el("thead", {}, head), el("tbody", {}, ...rows)));
}
const cell = (text, n) => el("td", { class: n ? "n" : null }, String(text));

// On a phone each row becomes a block of labelled lines; the roles keep it a table for those who hear the page.
function stacked(region) {
  const roles = { table: "table", thead: "rowgroup", tbody: "rowgroup", tr: "row", th: "columnheader", td: "cell" };
  for (const [name, role] of Object.entries(roles)) for (const node of region.querySelectorAll(name)) node.setAttribute("role", role);
  const heads = [...region.querySelectorAll("th")].map((h) => h.textContent);
  for (const row of region.querySelectorAll("tbody tr")) [...row.cells].forEach((c, i) => { c.dataset.label = heads[i]; });
  region.classList.add("stack");
  return region;
}

// --- library ------------------------------------------------------------------------------------------------------------

async function showLibrary() {
  try {
    const reply = await fetch("/v1/library", { headers: { Accept: "application/json" } });
    if (!reply.ok) throw new Error(String(reply.status));
    const lib = await reply.json();
    $("demo").hidden = !lib.generated;
    const techniques = lib.techniques.filter((t) => t.entries).map((t) =>
      `${t.technique}: ${t.entries} spectra, error rate ${basis(t.calibration)}`);
    const rows = [["Name", lib.name], ["Generation", lib.generation], ["Made", lib.created],
      ["Content", `${lib.entries} spectra of ${lib.substances} substances`], ["Techniques", techniques.join("; ")]];
    $("library").replaceChildren(...rows.flatMap(([k, v]) => [el("dt", {}, k), el("dd", {}, v || "")]));
  } catch {
    $("library").replaceChildren(el("dt", {}, "Library"), el("dd", {}, "cannot be described now"));
  }
}

// --- plots --------------------------------------------------------------------------------------------------------------

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

const meeting = (tolerance) => (peaks, mz) => peaks.some((p) => Math.abs(p[0] - mz) <= tolerance);

// Which peaks of an analogue's reference count as moved: those that the answer lists, and of the others those that meet a free
// query peak only when they are moved. Each query peak serves once.
function movedPeaks(query, reference, hit, tolerance) {
  const meets = meeting(tolerance), shift = hit.delta_mass;
  const listed = hit.shifted_peaks.map((p) => [p.reference]), taken = hit.shifted_peaks.map((p) => [p.query]);
  const free = query.filter((p) => !meets(taken, p[0]));
  return new Set(reference.filter(([mz]) => meets(listed, mz) || (!meets(free, mz) && meets(free, mz + shift))));
}

// `hit`: a hit, or an analogue, whose moved peaks are drawn where they are moved to.
function mirrorPlot(query, reference, hit, technique) {
  const tolerance = technique === "ei" ? 0.5 : 0.02, shift = (hit && hit.delta_mass) || 0;
  const meets = meeting(tolerance);
  const carriers = reference && shift ? movedPeaks(query, reference, hit, tolerance) : new Set();
  const moved = [...carriers].map(([mz, y]) => [mz + shift, y]);
  if (reference) reference = reference.filter((p) => !carriers.has(p));
  const width = plotWidth();
  const all = query.concat(reference || [], moved);
  const low = Math.min(...all.map((p) => p[0])) - 3, high = Math.max(...all.map((p) => p[0])) + 3;
  const x = (mz) => 20 + (width - 40) * (mz - low) / (high - low);
  const below = reference ? `, ${hit.name} below${moved.length ? `, ${moved.length} of its peaks moved by ${signed(shift)} Da` : ""}` : "";
  const plot = frame(`Mirror plot: query above${below}; the peaks are listed in the files`, width);
  plot.append(svg("line", { class: "axis", x1: 20, x2: width - 20, y1: 155, y2: 155 }));
  const base = Math.max(0, ...(reference || []).concat(moved).map((p) => p[1]));
  const side = (peaks, other, kind, direction, labelled) => {
    const top = direction > 0 ? Math.max(...peaks.map((p) => p[1])) : base;
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
  side(query, (reference || []).concat(moved), "query", 1, []);
  const labelledBelow = [];
  if (moved.length) side(moved, query, "ref moved", -1, labelledBelow);
  if (reference) side(reference, query, "ref", -1, labelledBelow);
  for (const t of ticks(low, high, width / 100))
    if (x(t) < width - 40) plot.append(svg("text", { x: x(t), y: 316, "text-anchor": "middle" }, t.toFixed(0)));
  plot.append(svg("text", { x: width - 4, y: 316, "text-anchor": "end" }, "m/z"));
  return plot;
}

function tracePlot(query, reference, name) {
  const width = plotWidth(), plot = frame(`Spectra over wavenumber: query${reference ? ` and ${name}` : ""}`, width);
  const high = query.x0_cm1 + query.dx_cm1 * (query.absorbance.length - 1), low = query.x0_cm1;
  const x = (v) => 20 + (width - 40) * (high - v) / (high - low); // infrared runs from high to low
  const line = (t, kind) => {
    const min = Math.min(...t.absorbance), max = Math.max(...t.absorbance);
    const step = Math.max(1, Math.floor(t.absorbance.length / 1800));
    let d = "";
    for (let i = 0; i < t.absorbance.length; i += step) {
      const at = t.x0_cm1 + i * t.dx_cm1;
      if (at < low || at > high) continue;
      d += `${d ? "L" : "M"}${x(at).toFixed(1)} ${(285 - 260 * (t.absorbance[i] - min) / (max - min || 1)).toFixed(1)}`;
    }
    plot.append(svg("path", { class: kind, d }));
  };
  if (reference) line(reference, "ref");
  line(query, "query");
  plot.append(svg("line", { class: "axis", x1: 20, x2: width - 20, y1: 290, y2: 290 }));
  for (const t of ticks(low, high, width / 100)) plot.append(svg("text", { x: x(t), y: 306, "text-anchor": "middle" }, t.toFixed(0)));
  plot.append(svg("text", { x: width - 4, y: 318, "text-anchor": "end" }, "wavenumber, 1/cm"));
  return plot;
}

// `rows`: [table row, the hit or analogue that it is about].
async function drawHit(box, verdict, hit, rows) {
  for (const [row, item] of rows) row.setAttribute("aria-current", String(item === hit));
  box.wanted = hit;
  let reference = null, note = "";
  if (hit && hit.peaks_available) {
    const reply = await fetch(`/v1/library/entries/${hit.entry}`).catch(() => null);
    if (reply && reply.ok) reference = (await reply.json()).spectrum;
    else note = "The reference cannot be shown now.";
  } else if (hit) {
    note = "The contributor of this reference shows its match, not its peaks.";
  }
  if (box.wanted !== hit) return; // another one was chosen meanwhile
  const name = hit ? hit.name : "";
  const query = verdict.spectrum;
  const plot = query.peaks ? mirrorPlot(query.peaks, reference && reference.peaks, hit, verdict.technique)
    : tracePlot(query, reference, name);
  const moved = plot.querySelector(".moved");
  const key = el("p", { class: "small" }, el("span", { class: "key q" }, "query"),
    reference ? el("span", { class: "key r" }, hit.delta_mass ? `${name}, as it is` : name) : null,
    moved ? el("span", { class: "key m" }, `its peaks moved by ${signed(hit.delta_mass)} Da (dashed)`) : null, note ? el("span", { class: "note" }, note) : null);
  box.replaceChildren(plot, key);
}

// --- answer -------------------------------------------------------------------------------------------------------------

function setTable(set) {
  return table("The set: what the answer leaves possible", [{ t: "Substance" }, { t: "InChIKey" }, { t: "Class" }, { t: "Probability", n: true }],
    set.map((m) => el("tr", {}, cell(m.name), el("td", {}, el("code", {}, m.inchikey)), cell(m.class || ""), cell(percent(m.p), true))));
}

function verdictHead(v, level) {
  return [el(level, { class: `verdict v-${v.verdict}` }, WORDS[v.verdict] || v.verdict), el("p", {}, v.statement),
    v.set && v.set.length ? setTable(v.set) : null].filter(Boolean);
}

// Whole masses are nominal ones: decimals would claim more than was measured.
const massText = (mass) => mass.toFixed(Number.isInteger(mass) ? 0 : 3);
const signed = (mass) => `${mass > 0 ? "+" : "\u2212"}${massText(Math.abs(mass))}`;

function chooser(verdict, box, item, rows) {
  const choose = () => drawHit(box, verdict, item, rows).then(() => box.scrollIntoView({ block: "nearest" }));
  return el("button", { type: "button", class: "plain", onclick: choose }, item.name || `entry ${item.entry}`);
}

function hitsTable(verdict, box, rows) {
  for (const h of verdict.hits)
    rows.push([el("tr", {}, cell(h.rank), el("td", {}, chooser(verdict, box, h, rows)), cell(h.score.toFixed(4), true), cell(h.reverse.toFixed(4), true),
      cell(percent(h.explained), true), cell(h.matched ?? "", true)), h]);
  return table("Hits: choose one to see it against the query", [{ t: "#" }, { t: "Name" }, { t: "Score", n: true }, { t: "Reverse", n: true },
    { t: "Explained", n: true }, { t: "Peaks", n: true }], rows.map(([row]) => row));
}

const whole = (text) => el("span", { class: "whole" }, text); // not broken over lines

// The likeliest change, then the others.
function changesCell(formulas) {
  const [first, ...others] = formulas.map((f) => whole(f.formula.replace(/-/g, "\u2212")));
  if (first) first.classList.add("first");
  return el("td", {}, first || "no common one", others.length ? el("span", { class: "small" }, ...others.flatMap((f) => [" or ", f])) : null);
}

function carriersCell(a) {
  const pairs = a.shifted_peaks.slice(0, 4).map((p) => whole(`${massText(p.reference)} \u2192 ${massText(p.query)}`));
  if (!pairs.length) return cell(a.matched_shifted ? "not shown" : "none");
  return el("td", {}, ...pairs.flatMap((p, i) => (i ? [", ", p] : [p])));
}

function analogRow(verdict, box, a, rows) {
  const name = el("td", {}, chooser(verdict, box, a, rows), a.class ? el("div", { class: "small" }, a.class) : null);
  const score = el("td", { class: "n" }, a.score.toFixed(3), el("div", { class: "small" }, `unmoved ${a.score_direct.toFixed(3)}`));
  return el("tr", {}, name, cell(signed(a.delta_mass), true), changesCell(a.delta_formulas), score,
    verdict.molecular_mass ? cell(a.mass_agrees ? "yes" : "no") : null, carriersCell(a));
}

function analogPart(verdict, box, rows) {
  const mass = verdict.molecular_mass;
  const shown = verdict.analogs.slice(0, 5).map((a) => {
    rows.push([analogRow(verdict, box, a, rows), a]);
    return rows[rows.length - 1][0];
  });
  const heads = [{ t: "Name" }, { t: "Shift, Da", n: true }, { t: "Likely change" }, { t: "Score", n: true }];
  if (mass) heads.push({ t: "Agrees on mass" });
  heads.push({ t: "Peaks that carry it" });
  const caption = "Resembles, moved by a mass (query minus reference): choose one to see it so. Peaks: m/z of the reference \u2192 m/z of the query";
  const estimate = mass ? `Molecular mass of the unknown, estimated: ${mass.nominal}. ${mass.proposed_by} related ${mass.proposed_by === 1
    ? "substance proposes" : "substances propose"} it, together with the query's own heaviest peaks; those that agree come first.` : "";
  return [mass ? el("p", { class: "analog-mass" }, estimate) : null, box, stacked(table(caption, heads, shown))].filter(Boolean);
}

function spectrumPanel(v, i) {
  const plot = el("div", {});
  const remarks = [...v.quality.reasons, ...v.quality.repairs.map((r) => `Repaired on reading: ${r.text}`)];
  const panel = el("section", { class: "panel", "aria-label": `Spectrum ${i + 1}` },
    el("h3", {}, `${v.query || `Spectrum ${i + 1}`} (${v.technique})`), ...verdictHead(v, "p"));
  if (remarks.length) panel.append(el("ul", {}, ...remarks.map((r) => el("li", {}, r))));
  panel.append(plot);
  const rows = [];
  const hits = hitsTable(v, plot, rows);
  if (v.hits.length) panel.append(hits);
  const analogPlot = el("div", {}), analogRows = [];
  if (v.analogs.length) panel.append(...analogPart(v, analogPlot, analogRows));
  if (v.classes.length) panel.append(el("p", {}, "Class: ", v.classes.slice(0, 3).map((c) => `${c.class} ${percent(c.p)}`).join(", ")));
  const cal = v.calibration;
  panel.append(el("p", { class: "small" }, `Error rate ${percent(v.alpha)} ${basis(cal)}; true coverage between `,
    `${percent(cal.coverage_low)} and ${percent(cal.coverage_high)} with 90 % confidence. Library generation `, el("code", {}, v.library.generation),
    `, ruleset ${v.library.ruleset}, input digest `, el("code", {}, v.input_digest)));
  if (v.spectrum && ((v.spectrum.peaks && v.spectrum.peaks.length) || v.spectrum.absorbance)) drawHit(plot, v, v.hits[0], rows);
  if (v.verdict === "novel" && v.analogs.length) drawHit(analogPlot, v, v.analogs[0], analogRows);
  return panel;
}

// Binary files have no lines.
const place = (p) => [p.line ? `line ${p.line}` : "", "offset" in p ? `byte ${p.offset}` : ""].filter(Boolean).join(", ");

function showAnswer(answer) {
  const v = answer.verdict && answer.verdict.verdict ? answer.verdict : answer;
  const head = v.spectra.length > 1 ? verdictHead(v, "p") : [];
  if (v.minimum_scheme)
    head.push(el("p", { class: "small" }, v.minimum_scheme.met ? "The minimum scheme of SWGDRUG and ASTM E2329 is met."
      : `The minimum scheme of SWGDRUG and ASTM E2329 is not met; missing: ${v.minimum_scheme.missing}.`));
  if (answer.id) head.push(el("p", {}, "Stored as sample ", el("code", {}, answer.id), answer.case ? `; case ${answer.case.code || answer.case}` : ""));
  for (const p of answer.problems || v.problems || [])
    head.push(el("p", { class: "problem" }, `${[p.file, place(p)].filter(Boolean).join(", ")}: ${p.detail}`));
  $("verdict").replaceChildren(...head);
  $("spectra").replaceChildren(...v.spectra.map(spectrumPanel));
  $("result").hidden = false;
  $("answer").focus();
}

function showProblem(problem) {
  const where = place(problem) ? `\nat ${place(problem)}` : "";
  $("problem").textContent = `${problem.title || "The request failed"}: ${problem.detail || ""}${where}`;
  $("problem").hidden = false;
}

// --- asking ---------------------------------------------------------------------------------------------------------------

async function ask(files) {
  $("problem").hidden = true;
  if (!files.length) {
    showProblem({ title: "No file", detail: "choose or drop at least one file" });
    return;
  }
  const keep = $("keep").checked;
  const body = new FormData();
  for (const file of files) body.append("file", file, file.name);
  const headers = keep ? { Authorization: `Bearer ${$("token").value.trim()}`, "Idempotency-Key": crypto.randomUUID() } : {};
  $("state").textContent = `Asking about ${files.length === 1 ? files[0].name : `${files.length} files`} ...`;
  $("send").disabled = true;
  try {
    const reply = await fetch(`/v1/${keep ? "samples" : "identify"}?spectrum=1&alpha=${$("alpha").value}`, { method: "POST", body, headers });
    const answer = await reply.json();
    $("state").textContent = reply.ok ? "Answered." : "";
    if (reply.ok) showAnswer(answer);
    else showProblem(answer);
  } catch (error) {
    $("state").textContent = "";
    showProblem({ title: "The service did not answer", detail: error.message });
  } finally {
    $("send").disabled = false;
  }
}

function start() {
  showLibrary();
  let dropped = null;
  $("form").addEventListener("submit", (event) => {
    event.preventDefault();
    ask([...(dropped || $("files").files)]);
  });
  $("files").addEventListener("change", () => { dropped = null; });
  $("keep").addEventListener("change", () => { $("token-row").hidden = !$("keep").checked; });
  const drop = $("drop");
  drop.addEventListener("dragover", (event) => { event.preventDefault(); drop.classList.add("over"); });
  drop.addEventListener("dragleave", () => drop.classList.remove("over"));
  drop.addEventListener("drop", (event) => {
    event.preventDefault();
    drop.classList.remove("over");
    dropped = [...event.dataTransfer.files];
    ask(dropped);
  });
}

start();
