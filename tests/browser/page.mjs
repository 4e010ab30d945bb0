// Drives the page in a real browser against the real program: drops files, reads the verdict, looks at the plots, checks
// accessibility. usage: node page.mjs PROGRAM WORK_DIR; prints one line a check, status 1 when one fails.
import { spawn, spawnSync, execFileSync } from "node:child_process";
import { readFileSync, writeFileSync, existsSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { chromium } from "playwright-core";

const [program, work] = process.argv.slice(2);
const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
let failed = 0;
function check(what, good, detail = "") {
  console.log(`${good ? "ok" : "NOT OK"}: ${what}${good ? "" : ` ${detail}`}`);
  if (!good) failed++;
}

function startService(library, store) {
  const child = spawn(program, ["serve", "--listen", "127.0.0.1:0", "--library", join(work, library), "--data", join(work, store)]);
  return new Promise((resolve, reject) => {
    let text = "";
    const timer = setTimeout(() => reject(new Error(`no service: ${text}`)), 20000);
    const look = (piece) => {
      text += piece;
      const url = /listening on (http:\S+)/.exec(text), token = /(nps_[0-9a-f]+_[0-9a-f]+)/.exec(text);
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
    || !document.getElementById("problem").hidden, null, { timeout: 15000 });
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
  const table = page.locator("#spectra .stack"), plot = "#spectra svg >> nth=1";
  check("the molecular mass of a new substance is estimated", /estimated: \d+/.test(await page.textContent("#spectra .analog-mass")));
  check("the caption says which way the shift and the peaks go", /query minus reference.*m\/z of the reference \u2192 m\/z of the query/.test(await table.locator("caption").textContent()));
  await page.waitForSelector("#spectra .stack tr[aria-current=true]");
  check("the best analogue of a new substance is drawn", (await page.locator("#spectra svg").count()) === 2);
  const rows = table.locator("tbody tr");
  for (let i = 0; i < await rows.count(); i++) {
    const cells = await rows.nth(i).locator("td").allTextContents();
    check(`analogue ${i + 1} says in words whether it agrees on the mass`, /^(yes|no)$/.test(cells[4]), cells[4]);
    check(`analogue ${i + 1} has its likely changes`, /^[+\u2212]\w+.* or /.test(cells[2]), cells[2]);
    await rows.nth(i).locator("button").focus();
    await page.keyboard.press("Enter");
    await page.waitForFunction((k) => document.querySelectorAll(".stack tbody tr")[k].getAttribute("aria-current") === "true"
      && document.querySelectorAll("#spectra svg")[1].getAttribute("aria-label").includes(document.querySelectorAll(".stack tbody button")[k].textContent), i);
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
  const wide = await page.evaluate(() => [document.documentElement, document.querySelector(".stack")].map((e) => e.scrollWidth - e.clientWidth));
  check(`nothing overflows with analogues at ${width} pixels`, Math.max(...wide) <= 0, String(wide));
}

// A library whose contributor keeps the peaks: matches and shifts are told, peaks are not.
async function closedJourney(browser, url) {
  const page = await browser.newPage({ viewport: { width: 1100, height: 900 } });
  const asked = [];
  page.on("request", (r) => asked.push(r.url()));
  await page.goto(url);
  await identify(page, ["novel-a-ei.msp"]);
  await page.waitForSelector("#spectra .stack tr[aria-current=true]");
  const cells = await page.locator("#spectra .stack tbody tr").first().locator("td").allTextContents();
  check("a match-only analogue shows its shift", /^[+\u2212]\d+$/.test(cells[1]), cells[1]);
  check("a match-only analogue shows no peaks", cells[5] === "not shown", cells[5]);
  await page.waitForFunction(() => document.querySelectorAll("#spectra .note").length === 2);
  check("no reference of a match-only library is drawn", (await page.locator("#spectra svg path.ref").count()) === 0);
  check("no reference of a match-only library is asked for", !asked.some((u) => u.includes("/entries/")));
  await page.close();
}

async function journey(browser, url, token, scheme, width) {
  const page = await browser.newPage({ viewport: { width, height: 900 }, colorScheme: scheme });
  const noise = [];
  page.on("console", (m) => m.type() === "error" && noise.push(m.text()));
  page.on("pageerror", (e) => noise.push(e.message));
  page.on("request", (r) => r.url().startsWith(url) || r.url().startsWith("data:") || noise.push(`outside request ${r.url()}`));
  await page.goto(url);
  await page.waitForSelector("#library dd");
  check("the demonstration is marked", await page.isVisible("#demo"));
  await accessibility(page, `empty page, ${scheme}`);

  await identify(page, ["known-ei.msp"]);
  check("a known substance is identified", (await page.textContent("#spectra .verdict")).startsWith("Identified"));
  check("the answer says presumptive", (await page.textContent("#spectra")).includes("Presumptive"));
  check("the answer says that the library is not measured", (await page.textContent("#spectra")).includes("not measured"));
  await page.waitForSelector("#spectra svg path.ref");
  check("the mirror plot has the query above", (await page.getAttribute("#spectra svg path.query.both", "d")).includes("v-"));
  check("the mirror plot has the reference below", !(await page.getAttribute("#spectra svg path.ref.both", "d")).includes("v-"));
  await page.click("#spectra tbody button >> nth=3");
  await page.waitForFunction(() => document.querySelectorAll("tr[aria-current=true]").length === 1
    && document.querySelectorAll("tbody tr")[4].getAttribute("aria-current") === "true");
  check("choosing another hit shows it", true);

  await identify(page, ["isomers-ei.msp"]);
  check("isomers are ambiguous by one technique", (await page.textContent("#spectra .verdict")) === "Ambiguous");
  await identify(page, ["isomers-ei.msp", "isomers-ir.jdx"]);
  check("two techniques leave one", (await page.textContent("#verdict .verdict")).startsWith("Identified"));
  check("two techniques meet the minimum scheme", (await page.textContent("#verdict")).includes("is met"));
  await page.waitForFunction(() => document.querySelectorAll("#spectra svg path.ref").length >= 2);
  check("both plots are drawn", (await page.locator("#spectra svg").count()) === 2);
  await accessibility(page, `answer, ${scheme}`);
  await page.screenshot({ path: join(work, `page-${scheme}.png`), fullPage: true });
  const overflow = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  check(`nothing overflows at ${width} pixels`, overflow <= 0, String(overflow));

  await page.check("#keep");
  await page.fill("#token", token);
  await identify(page, ["novel-a-ei.msp"]);
  check("a new substance is novel", (await page.textContent("#spectra .verdict")) === "Novel");
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
// The demonstration's mass spectra again, as a partner's; infrared ones have no place in MSP, which its status says.
writeFileSync(join(work, "partner.msp"), spawnSync(program, ["library", "export", "--format", "msp", join(work, "demo.h5")]).stdout);
execFileSync(program, ["library", "build", "--quiet", "--visibility", "match-only", "-o", join(work, "partner.h5"), join(work, "partner.msp")], { stdio: "ignore" });
const service = await startService("demo.h5", "store");
const closed = await startService("partner.h5", "partner-store");
const browser = await chromium.launch({
  executablePath,
  args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
});
try {
  await journey(browser, service.url, service.token, "light", 1100);
  await journey(browser, service.url, service.token, "dark", 390);
  await closedJourney(browser, closed.url);
} catch (error) {
  check("the journey ends", false, error.stack);
} finally {
  await browser.close();
  check("the services stop in order", (await stopService(service)) === 0 && (await stopService(closed)) === 0);
}
process.exit(failed ? 1 : 0);
