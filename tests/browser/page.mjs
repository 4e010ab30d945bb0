// Drives the page in a real browser against the real program: drops files, reads the verdict, looks at the plots, checks
// accessibility. usage: node page.mjs PROGRAM WORK_DIR; prints one line a check, status 1 when one fails.
import { spawn, spawnSync, execFileSync } from "node:child_process";
import { readFileSync, writeFileSync, existsSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { chromium } from "playwright-core";

const [program, work] = process.argv.slice(2);
const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const badBinary = new URL("../data/invalid/spc/cut.in", import.meta.url);
const patience = 90000; // ms: a sanitizer build on a busy machine takes its time
let failed = 0;
function check(what, good, detail = "") {
  console.log(`${good ? "ok" : "NOT OK"}: ${what}${good ? "" : ` ${detail}`}`);
  if (!good) failed++;
}

function startService(library, store) {
  const child = spawn(program, ["serve", "--demo-accounts", "yes", "--listen", "127.0.0.1:0", "--library", join(work, library), "--data", join(work, store)]);
  return new Promise((resolve, reject) => {
    let text = "";
    const timer = setTimeout(() => reject(new Error(`no service: ${text}`)), patience);
    const look = (piece) => {
      text += piece;
      const url = /listening on (http:\S+)/.exec(text), token = /lab token, shown this once: (nps_[0-9a-f]+_[0-9a-f]+)/.exec(text);
      if (url && token) {
        clearTimeout(timer);
        resolve({ child, url: url[1].replace(/\/$/, ""), token: token[1] });
      }
    };
    child.stdout.on("data", look);
    child.stderr.on("data", look);
    child.on("exit", () => reject(new Error(`the service ended: ${text}`)));
  });
}

const sample = (name) => join(work, "samples", name);

async function identify(page, files) {
  await page.setInputFiles("#files", files.map(sample));
  await page.click("#send");
  await page.waitForFunction(() => document.getElementById("state").textContent !== "" && !document.getElementById("send").disabled
    || !document.getElementById("problem").hidden, null, { timeout: patience });
}

async function accessibility(page, where) {
  // By evaluate, because the page's own policy allows no foreign script element.
  await page.evaluate(axe);
  const found = await page.evaluate(() => globalThis.axe.run(document, { resultTypes: ["violations"] }));
  const bad = found.violations.filter((v) => v.impact === "serious" || v.impact === "critical");
  check(`no serious accessibility fault, ${where}`, bad.length === 0, JSON.stringify(bad.map((v) => [v.id, v.nodes[0].html])));
}

async function stopService({ child }) {
  child.removeAllListeners("exit");
  const ended = new Promise((resolve) => child.on("exit", resolve));
  child.kill("SIGTERM");
  return ended;
}

// Why each hit is in or out, what is left, how blind the library is, what to measure; and the same on paper.
async function explanations(page, scheme) {
  const why = await page.locator("#spectra .hits tr.why").allTextContents(), hits = await page.locator("#spectra .hits tbody tr:not(.why)").count();
  check("each hit says why it is in or out", why.length === hits && why.every((t) => /^(In|Out)[:,] .*evidence,? [+-][\d.]+.*\.$/.test(t)), why.join("|"));
  const control = await page.locator("#spectra .hits .control").allTextContents();
  check("each hit says what the control tables know of it", control.length === hits && control.every((t) => /^Control: ./.test(t)), control.join("|"));
  check("control status is told as no legal advice", /Control status on \d{4}-\d\d-\d\d, tables 'built-in', digest .* no legal advice\.$/.test(await page.locator("#spectra p.control").first().textContent()));
  check("the best hit is in, the last one out", /^In: /.test(why[0]) && /^Out: /.test(why[why.length - 1]));
  check("what speaks for the best hit is told in numbers", /for it: .* \([+-]\d\.\d\)/.test(why[0]), why[0]);
  const left = await page.textContent("#spectra .unexplained"), blind = await page.textContent("#spectra .blindness");
  check("the explained fraction and the unexplained peaks are shown", /explains [\d.]+ % of the query's signal\. Unexplained peaks: /.test(left), left);
  check("how far the library covers the query is told", /holds \d+ substances of class .* of its entries (is|are) at molecular mass \d+\./.test(blind), blind);
  check("what to measure next is told", (await page.locator("#spectra .advice li").allTextContents()).some((t) => /^Infrared would confirm it: the library has a reference/.test(t)));
  check("lines to sign are for paper only", !(await page.isVisible("#sign")));
  await page.emulateMedia({ media: "print" });
  await page.evaluate(() => dispatchEvent(new Event("beforeprint")));
  check("on paper there are lines to sign, and no form", (await page.isVisible("#sign")) && !(await page.isVisible("#form")));
  check("on paper the spectrum's facts are open", (await page.isVisible("#spectra .facts dl")) && /Input digest[0-9a-f]{64}Name/.test(await page.textContent("#spectra .facts dl")), await page.textContent("#spectra .facts"));
  check("on paper program, library and digest are named", /Bynpswatch \d.*Generation[0-9a-f]{32}Digest[0-9a-f]{64}/.test(await page.textContent("#made")), await page.textContent("#made"));
  await page.screenshot({ path: join(work, `print-${scheme}.png`), fullPage: true });
  await page.evaluate(() => dispatchEvent(new Event("afterprint")));
  check("afterwards the facts are closed again", (await page.locator("#result details[open]").count()) === 0);
  await page.emulateMedia({ media: null });
}

// m/z of the sticks of a plot's paths, from their places and the labelled ticks.
function sticks(page, box, kind) {
  return page.locator(box).evaluate((plot, wanted) => {
    const ticks = [...plot.querySelectorAll("text[y='316']")].filter((t) => t.textContent !== "m/z").map((t) => [+t.getAttribute("x"), +t.textContent]);
    const [[x0, m0], [x1, m1]] = [ticks[0], ticks[ticks.length - 1]];
    return [...plot.querySelectorAll(wanted)].flatMap((p) => [...p.getAttribute("d").matchAll(/M([\d.]+) /g)])
      .map((m) => m0 + (m1 - m0) * (+m[1] - x0) / (x1 - x0));
  }, kind);
}

// The table of analogues and their plot; every carrying peak that the table names is drawn where it is moved to.
async function analogues(page, scheme, width) {
  const table = page.locator("#spectra .analogs"), plot = "#spectra svg >> nth=1";
  check("the molecular mass of a new substance is estimated", /estimated: \d+/.test(await page.textContent("#spectra .analog-mass")));
  check("the caption says which way the shift and the peaks go", /query minus reference.*m\/z of the reference \u2192 m\/z of the query/.test(await table.locator("caption").textContent()));
  await page.waitForSelector("#spectra .analogs tr[aria-current=true]");
  check("the best analogue of a new substance is drawn", (await page.locator("#spectra svg").count()) === 2);
  const rows = table.locator("tbody tr");
  for (let i = 0; i < await rows.count(); i++) {
    const cells = await rows.nth(i).locator("td").allTextContents();
    check(`analogue ${i + 1} says in words whether it agrees on the mass`, /^(yes|no)$/.test(cells[4]), cells[4]);
    check(`analogue ${i + 1} has its likely changes`, /^[+\u2212]\w+.* or /.test(cells[2]), cells[2]);
    await rows.nth(i).locator("button").focus();
    await page.keyboard.press("Enter");
    await page.waitForFunction((k) => document.querySelectorAll(".analogs tbody tr")[k].getAttribute("aria-current") === "true"
      && document.querySelectorAll("#spectra svg")[1].getAttribute("aria-label").includes(document.querySelectorAll(".analogs tbody button")[k].textContent), i);
    const shift = +cells[1].replace("\u2212", "-"), pairs = [...cells[5].matchAll(/(\d+) \u2192 (\d+)/g)].map((m) => [+m[1], +m[2]]);
    const drawn = await sticks(page, plot, ".ref.moved");
    check(`analogue ${i + 1}: its peaks are apart by its shift`, pairs.length > 0 && pairs.every(([r, q]) => q - r === shift), cells[5]);
    check(`analogue ${i + 1}: the peaks that it names are drawn moved`, pairs.every(([, q]) => drawn.some((d) => Math.abs(d - q) < 0.5)), `${cells[5]}; ${drawn}`);
  }
  check("the plot says in words what is moved", /\d+ of its peaks moved by [+\u2212]\d/.test(await page.locator(plot).getAttribute("aria-label")));
  check("the legend explains the dashes", /moved by [+\u2212]\d+ Da \(dashed\)/.test(await page.textContent("#spectra .key.m")));
  check("one analogue is marked as chosen", (await table.locator("tr[aria-current=true]").count()) === 1);
  check("a chosen analogue is in view", await page.locator(plot).evaluate((p) => p.getBoundingClientRect().bottom > 0 && p.getBoundingClientRect().top < innerHeight));
  await accessibility(page, `analogues, ${scheme}`);
  await page.screenshot({ path: join(work, `analogues-${scheme}.png`), fullPage: true });
  const wide = await page.evaluate(() => [document.documentElement, document.querySelector(".analogs")].map((e) => e.scrollWidth - e.clientWidth));
  check(`nothing overflows with analogues at ${width} pixels`, Math.max(...wide) <= 0, String(wide));
}

// --- traces, preparation, mixtures ------------------------------------------------------------------------------------------

// Wavenumbers and values of a JCAMP-DX file as `npswatch library demo` writes it.
function readTrace(name) {
  const text = readFileSync(sample(name), "utf8"), of = (key) => Number(new RegExp(`##${key}= *(\\S+)`).exec(text)[1]);
  const y = /\(X\+\+\(Y\.\.Y\)\)([^#]*)/.exec(text)[1].trim().split("\n").flatMap((line) => line.trim().split(/\s+/).slice(1).map(Number));
  return y.map((v, i) => [of("FIRSTX") + i * of("DELTAX"), v]);
}
const csvFile = (name, head, rows) => ({ name, mimeType: "text/csv", buffer: Buffer.from(`${head}\n${rows.map((r) => r.join(",")).join("\n")}\n`) });

// Asks about a file and returns the request that was made.
async function askAbout(page, files) {
  const asked = page.waitForRequest((r) => r.method() === "POST");
  await page.setInputFiles("#files", files);
  await page.click("#send");
  const request = await asked;
  await (await request.response()).finished();
  await page.waitForFunction(() => !document.getElementById("send").disabled);
  return request;
}
const parameters = (request) => new URL(request.url()).searchParams;

// A drawn line in wavenumbers and values, by the ticks of its plot.
function drawnLine(page, plot, kind) {
  return page.locator(plot).evaluate((svg, wanted) => {
    const num = (t) => +t.textContent.replace("\u2212", "-"), at = (t, a) => +t.getAttribute(a);
    const xt = [...svg.querySelectorAll(".xtick")], yt = [...svg.querySelectorAll(".ytick")];
    const scale = (ts, a) => { const [p, q] = [ts[0], ts[ts.length - 1]]; return (v) => num(p) + (num(q) - num(p)) * (v - at(p, a)) / (at(q, a) - at(p, a)); };
    const x = scale(xt, "x"), y = scale(yt, "y");
    const path = svg.querySelector(`path.${wanted}`);
    return path ? [...path.getAttribute("d").matchAll(/[ML]([\d.-]+) ([\d.-]+)/g)].map((m) => [x(+m[1]), y(+m[2] + 4)]) : [];
  }, kind);
}
const highest = (line) => line.reduce((best, p) => (p[1] > best[1] ? p : best));

async function overflows(page, where) {
  const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  check(`nothing overflows, ${where}`, wide <= 0, String(wide));
}

async function preparation(page, scheme) {
  const untouched = await askAbout(page, [sample("known-ir.jdx")]);
  check("untouched, no preparation is sent", ["prepare", "max_lag", "mixture"].every((k) => !parameters(untouched).has(k)), untouched.url());
  check("the formats are named", /mzML.*Galactic SPC.*Bruker OPUS/s.test(await page.textContent("#drop .hint")));
  await page.click("#prep-summary");
  check("the library's own preparation is shown", (await page.textContent("#prep-told")) === "As the library does it: ir: mask=2280-2400; raman: baseline=als:100000:0.001,mask=none", await page.textContent("#prep-told"));
  check("what another preparation costs is said", /no error rate can be stated/.test(await page.textContent("#prep-cost")));
  await page.check("#atr");
  await page.selectOption("#baseline", "als");
  await page.selectOption("#derivative", "1");
  await page.selectOption("#smooth", "11");
  await page.check("#masks input[value=below-650]");
  await page.fill("#lag", "10");
  await page.uncheck("#mixtures");
  await accessibility(page, `preparation, ${scheme}`);
  await overflows(page, `preparation, ${scheme}`);
  const rows = readTrace("known-ir.jdx").map(([x, y], i) => [x - 4, (y + 1e-4 * i).toFixed(6)]);
  const changed = await askAbout(page, [csvFile("moved.csv", "cm-1,absorbance", rows)]);
  check("the preparation is sent as its text", parameters(changed).get("prepare") === "atr,baseline=als,derivative=1:11,mask=co2+below-650", changed.url());
  check("the axis that may be off is sent", parameters(changed).get("max_lag") === "10");
  check("mixtures are left out when not wanted", parameters(changed).get("mixture") === "0");
  check("no error rate is claimed for another preparation", /No error rate can be stated/.test(await page.textContent("#spectra .panel")) && /No error rate: nothing to calibrate on/.test(await page.textContent("#spectra .panel")));
  const steps = await page.locator("#spectra .steps ol li").allTextContents();
  check("the steps are listed in their order", /^ATR.*\|Baseline by asym.*\|Savitzky-Golay first derivative.*11 points\|Not compared: 2280 to 2400 1\/cm, 0 to 650 1\/cm\|The query may be moved/.test(steps.join("|")), steps.join("|"));
  check("a library prepared otherwise is said", /prepared otherwise: mask=2280-2400/.test(await page.textContent("#spectra .steps")));
  await preparedPlot(page);
  await page.screenshot({ path: join(work, `prepared-${scheme}.png`), fullPage: true });
  await accessibility(page, `prepared trace, ${scheme}`);
  await overflows(page, `prepared trace, ${scheme}`);
  await page.click("#as-library");
  check("one button goes back to the library's own", (await page.textContent("#prep-told")).startsWith("As the library does it: ir: mask=2280-2400") && !(await page.isChecked("#atr")));
  await page.fill("#lag", "0");
  await page.check("#mixtures");
  const again = await askAbout(page, [sample("known-ir.jdx")]);
  check("gone back, no preparation is sent", ["prepare", "max_lag", "mixture"].every((k) => !parameters(again).has(k)), again.url());
  await page.waitForSelector("#spectra svg.traces path.ref");
  check("without steps there is nothing to choose between", (await page.locator("#spectra .tools .chips").count()) === 1);
  await page.click("#prep-summary");
}

// What is drawn of a query that was moved by +4 1/cm and prepared.
async function preparedPlot(page) {
  const plot = "#spectra svg.traces", chip = (text) => page.locator("#spectra .chip", { hasText: text });
  await page.waitForSelector(`${plot} path.ref`);
  check("a derivative is named on its axis", (await page.textContent(`${plot} .yname`)) === "1st derivative of absorbance", await page.textContent(`${plot} .yname`));
  check("the move of the query is told", /query moved by \+4 1\/cm, prepared/.test(await page.textContent("#spectra .keys")), await page.textContent("#spectra .keys"));
  check("prepared is what is shown first", (await chip("Prepared").getAttribute("aria-pressed")) === "true" && (await chip("As read").getAttribute("aria-pressed")) === "false");
  await chip("Fingerprint").click();
  const [q, r] = [await drawnLine(page, plot, "query"), await drawnLine(page, plot, "ref")];
  check("moved and derived, query and hit lie on each other", Math.abs(highest(q)[0] - highest(r)[0]) <= 4 && Math.abs(highest(q)[1] - highest(r)[1]) < 0.1 * highest(q)[1], `${highest(q)} ${highest(r)}`);
  await chip("As read").click();
  check("as read, the axis is the absorbance", (await page.textContent(`${plot} .yname`)) === "absorbance");
  check("as read is said", /query moved by \+4 1\/cm, as read/.test(await page.textContent("#spectra .keys")));
  const read = await drawnLine(page, plot, "query");
  check("as read, the bands are where the hit has them, by the move", Math.abs(highest(read)[0] - highest(await drawnLine(page, plot, "ref"))[0]) <= 4);
  check("what is not compared is shaded: below 650 and its copy moved along", (await page.locator(`${plot} rect.off`).count()) === 1);
  await chip("All").click();
  check("what is not compared is shaded: carbon dioxide too", (await page.locator(`${plot} rect.off`).count()) >= 2);
}

async function traces(page, scheme) {
  const plot = "#spectra svg.traces", box = page.locator("#spectra .plot"), values = page.locator("#spectra .reading [role=status]");
  await page.waitForSelector(`${plot} path.ref`);
  const xs = await page.locator(`${plot} .xtick`).evaluateAll((t) => t.map((one) => [+one.getAttribute("x"), +one.textContent]).sort((a, b) => a[0] - b[0]).map((one) => one[1]));
  check("the axis runs from high to low wavenumber", xs.length >= 3 && xs.every((v, i) => !i || v < xs[i - 1]), String(xs));
  check("both axes are named with their units", (await page.textContent(`${plot} .xname`)) === "wavenumber, 1/cm" && (await page.textContent(`${plot} .yname`)) === "absorbance");
  const heads = await page.locator("#spectra .hits th").allTextContents();
  check("hits of traces have a range, points and a move, no peaks", heads.join("|") === "#|Name|Evidence|Score|Compared, 1/cm|Points|Query moved by", heads.join("|"));
  const [q, r] = [await drawnLine(page, plot, "query"), await drawnLine(page, plot, "ref")];
  const worst = Math.max(...r.map(([x, y]) => Math.abs(y - q.reduce((best, p) => (Math.abs(p[0] - x) < Math.abs(best[0] - x) ? p : best))[1])));
  check("the hit is scaled to the query by least squares", worst < 0.08 * highest(q)[1], String(worst));
  const off = await page.locator(`${plot} rect.off`).evaluateAll((all) => all.map((one) => [+one.getAttribute("x"), +one.getAttribute("width")]));
  check("carbon dioxide is shaded as not compared", off.length === 1 && /shaded: not compared/.test(await page.textContent("#spectra .keys")));
  await box.focus();
  const first = +(await box.getAttribute("aria-valuenow")), told = await values.textContent();
  check("a focused plot reads the strongest band", new RegExp(`^${first} 1/cm:`).test(await page.textContent("#spectra .where")) && /^query [\d.]+; \w+ \(invented\) [\d.]+$/.test(told), told);
  await page.keyboard.press("PageUp");
  const second = +(await box.getAttribute("aria-valuenow"));
  check("to the left is up the axis", second > first && (await values.textContent()) !== told, `${first} ${second}`);
  await page.keyboard.press("ArrowRight");
  check("an arrow key goes one step", second - +(await box.getAttribute("aria-valuenow")) >= 1 && second - +(await box.getAttribute("aria-valuenow")) <= 5);
  check("the reading is said with its unit", /^\d+ 1\/cm$/.test(await box.getAttribute("aria-valuetext")));
  await page.keyboard.press("Home");
  check("Home goes to the high end", +(await box.getAttribute("aria-valuenow")) === 4000);
  await page.keyboard.press("End");
  check("End goes to the low end", +(await box.getAttribute("aria-valuenow")) === 600);
  await box.scrollIntoViewIfNeeded();
  const size = await box.boundingBox(), centre = off[0][0] + off[0][1] / 2, scale = size.width / (await page.locator(plot).evaluate((s) => s.viewBox.baseVal.width));
  await page.mouse.move(size.x + centre * scale, size.y + size.height / 2);
  check("the pointer reads too, and says what is not compared", Math.abs(+(await box.getAttribute("aria-valuenow")) - 2340) < 15 && /\(not compared\)/.test(await values.textContent()), await page.textContent("#spectra .reading"));
  await page.click("#spectra .chip >> text=Fingerprint");
  const zoomed = (await drawnLine(page, plot, "query")).map((p) => p[0]);
  check("the fingerprint can be looked at by itself", Math.min(...zoomed) > 645 && Math.max(...zoomed) < 1805 && Math.max(...zoomed) > 1790);
  await page.click("#spectra .hits tbody button >> nth=3");
  await page.waitForFunction(() => document.querySelectorAll("#spectra .hits tbody tr:not(.why)")[3].getAttribute("aria-current") === "true");
  check("another hit is seen at the same zoom", (await page.locator("#spectra .chip", { hasText: "Fingerprint" }).getAttribute("aria-pressed")) === "true");
  await accessibility(page, `trace, ${scheme}`);
  await overflows(page, `trace, ${scheme}`);
}

async function longAndRaman(page) {
  const of = (x) => 1 / (1 + ((x - 1712) / 9) ** 2) + 0.5 / (1 + ((x - 1000) / 4) ** 2), long = [];
  for (let i = 0; i < 34001; i++) long.push([600 + i / 10, of(600 + i / 10).toFixed(5)]);
  await askAbout(page, [csvFile("long.csv", "cm-1,absorbance", long)]);
  await page.waitForSelector("#spectra svg.traces path.query");
  const line = await drawnLine(page, "#spectra svg.traces", "query");
  check("of a long trace at most 2000 points are drawn", line.length > 1000 && line.length <= 2002, String(line.length));
  check("the highest band of a long trace is kept", Math.abs(highest(line)[0] - 1712) < 3 && Math.abs(highest(line)[1] - 1) < 0.02, String(highest(line)));
  await askAbout(page, [csvFile("raman.csv", "Raman shift,intensity", long.filter((_, i) => i % 20 === 0).map(([x, y]) => [x, (1000 * y).toFixed(2)]))]);
  await page.waitForSelector("#spectra svg.traces path.query");
  check("a Raman spectrum has its own axes", (await page.textContent("#spectra .xname")) === "Raman shift, 1/cm" && (await page.textContent("#spectra .yname")).startsWith("Raman intensity"));
  const missing = await page.locator("#verdict .scheme.missing").textContent();
  check("a missing minimum scheme says what is missing", /is not met\. Missing: \w+/.test(missing), missing);
}

async function manyPeaks(page) {
  const rows = [];
  for (let i = 0; i < 150000; i++) rows.push(`${(30 + i * 0.005).toFixed(3)} ${1 + (i * 7919) % 997}`);
  const text = `Name: many\nInstrument_type: EI\nNum Peaks: ${rows.length}\n${rows.join("\n")}\n\n`;
  await askAbout(page, [{ name: "many.msp", mimeType: "text/plain", buffer: Buffer.from(text) }]);
  await page.waitForSelector("#spectra svg path.query", { state: "attached", timeout: patience }).catch(() => null);
  check("150,000 peaks are drawn", (await page.locator("#spectra svg path.query").count()) > 0, await page.textContent("#problem"));
}

// Presses the button; returns the request and the panel of its answer.
async function searchLeft(page) {
  const asked = page.waitForRequest((r) => r.method() === "POST");
  await page.click("#spectra .search-left");
  const request = await asked;
  await page.waitForSelector("#spectra .left .panel");
  check("the answer about what is left has a heading, which gets the focus", (await page.textContent("#spectra .left > h3:focus")) === "What is left, searched by itself");
  check("what is left is not searched for mixtures again", parameters(request).get("mixture") === "0");
  return request;
}

async function mixtures(page, scheme) {
  // A third one that no library has, so that something is left.
  const foreign = readTrace("novel-unrelated-ir.jdx");
  const three = readTrace("mixture-ir.jdx").map(([x, y], i) => [x, (y + 0.6 * foreign[i][1]).toFixed(6)]);
  for (const [what, file] of [["two", sample("mixture-ir.jdx")], ["three", csvFile("three.csv", "cm-1,absorbance", three)]]) {
    await askAbout(page, [file]);
    const panel = page.locator("#spectra .mixture");
    check(`of ${what}: the mixture is stated`, /It may be a mixture: .* together explain \d+ % of the signal/.test(await panel.textContent()));
    const cells = await panel.locator("tbody tr").first().locator("td").allTextContents();
    check(`of ${what}: share, worth and rivals of a component are told`, /^\d+ %$/.test(cells[2]) && /^explains [\d.]+ % of what the others leave$/.test(cells[3]) && cells[4].length > 3, cells.join("|"));
    check(`of ${what}: query, components together and the rest are drawn`, (await panel.locator("svg.traces path").count()) === 3);
    const [q, sum, left] = [await drawnLine(page, ".mixture svg.traces", "query"), await drawnLine(page, ".mixture svg.traces", "ref"), await drawnLine(page, ".mixture svg.traces", "left")];
    const off = Math.max(...q.map((p, i) => Math.abs(p[1] - sum[i][1] - left[i][1])));
    check(`of ${what}: components and rest add up to the query`, q.length === left.length && off < 0.03 * highest(q)[1], String(off));
    const apart = Math.max(...q.map((p, i) => Math.abs(p[1] - sum[i][1])));
    check(`of ${what}: the components explain ${what === "two" ? "all but noise" : "not all"}`, (apart < 0.03 * highest(q)[1]) === (what === "two"), String(apart));
    const request = await searchLeft(page), lines = request.postData().split("\n");
    check(`of ${what}: what is left is asked about as two columns`, lines[0] === "# technique: ir" && lines[2] === "cm-1,absorbance" && lines.length > 1700 && !parameters(request).has("prepare"), lines.slice(0, 4).join("|"));
    if (what === "three") check("what no library has is novel when it is searched by itself", (await page.textContent("#spectra .left .verdict")) === "novel", await page.textContent("#spectra .left .verdict"));
    else check("what the components explain leaves nothing but noise", (await page.textContent("#spectra .left .verdict")) !== "presumptive identification");
    await accessibility(page, `mixture of ${what}, ${scheme}`);
    await overflows(page, `mixture of ${what}, ${scheme}`);
    await page.screenshot({ path: join(work, `mixture-${what}-${scheme}.png`), fullPage: true });
  }
  await identify(page, ["mixture-ei.msp"]);
  const size = (kind) => page.locator(".mixture svg:not(.bar)").evaluate((svg, k) => Math.max(...[...svg.querySelectorAll(`path.${k}`)].flatMap((p) => [...p.getAttribute("d").matchAll(/v(-?[\d.]+)/g)].map((m) => Math.abs(+m[1])))), kind);
  check("what is left of a mass spectrum is drawn at the query's scale", (await size("query")) > 120 && (await size("ref")) < 60, `${await size("query")} ${await size("ref")}`);
  const request = await searchLeft(page);
  check("peaks that are left are asked about as two columns", /^# technique: ei\n# name: .*\nm\/z,intensity\n\d+,[\d.]+\n/.test(request.postData()), request.postData().slice(0, 90));
  await page.click("#prep-summary");
  await page.selectOption("#derivative", "2");
  await askAbout(page, [sample("mixture-ir.jdx")]);
  check("a derivative that is left cannot be searched again, which is said", /cannot be searched again/.test(await page.textContent("#spectra .mixture")));
  await page.click("#as-library");
  await page.click("#prep-summary");
}

async function traceJourney(browser, url, scheme, width) {
  const page = await browser.newPage({ viewport: { width, height: 900 }, colorScheme: scheme });
  page.setDefaultTimeout(patience);
  const noise = [];
  page.on("console", (m) => m.type() === "error" && noise.push(m.text()));
  page.on("pageerror", (e) => noise.push(e.message));
  await page.goto(url);
  await page.waitForSelector("#library dd");
  await preparation(page, scheme);
  await traces(page, scheme);
  await longAndRaman(page);
  await manyPeaks(page);
  await mixtures(page, scheme);
  await page.setInputFiles("#files", { name: "bad.spc", mimeType: "application/octet-stream", buffer: readFileSync(badBinary) });
  await page.click("#send");
  await page.waitForSelector("#problem:not([hidden])");
  check("a bad binary file is told with its byte, without a line", /at byte \d+/.test(await page.textContent("#problem")) && !/line/.test(await page.textContent("#problem")), await page.textContent("#problem"));
  check(`no error on the console with traces, ${scheme}`, noise.filter((n) => !/422|415/.test(n)).length === 0, noise.join("; "));
  await page.close();
}

// A library whose contributor keeps the peaks: matches and shifts are told, peaks are not.
async function closedJourney(browser, url) {
  const page = await browser.newPage({ viewport: { width: 1100, height: 900 } });
  page.setDefaultTimeout(patience);
  const asked = [];
  page.on("request", (r) => asked.push(r.url()));
  await page.goto(url);
  await identify(page, ["novel-a-ei.msp"]);
  await page.waitForSelector("#spectra .analogs tr[aria-current=true]");
  const why = await page.locator("#spectra .hits tr.why").allTextContents();
  check("of match-only hits the reason is told, without what it is made of", why.length > 0 && why.every((t) => /^Out: .*evidence -[\d.]+\.$/.test(t)), why.join("|"));
  check("which peaks a match-only hit leaves is withheld, and why is said", /withheld: its spectrum is not open to all\.$/.test(await page.textContent("#spectra .unexplained")));
  const cells = await page.locator("#spectra .analogs tbody tr").first().locator("td").allTextContents();
  check("a match-only analogue shows its shift", /^[+\u2212]\d+$/.test(cells[1]), cells[1]);
  check("a match-only analogue shows no peaks", cells[5] === "not shown", cells[5]);
  await page.waitForFunction(() => document.querySelectorAll("#spectra .note").length === 2);
  check("no reference of a match-only library is drawn", (await page.locator("#spectra svg path.ref").count()) === 0);
  await identify(page, ["mixture-ei.msp"]);
  check("what is left of a match-only mixture is withheld, and why is said", /not open to all, and the difference would give it away/.test(await page.textContent("#spectra .mixture"))
    && (await page.locator("#spectra .search-left").count()) === 0);
  await identify(page, ["isomers-ir.jdx"]);
  await page.waitForSelector("#spectra svg.traces path.query");
  check("no trace of a match-only library is drawn", (await page.locator("#spectra svg path.ref").count()) === 0 && /shows its match, not its peaks/.test(await page.textContent("#spectra .keys")));
  check("no reference of a match-only library is asked for", !asked.some((u) => u.includes("/entries/")));
  await page.close();
}

async function journey(browser, url, token, scheme, width) {
  const page = await browser.newPage({ viewport: { width, height: 900 }, colorScheme: scheme });
  page.setDefaultTimeout(patience);
  const noise = [];
  page.on("console", (m) => m.type() === "error" && noise.push(m.text()));
  page.on("pageerror", (e) => noise.push(e.message));
  page.on("request", (r) => r.url().startsWith(url) || r.url().startsWith("data:") || noise.push(`outside request ${r.url()}`));
  await page.goto(url);
  await page.waitForSelector("#library dd");
  check("the demonstration is marked", await page.isVisible("#demo"));
  await accessibility(page, `empty page, ${scheme}`);

  await identify(page, ["known-ei.msp"]);
  check("a known substance is presumptively identified", (await page.textContent("#spectra .verdict")) === "presumptive identification");
  check("one technique never says identified", !/identified/i.test(await page.innerText("#result")), await page.innerText("#result"));
  await explanations(page, scheme);
  check("the answer says presumptive", (await page.textContent("#spectra")).includes("Presumptive"));
  check("the answer says that the library is not measured", (await page.textContent("#spectra")).includes("not measured"));
  await page.waitForSelector("#spectra svg path.ref");
  check("the mirror plot has the query above", (await page.getAttribute("#spectra svg path.query.both", "d")).includes("v-"));
  check("the mirror plot has the reference below", !(await page.getAttribute("#spectra svg path.ref.both", "d")).includes("v-"));
  await page.click("#spectra tbody button >> nth=3");
  await page.waitForFunction(() => document.querySelectorAll("tr[aria-current=true]").length === 1
    && document.querySelectorAll("tbody tr:not(.why)")[4].getAttribute("aria-current") === "true");
  check("choosing another hit shows it", true);

  await identify(page, ["isomers-ei.msp"]);
  check("isomers are ambiguous by one technique", (await page.textContent("#spectra .verdict")) === "ambiguous");
  await identify(page, ["isomers-ei.msp", "isomers-ir.jdx"]);
  check("two techniques leave one", (await page.textContent("#verdict .verdict")) === "identified");
  check("two techniques meet the minimum scheme", /E2329 is met\./.test(await page.textContent("#verdict .scheme.met")));
  check("each technique says what it leaves", (await page.locator("#verdict .techniques tbody tr").allTextContents()).map((t) => /ei.*ambiguous.*,|ir.*presumptive identification/.test(t)).join() === "true,true",
    await page.textContent("#verdict .techniques"));
  const candidates = await page.locator("#verdict .candidates dd").allTextContents();
  check("why each candidate is in or out is told by spectrum", candidates.length === 2 && /^In: it is in the set of spectrum 1 \(ei\), spectrum 2 \(ir\)\.$/.test(candidates[0])
    && /^Out: it is in the set of spectrum 1 \(ei\), but not in that of spectrum 2 \(ir\)\.$/.test(candidates[1]), candidates.join("|"));
  await page.waitForFunction(() => document.querySelectorAll("#spectra svg path.ref").length >= 2);
  check("both plots are drawn", (await page.locator("#spectra svg").count()) === 2);
  await accessibility(page, `answer, ${scheme}`);
  await page.screenshot({ path: join(work, `page-${scheme}.png`), fullPage: true });
  const overflow = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  check(`nothing overflows at ${width} pixels`, overflow <= 0, String(overflow));

  await page.check("#keep");
  await page.fill("#token", token);
  await identify(page, ["novel-a-ei.msp"]);
  check("a new substance is novel", (await page.textContent("#spectra .verdict")) === "novel");
  await analogues(page, scheme, width);
  check("a stored novel sample opens a case", /case/.test(await page.textContent("#verdict")), await page.textContent("#verdict"));
  const feed = await (await fetch(`${url}/feeds/advisories.json`)).json();
  check("the case is in the feed", feed.items.length >= 1);
  await page.uncheck("#keep");

  await page.setInputFiles("#files", { name: "bad.msp", mimeType: "text/plain", buffer: Buffer.from("Name: x\nNum Peaks: 2\n50 1\nfifty 2\n") });
  await page.click("#send");
  await page.waitForSelector("#problem:not([hidden])");
  check("a bad file is told with its line", /line 4/.test(await page.textContent("#problem")), await page.textContent("#problem"));
  check(`no error on the console, ${scheme}`, noise.filter((n) => !/422/.test(n)).length === 0, noise.join("; "));
  await page.close();
}

const executablePath = ["/usr/bin/chromium", "/usr/bin/chromium-browser"].find(existsSync);
// The demonstration's mass spectra again, as a partner's, and two traces; infrared ones have no place in MSP, which its status says.
writeFileSync(join(work, "partner.msp"), spawnSync(program, ["library", "export", "--format", "msp", join(work, "demo.h5")]).stdout);
execFileSync(program, ["library", "build", "--quiet", "--visibility", "match-only", "-o", join(work, "partner.h5"), join(work, "partner.msp"), sample("isomers-ir.jdx"), sample("known-ir.jdx")], { stdio: "ignore" });
const service = await startService("demo.h5", "store");
const closed = await startService("partner.h5", "partner-store");
const browser = await chromium.launch({
  executablePath,
  args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
});
try {
  await journey(browser, service.url, service.token, "light", 1100);
  await journey(browser, service.url, service.token, "dark", 360);
  await traceJourney(browser, service.url, "light", 1100);
  await traceJourney(browser, service.url, "dark", 360);
  await closedJourney(browser, closed.url);
} catch (error) {
  check("the journey ends", false, error.stack);
} finally {
  await browser.close();
  check("the services stop in order", (await stopService(service)) === 0 && (await stopService(closed)) === 0);
}
process.exit(failed ? 1 : 0);
