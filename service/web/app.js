"use strict";
// The page of npswatch: files in, verdict out. Talks to the same HTTP interface as everybody else.

// --- library ------------------------------------------------------------------------------------------------------------

async function showLibrary() {
  try {
    const reply = await fetch("/v1/library", { headers: { Accept: "application/json" } });
    if (!reply.ok) throw new Error(String(reply.status));
    const lib = await reply.json();
    $("demo").hidden = !lib.generated;
    const techniques = lib.techniques.filter((t) => t.entries).map((t) =>
      `${t.technique}: ${t.entries} spectra, error rate ${basis(t.calibration)}`);
    const traces = lib.techniques.filter((t) => t.entries && t.preparation);
    libraryPreparation = traces.length === 1 ? traces[0].preparation : traces.map((t) => `${t.technique}: ${t.preparation}`).join("; ");
    tellPreparation();
    const rows = [["Name", lib.name], ["Generation", lib.generation], ["Made", lib.created],
      ["Content", `${lib.entries} spectra of ${lib.substances} substances`], ["Techniques", techniques.join("; ")]];
    if (traces.length) rows.push(["Preparation of traces", libraryPreparation]);
    $("library").replaceChildren(...rows.flatMap(([k, v]) => [el("dt", {}, k), el("dd", {}, v || "")]));
  } catch {
    $("library").replaceChildren(el("dt", {}, "Library"), el("dd", {}, "cannot be described now"));
  }
}

function showProblem(problem) {
  const where = place(problem) ? `\nat ${place(problem)}` : "";
  $("problem").textContent = `${problem.title || "The request failed"}: ${problem.detail || ""}${where}`;
  $("problem").hidden = false;
}

// --- preparation ----------------------------------------------------------------------------------------------------------

let libraryPreparation = "";
let preparationTouched = false;

// The text form that the interface takes; null as long as nobody changed anything: the library's own counts then.
function preparationAsked() {
  if (!preparationTouched) return null;
  const order = $("derivative").value, points = $("smooth").value, steps = [];
  if ($("atr").checked) steps.push("atr");
  if ($("baseline").value) steps.push(`baseline=${$("baseline").value}`);
  if (order) steps.push(points ? `derivative=${order}:${points}` : `derivative=${order}`);
  else if (points) steps.push(`smooth=${points}`);
  const masks = [...document.querySelectorAll("#masks input:checked")].map((box) => box.value);
  return [...steps, `mask=${masks.join("+") || "none"}`].join(",");
}

function tellPreparation() {
  const asked = preparationAsked(), text = asked ?? libraryPreparation, lag = $("lag").valueAsNumber > 0;
  $("prep-told").replaceChildren(asked === null ? "As the library does it" : "Asked for", ...(text ? [": ", el("code", {}, text)] : []),
    lag ? `; the axis may be off by up to ${$("lag").value} 1/cm` : "");
  $("as-library").hidden = asked === null;
}

function startPreparation() {
  $("steps").addEventListener("change", () => { preparationTouched = true; tellPreparation(); });
  $("lag").addEventListener("input", tellPreparation);
  $("as-library").addEventListener("click", () => {
    for (const field of $("steps").querySelectorAll("input, select")) {
      if (field.type === "checkbox") field.checked = field.defaultChecked;
      else field.selectedIndex = 0;
    }
    preparationTouched = false;
    tellPreparation();
    $("prep-summary").focus();
  });
}

// --- asking ---------------------------------------------------------------------------------------------------------------

function addressToAsk(keep) {
  const query = new URLSearchParams({ spectrum: "1", alpha: $("alpha").value });
  const prepare = preparationAsked();
  if (prepare !== null) query.set("prepare", prepare);
  if ($("lag").valueAsNumber > 0) query.set("max_lag", $("lag").value);
  if (!$("mixtures").checked) query.set("mixture", "0");
  if ($("day").value) query.set("date", $("day").value);
  if ($("control").value) query.set("control", $("control").value);
  return `/v1/${keep ? "samples" : "identify"}?${query}`;
}

// The token, where the last question was asked with it.
let asked = {};
const credentials = () => asked;

async function ask(files) {
  $("problem").hidden = true;
  if (!files.length) {
    showProblem({ title: "No file", detail: "choose or drop at least one file" });
    return;
  }
  const keep = $("keep").checked;
  const body = new FormData();
  for (const file of files) body.append("file", file, file.name);
  asked = keep ? { Authorization: `Bearer ${$("token").value.trim()}` } : {};
  const headers = keep ? { ...asked, "Idempotency-Key": crypto.randomUUID() } : {};
  $("state").textContent = `Asking about ${files.length === 1 ? files[0].name : `${files.length} files`} ...`;
  $("send").disabled = true;
  try {
    const reply = await fetch(addressToAsk(keep), { method: "POST", body, headers });
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
  startPreparation();
  openForPrint();
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
