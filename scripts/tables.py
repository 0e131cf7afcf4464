#!/usr/bin/env python3
"""Numbers of jobs/tables: what `gan_mpi eval` wrote beside the runs, as CSV files, a page, and inequalities.

tables.py collect RUNS CSV [A B]
                             RUNS/NAME-sSEED/eval.json of all points, a line each; also the correlations of metrics A and B over the
                             records of a run that have both
tables.py report             RESULTS.md, printed: each jobs/tables/TABLE.md, with the numbers of docs/tables/TABLE.csv beside the paper's
                             (TABLE.paper.csv) in the place of {table}
tables.py check CSV RULES    RULES: lines of  MEASURE POINT < POINT  (or >), said of the means over seeds; exit code 1 when one does not hold
"""
import csv
import glob
import json
import math
import os
import re
import sys

TABLES, NUMBERS = "jobs/tables", "docs/tables"


def read_csv(path):
    if not os.path.exists(path):
        return []
    with open(path, newline="") as f:
        return list(csv.DictReader(f))


def pearson(x, y):
    mx, my = sum(x) / len(x), sum(y) / len(y)
    sxy = sum((a - mx) * (b - my) for a, b in zip(x, y))
    return sxy / math.sqrt(sum((a - mx) ** 2 for a in x) * sum((b - my) ** 2 for b in y))


def ranks(x):
    order = sorted(range(len(x)), key=x.__getitem__)
    return [r for _, r in sorted(zip(order, range(len(x))))]


def correlations(run, a, b):
    """Of the values themselves (Pearson) and of their ranks (Spearman)."""
    with open(f"{run}/metrics.jsonl") as f:
        pairs = [(r[a], r[b]) for r in map(json.loads, f) if r.get(a) is not None and r.get(b) is not None]
    if len(pairs) < 3:
        sys.exit(f"{run}/metrics.jsonl: {len(pairs)} records have both {a} and {b}")
    x, y = zip(*pairs)
    return {"correlation": pearson(x, y), "rank_correlation": pearson(ranks(x), ranks(y)), "records": len(pairs)}


def collect(runs, path, *correlated):
    rows = []
    for file in glob.glob(f"{runs}/*-s*/eval.json"):
        point, seed = re.fullmatch(r"(.*)-s(\d+)", os.path.basename(os.path.dirname(file))).groups()
        with open(file) as f:
            told = json.load(f)
        rows.append({"point": point, "seed": int(seed), "step": told["step"], **told["values"], "digest": told["digest"]})
        if correlated:
            rows[-1].update(correlations(os.path.dirname(file), *correlated))
    if not rows:
        sys.exit(f"{runs}: no point of it has been evaluated")
    rows.sort(key=lambda r: (r["point"], r["seed"]))
    os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
    with open(path, "w", newline="") as f:
        writer = csv.DictWriter(f, rows[0].keys(), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    print(f"{path}: {len(rows)} points")


class Trials:
    """One measure of one point over its seeds."""

    def __init__(self, rows, point, measure):
        self.values = [float(r[measure]) for r in rows if r["point"] == point and r.get(measure) not in (None, "")]
        self.n = len(self.values)
        self.mean = sum(self.values) / self.n if self.n else math.nan
        square = sum((v - self.mean) ** 2 for v in self.values)
        self.error = math.sqrt(square / (self.n - 1) / self.n) if self.n > 1 else math.nan  # of the mean

    def text(self, scale=1):
        if not self.n:
            return "not run"
        if self.n == 1 and self.mean.is_integer():
            return f"{self.mean * scale:.0f}"
        mean, error = self.mean * scale, self.error * scale
        digits = max(0, 1 - math.floor(math.log10(error))) if error > 0 else max(0, 2 - math.floor(math.log10(abs(mean) or 1)))
        digits = min(digits, 3)
        return f"{mean:.{digits}f}" + (f" ± {error:.{digits}f}" if self.n > 1 else "")


def numbers(table):
    """The paper's rows with ours beside them. Columns of TABLE.paper.csv: row, point, then measures; "%" behind a name: times 100."""
    paper, ours = read_csv(f"{TABLES}/{table}.paper.csv"), read_csv(f"{NUMBERS}/{table}.csv")
    measures = [c for c in paper[0] if c not in ("row", "point")]
    head = ["", *(f"{m.replace('_', ' ')}, {who}" for m in measures for who in ("paper", "**ours**")), "trials", "steps"]
    lines = ["| " + " | ".join(head) + " |", "|---" * len(head) + "|"]
    for p in paper:
        mine = [r for r in ours if r["point"] == p["point"]]
        cells = [p["row"]]
        for m in measures:
            name, scale = m.split()[0], 100 if m.endswith("%") else 1
            trials = Trials(mine, p["point"], name)
            cells += [p[m] or "–", "–" if not p["point"] else "undefined" if mine and not trials.n else trials.text(scale)]
        steps = sorted({int(r["step"]) for r in mine})
        cells += [str(len(mine) or ""), ", ".join(f"{s:,}" for s in steps)]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def report():
    print("# Published numbers beside ours\n\nWritten by `make tables`; the numbers of each trial are in `docs/tables/`, the jobs in `jobs/tables/`.\n"
          "Ours: mean ± standard error over the trials (seeds 1, 2, ...). What did not come out stays here as it is.\n")
    for file in sorted(glob.glob(f"{TABLES}/*.md")):
        with open(file) as f:
            print(f.read().replace("{table}", numbers(os.path.basename(file)[:-3])))


def check(path, rules):
    rows, failed = read_csv(path), 0
    with open(rules) as f:
        for measure, a, sign, b in (line.split() for line in f if line.strip() and not line.startswith("#")):
            left, right = Trials(rows, a, measure), Trials(rows, b, measure)
            holds = left.mean < right.mean if sign == "<" else left.mean > right.mean
            failed += not holds
            print(f"{'ok  ' if holds else 'FAIL'} {measure}: {a} {left.text()} ({left.n} seeds) {sign} {b} {right.text()} ({right.n} seeds)")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    command = {"collect": collect, "report": report, "check": check}.get(sys.argv[1] if len(sys.argv) > 1 else "")
    if not command:
        sys.exit(__doc__)
    command(*sys.argv[2:])
