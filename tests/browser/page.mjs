// Drives the page in a real browser against the real program: drops files, reads the verdict, looks at the plots, checks
// accessibility. usage: node page.mjs PROGRAM WORK_DIR; prints one line a check, status 1 when one fails.
import { spawn } from "node:child_process";
import { readFileSync, existsSync } from "node:fs";
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

function startService() {
  const child = spawn(program, ["serve", "--listen", "127.0.0.1:0", "--library", join(work, "demo.h5"), "--data", join(work, "store")]);
  return new Promise((resolve, reject) => {
    let text = "";
    const timer = setTimeout(() => reject(new Error(`no service: ${text}`)), 20000);
    const look = (piece) => {
      text += piece;
      const url = /listening on (http:\S+)/.exec(text), token = /(nps_[0-9a-f]+_[0-9a-f]+)/.exec(text);
      if (url && token) {
        clearTimeout(timer);
        resolve({ child, url: url[1], token: token[1] });
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
  const analogues = page.locator("#spectra table").filter({ hasText: "Resembles, moved by a mass" });
  check("the molecular mass of a new substance is estimated", /estimated: \d+/.test(await page.textContent("#spectra .analog-mass")));
  check("an analogue says which peaks carry its shift", /\d \u2192 \d/.test(await analogues.textContent()), await analogues.textContent());
  await analogues.locator("tbody button").first().click();
  await page.waitForSelector("#spectra svg path.ref.moved");
  check("an analogue is drawn moved by its shift", /moved by [+\u2212]\d/.test(await page.textContent("#spectra .key.m")));
  check("the chosen analogue is marked", (await analogues.locator("tr[aria-current=true]").count()) === 1);
  await accessibility(page, `analogues, ${scheme}`);
  await page.screenshot({ path: join(work, `analogues-${scheme}.png`), fullPage: true });
  const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  check(`nothing overflows with analogues at ${width} pixels`, wide <= 0, String(wide));
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
const service = await startService();
const browser = await chromium.launch({
  executablePath,
  args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
});
try {
  await journey(browser, service.url.replace(/\/$/, ""), service.token, "light", 1100);
  await journey(browser, service.url.replace(/\/$/, ""), service.token, "dark", 390);
} catch (error) {
  check("the journey ends", false, error.stack);
} finally {
  await browser.close();
  service.child.removeAllListeners("exit");
  const ended = new Promise((resolve) => service.child.on("exit", resolve));
  service.child.kill("SIGTERM");
  check("the service stops in order", (await ended) === 0);
}
process.exit(failed ? 1 : 0);
