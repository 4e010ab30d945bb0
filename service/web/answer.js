"use strict";
// The answer: verdict, hits, relatives, what they rest on.

// `rows`: [table row, the hit or analogue that it is about].
async function drawHit(box, verdict, hit, rows) {
  for (const [row, item] of rows) row.setAttribute("aria-current", String(item === hit));
  box.wanted = hit;
  let reference = null, note = "";
  if (hit && hit.peaks_available) {
    // By the generation that was asked: numbers of entries mean nothing in another.
    const reply = await fetch(`/v1/library/entries/${hit.entry}?generation=${verdict.library.generation}`,
      { headers: credentials() }).catch(() => null);
    if (reply && reply.ok) reference = (await reply.json()).spectrum;
    else note = reply && reply.status === 409 ? "The library has changed since: ask again to see the reference." : "The reference cannot be shown now.";
  } else if (hit) {
    note = "The contributor of this reference shows its match, not its peaks.";
  }
  if (box.wanted !== hit) return; // another one was chosen meanwhile
  box.view ??= {};
  box.replaceChildren(...(verdict.spectrum.peaks ? mirrorWithKey(verdict, reference && reference.peaks, hit, note)
    : [hitTraces(verdict, reference, hit, note, box.view)]));
}

function mirrorWithKey(verdict, reference, hit, note) {
  const plot = mirrorPlot(verdict.spectrum.peaks, reference, hit, verdict.technique), name = hit ? hit.name : "";
  const moved = plot.querySelector(".moved");
  const key = el("p", { class: "small" }, el("span", { class: "key q" }, "query"),
    reference ? el("span", { class: "key r" }, hit.delta_mass ? `${name}, as it is` : name) : null,
    moved ? el("span", { class: "key m" }, `its peaks moved by ${signed(hit.delta_mass)} Da (dashed)`) : null, note ? el("span", { class: "note" }, note) : null);
  return [plot, key];
}

function setTable(set) {
  // Columns that say nothing are left out.
  const keyed = set.some((m) => m.inchikey), classed = set.some((m) => m.class), listed = set.some((m) => m.control_text);
  const heads = [{ t: "Substance" }, keyed ? { t: "InChIKey" } : null, classed ? { t: "Class" } : null, { t: "Probability", n: true },
    listed ? { t: "Control status" } : null];
  return stacked(table("The set: what the answer leaves possible", heads.filter(Boolean), set.map((m) =>
    el("tr", {}, cell(m.name), keyed ? el("td", {}, el("code", {}, m.inchikey)) : null, classed ? cell(m.class || "") : null, cell(percent(m.p), true), listed ? cell(m.control_text) : null))));
}

// What lies in libraries that are closed to the caller, and in his own organisation's.
function partnersTold(v) {
  const told = [];
  if (v.own_library) told.push(`In your organisation's own closed library: ${v.own_library.statement}`);
  const partners = v.partner_libraries;
  if (partners && !partners.asked) told.push(`Libraries of partners were not asked: ${partners.reason}.`);
  for (const m of partners ? partners.matches : [])
    told.push(`A library of a partner, closed to you, holds a match${m.class ? ` of the class ${m.class}` : ""} (score ${m.score.toFixed(1)} or above). Ask the service for it.`);
  return told.length ? el("p", { class: "small" }, told.join(" ")) : null;
}

function verdictHead(v, level) {
  return [el(level, { class: `verdict v-${v.verdict}` }, v.headline), el("p", {}, v.statement),
    v.set && v.set.length ? setTable(v.set) : null, partnersTold(v), v.control ? el("p", { class: "control small" }, v.control.statement) : null].filter(Boolean);
}

function chooser(verdict, box, item, rows) {
  const choose = () => drawHit(box, verdict, item, rows).then(() => box.scrollIntoView({ block: "nearest" }));
  return el("button", { type: "button", class: "plain", onclick: choose }, item.name || `entry ${item.entry}`);
}

const MASS_HEADS = [{ t: "Score", n: true }, { t: "Reverse", n: true }, { t: "Explained", n: true }, { t: "Peaks", n: true }];
const TRACE_HEADS = [{ t: "Score", n: true }, { t: "Compared, 1/cm", n: true }, { t: "Points", n: true }, { t: "Query moved by", n: true }];
const signedNumber = (x) => `${x < 0 ? "\u2212" : "+"}${Math.abs(x).toFixed(2)}`;
const massCells = (h) => [h.score.toFixed(4), h.reverse.toFixed(4), percent(h.explained), h.matched ?? ""];
const traceCells = (h) => [h.score.toFixed(4), `${h.range_cm1[1]} to ${h.range_cm1[0]}`, h.matched, h.moved_cm1 ? signedCm1(h.moved_cm1) : "0"];

const HITS_CAPTION = "Hits: choose one to see it against the query. Evidence is the ln of the odds that both are of one substance; in brackets what a "
  + "measure adds to it, against a typical pair of one substance or, where it says so, against the best hit";

const controlLine = (item) => (item.control_text ? el("div", { class: "small control" }, `Control: ${item.control_text}`) : null);

function hitsTable(verdict, box, rows) {
  const [heads, cells] = verdict.preparation ? [TRACE_HEADS, traceCells] : [MASS_HEADS, massCells];
  const why = (h) => el("tr", { class: "why" }, el("td", { colspan: heads.length + 3 }, h.explanation));
  for (const h of verdict.hits)
    rows.push([el("tr", {}, cell(h.rank), el("td", {}, chooser(verdict, box, h, rows), controlLine(h)), cell(signedNumber(h.evidence), true), ...cells(h).map((text) => cell(text, true))), h]);
  const region = stacked(table(HITS_CAPTION, [{ t: "#" }, { t: "Name" }, { t: "Evidence", n: true }, ...heads],
    rows.flatMap(([row, h]) => [row, why(h)])));
  region.classList.add("hits");
  return region;
}

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
  const name = el("td", {}, chooser(verdict, box, a, rows), a.class ? el("div", { class: "small" }, a.class) : null, controlLine(a));
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
  const region = stacked(table(caption, heads, shown));
  region.classList.add("analogs");
  return [mass ? el("p", { class: "analog-mass" }, estimate) : null, box, region].filter(Boolean);
}

// What was remarked and repaired on reading, and how a trace was prepared, side by side.
function readingPart(v) {
  const remarks = [...v.quality.reasons, ...v.quality.repairs.map((r) => `Repaired on reading: ${r.text}`)];
  const read = remarks.length ? el("section", { class: "steps" }, el("h4", {}, "How it was read"), el("ul", {}, ...remarks.map((r) => el("li", {}, r)))) : null;
  return read || v.preparation ? el("div", { class: "beside" }, ...[read, v.preparation ? preparationList(v) : null].filter(Boolean)) : null;
}

function basisPart(v) {
  const cal = v.calibration;
  const library = [". Library generation ", el("code", {}, v.library.generation), `, ruleset ${v.library.ruleset}, input digest `, el("code", {}, v.input_digest)];
  const rate = cal.source === "none" ? ["No error rate: nothing to calibrate on for this technique and preparation"]
    : [`Error rate ${percent(v.alpha)} ${basis(cal)}; conformity asked for ${cal.threshold ?? "none"}; true coverage between `,
      `${percent(cal.coverage_low)} and ${percent(cal.coverage_high)} with 90 % confidence`];
  return el("p", { class: "small" }, ...rate, ...library, ". ", cal.model);
}

const hasSpectrum = (v) => v.spectrum && ((v.spectrum.peaks && v.spectrum.peaks.length) || (v.spectrum.absorbance && v.spectrum.absorbance.length > 1));

function spectrumPanel(v, i, what = "Spectrum") {
  const plot = el("div", {}), rows = [], analogPlot = el("div", {}), analogRows = [];
  const panel = el("section", { class: "panel", "aria-label": `${what} ${i + 1}` },
    el("h3", {}, `${v.query || `${what} ${i + 1}`} (${v.technique})`), ...verdictHead(v, "p"));
  const [head, hits] = v.hits.length ? [el("h4", {}, "Against the library"), hitsTable(v, plot, rows)] : [];
  panel.append(...[v.mixture ? mixturePart(v) : null, readingPart(v), head, plot, hits, unexplainedPart(v)].filter(Boolean));
  if (v.analogs.length) panel.append(...analogPart(v, analogPlot, analogRows));
  if (v.classes.length) panel.append(el("p", {}, "Class: ", v.classes.slice(0, 3).map((c) => `${c.class} ${percent(c.p)}`).join(", ")));
  panel.append(...contextPart(v), factsPart(v), basisPart(v));
  if (hasSpectrum(v)) drawHit(plot, v, v.hits[0], rows);
  if (v.verdict === "novel" && v.analogs.length) drawHit(analogPlot, v, v.analogs[0], analogRows);
  return panel;
}

// --- several techniques -----------------------------------------------------------------------------------------------------

function leaves(v) {
  if (!v.set.length) return v.verdict === "unusable" ? "no statement" : "nothing of this library";
  const names = v.set.slice(0, 3).map((m) => m.name).join(", ");
  return v.set.length > 3 ? `${names} and ${v.set.length - 3} more` : names;
}

function techniquesTable(spectra) {
  const rows = spectra.map((v) => el("tr", {}, cell(v.technique), cell(v.query), el("td", { class: `v-${v.verdict}` }, v.headline), cell(leaves(v))));
  const caption = `What each spectrum says by itself, each asked at ${percent(spectra[0].alpha)} so that together they keep the error rate`;
  const region = stacked(table(caption, [{ t: "Technique" }, { t: "Spectrum" }, { t: "Outcome" }, { t: "Leaves" }], rows));
  region.classList.add("techniques");
  return region;
}

function schemeBox(scheme) {
  return el("p", { class: `scheme ${scheme.met ? "met" : "missing"}` }, el("span", { class: "mark", "aria-hidden": "true" }, scheme.met ? "\u2713" : "\u2717"), " ",
    el("span", {}, el("strong", {}, `The minimum scheme of SWGDRUG and ASTM E2329 is ${scheme.met ? "" : "not "}met.`), scheme.met ? "" : ` Missing: ${scheme.missing}.`));
}

// Binary files have no lines.
const place = (p) => [p.line ? `line ${p.line}` : "", "offset" in p ? `byte ${p.offset}` : ""].filter(Boolean).join(", ");

function showAnswer(answer) {
  const v = answer.verdict && answer.verdict.verdict ? answer.verdict : answer;
  const head = v.spectra.length > 1 ? [...verdictHead(v, "p"), techniquesTable(v.spectra), candidatesPart(v.candidates)].filter(Boolean) : [];
  if (v.minimum_scheme) head.push(schemeBox(v.minimum_scheme));
  if (answer.id) head.push(el("p", {}, "Stored as sample ", el("code", {}, answer.id), answer.case ? `; case ${answer.case.code || answer.case}` : ""));
  for (const p of answer.problems || v.problems || [])
    head.push(el("p", { class: "problem" }, `${[p.file, place(p)].filter(Boolean).join(", ")}: ${p.detail}`));
  $("verdict").replaceChildren(...head);
  $("spectra").replaceChildren(...v.spectra.map((one, i) => spectrumPanel(one, i)));
  printedParts(v);
  $("result").hidden = false;
  $("answer").focus();
}
