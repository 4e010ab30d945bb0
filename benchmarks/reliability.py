#!/usr/bin/env python3
"""Reliability and coverage by group of `npswatch identify --json` output. Prints one JSON object.

usage: reliability.py --truth TRUTH.tsv --queries FILE [--classes TSV] RESULTS.jsonl

coverage    by group: [known queries, fraction whose compound is in the verdict's set, its 90 % interval (Clopper-Pearson)];
            `below` lists groups whose interval ends below what was stated (1 - alpha)
p_known, p_first   stated probability that the library holds the substance; that the first of the set is it:
            Brier score, expected calibration error, and of each tenth [stated, observed, queries]; null where all queries are
            known or all novel, as that says nothing of a probability
identified  verdicts that name one substance: right and wrong about known queries, wrong about novel ones
Queries: MSP (.gz too) or JCAMP-DX, for the facts that the groups are made of. Classes: of the library's substances, columns
id, name, class. Standard library only.
"""
import argparse, csv, gzip, json, math, sys

BINS = 10


def beta_cdf(x, a, b):
    """Of whole a, b: the chance of a or more successes in a + b - 1 trials."""
    n = a + b - 1
    if x <= 0 or x >= 1:
        return float(x >= 1)
    log_choose = lambda k: math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)
    return sum(math.exp(log_choose(k) + k * math.log(x) + (n - k) * math.log1p(-x)) for k in range(a, n + 1))


def beta_quantile(p, a, b):
    low, high = 0.0, 1.0
    for _ in range(40):
        middle = (low + high) / 2
        low, high = (middle, high) if beta_cdf(middle, a, b) < p else (low, middle)
    return low


def interval(k, n):
    """Clopper & Pearson 1934."""
    return [round(beta_quantile(0.05, k, n - k + 1), 3) if k else 0.0, round(beta_quantile(0.95, k + 1, n - k), 3) if k < n else 1.0]


def compound(item):
    """As in evaluate.py."""
    return (item.get("inchikey") or "")[:14] or item.get("name")


def read_facts(path):
    """{query: {peaks, precursor, polarity}}; nothing of traces."""
    facts, now = {}, None
    opener = gzip.open if path.endswith(".gz") else open
    with opener(path, "rt", encoding="utf-8", errors="replace") as f:
        for line in f:
            key, _, value = line.partition(":")
            key, value = key.strip().lower(), value.strip()
            if key == "name":
                now = facts[value] = {}
            elif now is None:
                continue
            elif key == "num peaks":
                now["peaks"] = int(value)
            elif key == "precursormz":
                now["precursor"] = value
            elif key == "ion_mode":
                now["polarity"] = value.lower()
    return facts


def is_unit_mass(text):
    return abs(float(text) - round(float(text))) < 1e-6


def classes_of(path, results):
    """{compound: class}: the table knows names, hits the compounds of names."""
    by_name = {r["name"]: r["class"] for r in csv.DictReader(open(path, encoding="utf-8"), delimiter="\t")} if path else {}
    return {compound(h): by_name[h["name"]] for r in results.values() for h in r.get("hits", []) if by_name.get(h["name"])}


def groups_of(fact, truth, result, classes):
    """Names of the groups that a query belongs to."""
    cal = result.get("calibration") or {}
    peaks, kind, ei = fact.get("peaks"), cal.get("kind"), result.get("technique") == "ei"
    if kind in (None, "any") and peaks is not None:
        kind = ("rich" if peaks >= 20 else "sparse") if ei else fact.get("polarity")  # nps_kind_of
    size = len(result.get("set") or [])
    yield "all"
    if kind:
        yield "kind " + kind
    if peaks is not None:
        yield "peaks " + ("1-5" if peaks <= 5 else "6-20" if peaks <= 20 else "21-60" if peaks <= 60 else "over 60")
    yield "set " + (str(size) if size < 2 else "2-3" if size <= 3 else "4-10" if size <= 10 else "over 10")
    if fact.get("precursor") and not ei:
        yield "precursor " + ("unit mass" if is_unit_mass(fact["precursor"]) else "accurate")
    named = truth["class"] or classes.get(truth["inchikey_block"])
    if named:
        yield "class " + named


def reliability(pairs):
    """pairs: (stated, so or not, known). Probabilities are stated at even odds beforehand: known and novel queries weigh alike."""
    known = sum(x[2] for x in pairs)
    weight = {True: 0.5 / known, False: 0.5 / (len(pairs) - known)}
    rows, gap, brier = [], 0.0, 0.0
    for k in range(BINS):
        inside = [x for x in pairs if min(BINS - 1, int(x[0] * BINS)) == k]
        if inside:
            total = sum(weight[x[2]] for x in inside)
            stated, observed = (sum(x[i] * weight[x[2]] for x in inside) / total for i in (0, 1))
            gap += abs(stated - observed) * total
            brier += sum((x[0] - x[1]) ** 2 * weight[x[2]] for x in inside)
            rows.append([round(stated, 3), round(observed, 3), len(inside)])
    return {"brier": round(brier, 4), "ece": round(gap, 4), "bins": rows}


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("--truth", required=True)
    ap.add_argument("--queries", required=True)
    ap.add_argument("--classes")
    ap.add_argument("results")
    a = ap.parse_args()
    truth = {r["query_id"]: r for r in csv.DictReader(open(a.truth, encoding="utf-8"), delimiter="\t")}
    facts = read_facts(a.queries)
    results = {}
    for line in open(a.results, encoding="utf-8"):
        if line.strip():
            r = json.loads(line)
            results[r["query"]] = r
    classes = classes_of(a.classes, results)
    counts, p_known, p_first, alpha = {}, [], [], None
    identified = {"known_right": 0, "known_wrong": 0, "novel_wrong": 0}
    for query, t in truth.items():
        r, known = results.get(query, {}), t["status"] == "known"
        members = [compound(s) for s in r.get("set", [])]
        inside = t["inchikey_block"] in members
        alpha = r.get("alpha", alpha)
        if known:
            for g in groups_of(facts.get(query, {}), t, r, classes):
                c = counts.setdefault(g, [0, 0])
                c[0] += inside
                c[1] += 1
        if r.get("verdict") == "identified":
            identified["novel_wrong" if not known else "known_right" if inside else "known_wrong"] += 1
        if r.get("p_known") is not None and r.get("verdict") != "unusable":
            p_known.append((r["p_known"], known, known))
        if r.get("set"):
            p_first.append((r["set"][0]["p"], known and members[0] == t["inchikey_block"], known))
    coverage = {g: [n, round(k / n, 4), interval(k, n)] for g, (k, n) in sorted(counts.items())}
    below = [g for g, (_, _, i) in coverage.items() if alpha is not None and not g.startswith("set ") and i[1] < 1 - alpha]
    mixed = len({t["status"] for t in truth.values()}) > 1
    print(json.dumps({"coverage": coverage, "below": below, "p_known": reliability(p_known) if mixed else None,
                      "p_first": reliability(p_first) if mixed else None, "identified": identified}))


if __name__ == "__main__":
    sys.exit(main())
