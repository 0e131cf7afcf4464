#!/bin/sh
# simulate.sh GAN_MPI [--quick]: the schedule of a job on simulated clusters, beside what the model of `bench --replay` says.
#
# Computing is measured here, one rank doing the part of one of P (gan_mpi bench --schedule); messages are SimGrid's. Prints a
# table; without --quick it goes to docs/simulated.md as well, and the bound of 0.90 at 1024 ranks is checked. --quick: 64 ranks of a small
# job, and model and simulation must agree within a fifth of what communication costs (messages of several
# sums share a link by halves in SimGrid, and follow each other in the model) or 0.1 % of the step; ends with "N passed, N failed".
#
# JOB= and RANKS= (the largest of the table, a multiple of 16) may be set; then the file is the one named by OUT=, if any. All else lies in a
# directory that goes away.
set -e
cd "$(dirname "$0")/../.."
gan=$1 quick=$2
out=${OUT:-/dev/null}
[ "${JOB:-}${RANKS:-}${OUT:-}" ] || out=docs/simulated.md
job=${JOB:-jobs/bench/dcgan64.ini}
. tests/mpi_env.sh
dir=$(mktemp -d "${TMPDIR:-/tmp}/gan_sim.XXXXXX")
trap 'rm -rf "$dir"' EXIT
trap 'exit 1' HUP INT TERM
passed=0 failed=0

sh tests/sim/build.sh "$dir"

# ---- one point -----------------------------------------------------------------------------------------------------

# measure JOB BATCH TEAM: -> $dir/BATCH-TEAM, the schedule of a rank with so many samples. The ranks do not change what a rank computes, so
# one measurement serves all numbers of them.
measure() {
    [ -e "$dir/$2-$3" ] && return
    "$gan" bench "$1" --schedule "$dir/$2-$3" --ranks 1024 --team "$3" --steps "${STEPS:-7}" --set train.batch=$((1024 * $2)) \
        --set parallel.shards=1024 --set parallel.bucket_kib=1024 >"$dir/log" 2>&1 || { cat "$dir/log"; exit 1; }
}

of_ranks() { # SCHEDULE RANKS: the same of another number of ranks
    sed "2s/ranks [0-9]*/ranks $2/" "$1" >"$dir/schedule"
}

# simulate RANKS NODE GBIT US OVERLAP JITTER: the line that sim prints, of $dir/schedule. Factors as 0:1, or SimGrid would tune latency and
# bandwidth for an old Ethernet; smpi/test: a look after messages costs nothing, their adding does.
simulate() {
    sh tests/sim/fat_tree.sh $(($1 / $2)) "$2" "$3" "$4" >"$dir/platform.xml"
    seq 0 $(($1 / $2 - 1)) | sed "s/.*/node-&:$2/" >"$dir/hosts"
    smpirun -np "$1" -platform "$dir/platform.xml" -hostfile "$dir/hosts" --cfg=smpi/host-speed:1Gf --cfg=smpi/lat-factor:0:1 \
        --cfg=smpi/bw-factor:0:1 --cfg=smpi/simulate-computation:no --cfg=smpi/test:0 --cfg=smpi/coll-selector:ompi \
        --cfg=smpi/shared-malloc-blocksize:4194304 --log=root.thres:critical "$dir/sim" "$dir/schedule" "${SIM_STEPS:-1}" "$5" 500 "$6" \
        >"$dir/out" 2>&1 || { cat "$dir/out"; exit 1; }
    grep '^ranks ' "$dir/out" || { cat "$dir/out" >&2; exit 1; }
}

# model NODE GBIT US OVERLAP: step in ms
model() {
    "$gan" bench --replay "$dir/schedule" --bandwidth "$2" --latency "$3" --ranks-per-node "$1" | awk -v o="$4" '$3 == o { print $4 }'
}

after() { # WORD LINE: the number behind a word
    echo "$2" | awk -v w="$1" '{ for (i = 1; i < NF; i++) if ($i == w) print $(i + 1) }'
}

# ---- quick ---------------------------------------------------------------------------------------------------------

check() { # what, condition of awk
    if awk "BEGIN { exit !($2) }"; then passed=$((passed + 1)); else failed=$((failed + 1)); echo "FAIL $1: $2"; fi
}

agree() { # NAME RANKS NODE GBIT US OVERLAP
    line=$(simulate "$2" "$3" "$4" "$5" "$6" 0)
    step=$(after step "$line") compute=$(after compute "$line") said=$(model "$3" "$4" "$5" "$6")
    printf '%-40s simulated %10.3f ms, model %10.3f ms, computing %10.3f ms\n' "$1" "$step" "$said" "$compute"
    check "$1: simulated and modelled step, within 20 % of what communication costs or 0.1 % of the step" \
        "(d = $step - $said) * d <= (t = 0.2 * ($step - $compute) + 0.001 * $step) * t"
    check "$1: a step is not shorter than its computing" "$step >= $compute * 0.9999"
}

if [ "$quick" = --quick ]; then
    job=jobs/bench/mlp.ini
    measure $job 32 1
    of_ranks "$dir/32-1" 64
    for o in on off; do
        agree "64 hosts, 100 Gbit/s, overlap $o" 64 1 100 1.5 $o
        agree "64 hosts, 10 Gbit/s, overlap $o" 64 1 10 20 $o
    done
    measure $job 32 4
    of_ranks "$dir/32-4" 64
    agree "16 nodes of 4 ranks, 10 Gbit/s, overlap on" 64 4 10 20 on
    echo
    echo "$passed passed, $failed failed"
    [ $failed = 0 ]
    exit
fi

# ---- the table -----------------------------------------------------------------------------------------------------

# row BATCH RANKS NODE TEAM GBIT US OVERLAP JITTER
row() {
    echo "simulating: batch $1 a rank, $2 ranks on $(($2 / $3)) nodes, $5 Gbit/s, overlap $7, jitter $8" >&2
    measure "$job" "$1" "$4"
    of_ranks "$dir/$1-$4" "$2"
    line=$(simulate "$2" "$3" "$5" "$6" "$7" "$8")
    alone=$(awk '$1 == "compute" { s += $2 } END { print 1e3 * s }' "$dir/schedule")
    step=$(after step "$line")
    awk -v b="$1" -v r="$2" -v n="$3" -v g="$5" -v o="$7" -v j="$8" -v s="$step" -v c="$alone" -v d="$(after exposed_D "$line")" \
        -v e="$(after exposed_G "$line")" -v a="$(after adding "$line")" -v m="$(model "$3" "$5" "$6" "$7")" 'BEGIN {
        limit = s - c < 0.002 * c ? "computing" : j > 0 ? "the slowest rank of a step" : d + e > a ? "exposed sums" : "adding what arrives"
        printf "| %d | %d on %d nodes | %g Gbit/s | %s | %g %% | %.1f | %.1f | %.2f, %.2f | %.2f | **%.3f** | %.3f | %s |\n",
            b, r, r / n, g, o, 100 * j, c, s, d, e, a, c / s, c / m, limit }' | tee -a "$dir/rows"
    last=$(awk "BEGIN { print $alone / $step }")
}

largest=${RANKS:-1024}
middle=$((largest / 4)) small=$((largest / 16))
echo '| batch a rank | ranks | link of a node | overlap | jitter | computing ms | step ms | exposed D, G ms | adding ms | efficiency | by the model | what limits it |' >"$dir/rows"
echo '| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |' >>"$dir/rows"
cat "$dir/rows"
# One row of the largest number: SimGrid takes minutes for it.
row 64 "$small" 1 1 100 1.5 on 0
row 64 "$middle" 1 1 100 1.5 on 0
row 64 "$largest" 1 1 100 1.5 on 0
bound=$last
row 64 "$middle" 1 1 100 1.5 off 0
row 64 "$middle" 1 1 100 1.5 on 0.02
row 8 "$middle" 1 1 100 1.5 on 0
row 64 "$middle" 1 1 10 20 on 0
row 64 "$middle" 1 1 10 20 off 0
row 8 "$middle" 1 1 10 20 on 0
row 64 "$middle" 16 16 100 1.5 on 0

{
    echo "# Simulated clusters"
    echo
    echo "Made by \`make simulate\` ($(date +%Y-%m-%d), $(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1)): \`$job\`, weak scaling, with \`parallel.bucket_kib = 1024\`."
    echo
    cat "$dir/rows"
    cat <<'END'

**What is real.** The computing: each kernel of one rank's program of 1024 ranks, measured on this machine, one rank alone (medians). The order of the step: as the
program has it, starts, waits and sums where they stand. The sums: `src/comm/reduction.c` itself, compiled against SimGrid's MPI.

**What is simulated.** The network: SimGrid's fluid model of a fat tree of two levels with full bisection, 1.5 us (100 Gbit/s) or 20 us (10 Gbit/s)
across it, and a twentieth of the bandwidth for what flows the other way. Looks after messages every 0.5 ms of a kernel, as by the program's thread.

**What is in neither.** Cores that share a memory bus: a rank was measured alone. The cost of MPI's own calls and copies. Other jobs on the
network. Jitter is one factor a rank and step, normal, of the stated deviation: the slowest of all ranks is what all wait for.

Efficiency is computing over step: 1 where communication costs nothing. By the model: `gan_mpi bench --replay`, which follows one rank.
END
} >"$out"
awk "BEGIN { exit !($bound >= 0.90) }" || { echo "weak scaling to $largest ranks: $bound, wanted 0.90"; exit 1; }
echo "weak scaling to $largest ranks at 100 Gbit/s: $bound (wanted: at least 0.90); written to $out"
