#!/usr/bin/python3
"""make bench-comm: what communication costs, and what of it is hidden.

sums    sums of a gradient arena beside MPI's own, by tests/bench_allreduce: ranks of this machine, and four hosts
hosts   DCGAN at 64x64 on four hosts (network namespaces of this machine, tests/net/) with a link of 1 Gbit/s each, one rank a
        host: with and without overlap, and PyTorch's DistributedDataParallel (gloo) on the same hosts and network
weak    two ranks beside one, the same batch each

What runs in turn is compared as in bench.py. Hidden is told so: C, the seconds that a step waits for sums when each one is waited for at
once (overlap = no); E, the seconds it still waits with overlap; both measured, on rank 0. Of C the data flow allows to hide a share
H at most: the measured kernels in their order, replayed with sums that take C in all, one after the other, and need nobody's
help (gan_mpi bench --replay). Hidden of what can be hidden is (C - E) / (C H). The same replay says what a step takes, with the thread
that moves messages and the list of messages of a sum: the model of --dry-run --cluster, held against what was measured.

Root only for the hosts. They have this machine's cores between them: with fewer cores than hosts computing takes longer than it would, the
same for all that is compared.
"""
import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile

import bench

NET = os.path.join(bench.HERE, "net")
ENV = dict(bench.ENV, GAN_NET="bench")
GBIT = "1gbit"
HOSTS = 4
ADDRESS = "10.77.0.1"  # of the first host, tests/net/names.sh


def output(command, env=None):
    return subprocess.run(command, env=env or ENV, stdout=subprocess.PIPE, check=True, text=True).stdout


def json_of(command):
    return json.loads([line for line in output(command).splitlines() if line.startswith("{")][-1])


class Hosts:
    """Hosts of this machine while the block runs."""

    def __enter__(self):
        print(output(["sh", f"{NET}/up.sh", str(HOSTS), GBIT]).strip() + "\n", flush=True)

    def __exit__(self, *_):
        output(["sh", f"{NET}/down.sh"])


def over_hosts(*command):
    return ["sh", f"{NET}/run.sh", str(HOSTS), "1", *command]


def sums(args):
    tool = os.path.join(os.path.dirname(args.gan_mpi), "tests", "bench_allreduce")
    for name, command in (("2 ranks of one node", ["mpirun", "-np", "2", tool, "16"]), (f"{HOSTS} hosts", over_hosts(tool, "16"))):
        print(f"{name}, 16 MiB:\n\n```\n{output(command).strip()}\n```\n", flush=True)


def job(args, overlap, *more):
    return over_hosts(args.gan_mpi, "bench", "jobs/bench/dcgan64-hosts.ini", "--steps", str(args.steps), "--set",
                      f"train.batch={HOSTS * args.batch}", "--set", f"parallel.overlap={overlap}", *more)


def on_hosts(args, overlap):
    return json_of(job(args, overlap, "--json"))


def ddp(args):
    return json_of(over_hosts(bench.PYTHON, os.path.join(bench.HERE, "peers", "torch_gan.py"), "--net", "dcgan64", "--fresh-noise",
                              "--batch", str(args.batch), "--steps", str(args.steps), "--hosts", ADDRESS, "--interface", "net0"))


def step(run):
    return run["step_s"]


def waiting(run):
    return sum(phase["exposed_s"] for phase in run["phases"].values())


def replay_of(args, sums_s):
    """What the model says of these kernels, on a network whose sums take sums_s in all."""
    with tempfile.TemporaryDirectory() as folder:
        schedule = os.path.join(folder, "schedule")
        output(job(args, "yes", "--schedule", schedule))
        low, high = 1e-3, 1e3  # Gbit/s
        for _ in range(60):
            middle = (low * high) ** 0.5
            replay = json_of([args.gan_mpi, "bench", "--replay", schedule, "--bandwidth", f"{middle:.9g}", "--json"])
            low, high = (middle, high) if replay["sums_s"] > sums_s else (low, middle)
        return replay


def medians(runs, key):
    return statistics.median(key(run) for run in runs)


def hosts(args):
    on, off, peer = [], [], []
    for i in range(args.rounds):
        ways = [(on, lambda: on_hosts(args, "yes")), (off, lambda: on_hosts(args, "no")), (peer, lambda: ddp(args))]
        for runs, run in ways if i % 2 == 0 else reversed(ways):
            runs.append(run())
    c, e = medians(off, waiting), medians(on, waiting)
    replay = replay_of(args, c)
    h = replay["hideable_s"] / replay["sums_s"]
    bench.row(f"dcgan64, {HOSTS} hosts, {GBIT}, {args.batch} images a host", "images/s", "ms a step", "of it waiting for sums", "our ratio (range)", "wanted")
    bench.row(*["---"] * 6)
    for name, runs, wanted in (("overlap = yes", on, ""), ("overlap = no", off, "1.3x"), ("PyTorch DDP, gloo", peer, "1.5x")):
        ratios = [a["images_per_s"] / b["images_per_s"] for a, b in zip(on, runs)]
        waits = f"{medians(runs, waiting) * 1e3:.0f}" if "phases" in runs[0] else ""
        bench.row(name, f"{medians(runs, lambda r: r['images_per_s']):.1f}", f"{medians(runs, step) * 1e3:.0f}", waits,
                  f"{statistics.median(ratios):.2f}x ({min(ratios):.2f}-{max(ratios):.2f})" if wanted else "", wanted)
    print(f"\nhidden: {c - e:.3f} s of {c:.3f} s a step; the data flow allows {c * h:.3f} s, so {100 * (c - e) / (c * h):.0f} % of what can "
          f"be hidden is (wanted: 85 %)\nmodel: {replay['on']['step_s'] * 1e3:.0f} ms a step with overlap, measured {medians(on, step) * 1e3:.0f}; "
          f"{replay['off']['step_s'] * 1e3:.0f} without, measured {medians(off, step) * 1e3:.0f}\n", flush=True)


def weak(args):
    steps = argparse.Namespace(gan_mpi=args.gan_mpi, rounds=args.rounds, steps=200)
    us, one, ratio, low, high = bench.paired(steps, lambda: bench.ours(steps, 2, 64, "dcgan64"), lambda: bench.ours(steps, 1, 64, "dcgan64"))
    bench.row("weak scaling", "images/s", "of one rank", "efficiency (range)", "wanted")
    bench.row(*["---"] * 5)
    bench.row("dcgan64: 2 ranks, batch 64 each", f"{us['images_per_s']:.0f}", f"{one['images_per_s']:.0f}",
              f"**{ratio / 2:.2f}** ({low / 2:.2f}-{high / 2:.2f})", "0.95")
    print()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--gan-mpi", default="build/release/gan_mpi")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--steps", type=int, default=8)
    parser.add_argument("--batch", type=int, default=24, help="images a host (default: %(default)s)")
    parser.add_argument("--tables", default="sums,hosts,weak", help="which of the three (default: %(default)s)")
    args = parser.parse_args()
    args.gan_mpi = os.path.abspath(args.gan_mpi)
    tables = {"sums": sums, "hosts": hosts, "weak": weak}
    print(f"{bench.datetime.date.today()}: {bench.machine()}; {bench.versions(args)}. Load at the start {os.getloadavg()[0]:.1f}. "
          f"Medians of {args.rounds} rounds.\n", flush=True)
    with Hosts():
        for name in args.tables.split(","):
            tables[name](args)


if __name__ == "__main__":
    sys.exit(main())
