#!/usr/bin/env python3
"""What numpy with an optimised BLAS makes of the same searches: a baseline that many would write. JSON lines like those of
the C programs, medians of 5 runs. Needs numpy and nothing else; says so and ends when it is not installed.
usage: openblas.py [FACTOR]      FACTOR scales the sizes of the libraries (0.01 for a trial)

The spectra are of the kinds of synth.h with the same numbers of peaks and popularities, but simpler: no families. Infrared
traces are mixtures of 1,000 drawn ones. What is measured does not depend on such details."""
import json
import os
import subprocess
import sys
import time

try:
    import numpy as np
except ImportError:
    print(json.dumps({"skipped": "numpy is not installed"}))
    sys.exit(0)

RUNS, TOP, POINTS, TOL = 5, 10, 1801, 0.02


def say(name, unit, spectra, threads, values, **more):
    v = sorted(values)
    print(json.dumps({"name": name, "unit": unit, "spectra": spectra, "threads": threads, "min": float("%.6g" % v[0]),
                      "median": float("%.6g" % v[len(v) // 2]), "max": float("%.6g" % v[-1]), "runs": len(v), **more}),
          flush=True)


def measure(work, queries):
    """Milliseconds a query of RUNS runs after one to warm up; work(q) for q in queries."""
    def run():
        start = time.perf_counter()
        for q in queries:
            work(q)
        return (time.perf_counter() - start) * 1e3 / len(queries)
    run()
    return [run() for _ in range(RUNS)]


def best(scores):
    top = np.argpartition(scores, -TOP)[-TOP:]
    return top[np.argsort(-scores[top])]


# --- made-up spectra ---------------------------------------------------------------------------------------------------------

def ei_library(r, n):
    """Row, nominal m/z, intensity; sorted by row, then m/z."""
    common = {41: 9, 42: 4, 43: 12, 44: 3, 45: 3, 50: 3, 51: 6, 53: 4, 55: 11, 56: 5, 57: 12, 58: 3, 63: 4, 65: 5, 67: 6, 69: 8,
              71: 7, 73: 9, 75: 5, 76: 3, 77: 10, 78: 4, 79: 6, 81: 7, 83: 6, 85: 5, 89: 3, 91: 10, 93: 4, 95: 5, 97: 4, 103: 4,
              105: 9, 107: 4, 109: 3, 115: 5, 117: 3, 119: 4, 121: 4, 127: 3, 128: 3, 131: 3, 133: 3, 135: 3, 141: 2, 147: 5,
              149: 4, 152: 2, 161: 2, 165: 3, 178: 2, 207: 2}
    popular = np.zeros(601)
    popular[list(common)] = list(common.values())
    popular[40:] += 3 * np.exp(-np.arange(561) / 140) + 0.12
    cumulated = np.cumsum(popular)
    mass = np.clip(np.rint(r.lognormal(np.log(230), 0.42, n)), 70, 599).astype(int)
    row = np.repeat(np.arange(n), np.clip(np.rint(r.lognormal(np.log(22), 0.42, n)), 6, 60).astype(int))
    centre = np.clip(np.searchsorted(cumulated, r.random(len(row)) * cumulated[mass[row] - 1], side="right"), 40, 600)
    height = r.lognormal(0, 1.55, len(row)) * (0.35 + popular[centre] / 6)
    parts = [(row, centre, height)]
    for distance, chance, low, high in ((1, .75, .03, .25), (-1, .5, .05, .6), (-2, .35, .03, .6), (2, .3, .01, .12)):
        k = r.random(len(row)) < chance
        parts.append((row[k], centre[k] + distance, height[k] * r.uniform(low, high, k.sum())))
    ion, every = r.lognormal(0, 1.6, n), np.arange(n)
    parts += [(every, mass, ion), (every, mass + 1, ion * mass * 0.0007), (every, mass - 15, ion * r.lognormal(0, 1, n))]
    row, mz, height = (np.concatenate([p[i] for p in parts]) for i in range(3))
    k = (mz >= 40) & (mz <= 600)
    key, where = np.unique(row[k] * 1024 + mz[k], return_inverse=True)
    height = np.bincount(where, height[k])
    row, mz = key >> 10, key & 1023
    height = np.floor(height / np.maximum.reduceat(height, starts(row, n))[row] * 999 + 0.5)
    k = height >= 1
    return row[k], mz[k], height[k]


def starts(row, n):
    return np.searchsorted(row, np.arange(n))


def msms_library(r, n):
    """The same; m/z of a spectrum more than 2 TOL apart, as cleaning for the entropy similarity makes them."""
    pool = 30000
    whole = np.clip(np.rint(r.gamma(2.2, 75, pool) + 45), 50, 1100)
    pool_mz = np.sort(whole * 1.00052 + r.normal(0, 0.03, pool) - (r.random(pool) < .25) * r.uniform(0, .12, pool))
    cumulated = np.cumsum(1 / (1 + r.permutation(pool)) ** 0.75)
    precursor = np.clip(r.lognormal(np.log(340), .42, n), 105, 1400)
    row = np.repeat(np.arange(n), np.clip(np.rint(r.lognormal(np.log(20), .62, n)), 5, 60).astype(int))
    limit = np.maximum(np.searchsorted(pool_mz, precursor - 2), 50)
    fragment = pool_mz[np.searchsorted(cumulated, r.random(len(row)) * cumulated[limit[row] - 1])]
    loss = np.rint(precursor[row]) * 1.00045 - r.integers(1, 200, len(row)) * 1.0004 + r.normal(0, .03, len(row))
    mz = np.where((r.random(len(row)) < .25) & (loss > 50), loss, fragment) * (1 + r.normal(0, 3e-6, len(row)))
    height = r.lognormal(0, 1.7, len(row))
    order = np.lexsort((mz, row))
    row, mz, height = row[order], mz[order], height[order]
    while True:
        i = np.flatnonzero((row[1:] == row[:-1]) & (mz[1:] - mz[:-1] <= 2 * TOL))
        if len(i) == 0:
            return row, mz, height
        keep = np.ones(len(row), bool)
        keep[np.where(height[i] < height[i + 1], i, i + 1)] = False
        row, mz, height = row[keep], mz[keep], height[keep]


def entropy_weights(row, height, n):
    at = starts(row, n)
    share = height / np.add.reduceat(height, at)[row]
    entropy = -np.add.reduceat(share * np.log(share), at)
    share **= np.minimum(1, 0.25 + 0.25 * entropy)[row]
    return share / np.add.reduceat(share, at)[row]


def traces(r, n):
    x, base = np.linspace(400, 4000, POINTS), np.empty((1000, POINTS), np.float32)
    for y in base:
        k = r.integers(6, 26)
        centre, width, height = r.uniform(450, 3500, k), r.lognormal(np.log(11), .45, k), r.lognormal(0, .9, k)
        y[:] = (height / (1 + ((x[:, None] - centre) / width) ** 2)).sum(1)
    y = np.empty((n, POINTS), np.float32)
    for i in range(0, n, 5000):
        part = y[i:i + 5000]
        a, b = r.integers(0, len(base), (2, len(part)))
        part[:] = base[a] + r.random((len(part), 1), np.float32) * base[b]
        part += 0.02 * r.standard_normal(part.shape, np.float32)
        part -= part.mean(1, keepdims=True)
        part /= np.linalg.norm(part, axis=1, keepdims=True)
    return y


# --- searches ----------------------------------------------------------------------------------------------------------------

def correlate_traces(n, threads):
    r = np.random.default_rng(1)
    library = traces(r, n)
    queries = library[r.integers(0, n, 64)] + 0.003 * r.standard_normal((64, POINTS), np.float32)
    queries /= np.linalg.norm(queries, axis=1, keepdims=True)
    say("openblas: ir correlation, one query", "ms/query", n, threads,
        measure(lambda q: best(library @ q), queries[:8]))

    def batch(q):
        scores = q @ library.T
        np.argpartition(scores, -TOP, axis=1)[:, -TOP:]
    say("openblas: ir correlation, batch of 64", "ms/query", n, threads, [v / 64 for v in measure(batch, [queries])])


def all_lags(n, size=1024):
    r = np.random.default_rng(1)
    row, mz, height = ei_library(r, n)
    dense = np.zeros((n, size))
    dense[row, mz] = np.sqrt(height)
    dense /= np.linalg.norm(dense, axis=1, keepdims=True)
    library = np.fft.rfft(dense)
    part = 250  # rows at once: stays in the cache

    def search(q):
        line, top = np.conj(np.fft.rfft(q)), np.empty(n)
        for i in range(0, n, part):
            top[i:i + part] = np.fft.irfft(library[i:i + part] * line, size).max(axis=1)
        return best(top)
    ms = measure(search, dense[r.integers(0, n, 2)])
    say("numpy: ei all lags by transform of 1024", "ms/query", n, 1, ms)
    say("numpy: ei all lags by transform of 1024", "us/spectrum", n, 1, [v * 1e3 / n for v in ms])


def weighted_cosine(n, n_query=20):
    r = np.random.default_rng(1)
    row, mz, height = ei_library(r, n)
    weight = np.sqrt(height) * mz
    weight /= np.sqrt(np.add.reduceat(weight ** 2, starts(row, n)))[row]
    queries = [(mz[row == i], weight[row == i].astype(np.float32)) for i in r.integers(0, n, n_query)]
    order = np.argsort(mz, kind="stable")
    bin_at = np.searchsorted(mz[order], np.arange(1025))
    posting_row, posting = row[order], weight[order].astype(np.float32)

    def search(q):
        scores = np.zeros(n, np.float32)
        for z, w in zip(*q):
            a, b = bin_at[z], bin_at[z + 1]
            scores[posting_row[a:b]] += w * posting[a:b]
        return best(scores)
    touched = sum((bin_at[q[0] + 1] - bin_at[q[0]]).sum() for q in queries) / n_query
    say("numpy: ei open search, weighted cosine", "ms/query", n, 1, measure(search, queries), postings_per_query=int(touched))


def entropy_open(n, n_query=20):
    r = np.random.default_rng(1)
    row, mz, height = msms_library(r, n)
    weight = entropy_weights(row, height, n)
    queries = [(mz[row == i] * (1 + 4e-6), weight[row == i]) for i in r.integers(0, n, n_query)]
    order = np.argsort(mz, kind="stable")
    posting_mz, posting_row, posting = mz[order], row[order], weight[order]
    posting_f = posting * np.log2(posting)

    def windows(q):
        return np.searchsorted(posting_mz, q[0] - TOL), np.searchsorted(posting_mz, q[0] + TOL, side="right")

    def search(q):
        low, high = windows(q)
        rows, gains = [], []
        for a, b, w in zip(low, high, q[1]):
            both = posting[a:b] + w
            rows.append(posting_row[a:b])
            gains.append(both * np.log2(both) - posting_f[a:b] - w * np.log2(w))
        return best(np.bincount(np.concatenate(rows), np.concatenate(gains), minlength=n) / 2)
    touched = sum((h - a).sum() for a, h in map(windows, queries)) / n_query
    say("numpy: msms open search, entropy", "ms/query", n, 1, measure(search, queries), postings_per_query=int(touched))


def blas_in_use():
    with open("/proc/self/maps") as f:
        return sorted({os.path.realpath(l.split()[-1]) for l in f if "blas" in l.split()[-1].lower()})


def main():
    if len(sys.argv) == 4 and sys.argv[1] == "ir":
        correlate_traces(int(sys.argv[2]), int(sys.argv[3]))
        return
    factor = float(sys.argv[1]) if len(sys.argv) > 1 else 1.0
    print(json.dumps({"name": "numpy", "value": np.__version__, "blas": blas_in_use()}), flush=True)
    for n in (10000, 100000):
        for threads in (1, 2):
            env = dict(os.environ, OPENBLAS_NUM_THREADS=str(threads), OMP_NUM_THREADS=str(threads))
            subprocess.run([sys.executable, os.path.abspath(__file__), "ir", str(max(100, int(n * factor))), str(threads)],
                           env=env, check=True)
    all_lags(max(100, int(10000 * factor)))
    weighted_cosine(max(100, int(100000 * factor)))
    entropy_open(max(100, int(100000 * factor)))


main()
