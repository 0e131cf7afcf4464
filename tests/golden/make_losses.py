"""losses.h5: the objectives beside cross-entropy, WGAN's clipped weights, and packs, for ../test_golden.c.

    OPENBLAS_NUM_THREADS=1 /usr/bin/python3 tests/golden/make_losses.py
"""
import sys

from make_golden import ADAM, D_LAYERS, DC_D, DC_G, G_LAYERS, MOMENTUM, main

CRITIC = dict(optimizer="rmsprop", learning_rate=0.002, beta2=0.99, clip_weights=0.08)
CASES = {
    "least_squares": (dict(loss="least_squares", label_smoothing=0.1), "normal", (G_LAYERS, MOMENTUM), (D_LAYERS, MOMENTUM)),
    "hinge": (dict(loss="hinge", d_steps=2), "normal", (G_LAYERS, MOMENTUM), (D_LAYERS, MOMENTUM)),
    "wasserstein_clipped": (dict(loss="wasserstein", d_steps=3), "normal",
                            (G_LAYERS, dict(optimizer="rmsprop", learning_rate=0.002, beta2=0.99)), (D_LAYERS, CRITIC)),
    "pack_2_rows": (dict(loss="non_saturating", pack=2), "normal", (G_LAYERS, ADAM), (D_LAYERS, ADAM)),
    "pack_4_maxout": (dict(loss="minimax", pack=4, fresh_noise="no"), "normal", (G_LAYERS, MOMENTUM),
                      ([("maxout", 10, 3), ("dense", 1)], MOMENTUM)),
    "pack_2_images": (dict(loss="non_saturating", pack=2), "normal", (DC_G, MOMENTUM),
                      ([("reshape", 8, 8, 4), *DC_D[1:]], MOMENTUM)),
}

if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "tests/golden/losses.h5", CASES, {"pack_2_images": (8, 8, 2)}, 20180101)
