"""salimans.h5: minibatch discrimination (also under a gradient penalty), feature matching, historical averaging and virtual
batch normalisation, for ../test_golden.c.

    OPENBLAS_NUM_THREADS=1 /usr/bin/python3 tests/golden/make_salimans.py
"""
import sys

from make_golden import ADAM, D_LAYERS, DC_D, DC_G, G_LAYERS, MOMENTUM, main
from make_penalties import GENTLE, case, r1

NEAR = [("dense", 14), ("leaky_relu", 0.2), ("minibatch_discrimination", 6, 3), ("dense", 10), ("leaky_relu", 0.2), ("dense", 1)]
NEAR_IMAGES = [*DC_D[:-1], ("minibatch_discrimination", 4, 2), ("dense", 1)]
VIRTUAL_G = [("dense", 16, "bias=no"), ("virtual_batch_norm",), ("relu",), ("dense", 12, "bias=no"), ("virtual_batch_norm",), ("tanh",)]
VIRTUAL_D = [("dense", 14, "bias=no"), ("virtual_batch_norm",), ("softplus",), ("dense", 10, "bias=no"), ("virtual_batch_norm",), ("tanh",), ("dense", 1)]


def virtual(layers):
    return [("virtual_batch_norm",) if kind == "batch_norm" else (kind, *args) for kind, *args in layers]


CASES = {
    "minibatch": (dict(loss="non_saturating", label_smoothing=0.1), "normal", (G_LAYERS, MOMENTUM), (NEAR, MOMENTUM)),
    "minibatch_images": (dict(loss="non_saturating"), "normal", (DC_G, GENTLE), (NEAR_IMAGES, GENTLE)),
    "minibatch_r1": case("non_saturating", (G_LAYERS, GENTLE), (NEAR, GENTLE), "r1", 2),
    "feature_matching": (dict(loss="non_saturating", feature_matching="leaky_relu2"), "normal", (G_LAYERS, MOMENTUM), (D_LAYERS, MOMENTUM)),
    "feature_matching_packs": (dict(loss="hinge", feature_matching="dense1", pack=2), "normal", (G_LAYERS, MOMENTUM), (D_LAYERS, MOMENTUM)),
    "feature_matching_images": (dict(loss="non_saturating", feature_matching="batch_norm1"), "normal", (DC_G, GENTLE), (DC_D, GENTLE)),
    "historical": (dict(loss="non_saturating", d_steps=2), "normal", (G_LAYERS, dict(ADAM, historical_average=0.5)),
                   (D_LAYERS, dict(MOMENTUM, historical_average=0.3, clip_norm=0.3))),
    "virtual": (dict(loss="non_saturating", d_steps=2), "uniform", (VIRTUAL_G, dict(MOMENTUM, ema=0.8)), (VIRTUAL_D, MOMENTUM)),
    "virtual_images": (dict(loss="non_saturating"), "normal", (virtual(DC_G), GENTLE), (virtual(DC_D), GENTLE)),
    "virtual_r1": case("non_saturating", (G_LAYERS, GENTLE), (VIRTUAL_D, GENTLE), "r1", 2, pack=2),
}
IMAGES = dict.fromkeys(("virtual_images", "minibatch_images", "feature_matching_images"), (8, 8, 2))

if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "tests/golden/salimans.h5", CASES, IMAGES, 20160610, {"minibatch_r1": r1(2), "virtual_r1": r1(2)})
