#!/bin/sh
# Optional networks: what a job may and may not say of them, and what a run of several discriminators leaves. Terms and families that need
# a network of their own: refused at the start (exit code 3, of shapes 4; place and remedy) when it is missing, idle or of another shape.
. tests/jobs.sh

refused() { # exit code, what, text, arguments
    code=$1 what=$2 text=$3
    shift 3
    refuses "$what" "$code" "$text" "$gan" "$job" "$@"
    [ ! -e "$dir/run" ] || fail "$what" 'no run directory' 'one'
}

d='layers=dense 9, relu, dense 1'
refused 3 'a second discriminator of a gan' 'unknown section "discriminator2": system gman has such a network, but train.system = gan' \
    --set "discriminator2.$d"
set -- --set train.system=gman
refused 3 'a gap' '[discriminator4] without [discriminator3]: networks of a kind are numbered without gaps; rename it to [discriminator3]' \
    "$@" --set "discriminator2.$d" --set "discriminator4.$d"
refused 3 'seven discriminators' 'unknown section "discriminator7"' "$@" --set "discriminator7.$d"
refused 3 'no layers' 'discriminator2.layers is missing; write it into section [discriminator2]' "$@" --set discriminator2.ema=0.9
refused 3 'a wrong layer' 'discriminator2: unknown layer "dens"; did you mean dense?' "$@" --set 'discriminator2.layers=dens 1'
refused 4 'two logits' 'discriminator2, last layer, dense (--set discriminator2.layers=dense 2): gives 2, wanted is 1: one logit' \
    "$@" --set 'discriminator2.layers=dense 2'
refused 3 'bounded logits' 'discriminator2 ends in sigmoid, but gan.loss = minimax' "$@" --set 'discriminator2.layers=dense 1, sigmoid'
refused 3 'negative lambda' '--set gman.lambda=-1: ' "$@" --set gman.lambda=-1
refused 3 'learned from 0' 'gman.lambda = 0 cannot be learned from, for it stays above 0; start with 1, or set gman.combine = mean' \
    "$@" --set gman.combine=learned --set gman.lambda=0

refused 3 'no reconstructor' 'gan.reconstruction = 0.5 needs a network that gives the noise back; write a section [reconstructor]' \
    --set gan.reconstruction=0.5
refused 3 'an idle reconstructor' 'gan.reconstruction = 0 leaves [reconstructor] nothing to do; set it to 1, say, or remove the section' \
    --set 'reconstructor.layers=dense 7'
refused 4 'a reconstructor of another shape' 'gives 6, wanted is 7: the noise that the sample was made of' \
    --set 'reconstructor.layers=dense 6' --set gan.reconstruction=1
refused 3 'veegan without one' 'reconstructor.layers is missing' --set train.system=veegan

# A run: only the networks that there are, and a lambda that moves, in checkpoints and samples.
set -- "$@" --set "discriminator2.$d" --set gman.combine=learned --set generator.ema=0.9 --set generator.learning_rate=0.01
trains 2 "$@"
last=$(ls "$dir"/run/checkpoints/step-*.h5 | tail -n 1)
"$gan" info -v "$last" >"$dir/output" 2>&1
same 'arrays of networks' 'discriminator discriminator2 generator' \
    "$(grep -o '  networks/[a-z0-9]*' "$dir/output" | cut -d/ -f2 | sort -u | tr '\n' ' ' | sed 's/ $//')"
says 'the learned number' 'networks/generator/gman/lambda'
says 'its moment' 'optimizers/generator/moment2/gman/lambda'
says 'its average' 'ema/generator/gman/lambda'
says 'its row' 'generator.gman/lambda'
grep -q '"lambda": 0\.9' "$dir/run/metrics.jsonl" || fail 'lambda' 'falls from 1, for F rises with it' "$(tail -n 1 "$dir/run/metrics.jsonl")"
"$gan" config "$dir/run/config.ini" >"$dir/again" 2>&1
same 'config.ini reads as itself' "$(cat "$dir/run/config.ini")" "$(cat "$dir/again")"
refuses 'one discriminator less' 3 'which cannot be continued' "$gan" "$job" --set train.system=gman --set gman.combine=learned \
    --set generator.ema=0.9 --set generator.learning_rate=0.01 --set train.steps=20
says 'one discriminator less' 'discriminator2.layers: dense 9 -> (no such network)'
"$gan" sample "$last" --n 4 --out "$dir/four.h5" >"$dir/output" 2>&1 || fail 'samples' 'some' "$(cat "$dir/output")"
verdict
