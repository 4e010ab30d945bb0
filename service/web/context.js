"use strict";
// Around the answer: what is left unexplained, how far the library sees, what to measure next, what the file says; lines to sign.

const section = (title, ...content) => el("section", {}, el("h4", {}, title), ...content);

const unexplainedPart = (v) => (v.unexplained.statement ? section("What is left unexplained", el("p", { class: "unexplained" }, v.unexplained.statement)) : null);

function contextPart(v) {
  const advice = v.advice.map((a) => el("li", {}, a.statement));
  return [v.blindness.statement ? section("How far the library sees here", el("p", { class: "blindness" }, v.blindness.statement)) : null,
    advice.length ? section("What to measure next", el("ul", { class: "advice" }, ...advice)) : null].filter(Boolean);
}

const pairs = (rows) => el("dl", {}, ...rows.flatMap(([name, value]) => [el("dt", {}, name), el("dd", {}, value)]));

const candidatesPart = (all) => (all.length ? el("section", { class: "candidates" }, el("h3", {}, "Why each candidate is in or out"), pairs(all.map((c) => [c.name, c.explanation]))) : null);

// Closed on the screen; a printed page shows it.
function factsPart(v) {
  const facts = [["Input digest", v.input_digest], ...(v.facts || []).map((f) => [f.name, f.value])];
  return el("details", { class: "facts" }, el("summary", {}, "The spectrum, as its file describes it"), pairs(facts));
}

// What only the printed page has: what it was made with, and lines to sign.
function printedParts(v) {
  const made = pairs([["Made", new Date().toISOString()], ["By", `npswatch ${v.npswatch}`], ["Ruleset", String(v.library.ruleset)], ["Library", v.library.name],
    ["Generation", v.library.generation], ["Digest", v.library.digest]]);
  const lines = ["Analyst", "Reviewer"].map((who) => el("tr", {}, el("th", { scope: "row" }, who), el("td", {}), el("td", {}), el("td", {})));
  const heads = ["", "Name", "Date", "Signature"].map((t) => (t ? el("th", { scope: "col" }, t) : el("td", {})));
  $("made").replaceChildren(made);
  $("sign").replaceChildren(el("table", { class: "sign" }, el("tbody", {}, el("tr", {}, ...heads), ...lines)));
}

// Those that were closed on the screen are closed again afterwards.
function openForPrint() {
  const closed = [];
  addEventListener("beforeprint", () => {
    for (const d of document.querySelectorAll("#result details:not([open])")) {
      d.open = true;
      closed.push(d);
    }
  });
  addEventListener("afterprint", () => { for (const d of closed.splice(0)) d.open = false; });
}
