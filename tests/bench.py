#!/usr/bin/python3
"""make bench: gan_mpi beside PyTorch, two ranks beside one and beside two threads, ordered beside fast, and the time to the first step.

What is compared runs in turn (A B, B A, A B ...) in one session, so that a machine whose speed drifts treats both alike;
figures are medians over the rounds, ratios are medians of the ratios of neighbours. One thread per rank, unless said otherwise. Settings of the
environment that tune BLAS libraries are dropped, so that the peer has the kernels which it finds best by itself. Prints
Markdown tables. Needs python3-torch on OpenBLAS for the first one (left out, with a word, where that is missing).
"""
import argparse
import datetime
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time

TUNING = ("OPENBLAS_", "GOTO_", "MKL_", "DNNL_", "ONEDNN_", "OMP_", "KMP_", "GOMP_")
ENV = {key: value for key, value in os.environ.items() if not key.startswith(TUNING)}
ENV.update(OPENBLAS_NUM_THREADS="1", OMP_NUM_THREADS="1", OMPI_ALLOW_RUN_AS_ROOT="1", OMPI_ALLOW_RUN_AS_ROOT_CONFIRM="1")
PYTHON = "/usr/bin/python3"
HERE = os.path.dirname(os.path.abspath(__file__))
# network (jobs/bench/NAME.ini, torch_gan.py --net NAME), batch per rank, steps per --steps, wanted speed and memory
NETWORKS = (("mlp", 32, 1, 2.0, 0.5), ("mlp", 128, 1, 1.1, 0.5), ("dcgan64", 64, 0.05, 2.0, 0.6), ("dcgan32", 64, 0.1, 2.0, 0.5),
            ("resblock", 16, 0.1, 2.5, 0.5))


def last_json(command):
    out = subprocess.run(command, env=ENV, stdout=subprocess.PIPE, check=True, text=True).stdout
    return json.loads([line for line in out.splitlines() if line.startswith("{")][-1])


def steps_of(args, net):
    return str(max(2, round(args.steps * next(share for name, _, share, *_ in NETWORKS if name == net))))


def ours(args, ranks, batch_per_rank, net="mlp", **sets):
    threads = int(sets.get("parallel__threads", 1))
    bind = ["--bind-to", "none"] if threads > 1 else []
    command = ["mpirun", *bind, "-np", str(ranks), args.gan_mpi, "bench", f"jobs/bench/{net}.ini", "--json", "--steps",
               steps_of(args, net), "--set", f"train.batch={ranks * batch_per_rank}"]
    for key, value in sets.items():
        command += ["--set", f"{key.replace('__', '.')}={value}"]
    return last_json(command)


def torch(args, ranks, batch_per_rank, net="mlp"):
    return last_json([PYTHON, os.path.join(HERE, "peers", "torch_gan.py"), "--net", net, "--ranks",
                      str(ranks), "--batch", str(batch_per_rank), "--steps", steps_of(args, net)])


def in_turn(rounds, a, b):
    """[(what a() gives, what b() gives)]; who goes first changes from round to round."""
    pairs = []
    for i in range(rounds):
        if i % 2 == 0:
            x = a()
            y = b()
        else:
            y = b()
            x = a()
        pairs.append((x, y))
    return pairs


def paired(args, a, b):
    """Rounds of a, b; returns the median figures of both and the median ratio of images per second, a over b."""
    rounds = in_turn(args.rounds, a, b)
    ratios = [x["images_per_s"] / y["images_per_s"] for x, y in rounds]

    def middle(i, key):
        return statistics.median(r[i][key] for r in rounds)
    figures = [{k: middle(i, k) for k in ("images_per_s", "step_s", "peak_rss_mib")} for i in (0, 1)]
    return figures[0], figures[1], statistics.median(ratios), min(ratios), max(ratios)


def row(*cells):
    print("| " + " | ".join(str(c) for c in cells) + " |", flush=True)


def against_torch(args):
    if "OpenBLAS" not in (torch_version() or ""):
        print("PyTorch on OpenBLAS is not here (Debian: apt install python3-torch libopenblas0; on another BLAS it is ten times "
              "slower, and no peer): the first table is left out\n")
        return
    row("one rank", "images/s", "PyTorch's", "ratio (range)", "wanted", "peak MiB", "PyTorch's", "ratio", "wanted")
    row(*["---"] * 9)
    for net, batch, _, speed, memory in NETWORKS:
        us, them, ratio, low, high = paired(args, lambda: ours(args, 1, batch, net), lambda: torch(args, 1, batch, net))
        row(f"{net}, batch {batch}", f"{us['images_per_s']:.0f}", f"{them['images_per_s']:.0f}",
            f"**{ratio:.2f}x** ({low:.2f}-{high:.2f})", f"{speed}x", f"{us['peak_rss_mib']:.0f}",
            f"{them['peak_rss_mib']:.0f}", f"**{us['peak_rss_mib'] / them['peak_rss_mib']:.2f}x**", f"{memory}x")
    print()


def ranks_and_order(args):
    row("comparison", "images/s", "images/s of the other", "ratio (range)", "wanted")
    row(*["---"] * 5)
    for name, a, b, wanted in (
            ("mlp: 2 ranks against 1, batch 32 each", lambda: ours(args, 2, 32), lambda: ours(args, 1, 32), "at least 1.8x"),
            ("dcgan64: 2 ranks against 1, batch 64 each", lambda: ours(args, 2, 64, "dcgan64"),
             lambda: ours(args, 1, 64, "dcgan64"), "at least 1.9x"),
            ("dcgan64: 2 threads against 2 ranks, batch 64 in all", lambda: ours(args, 1, 64, "dcgan64", parallel__threads=2),
             lambda: ours(args, 2, 32, "dcgan64"), ""),
            ("mlp: ordered against fast, 1 rank", lambda: ours(args, 1, 32),
             lambda: ours(args, 1, 32, parallel__reduce="fast"), "at least 0.91x"),
            ("mlp: ordered against fast, 2 ranks", lambda: ours(args, 2, 32),
             lambda: ours(args, 2, 32, parallel__reduce="fast"), "at least 0.91x"),
            ("dcgan32: ordered against fast, 1 rank", lambda: ours(args, 1, 64, "dcgan32"),
             lambda: ours(args, 1, 64, "dcgan32", parallel__reduce="fast"), "at least 0.91x")):
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
        train = ["mpirun", "-np", "2", args.gan_mpi, "jobs/quickstart.ini", "--fresh", "--set", "train.steps=1", "--set",
                 f"run.dir={temp}/run"]
        pairs = in_turn(2 * args.rounds, lambda: seconds_to_line(train, "step 1/"),
                        lambda: seconds_to_line(["mpirun", "-np", "2", bare], None))
    us, them = (statistics.median(p[i] for p in pairs) for i in (0, 1))
    later = statistics.median(a - b for a, b in pairs)
    row("start, 2 ranks", "first step done", "bare MPI program ends", "later by", "wanted")
    row(*["---"] * 5)
    row("jobs/quickstart.ini", f"{us:.2f} s", f"{them:.2f} s", f"**{later:+.2f} s**", "at most +0.3 s")


def torch_version():
    """PyTorch's version and the kernels its BLAS picked, or None."""
    code = "import torch; print('PyTorch', torch.__version__)"
    p = subprocess.run([PYTHON, "-c", code], env=dict(ENV, OPENBLAS_VERBOSE="2"), stdout=subprocess.PIPE,
                       stderr=subprocess.PIPE, text=True)
    core = [line.split()[-1] for line in p.stderr.splitlines() if line.startswith("Core:")]
    return p.stdout.strip() + (f" on OpenBLAS ({core[0]} kernels)" if core else "") if p.returncode == 0 else None


def machine():
    with open("/proc/cpuinfo") as f:
        lines = [line.split(":", 1) for line in f if ":" in line]
    cpu = {key.strip(): value.strip() for key, value in lines}
    name = cpu.get("model name", "unknown CPU")
    if "cpu family" in cpu:
        name += f" (family {cpu['cpu family']}, model {cpu.get('model')})"
    return f"{name}, {os.cpu_count()} cores, {platform.system()} {platform.release()}"


def versions(args):
    ours = subprocess.run([args.gan_mpi, "--version"], stdout=subprocess.PIPE, check=True, text=True).stdout.splitlines()
    names = [" ".join(line.split()) for line in ours if not line.startswith(("HDF5", "kernels"))]
    return "; ".join(names + [torch_version() or "no PyTorch"])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--gan-mpi", default="build/release/gan_mpi")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--steps", type=int, default=60)
    parser.add_argument("--tables", default="peer,ranks,start", help="which of the three (default: %(default)s)")
    args = parser.parse_args()
    tables = {"peer": against_torch, "ranks": ranks_and_order, "start": first_step}
    print(f"{datetime.date.today()}: {machine()}; {versions(args)}. Load at the start {os.getloadavg()[0]:.1f}. Medians of "
          f"{args.rounds} rounds of {args.steps} steps (fewer of the larger networks).\n", flush=True)
    for name in args.tables.split(","):
        tables[name](args)


if __name__ == "__main__":
    sys.exit(main())
