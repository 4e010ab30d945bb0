#!/usr/bin/env python3
"""Mixtures of real spectra at known shares: how well the mixture search finds what they are made of.

usage: mixture.py PROGRAM WORK_DIR SHARED_DATA TASK...      TASK: ei, ir

Every component is a query spectrum of a compound of which the library has another spectrum, so a match must cross
measurements. Shares are those of the signal: of all ions (ei), of the standard deviation over the range (ir). Noise is added:
5 % of each peak and 0.2 % of the base peak (ei), 0.5 % of the largest absorbance (ir). Prints one JSON object a task and
composition:
  recall, recall_alike   components found; found by name or among those named as nearly as good
  false_components       components a mixture that are none of the true ones (nor named as nearly as good as one)
  share_error            mean |share - true share| over the components found
  right                  mixtures whose components are all found and no other
  single_recall          components among as many hits of the ordinary search (by substance) as the mixture has
Standard library only; the same random numbers every time.
"""
import csv, glob, gzip, json, math, os, random, re, subprocess, sys

COMPOSITIONS = [(1.0,), (0.5, 0.5), (0.7, 0.3), (0.9, 0.1), (0.5, 0.3, 0.2)]
COUNT = {"ei": 150, "ir": 100}


def block(key, name):
    return key[:14] if key else name


def read_msp(path):
    """Yields (name, inchikey, {nominal mass: intensity})."""
    name = key = ""
    peaks = {}
    with gzip.open(path, "rt", encoding="utf-8", errors="replace") as f:
        for line in list(f) + ["\n"]:
            text = line.strip()
            if not text:
                if peaks:
                    yield name, key, peaks
                name = key = ""
                peaks = {}
            elif re.match(r"[\d.]+[\s:]+[\d.]", text):
                for mz, y in re.findall(r"([\d.]+)[\s:]+([\d.eE+-]+)", text):
                    m = int(float(mz) + 0.38)
                    peaks[m] = peaks.get(m, 0) + float(y)
            elif text.lower().startswith("name:"):
                name = text[5:].strip()
            elif text.lower().startswith("inchikey:"):
                key = text[9:].strip()


def read_jdx(path):
    title, factor, y, table = "", 1.0, [], False
    for line in open(path, encoding="utf-8"):
        if line.startswith("##"):
            table = line.startswith("##XYDATA")
            title = line[8:].strip() if line.startswith("##TITLE=") else title
            factor = float(line[10:]) if line.startswith("##YFACTOR=") else factor
        elif table:
            y += [float(v) * factor for v in re.findall(r"-?\d+", line)[1:]]
    return title, y


def known(path):
    with open(path, encoding="utf-8") as f:
        return {r["query_id"]: r["inchikey_block"] for r in csv.DictReader(f, delimiter="\t") if r["status"] == "known"}


def pool_ei(data):
    truth = known(f"{data}/ei/truth.tsv")
    out = {}
    for name, _, peaks in read_msp(f"{data}/ei/queries.msp.gz"):
        if name in truth and len(peaks) >= 5:
            out.setdefault(truth[name], peaks)
    return sorted(out.items())


def pool_ir(data):
    truth = known(f"{data}/ir/truth.tsv")
    out = {}
    for path in sorted(glob.glob(f"{data}/ir/queries/*.jdx")):
        title, y = read_jdx(path)
        if title in truth:
            out.setdefault(truth[title], y)
    return sorted(out.items())


def mix_ei(parts, rng):
    total = {}
    for share, peaks in parts:
        ions = sum(peaks.values())
        for m, y in peaks.items():
            total[m] = total.get(m, 0) + share * y / ions
    base = max(total.values())
    noisy = {m: y * (1 + 0.05 * rng.gauss(0, 1)) + 0.002 * base * rng.gauss(0, 1) for m, y in total.items()}
    return {m: y for m, y in noisy.items() if y > 0.001 * base}


def mix_ir(parts, rng):
    n = len(parts[0][1])
    total = [0.0] * n
    for share, y in parts:
        mean = sum(y) / n
        sd = math.sqrt(sum((v - mean) ** 2 for v in y) / n)
        for i, v in enumerate(y):
            total[i] += share * v / sd
    top = max(abs(v) for v in total)
    return [v + 0.005 * top * rng.gauss(0, 1) for v in total]


def write_ei(f, name, peaks):
    f.write(f"Name: {name}\nNum Peaks: {len(peaks)}\n")
    for m in sorted(peaks):
        f.write(f"{m} {1e4 * peaks[m] / max(peaks.values()):.4f}\n")
    f.write("\n")


def write_ir(f, name, y):
    f.write(f"##TITLE={name}\n##JCAMP-DX=4.24\n##DATA TYPE=INFRARED SPECTRUM\n##XUNITS=1/CM\n##YUNITS=ABSORBANCE\n"
            f"##XFACTOR=1\n##YFACTOR=1E-6\n##FIRSTX=3600\n##LASTX=1250\n##NPOINTS={len(y)}\n##FIRSTY={y[0]:.6f}\n"
            "##XYDATA=(X++(Y..Y))\n")
    for i in range(0, len(y), 8):
        f.write(f"{3600 - 2 * i} " + " ".join(str(round(v * 1e6)) for v in y[i:i + 8]) + "\n")
    f.write("##END=\n")


TASKS = {"ei": (pool_ei, mix_ei, write_ei, "massbank-ei.h5", "msp"), "ir": (pool_ir, mix_ir, write_ir, "ir.h5", "jdx")}


def search(program, library, path, *options):
    out = subprocess.run([program, "search", "--library", library, "--json", *options, path], check=True,
                         capture_output=True, text=True).stdout
    return {r["query"]: r for r in map(json.loads, out.splitlines())}


def score(truths, mixed, single):
    n = found = alike = false = right = by_single = 0
    errors = []
    for name, truth in truths.items():
        parts = mixed[name]["mixture"]["components"]
        names = {block(c["inchikey"], c["name"]): c for c in parts}
        close = {block(c["inchikey"], c["name"]): [block(a["inchikey"], a["name"]) for a in c["alike"]] for c in parts}
        reached = set().union(names, *close.values()) if parts else set()
        hits = []
        for h in single[name]["hits"]:
            b = block(h["inchikey"], h["name"])
            if b not in hits:
                hits.append(b)
        n += len(truth)
        found += sum(t in names for t in truth)
        alike += sum(t in reached for t in truth)
        by_single += sum(t in hits[:len(truth)] for t in truth)
        wrong = sum(b not in truth and not any(a in truth for a in close[b]) for b in names)
        false += wrong
        right += all(t in reached for t in truth) and len(parts) == len(truth)
        errors += [abs(names[t]["share"] - s) for t, s in truth.items() if t in names]
    m = len(truths)
    return {"mixtures": m, "recall": round(found / n, 4), "recall_alike": round(alike / n, 4),
            "false_components": round(false / m, 4), "share_error": round(sum(errors) / len(errors), 4) if errors else None,
            "right": round(right / m, 4), "single_recall": round(by_single / n, 4)}


def main():
    program, work, data = sys.argv[1:4]
    for task in sys.argv[4:]:
        get, mix, write, library, ending = TASKS[task]
        pool = get(data)
        for shares in COMPOSITIONS:
            rng = random.Random(20261124)
            label = ":".join(f"{round(100 * s)}" for s in shares)
            path = os.path.join(work, f"mixture-{task}-{label.replace(':', '-')}.{ending}")
            truths = {}
            with open(path, "w", encoding="utf-8") as f:
                for i in range(COUNT[task]):
                    parts = rng.sample(pool, len(shares))
                    name = f"m{i:03d}"
                    truths[name] = {b: s for (b, _), s in zip(parts, shares)}
                    write(f, name, mix([(s, y) for s, (_, y) in zip(shares, parts)], rng))
            library_path = os.path.join(work, library)
            mixed = search(program, library_path, path, "--mode", "mixture")
            single = search(program, library_path, path, "--top", "20")
            print(json.dumps({"task": f"mixture-{task}", "shares": label, **score(truths, mixed, single)}), flush=True)


main()
