#!/bin/sh
# timeout: 300
# One run, whatever the number of ranks: with reduce = ordered the digest of all weights and moments, and every recorded
# loss and gradient norm, is the same on 1, 2, 4 and 16 ranks, however many of them share one copy of the networks
# (parallel.team) and in however many pieces gradients travel. Proved by comparing digests and records with those of one rank
# that sums shard by shard and shares with nobody. What is fast instead of ordered has to run, with any number of ranks.
. tests/jobs.sh

one_run() { # directory, ranks, arguments: its digest, and all numbers it recorded; in output what it said
    run=$1
    shift
    trains "$@" --set run.dir="$run"
    digest=$(hash_of "$run")
    record=$(metrics_of "$run")
    rm -rf "$run"
}

# equal WHAT "RANKS ..." ARGUMENT...: the job with these arguments is the same run as on one rank. RANKS/TEAM says how many
# ranks have one copy of the networks, else all.
equal() {
    what=$1 shapes=$2
    shift 2
    one_run "$dir/run" 1 "$@"
    echo "$digest" | grep -qxE '[0-9a-f]{16}' || fail "$what on 1 rank" 'a digest' "$digest"
    echo "$digests" | grep -q "$digest" && fail "$what" 'a run unlike the others' "$digest again"
    digests="$digests $digest" wanted=$digest wanted_record=$record
    for shape in $shapes; do
        case $shape in */*) team=${shape#*/} ;; *) team=0 ;; esac
        one_run "$dir/run" "${shape%/*}" "$@" --set parallel.team="$team"
        same "$what: digest on 1 and on $shape ranks" "$wanted" "$digest"
        same_records "$what: metrics on 1 and on $shape ranks" "$wanted_record" "$record"
    done
}
digests=

# ---- the whole path on real data ----------------------------------------------------------------------------------

small_job=$job
job=jobs/quickstart.ini
equal 'the quick start' '2 4 4/1 4/2 16' --set train.steps=50 --set metrics.every=10 --set parallel.bucket_kib=64
job=$small_job

# ---- every way to share, and every piece that a step is made of ----------------------------------------------------

equal 'the small job' '2 2/1 4 4/1 4/2 8/2 16 16/1 16/4'
one_run "$dir/run" 4 --set parallel.bucket_kib=100000
same 'one bucket instead of several' "$wanted" "$digest"
one_run "$dir/run" 4 --set checkpoint.every=1 --set samples.every=2 --set parallel.digest_every=1
same 'with every step stored' "$wanted" "$digest"

for threads in 2 3; do
    one_run "$dir/run" 2 --set parallel.threads=$threads
    same "$threads threads a rank" "$wanted" "$digest"
    says "$threads threads a rank" "2 ranks x $threads threads"
done

# The machine's kernels give one result, the plain ones another; each is the same on any ranks.
equal 'plain kernels' '4 4/2' --set parallel.kernels=ref

momentum='--set generator.optimizer=momentum --set discriminator.optimizer=momentum --set generator.momentum_steps=6'
rmsprop='--set generator.optimizer=rmsprop --set discriminator.optimizer=rmsprop'
sgd='--set generator.optimizer=sgd --set discriminator.optimizer=sgd --set generator.weight_decay=0.01'
# The words above are arguments without blanks, so they may be split.
# shellcheck disable=SC2086
{
    equal 'momentum with a ramp' '4 4/1 4/2' $momentum
    equal 'rmsprop' '4 4/1 4/2' $rmsprop
    equal 'sgd with weight decay' '4 4/2' $sgd
}
equal 'clipped gradients' '2 4 4/1 4/2' --set discriminator.clip_norm=0.05 --set generator.clip_norm=0.01
# The norm that clips is one sum over all of a network, whatever buckets it is reduced in.
all_sorts() { # everything that a bucket is part of; then arguments
    wide='dense 90, batch_norm, relu, dense 100, batch_norm, relu, dense 110, relu'
    "$@" --set "generator.layers=$wide, dense 2" --set "discriminator.layers=$wide, dense 1" --set generator.ema=0.9 \
        --set discriminator.clip_norm=0.05 --set generator.clip_norm=0.01
}
all_sorts equal 'buckets of 1 KiB' '4' --set parallel.bucket_kib=1
for kib in 20 48 100000 0; do
    for shape in 1 4 4/1; do
        case $shape in */*) team=${shape#*/} ;; *) team=0 ;; esac
        all_sorts one_run "$dir/run" "${shape%/*}" --set parallel.bucket_kib=$kib --set parallel.team="$team"
        same "buckets of $kib KiB on $shape ranks: digest" "$wanted" "$digest"
        same_records "buckets of $kib KiB on $shape ranks: metrics" "$wanted_record" "$record"
        case $kib-$shape in
        *-1) ;;
        0-*) says "buckets on $shape ranks" 'KiB, as measured' ;;
        *) says "buckets of $kib KiB on $shape ranks" "buckets   $kib KiB" ;;
        esac
    done
done
equal 'a moving average' '4 4/1 4/2' --set generator.ema=0.9 --set checkpoint.every=1
equal 'three schedules' '4 4/2' --set generator.schedule=cosine --set generator.schedule_steps=10 \
    --set discriminator.schedule=step --set discriminator.schedule_steps=4 --set discriminator.schedule_factor=0.5 \
    --set discriminator.warmup_steps=3
equal 'two discriminator steps' '2 4 4/1 4/2' --set gan.d_steps=2
equal 'the last fakes again' '4 4/2' --set gan.fresh_noise=no --set gan.d_steps=3
equal 'minimax, smoothed, uniform noise' '4 4/2' --set gan.loss=minimax --set gan.label_smoothing=0.1 \
    --set noise.distribution=uniform
equal 'the grid' '4 4/2' --set data.source=grid
equal 'dropout and maxout' '2 4 4/2 16' \
    --set 'discriminator.layers=dropout 0.2, maxout 40 3, dropout 0.5, maxout 20 3, dropout 0.5, dense 1'
for scope in batch shard; do
    equal "batch normalisation over a $scope" '2 4 4/1 4/2 16/4' \
        --set "generator.layers=dense 90, batch_norm $scope, relu, dense 90, batch_norm $scope, relu, dense 2" \
        --set "discriminator.layers=dense 90, batch_norm $scope, leaky_relu, dense 1"
done
for layers in 'dense 90 spectral=yes, leaky_relu, dense 50 spectral=yes, leaky_relu, dense 1 spectral=yes' \
    'dense 90 spectral=yes, batch_norm, leaky_relu, dense 1 bias=no spectral=yes'; do
    equal "spectral normalisation: $layers" '2 4 4/1 4/2 16/4' --set gan.d_steps=2 --set "discriminator.layers=$layers" \
        --set 'generator.layers=dense 90 spectral=yes, relu, dense 2' --set discriminator.clip_norm=0.5
done
equal 'shards of one sample' '4 16/2' --set train.batch=16
equal 'four shards of an odd size' '2 4 4/2' --set train.batch=100 --set parallel.shards=4

# ---- each node updates a part -------------------------------------------------------------------------------------

all_that_updates() {
    "$@" --set 'generator.layers=dense 90 spectral=yes, batch_norm, relu, dense 100, batch_norm, relu, dense 110, relu, dense 2' \
        --set 'discriminator.layers=dense 90 spectral=yes, relu, dense 100, relu, dense 1' --set gan.d_steps=2 \
        --set generator.ema=0.9 --set discriminator.clip_norm=0.05 --set generator.clip_norm=0.01 --set checkpoint.every=5
}
all_that_updates equal 'sharded updates' '2/1 4/1 4/2 8/2' --set parallel.sharded_update=yes
says 'a sharded run' 'each team updates a part'
all_that_updates one_run "$dir/run" 4 --set parallel.team=1
same 'not sharded: digest' "$wanted" "$digest"
all_that_updates one_run "$dir/run" 4 --set parallel.team=1 --set parallel.sharded_update=yes --set parallel.overlap=no
same 'sharded without overlap: digest' "$wanted" "$digest"
all_that_updates trains 4 --set run.dir="$dir/run" --set parallel.team=1 --set parallel.sharded_update=yes --set train.steps=4
all_that_updates trains 2 --set run.dir="$dir/run" --set parallel.team=1 --set train.steps=7
all_that_updates one_run "$dir/run" 4 --set parallel.team=2 --set parallel.sharded_update=yes
same 'on and off between starts: digest' "$wanted" "$digest"
train 4 --set run.dir="$dir/run" --set parallel.sharded_update=yes --set parallel.messages=bfloat16 --set parallel.team=1
same 'exit code of sharded with bfloat16' 3 "$code"
says 'sharded with bfloat16' 'choose one'
train 3 --set run.dir="$dir/run" --set train.batch=48 --set parallel.sharded_update=yes --set parallel.team=1 --set parallel.reduce=fast
same 'exit code of sharded on 3 teams' 3 "$code"
says 'sharded on 3 teams' 'parallel.sharded_update = yes needs a power of two of teams, not 3'

# ---- fast ---------------------------------------------------------------------------------------------------------

# Its sums are in another order, so the digest may differ, but after a few steps hardly a loss.
near() { # what, wanted, got: the last recorded loss_d of two records
    awk -v a="$(echo "$2" | tail -n 1)" -v b="$(echo "$3" | tail -n 1)" 'BEGIN {
        match(a, /"loss_d": [^,]*/); x = substr(a, RSTART + 10, RLENGTH - 10)
        match(b, /"loss_d": [^,]*/); y = substr(b, RSTART + 10, RLENGTH - 10)
        d = x - y
        exit !(x > 0 && y > 0 && d * d < 1e-6)
    }' || fail "$1" "$2" "$3"
}

one_run "$dir/run" 1 --set train.batch=48
ordered=$record
for shape in 3 3/1 3/3 4/2 6/3 6/2 1; do
    case $shape in */*) team=${shape#*/} ;; *) team=0 ;; esac
    one_run "$dir/run" "${shape%/*}" --set train.batch=48 --set parallel.reduce=fast --set parallel.team="$team"
    near "losses of fast on $shape ranks" "$ordered" "$record"
    says "fast on $shape ranks" 'reduce = fast'
done
spectral='discriminator.layers=dense 90 spectral=yes, leaky_relu, dense 1 spectral=yes'
one_run "$dir/run" 3 --set train.batch=48 --set parallel.reduce=fast --set "$spectral"
fast=$record
one_run "$dir/run" 2 --set train.batch=48 --set "$spectral"
near 'spectral normalisation with fast' "$record" "$fast"
one_run "$dir/run" 3 --set train.batch=48 --set parallel.reduce=fast \
    --set 'generator.layers=dense 90, batch_norm, relu, dense 2'
fast=$record
one_run "$dir/run" 2 --set train.batch=48 --set 'generator.layers=dense 90, batch_norm, relu, dense 2'
near 'batch normalisation with fast' "$record" "$fast"

# ---- bfloat16 -----------------------------------------------------------------------------------------------------

# Rounded gradients, so another digest, but the same one each time and nearly the same losses; also when the run goes on after a
# break, without what roundings had left over. Ranks of one node send nothing.
one_run "$dir/run" 4
exact=$record exact_digest=$digest
one_run "$dir/run" 4 --set parallel.messages=bfloat16
same 'bfloat16 within a node: digest' "$exact_digest" "$digest"
one_run "$dir/run" 4 --set parallel.messages=bfloat16 --set parallel.team=1
near 'losses of bfloat16' "$exact" "$record"
says 'bfloat16' 'bits depend on ranks and teams'
[ "$digest" != "$exact_digest" ] || fail 'bfloat16 between nodes' 'another digest' "$digest"
rounded=$digest
one_run "$dir/run" 4 --set parallel.messages=bfloat16 --set parallel.team=1 --set parallel.threads=2
same 'bfloat16 again, with threads: digest' "$rounded" "$digest"
trains 4 --set run.dir="$dir/run" --set parallel.messages=bfloat16 --set parallel.team=1 --set train.steps=5
one_run "$dir/run" 2 --set parallel.messages=bfloat16 --set parallel.team=1
near 'losses of bfloat16 that went on' "$exact" "$record"
one_run "$dir/run" 4 --set parallel.messages=bfloat16 --set parallel.team=1 --set parallel.reduce=fast
near 'losses of bfloat16 with fast' "$exact" "$record"
train 3 --set run.dir="$dir/run" --set train.batch=48 --set parallel.messages=bfloat16 --set parallel.team=1 --set parallel.reduce=fast
same 'exit code of bfloat16 on 3 teams' 3 "$code"
says 'bfloat16 on 3 teams' 'parallel.messages = bfloat16 needs a power of two of teams, not 3'

verdict
