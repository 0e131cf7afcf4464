"""salimans.h5: minibatch discrimination (also under a gradient penalty), feature matching and historical averaging, for ../test_golden.c.

    OPENBLAS_NUM_THREADS=1 /usr/bin/python3 tests/golden/make_salimans.py
"""
import sys

from make_golden import ADAM, D_LAYERS, DC_D, DC_G, G_LAYERS, MOMENTUM, main
from make_penalties import GENTLE, case, r1

NEAR = [("dense", 14), ("leaky_relu", 0.2), ("minibatch_discrimination", 6, 3), ("dense", 10), ("leaky_relu", 0.2), ("dense", 1)]
NEAR_IMAGES = [*DC_D[:-1], ("minibatch_discrimination", 4, 2), ("dense", 1)]
CASES = {
    "minibatch": (dict(loss="non_saturating", label_smoothing=0.1), "normal", (G_LAYERS, MOMENTUM), (NEAR, MOMENTUM)),
    "minibatch_images": (dict(loss="non_saturating"), "normal", (DC_G, GENTLE), (NEAR_IMAGES, GENTLE)),
    "minibatch_r1": case("non_saturating", (G_LAYERS, GENTLE), (NEAR, GENTLE), "r1", 2),
    "feature_matching": (dict(loss="non_saturating", feature_matching="leaky_relu2"), "normal", (G_LAYERS, MOMENTUM), (D_LAYERS, MOMENTUM)),
    "feature_matching_packs": (dict(loss="hinge", feature_matching="dense1", pack=2), "normal", (G_LAYERS, MOMENTUM), (D_LAYERS, MOMENTUM)),
    "feature_matching_images": (dict(loss="non_saturating", feature_matching="batch_norm1"), "normal", (DC_G, GENTLE), (DC_D, GENTLE)),
    "historical": (dict(loss="non_saturating", d_steps=2), "normal", (G_LAYERS, dict(ADAM, historical_average=0.5)),
                   (D_LAYERS, dict(MOMENTUM, historical_average=0.3, clip_norm=0.3))),
}
IMAGES = dict.fromkeys(("minibatch_images", "feature_matching_images"), (8, 8, 2))

if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "tests/golden/salimans.h5", CASES, IMAGES, 20160610, {"minibatch_r1": r1(2)})
