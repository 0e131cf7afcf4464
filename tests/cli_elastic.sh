#!/bin/sh
# timeout: 240
# A run goes on with other ranks than it was begun with: from 16 to 4, to 2 ranks of 2 threads, from 1 to 16, in teams or each for itself,
# with statistics of batch norm over the batch and over shards, with convolutions. In ordered mode digest and records are those
# of one rank that was never stopped; in fast mode, where any number that divides the batch may go on, losses are near those.
. tests/jobs.sh

# goes_on WHAT "RANKS[xTHREADS][/TEAM]:STEPS ..." ARGUMENT...: in legs, each to a step; at the end as $whole, $whole_metrics.
goes_on() {
    what=$1 legs=$2 done_before=0
    shift 2
    rm -rf "$dir/legs"
    for leg in $legs; do
        shape=${leg%:*} steps=${leg#*:} threads=1 team=0
        case $shape in */*) team=${shape#*/} shape=${shape%/*} ;; esac
        case $shape in *x*) threads=${shape#*x} shape=${shape%x*} ;; esac
        trains "$shape" --set run.dir="$dir/legs" --set train.steps="$steps" --set parallel.team=$team \
            --set parallel.threads=$threads --set metrics.every=1 "$@"
        [ $done_before = 0 ] || says "$what, leg $leg" "$done_before steps are done"
        done_before=$steps
    done
}

whole() { # steps, arguments: one rank that is never stopped
    n=$1
    shift
    rm -rf "$dir/whole"
    trains 1 --set run.dir="$dir/whole" --set train.steps="$n" --set metrics.every=1 "$@"
    whole=$(hash_of "$dir/whole") whole_metrics=$(metrics_of "$dir/whole")
}

is_the_whole() {
    same "$what: digest of $legs" "$whole" "$(hash_of "$dir/legs")"
    same_records "$what: records of $legs" "$whole_metrics" "$(metrics_of "$dir/legs")"
}

# ---- ordered --------------------------------------------------------------------------------------------------------

for scope in batch shard; do
    g="generator.layers=dense 90, batch_norm $scope, relu, dense 90, batch_norm $scope, relu, dense 2"
    d="discriminator.layers=dense 90, batch_norm $scope, leaky_relu, dropout 0.2, dense 1 spectral=yes"
    whole 12 --set "$g" --set "$d" --set generator.ema=0.9
    echo "$seen" | grep -q "$whole" && fail "statistics over a $scope" 'a run unlike the other' "$whole"
    seen="$seen $whole"
    goes_on "statistics over a $scope" '16:3 4:6 2x2:9 1:10 16:12' --set "$g" --set "$d" --set generator.ema=0.9
    is_the_whole
done
goes_on "statistics over a $scope, smaller teams" '16/4:4 4/1:8 4/2:10 1x3:12' --set "$g" --set "$d" --set generator.ema=0.9
is_the_whole

images='--set data.source=noise --set data.height=8 --set data.width=8 --set data.channels=3 --set data.samples=64'
g='generator.layers=reshape 1 1 7, conv_transpose 20 4, batch_norm, relu, conv_transpose 3 4 2 1, tanh'
d='discriminator.layers=conv 12 4 2 1, leaky_relu, conv 20 4 2 1, batch_norm shard, leaky_relu, dense 1'
# shellcheck disable=SC2086 # words without blanks
{
    whole 6 $images --set "$g" --set "$d"
    goes_on 'images' '16:2 4:3 2x2:4 1:5 16:6' $images --set "$g" --set "$d"
    is_the_whole
}

# ---- fast -----------------------------------------------------------------------------------------------------------

loss_of() { # run directory: the last loss_d
    sed -n 's/.*"loss_d": \([^,}]*\).*/\1/p' "$1/metrics.jsonl" | tail -n 1
}

fast='--set train.batch=48 --set parallel.reduce=fast --set parallel.shards=16'
# shellcheck disable=SC2086
{
    whole 12 $fast
    goes_on 'fast' '16:3 6:6 3x2:9 1:12' $fast
}
awk -v a="$(loss_of "$dir/whole")" -v b="$(loss_of "$dir/legs")" 'BEGIN { d = a - b; exit !(a > 0 && b > 0 && d * d < 1e-6) }' ||
    fail 'fast on 16, 6, 3 x 2 and 1 ranks' "a loss near $(loss_of "$dir/whole")" "$(loss_of "$dir/legs")"
same 'fast: recorded steps' "$(steps_of "$dir/whole")" "$(steps_of "$dir/legs")"

# Where the ranks do not fit any more, nothing of the run is touched.
goes_on 'ranks that do not fit' '4:6'
before=$(hash_of "$dir/legs")
train 3 --set run.dir="$dir/legs"
same 'three ranks: exit code' 3 "$code"
says 'three ranks' 'start 2 or 4 ranks'
same 'digest after three ranks' "$before" "$(hash_of "$dir/legs")"

verdict
