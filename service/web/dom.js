"use strict";
// What the page is built of: elements, tables, texts of numbers.

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
// Whole masses are nominal ones: decimals would claim more than was measured.
const massText = (mass) => mass.toFixed(Number.isInteger(mass) ? 0 : 3);
const signed = (mass) => `${mass > 0 ? "+" : "\u2212"}${massText(Math.abs(mass))}`;
const whole = (text) => el("span", { class: "whole" }, text); // not broken over lines

// What an error rate rests on.
function basis(calibration) {
  if (calibration.source === "none") return "not known: nothing to calibrate on";
  if (calibration.source === "general") return "by the general table of the program, for lack of replicates in the library";
  const kind = calibration.kind && calibration.kind !== "any" ? ` of ${calibration.kind} spectra` : "";
  return `from ${calibration.pairs} replicate pairs${kind} (${calibration.source})`;
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
