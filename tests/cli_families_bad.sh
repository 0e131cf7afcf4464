#!/bin/sh
# What does not fit a family is refused at the start: exit code 3, one line that names key or layer, its place, and the remedy; no run
# directory is made.
. tests/jobs.sh

refused() { # what, text, arguments
    what=$1 text=$2
    shift 2
    refuses "$what" 3 "$text" "$gan" "$job" "$@"
    [ ! -e "$dir/run" ] || fail "$what" 'no run directory' 'one'
}

bounded='discriminator.layers=dense 9, relu, dense 1, sigmoid'
refused 'sigmoid under cross-entropy' 'gan.loss = non_saturating is computed from a number without bounds (the logit of a probability); remove' \
    --set "$bounded"
refused 'sigmoid under a Wasserstein critic' 'ends in sigmoid, but gan.loss = wasserstein is computed from a number without bounds; remove' \
    --set "$bounded" --set gan.loss=wasserstein
refused 'smoothing without targets' 'gan.loss = hinge (--set gan.loss=hinge) has none: set it to 0' --set gan.loss=hinge --set gan.label_smoothing=0.1
refused 'packs over shards' 'gan.pack = 4 does not divide the 2 samples of a shard (train.batch = 32 in 16 shards)' --set gan.pack=4
says 'packs over shards' 'use train.batch = 64, or parallel.shards = 8'
refused 'packs that divide nothing' 'gan.pack = 3' --set gan.pack=3
refused 'another loss for wgan' 'gan.loss = hinge under train.system = wgan' --set train.system=wgan --set gan.loss=hinge
ahead='train.system=unrolled'
refused 'unrolled, clipped gradients' 'unrolled, and clipping cannot be: set discriminator.clip_norm = 0' --set $ahead --set discriminator.clip_norm=1
refused 'unrolled, clipped weights' 'unrolled, and clipping cannot be: set discriminator.clip_weights = 0' --set $ahead --set discriminator.clip_weights=1
refused 'unrolled, spectral weights' 'its dense1/weight has spectral=yes, which cannot be: remove that' --set $ahead \
    --set 'discriminator.layers=dense 9 spectral=yes, relu, dense 1'
refused 'unrolled, moments on other nodes' 'set parallel.sharded_update = no' --set $ahead --set parallel.sharded_update=yes
refused 'features of no layer' 'gan.feature_matching = leaky_rel2 is no layer of discriminator; did you mean leaky_relu2?' \
    --set gan.feature_matching=leaky_rel2
refused 'a penalty of no weight' 'penalty.weight = 0 under penalty.kind = r1' --set penalty.kind=r1 --set penalty.weight=0
refused 'a penalty in no step' 'penalty.every' --set penalty.kind=r1 --set penalty.every=0
refused 'unrolled updates with a lazy penalty' 'set penalty.every = 1' --set train.system=unrolled --set penalty.kind=r1 --set penalty.every=4
refused 'features in a loss of its own' 's loss, and train.system = unrolled has one of its own: remove that key' --set $ahead \
    --set gan.feature_matching=leaky_relu2
refused 'unrolled, history' 'a historical average cannot be: set discriminator.historical_average = 0' --set $ahead \
    --set discriminator.historical_average=0.1
# A pair is as long as two samples where noise.size is that of a sample: it is none the less no pack of them.
refused 'pairs that are as long as a pack' 'it takes neither noise nor samples of the data' --set train.system=veegan --set noise.size=2 \
    --set 'reconstructor.layers=dense 2' --set 'discriminator.layers=dense 9, virtual_batch_norm, relu, dense 1'
verdict
