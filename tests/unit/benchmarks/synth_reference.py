#!/usr/bin/env python3
"""The reference figures of test_synth.c, from another generator of the same kinds of spectra (numpy; by hand, not in the tests):
    for k in ei msms ir; do python3 ../shared/bench/gen_synth.py $k N SEED $k.npz
                            python3 ../shared/bench/gen_synth.py q-$k $k.npz 2000 SEED q-$k.npz; done
    python3 tests/unit/benchmarks/synth_reference.py ei.npz q-ei.npz msms.npz q-msms.npz ir.npz q-ir.npz
with N = 20000 (ir: 2000). The order of the figures is that of the tables in test_synth.c, which says what they are."""
import json
import sys

import numpy as np

CHANGES = [14.01565, 15.99491, 2.01565, 28.0313, 12.0, 18.01056, 27.99491, 42.01056, 30.01056, 43.98983, 162.05282,
           132.04226, 79.95682, 176.03209, 17.02655, 56.0626]


def quantiles(x, of):
    x = np.sort(np.asarray(x, float))
    return [float(x[int(f * (len(x) - 1))]) for f in of]


def rows(d):
    off = d["off"]
    return [d["mz"][off[i]:off[i + 1]] for i in range(len(off) - 1)]


def ei_twins(d, n=4000):
    has = np.zeros((n, 640), np.float32)
    for i, mz in enumerate(rows(d)[:n]):
        has[i, mz.astype(int)] = 1
    common, size = has @ has.T, has.sum(1)
    alike = common / (size[:, None] + size[None, :] - common) >= 0.7
    return float(np.tril(alike, -1).any(1).mean())


def near(sorted_mz, x, tol):
    i = np.searchsorted(sorted_mz, x)
    left = np.abs(sorted_mz[np.clip(i - 1, 0, len(sorted_mz) - 1)] - x)
    return np.minimum(left, np.abs(sorted_mz[np.clip(i, 0, len(sorted_mz) - 1)] - x)) <= tol * x


def msms_members(d, n=5000):
    mz, precursor, found = rows(d)[:n], d["prec"][:n], 0
    order = np.argsort(precursor)
    ordered = precursor[order]
    for i in range(n):
        member = False
        for change in [0.0] + [s * c for c in CHANGES for s in (1, -1)]:
            want = precursor[i] - change
            low, high = np.searchsorted(ordered, [want * (1 - 1e-5), want * (1 + 1e-5)])
            for j in order[low:high]:
                if j < i and len(mz[i]) >= 5:
                    agree = near(mz[j], mz[i], 2e-5) | near(mz[j], mz[i] - change, 2e-5)
                    member |= agree.sum() >= 0.6 * len(mz[i])
        found += member
    return found / n


def counts(d):
    return quantiles(np.diff(d["off"]), [0.01, 0.1, 0.5, 0.9, 0.99])


def ei(d, q):
    n = len(d["prec"])
    bins = np.bincount(d["mz"].astype(int), minlength=640)
    at_query = bins[q["mz"].astype(int)].sum() / len(q["prec"]) / n
    return {"peaks": counts(d), "mass": quantiles(d["prec"], [0.1, 0.5, 0.9]),
            "intensity": quantiles(d["inten"], [0.25, 0.5, 0.75, 0.9]),
            "popularity": [bins[z] / n for z in (41, 43, 57, 77, 91, 105, 147, 207, 250, 350)],
            "twins": [ei_twins(d)], "query peaks": counts(q), "postings at a query's bins, a row": [at_query]}


def msms(d, q):
    n = len(d["prec"])
    bins = np.bincount((d["mz"] / 0.02).astype(int))
    common = np.sort(bins)[::-1] / n
    ordered = np.sort(d["mz"])
    at_query = (np.searchsorted(ordered, q["mz"] + 0.02, "right") - np.searchsorted(ordered, q["mz"] - 0.02)).sum()
    moved = np.abs(q["prec"] / d["prec"][q["src"]] - 1) > 2e-5
    return {"peaks": counts(d), "precursor": quantiles(d["prec"], [0.01, 0.1, 0.5, 0.9, 0.99]),
            "m/z": quantiles(d["mz"], [0.1, 0.5, 0.9]),
            "log10 intensity": quantiles(np.log10(d["inten"]), [0.1, 0.25, 0.5, 0.75]),
            "popularity": [float(common[0]), float(common[:10].mean()), float(common[:100].mean()), float(common[:1000].mean())],
            "members": [msms_members(d)], "query peaks": counts(q), "moved queries": [float(moved.mean())],
            "postings at a query's peaks, a row": [at_query / len(q["prec"]) / n]}


def ir(d, q):
    y = d["Y"].astype(float)
    z = (y - y.mean(1, keepdims=True)) / y.std(1, keepdims=True)
    pairs = (z[:-1] * z[1:]).mean(1)
    noise = np.median(np.abs(np.diff(y, 2, axis=1)), axis=1) / y.max(1)
    return {"top": quantiles(y.max(1), [0.1, 0.5, 0.9]), "share of top": quantiles((y / y.max(1, keepdims=True))[::10].ravel(), [0.1, 0.5, 0.9]),
            "correlation of neighbours": quantiles(pairs, [0.1, 0.5, 0.9]), "noise": quantiles(noise, [0.1, 0.5, 0.9])}


d = [dict(np.load(f)) for f in sys.argv[1:]]
print(json.dumps({"ei": ei(d[0], d[1]), "msms": msms(d[2], d[3]), "ir": ir(d[4], d[5])}))
