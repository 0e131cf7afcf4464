#!/bin/sh
# Alarms in the log of a run that has failed: a generator that makes one point, and learns nothing, against a discriminator that does. Both
# are named, once, with the step since when; a healthy run has none, nor has one whose alarms are off. They change no bit.
. tests/jobs.sh

count() { # text
    grep -c "warning: alarm: $1" "$dir/output"
}

lost='--set generator.init_scale=1e-6 --set generator.init=normal --set generator.learning_rate=0 --set discriminator.learning_rate=0.01'
# shellcheck disable=SC2086 # words without blanks
trains 2 $lost --set train.steps=400 --set metrics.every=5
same 'lost diversity is said once' 1 "$(count 'lost diversity since step')"
says 'since when' 'lost diversity since step 1: spread_fake is'
same 'the discriminator wins, said once' 1 "$(count 'the discriminator wins outright since step')"
says 'a remedy' 'a gradient penalty'
with=$(hash_of "$dir/run")
rm -rf "$dir/run"
# shellcheck disable=SC2086
trains 1 $lost --set train.steps=400 --set metrics.every=5 --set alarms.window=0
same 'none where they are off' 0 "$(count '')"
same 'the same bits' "$with" "$(hash_of "$dir/run")"
rm -rf "$dir/run"
trains 1 --set train.steps=100 --set metrics.every=2
same 'a healthy run' 0 "$(count '')"
verdict
