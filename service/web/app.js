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

function frame(label) {
  return svg("svg", { viewBox: "0 0 900 320", role: "img", "aria-label": label });
}

// Reference peaks that meet a query peak only when they are moved by the shift are drawn where they are moved to.
function mirrorPlot(query, reference, name, technique, shift = 0) {
  const tolerance = technique === "ei" ? 0.5 : 0.02;
  const meets = (peaks, mz) => peaks.some((p) => Math.abs(p[0] - mz) <= tolerance);
  const carries = (p) => shift && !meets(query, p[0]) && meets(query, p[0] + shift);
  const moved = (reference || []).filter(carries).map(([mz, y]) => [mz + shift, y]);
  if (reference) reference = reference.filter((p) => !carries(p));
  const all = query.concat(reference || [], moved);
  const low = Math.min(...all.map((p) => p[0])) - 3, high = Math.max(...all.map((p) => p[0])) + 3;
  const x = (mz) => 40 + 840 * (mz - low) / (high - low);
  const plot = frame(`Mirror plot: query above${reference ? `, ${name} below` : ""}; the peaks are listed in the files`);
  plot.append(svg("line", { class: "axis", x1: 40, x2: 880, y1: 155, y2: 155 }));
  const base = Math.max(0, ...(reference || []).concat(moved).map((p) => p[1]));
  const side = (peaks, other, kind, direction) => {
    const top = direction > 0 ? Math.max(...peaks.map((p) => p[1])) : base;
    const near = (mz) => meets(other || [], mz);
    const path = { both: "", only: "" };
    for (const [mz, y] of peaks) path[near(mz) ? "both" : "only"] += `M${x(mz).toFixed(1)} 155v${(-direction * 125 * y / top).toFixed(1)}`;
    for (const part of ["only", "both"]) if (path[part]) plot.append(svg("path", { class: `${kind} ${part}`, d: path[part] }));
    const labelled = [];
    for (const [mz, y] of [...peaks].sort((a, b) => b[1] - a[1]).slice(0, 12)) {
      if (labelled.some((l) => Math.abs(x(l) - x(mz)) < 34)) continue;
      labelled.push(mz);
      const tip = 155 - direction * (125 * y / top + (direction > 0 ? 4 : 14));
      plot.append(svg("text", { x: x(mz), y: tip, "text-anchor": "middle" }, technique === "ei" ? mz.toFixed(0) : mz.toFixed(3)));
    }
  };
  side(query, (reference || []).concat(moved), "query", 1);
  if (reference) side(reference, query, "ref", -1);
  if (moved.length) side(moved, query, "ref moved", -1);
  for (const t of ticks(low, high, 9)) plot.append(svg("text", { x: x(t), y: 316, "text-anchor": "middle" }, t.toFixed(0)));
  plot.append(svg("text", { x: 884, y: 316, "text-anchor": "end" }, "m/z"));
  return plot;
}

function tracePlot(query, reference, name) {
  const plot = frame(`Spectra over wavenumber: query${reference ? ` and ${name}` : ""}`);
  const high = query.x0_cm1 + query.dx_cm1 * (query.absorbance.length - 1), low = query.x0_cm1;
  const x = (v) => 40 + 840 * (high - v) / (high - low); // infrared runs from high to low
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
  plot.append(svg("line", { class: "axis", x1: 40, x2: 880, y1: 290, y2: 290 }));
  for (const t of ticks(low, high, 9)) plot.append(svg("text", { x: x(t), y: 306, "text-anchor": "middle" }, t.toFixed(0)));
  plot.append(svg("text", { x: 884, y: 318, "text-anchor": "end" }, "wavenumber, 1/cm"));
  return plot;
}

// `rows`: [table row, the hit or analogue that it is about].
async function drawHit(box, verdict, hit, rows) {
  for (const [row, item] of rows) row.setAttribute("aria-current", String(item === hit));
  let reference = null, note = "";
  if (hit && hit.peaks_available) {
    const reply = await fetch(`/v1/library/entries/${hit.entry}`);
    if (reply.ok) reference = (await reply.json()).spectrum;
    else note = "The reference cannot be shown now.";
  } else if (hit) {
    note = "The contributor of this reference shows its match, not its peaks.";
  }
  const name = hit ? hit.name : "", shift = (hit && hit.delta_mass) || 0;
  const query = verdict.spectrum;
  const plot = query.peaks ? mirrorPlot(query.peaks, reference && reference.peaks, name, verdict.technique, shift)
    : tracePlot(query, reference, name);
  const key = el("p", { class: "small" }, el("span", { class: "key q" }, "query"),
    reference ? el("span", { class: "key r" }, name) : null,
    reference && shift ? el("span", { class: "key m" }, `moved by ${signed(shift)} Da`) : null, note ? ` ${note}` : null);
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

function signed(mass) {
  return `${mass > 0 ? "+" : "\u2212"}${Math.abs(mass).toFixed(Number.isInteger(mass) ? 0 : 3)}`;
}

function chooser(verdict, box, item, rows) {
  return el("td", {}, el("button", { type: "button", class: "plain", onclick: () => drawHit(box, verdict, item, rows) }, item.name || `entry ${item.entry}`));
}

function hitsTable(verdict, box, rows) {
  for (const h of verdict.hits)
    rows.push([el("tr", {}, cell(h.rank), chooser(verdict, box, h, rows), cell(h.score.toFixed(4), true), cell(h.reverse.toFixed(4), true),
      cell(percent(h.explained), true), cell(h.matched ?? "", true)), h]);
  return table("Hits: choose one to see it against the query", [{ t: "#" }, { t: "Name" }, { t: "Score", n: true }, { t: "Reverse", n: true },
    { t: "Explained", n: true }, { t: "Peaks", n: true }], rows.map(([row]) => row));
}

function analogTable(verdict, box, rows) {
  const mass = verdict.molecular_mass;
  const shown = verdict.analogs.slice(0, 5).map((a) => {
    const [first, ...others] = a.delta_formulas.map((f) => f.formula);
    const changes = el("td", {}, first || "", others.length ? el("span", { class: "small" }, ` or ${others.join("; ")}`) : null);
    const carried = a.shifted_peaks.slice(0, 4).map((p) => `${+p.reference.toFixed(3)} \u2192 ${+p.query.toFixed(3)}`).join(", ");
    const cells = [chooser(verdict, box, a, rows), cell(a.class || ""), cell(signed(a.delta_mass), true), changes, cell(a.score.toFixed(3), true)];
    if (mass) cells.push(cell(a.mass_agrees ? "yes" : "no"));
    const row = el("tr", {}, ...cells, cell(carried || (a.peaks_available ? "" : "not shown")));
    rows.push([row, a]);
    return row;
  });
  const heads = [{ t: "Name" }, { t: "Class" }, { t: "Shift, Da", n: true }, { t: "Likely change" }, { t: "Score", n: true }];
  if (mass) heads.push({ t: "Agrees on mass" });
  heads.push({ t: "Peaks that carry it" });
  return [table("Resembles, moved by a mass (query minus reference): choose one to see it so", heads, shown),
    mass ? el("p", { class: "analog-mass" }, `Molecular mass of the unknown, estimated: ${mass.nominal}. ${mass.proposed_by} related substances and the query's own heaviest peaks propose it.`) : null].filter(Boolean);
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
  if (v.analogs.length) panel.append(...analogTable(v, plot, rows));
  if (v.classes.length) panel.append(el("p", {}, "Class: ", v.classes.slice(0, 3).map((c) => `${c.class} ${percent(c.p)}`).join(", ")));
  const cal = v.calibration;
  panel.append(el("p", { class: "small" }, `Error rate ${percent(v.alpha)} ${basis(cal)}; true coverage between `,
    `${percent(cal.coverage_low)} and ${percent(cal.coverage_high)} with 90 % confidence. Library generation `, el("code", {}, v.library.generation),
    `, ruleset ${v.library.ruleset}, input digest `, el("code", {}, v.input_digest)));
  if (v.spectrum && ((v.spectrum.peaks && v.spectrum.peaks.length) || v.spectrum.absorbance)) drawHit(plot, v, v.hits[0], rows);
  return panel;
}

function showAnswer(answer) {
  const v = answer.verdict && answer.verdict.verdict ? answer.verdict : answer;
  const head = v.spectra.length > 1 ? verdictHead(v, "p") : [];
  if (v.minimum_scheme)
    head.push(el("p", { class: "small" }, v.minimum_scheme.met ? "The minimum scheme of SWGDRUG and ASTM E2329 is met."
      : `The minimum scheme of SWGDRUG and ASTM E2329 is not met; missing: ${v.minimum_scheme.missing}.`));
  if (answer.id) head.push(el("p", {}, "Stored as sample ", el("code", {}, answer.id), answer.case ? `; case ${answer.case.code || answer.case}` : ""));
  for (const p of answer.problems || v.problems || [])
    head.push(el("p", { class: "problem" }, `${p.file ? `${p.file}, ` : ""}line ${p.line}, byte ${p.offset}: ${p.detail}`));
  $("verdict").replaceChildren(...head);
  $("spectra").replaceChildren(...v.spectra.map(spectrumPanel));
  $("result").hidden = false;
  $("answer").focus();
}

function showProblem(problem) {
  const where = problem.line ? `\nat line ${problem.line}, byte ${problem.offset}` : "";
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
