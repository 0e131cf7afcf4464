#!/bin/sh
# Schedules of a step as users get them: measured on the ranks that were started, or as one rank of more than there are; replayed on
# a network; and a dry run on a described cluster.
. tests/jobs.sh

gives() { # CODE TEXT COMMAND...
    wanted=$1 text=$2
    shift 2
    "$@" >"$dir/output" 2>&1 </dev/null
    same "$*: exit code" "$wanted" "$?"
    says "$*" "$text"
}

entries() { # schedule: what it starts, waits for and sums, without what was measured
    grep -E '^(bucket|start|wait|sum) ' "$1"
}

# ---- measured -----------------------------------------------------------------------------------------------------

gives 0 'the schedule of a step of 2 ranks, 16 samples each' \
    mpirun -np 2 "$gan" bench "$job" --steps 3 --schedule "$dir/two" --set parallel.team=1
gives 0 'the schedule of a step of 2 ranks, 16 samples each' "$gan" bench "$job" --steps 3 --schedule "$dir/alone" --ranks 2
same 'one rank alone does what one of two does' "$(entries "$dir/two")" "$(entries "$dir/alone")"
buckets=$(grep '^start ' "$dir/alone" | sort -u | wc -l)
[ "$buckets" -ge 2 ] || fail 'starts of a step' 'at least 2' "$(cat "$dir/alone")"
same 'every start has its wait' "$(grep -c '^start ' "$dir/alone")" "$(grep -c '^wait ' "$dir/alone")"

# Slices of a team's bucket: a quarter of the update, so fewer floats than without; the schedule itself is the same.
gives 0 'the schedule of a step of 16 ranks, 2 samples each' "$gan" bench "$job" --steps 3 --schedule "$dir/team" --ranks 16 --team 4
same 'the sums of 16 ranks are those of 2' "$(entries "$dir/two")" "$(entries "$dir/team")"

# Statistics over the whole batch are sums that block.
gives 0 'the schedule of a step' "$gan" bench "$job" --steps 2 --schedule "$dir/sums" --ranks 4 \
    --set 'discriminator.layers=dense 90, batch_norm, relu, dense 1'
sums=$(grep -c '^sum 90 ' "$dir/sums")
[ "$sums" -gt 0 ] || fail 'sums of a batch norm over 90 features' 'some' "$(entries "$dir/sums")"

gives 2 '--team 3 does not divide 16 ranks' "$gan" bench "$job" --schedule "$dir/x" --ranks 16 --team 3
gives 2 '--ranks 4, but 2 were started' mpirun -np 2 "$gan" bench "$job" --schedule "$dir/x" --ranks 4
gives 2 'write --set parallel.team=1' mpirun -np 2 "$gan" bench "$job" --schedule "$dir/x" --team 1
gives 2 '--ranks goes with --schedule' "$gan" bench "$job" --ranks 4
gives 7 'no/where: cannot write the schedule' "$gan" bench "$job" --steps 1 --schedule "$dir/no/where"

# ---- replayed -----------------------------------------------------------------------------------------------------

cat >"$dir/hand" <<END
gan_mpi-schedule 1
ranks 2 team 1 batch 8 add_s 0 float_bytes 4
phase step
phase D
bucket 4000 net[0]
start 0 1
compute 0.02 1
wait 0 1
END
# 8000 bytes at 8 Mbit/s are 8 ms, and 1 ms of latency: tests/test_schedule.c has this case by hand.
gives 0 'sums of a step, one after the other: 18.000 ms; of that the data flow can hide 18.000 ms and leaves 0.000 ms in phase D' \
    "$gan" bench --replay "$dir/hand" --bandwidth 0.008 --latency 1000 --look 0
says 'step with overlap' 'overlap = on       29.000     20.000        9.000'
says 'step without' 'overlap = off      38.000     20.000       18.000'
says 'what limits it' 'most of it to bandwidth'
gives 0 '"best": {"step_s": 0.025000000, "compute_s": 0.020000000, "exposed_s": {"D": 0.005000000}}' \
    "$gan" bench --replay "$dir/hand" --bandwidth 0.008 --latency 1000 --seconds 0.025 --json
gives 2 'wanted are 1 numbers' "$gan" bench --replay "$dir/hand" --seconds 0.025,1
gives 4 'does not fill nodes of 4 ranks' "$gan" bench --replay "$dir/hand" --ranks-per-node 4
gives 2 'go with --replay' "$gan" bench "$job" --bandwidth 1
gives 2 '--replay measures nothing' "$gan" bench --replay "$dir/hand" --steps 3
gives 5 "job.ini:1: " "$gan" bench --replay "$job"

# ---- a described cluster -------------------------------------------------------------------------------------------

gives 0 'overlap = on' "$gan" "$job" --dry-run --cluster jobs/clusters/ethernet-10g.ini --ranks 16
says 'model' 'Model: computing at '
says 'memory' 'MiB a team of 4'
gives 0 'MiB a team of 2' "$gan" "$job" --dry-run --cluster jobs/clusters/ethernet-10g.ini --ranks 16 --set parallel.team=2
gives 4 'in teams of 8 does not fill nodes of 4 ranks' "$gan" "$job" --dry-run --cluster jobs/clusters/ethernet-10g.ini --ranks 16 \
    --set parallel.team=8
gives 0 'Model: computing as measured in' "$gan" "$job" --dry-run --cluster jobs/clusters/ethernet-10g.ini --ranks 16 --schedule "$dir/team"
gives 5 'measured with 2 samples a rank, but here it is 4; measure it anew, or set train.batch = 32' "$gan" "$job" --dry-run \
    --cluster jobs/clusters/ethernet-10g.ini --ranks 16 --schedule "$dir/team" --set train.batch=64
gives 5 'its sums are not those of this job' "$gan" "$job" --dry-run --cluster jobs/clusters/ethernet-10g.ini --ranks 16 \
    --schedule "$dir/hand"
sed 's/^nodes = .*/nodes = 1000000/; s/^ranks_per_node = .*/ranks_per_node = 10000/' jobs/clusters/ethernet-10g.ini >"$dir/huge.ini"
gives 3 '10000000000 ranks are more than this program can have' "$gan" "$job" --dry-run --cluster "$dir/huge.ini"
gives 3 'hold 64 ranks, not 128' "$gan" "$job" --dry-run --cluster jobs/clusters/ethernet-10g.ini --ranks 128 --set train.batch=128 \
    --set parallel.shards=128
gives 2 '--cluster goes with --dry-run' "$gan" "$job" --cluster jobs/clusters/ethernet-10g.ini
for c in jobs/clusters/*.ini; do
    gives 0 'efficiency' "$gan" "$job" --dry-run --cluster "$c" --ranks 64 --set train.batch=64 --set parallel.shards=64
done

verdict
