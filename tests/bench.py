#!/usr/bin/python3
"""make bench: gan_mpi beside PyTorch, two ranks beside one, ordered beside fast, and the time to the first step.

What is compared runs in turn (A B A B ...) in one session, so that a machine whose speed drifts treats both alike; figures
are medians over the rounds, ratios are medians of the ratios of neighbours. One thread per rank. Prints Markdown tables.
Needs python3-torch for the first table (left out, with a word, where it is missing).
"""
import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time

ENV = dict(os.environ, OPENBLAS_NUM_THREADS="1", OMP_NUM_THREADS="1", OMPI_ALLOW_RUN_AS_ROOT="1",
           OMPI_ALLOW_RUN_AS_ROOT_CONFIRM="1")
HERE = os.path.dirname(os.path.abspath(__file__))
JOB = "jobs/bench/mlp.ini"


def last_json(command):
    out = subprocess.run(command, env=ENV, stdout=subprocess.PIPE, check=True, text=True).stdout
    return json.loads([line for line in out.splitlines() if line.startswith("{")][-1])


def ours(args, ranks, batch_per_rank, **sets):
    command = ["mpirun", "-np", str(ranks), args.gan_mpi, "bench", JOB, "--json", "--steps", str(args.steps),
               "--set", f"train.batch={ranks * batch_per_rank}"]
    for key, value in sets.items():
        command += ["--set", f"{key.replace('__', '.')}={value}"]
    return last_json(command)


def torch(args, ranks, batch_per_rank):
    return last_json(["/usr/bin/python3", os.path.join(HERE, "peers", "torch_gan.py"), "--net", "mlp", "--ranks",
                      str(ranks), "--batch", str(batch_per_rank), "--steps", str(args.steps)])


def paired(args, a, b):
    """Rounds of a, b; returns the median figures of both and the median ratio of images per second, a over b."""
    rounds = [(a(), b()) for _ in range(args.rounds)]
    ratio = statistics.median(x["images_per_s"] / y["images_per_s"] for x, y in rounds)
    spread = [x["images_per_s"] / y["images_per_s"] for x, y in rounds]

    def middle(i, key):
        return statistics.median(r[i][key] for r in rounds)
    figures = [{k: middle(i, k) for k in ("images_per_s", "step_s", "peak_rss_mib")} for i in (0, 1)]
    return figures[0], figures[1], ratio, min(spread), max(spread)


def row(*cells):
    print("| " + " | ".join(str(c) for c in cells) + " |", flush=True)


def against_torch(args):
    if subprocess.run(["/usr/bin/python3", "-c", "import torch"], stderr=subprocess.DEVNULL).returncode:
        print("PyTorch is not here (Debian: apt install python3-torch): the first table is left out\n")
        return
    row("MLP GAN, one rank", "gan_mpi images/s", "PyTorch images/s", "ratio (range)", "wanted", "peak MiB", "PyTorch's")
    row(*["---"] * 7)
    for batch, wanted in ((32, "2.0x"), (128, "1.1x")):
        us, them, ratio, low, high = paired(args, lambda: ours(args, 1, batch), lambda: torch(args, 1, batch))
        row(f"batch {batch}", f"{us['images_per_s']:.0f}", f"{them['images_per_s']:.0f}",
            f"**{ratio:.2f}x** ({low:.2f}-{high:.2f})", wanted, f"{us['peak_rss_mib']:.0f}", f"{them['peak_rss_mib']:.0f}")
    print()


def ranks_and_order(args):
    row("comparison", "images/s", "images/s of the other", "ratio (range)", "wanted")
    row(*["---"] * 5)
    for name, a, b, wanted in (
            ("2 ranks against 1, batch 32 each", lambda: ours(args, 2, 32), lambda: ours(args, 1, 32), "at least 1.8x"),
            ("ordered against fast, 1 rank", lambda: ours(args, 1, 32),
             lambda: ours(args, 1, 32, parallel__reduce="fast"), "at least 0.91x"),
            ("ordered against fast, 2 ranks", lambda: ours(args, 2, 32),
             lambda: ours(args, 2, 32, parallel__reduce="fast"), "at least 0.91x")):
        us, other, ratio, low, high = paired(args, a, b)
        row(name, f"{us['images_per_s']:.0f}", f"{other['images_per_s']:.0f}", f"**{ratio:.2f}x** ({low:.2f}-{high:.2f})",
            wanted)
    print()


def seconds_to_line(command, start):
    """Seconds until a line that starts with `start` is printed (the end of the program if start is None)."""
    begin = time.monotonic()
    with subprocess.Popen(command, env=ENV, stdout=subprocess.PIPE, text=True) as p:
        for line in p.stdout:
            if start and line.startswith(start):
                seconds = time.monotonic() - begin
                p.communicate()
                return seconds
        p.wait()
    return time.monotonic() - begin


def first_step(args):
    with tempfile.TemporaryDirectory() as temp:
        bare = os.path.join(temp, "bare")
        with open(bare + ".c", "w") as f:
            f.write("#include <mpi.h>\nint main(int c, char **v) { MPI_Init(&c, &v); return MPI_Finalize(); }\n")
        subprocess.run(["mpicc", "-O1", "-o", bare, bare + ".c"], check=True)
        pairs = []
        for i in range(2 * args.rounds):
            train = ["mpirun", "-np", "2", args.gan_mpi, "jobs/quickstart.ini", "--set", "train.steps=1", "--set",
                     f"run.dir={temp}/run{i}"]
            pairs.append((seconds_to_line(train, "step 1/"), seconds_to_line(["mpirun", "-np", "2", bare], None)))
    us, them = (statistics.median(p[i] for p in pairs) for i in (0, 1))
    later = statistics.median(a - b for a, b in pairs)
    row("start, 2 ranks", "first step done", "bare MPI program ends", "later by", "wanted")
    row(*["---"] * 5)
    row("jobs/quickstart.ini", f"{us:.2f} s", f"{them:.2f} s", f"**{later:+.2f} s**", "at most +0.3 s")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--gan-mpi", default="build/release/gan_mpi")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--steps", type=int, default=60)
    args = parser.parse_args()
    with open("/proc/cpuinfo") as f:
        cpu = next((line.split(":")[1].strip() for line in f if line.startswith("model name")), "unknown CPU")
    print(f"{cpu}, {os.cpu_count()} cores; medians of {args.rounds} rounds of {args.steps} steps\n", flush=True)
    against_torch(args)
    ranks_and_order(args)
    first_step(args)


if __name__ == "__main__":
    sys.exit(main())
