#!/bin/sh
# timeout: 300
# The theorem of Goodfellow et al. 2014 in a few seconds, on short versions of jobs/theory-*.ini.
# Proved: numbers of the measures are the same to the bit on 1, 2 and 4 ranks; the divergence is that which theory.py integrates from the
# generator's weights; the value of the game is at most that of D*, and by how much less bounds D's distance to D* (Pinsker's inequality); D
# comes near D* where G stands still, and where both learn the divergence goes to 0 and the value to -log 4. A critic's estimate is recorded.
. tests/jobs.sh
row=$(dirname "$gan")/tests/tool_h5_row

number() { # NAME FILE
    sed -n "s/, \"measures\".*//; s/.*\"$1\": \([-0-9.e+]*\).*/\1/p" "$2"
}

holds() { # WHAT CONDITION...: of awk, in which o, v, b, j, e stand for optimal_d, game_value, game_best, jsd, jsd_se of $dir/json
    awk -v o="$(number optimal_d "$dir/json")" -v v="$(number game_value "$dir/json")" -v b="$(number game_best "$dir/json")" \
        -v j="$(number jsd "$dir/json")" -v e="$(number jsd_se "$dir/json")" "BEGIN { exit !($2) }" ||
        fail "$1" "$2" "$(cat "$dir/json")"
}

measure() { # RUN METRICS: the same on 1, 2 and 4 ranks, left in $dir/json
    "$gan" eval "$1" --metrics "$2" --json >"$dir/json" 2>"$dir/output" || fail "eval $1" 'exit code 0' "$(cat "$dir/output")"
    for ranks in 2 4; do
        mpirun -np $ranks "$gan" eval "$1" --metrics "$2" --json >"$dir/other" 2>&1 </dev/null
        same "eval $1 on $ranks ranks" "$(cat "$dir/json")" "$(cat "$dir/other")"
    done
}

small=$job
play() { # JOB RUN RANKS WORD...: its directory is $dir/RUN
    job=jobs/$1.ini run=$2 ranks=$3
    shift 3
    trains "$ranks" --set run.dir="$dir/$run" --set samples.every=0 --set eval.metrics= "$@"
    job=$small
}

# Expectations obey these to the letter. Means of 10,000 samples each obey them but for chance: log D*/D has a standard deviation below 0.25 here.
theorem() {
    holds "$1: no D has a higher value than D*" 'v <= b + 0.01'
    holds "$1: 4 E|D-D*|^2 is at most what is missing" '4 * o * o <= b - v + 0.01'
    holds "$1: the value of D* is at least -log 4" 'b >= -log(4) - 10 * e && j <= log(2) + 5 * e'
}

# ---- D alone -----------------------------------------------------------------------------------------------------

metrics=optimal_d,game_value,jsd
play theory-optimal-d begin 1 --set train.steps=1 --set discriminator.schedule=constant
measure "$dir/begin" $metrics
theorem 'an untrained D'
first=$(number optimal_d "$dir/json")
play theory-optimal-d trained 2 --set train.steps=800 --set discriminator.schedule_steps=800
measure "$dir/trained" $metrics
theorem 'a trained D'
holds 'a trained D is near D*' "o < 0.08 && o < $first / 2"
"$row" "$dir/trained/checkpoints/latest" networks/generator/dense1/weight 0 16 >"$dir/weight"
"$row" "$dir/trained/checkpoints/latest" networks/generator/dense1/bias 0 1 >"$dir/bias"
jsd=$(/usr/bin/python3 tests/theory.py 2 3 0.5 "$dir/weight" "$dir/bias")
holds 'jsd by integration' "(j - $jsd) ^ 2 <= (5 * e) ^ 2"

# ---- both --------------------------------------------------------------------------------------------------------

play theory-equilibrium both 2 --set train.steps=2500 --set generator.schedule_steps=2500 --set discriminator.schedule_steps=2500
measure "$dir/both" $metrics,wasserstein
theorem equilibrium
holds 'the divergence goes to 0' 'j < 0.03'
holds 'the value goes to -log 4' 'v > -log(4) - 0.06 && v < -log(4) + 0.06'
wasserstein=$(number wasserstein "$dir/json") floor=$(number wasserstein_floor "$dir/json")
holds 'samples lie hardly farther apart than data' "$wasserstein < 2 * $floor"

# ---- a critic ----------------------------------------------------------------------------------------------------

trains 2 --set train.system=wgan --set run.dir="$dir/critic" --set eval.metrics=critic_estimate,wasserstein --set eval.every=3 \
    --set eval.samples=100
same 'records with an estimate' 4 "$(grep -c '"critic_estimate": [-0-9].*"wasserstein": [0-9]' "$dir/critic/metrics.jsonl")"
sh scripts/correlate.sh "$dir/critic" wasserstein critic_estimate >"$dir/output" 2>&1
says 'correlate.sh' 'wasserstein and critic_estimate: 4 records, Pearson'
measure "$dir/critic" critic_estimate,wasserstein
refuses 'an estimate without a critic' 2 'critic_estimate wants a critic, gan.loss = wasserstein; ' \
    "$gan" eval "$dir/both" --metrics critic_estimate
refuses 'the best D of a critic' 2 'optimal_d wants a discriminator that gives probabilities' "$gan" eval "$dir/critic" --metrics optimal_d

# ---- correlations --------------------------------------------------------------------------------------------------

for i in 1,2,8 2,4,4 3,6,2 4,8,-8; do # a and b go together; c falls, but the last time by far
    echo "$i" | sed 's/\(.*\),\(.*\),\(.*\)/{"step": \1, "a": \1, "b": \2, "c": \3, "d": null}/'
done >"$dir/metrics.jsonl"
same 'a with b' 'a and b: 4 records, Pearson 1.0000, Spearman 1.0000' "$(sh scripts/correlate.sh "$dir" a b)"
same 'a with c' 'a and c: 4 records, Pearson -0.9483, Spearman -1.0000' "$(sh scripts/correlate.sh "$dir" a c)"
same 'from step 2' 'a and b: 3 records, Pearson 1.0000, Spearman 1.0000' "$(sh scripts/correlate.sh "$dir" a b 2)"
sh scripts/correlate.sh "$dir" a d >"$dir/output" 2>&1 && fail 'nothing to correlate' 'a failure' 'exit code 0'
says 'nothing to correlate' 'only 0 records have both a and d'
verdict
