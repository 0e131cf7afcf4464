"""cgan.h5: conditional GANs, with labels and attributes through all kinds of layers, and classifiers, for ../test_golden.c.

    OPENBLAS_NUM_THREADS=1 /usr/bin/python3 tests/golden/make_cgan.py
"""
import sys

import h5py
import numpy as np
import torch
import torch.nn.functional as F

from make_golden import ADAM, BATCH, FEATURES, MOMENTUM, SEED, STEPS, Network, conditions, main, make_optimizer, minibatch, samples, update
from make_penalties import GENTLE, gradient

CGAN = {"train": dict(system="cgan")}
ATTRIBUTES = {**CGAN, "data": dict(condition="attributes")}

EMBEDDED_G = [("condition", 6), ("dense", 16), ("leaky_relu", 0.2), ("dense", 24), ("leaky_relu", 0.2), ("dense", 12), ("tanh",)]
EMBEDDED_D = [("condition", 5), ("dense", 24), ("leaky_relu", 0.2), ("dense", 16), ("leaky_relu", 0.2), ("dense", 1)]
PLANES_G = [("reshape", 1, 1, 8), ("planes",), ("conv_transpose", 12, 2, "bias=no"), ("batch_norm",), ("relu",), ("condition", 2),
            ("conv_transpose", 8, 4, 2, 1), ("tanh",), ("conv_transpose", 2, 4, 2, 1), ("tanh",)]
PROJECTION_D = [("reshape", 8, 8, 2), ("condition", 1), ("conv", 8, 4, 2, 1), ("leaky_relu", 0.2), ("planes",), ("conv", 12, 4, 2, 1),
                ("leaky_relu", 0.2), ("projection",)]
PACKED_D = [("planes",), ("dense", 20), ("leaky_relu", 0.2), ("projection",)]
SMOOTH_D = [("condition", 4), ("dense", 20), ("softplus",), ("projection",)]

CASES = {
    "cgan_embedding": (dict(loss="non_saturating"), "normal", (EMBEDDED_G, ADAM), (EMBEDDED_D, ADAM), CGAN),
    "cgan_two_d_steps": (dict(loss="minimax", d_steps=2, fresh_noise="no"), "normal", (EMBEDDED_G, MOMENTUM), (EMBEDDED_D, MOMENTUM), CGAN),
    "cgan_projection_images": (dict(loss="hinge"), "normal", (PLANES_G, GENTLE), (PROJECTION_D, GENTLE), CGAN),
    "cgan_attributes_packed": (dict(loss="non_saturating", pack=2), "normal", (EMBEDDED_G, MOMENTUM), (PACKED_D, MOMENTUM), ATTRIBUTES),
    "cgan_penalty": (dict(loss="wasserstein"), "normal", (EMBEDDED_G, GENTLE), (SMOOTH_D, GENTLE),
                     {**CGAN, "penalty": dict(kind="gradient", weight=2)}),
}
CONDITIONED = dict.fromkeys(CASES, ("labels", 5)) | {"cgan_attributes_packed": ("attributes", 3)}

CLASSIFIERS = {
    "classifier": ([("dense", 24), ("leaky_relu", 0.2), ("dense", 5)], MOMENTUM, None),
    "classifier_images": ([("conv", 8, 4, 2, 1), ("leaky_relu", 0.2), ("conv", 6, 3, 1, 1, "bias=no"), ("batch_norm",), ("relu",), ("dense", 5)],
                          ADAM, (8, 8, 2)),
}


def train_classifier(x, labels, keys, net, image):
    optimizer = make_optimizer(net, keys)
    out = {"metrics": [], "norms": []}
    for step in range(STEPS):
        of = minibatch(labels, step)
        net.normalise(keep=True)
        real = minibatch(x, step)
        logits = net(real.view(-1, *image) if image else real, keep_statistics=True)
        loss = F.cross_entropy(logits, of)
        grad = update(net, optimizer, keys, loss, step)
        if step == 0:
            out["gradient_classifier"] = grad
        out["metrics"].append([float(loss), float((logits.argmax(dim=1) == of).double().mean())])
        out["norms"].append([np.linalg.norm(grad.astype(np.float64))])
    out["final_classifier"] = net.flat()
    if net.states:
        out["states_classifier"] = net.flat_states()
    return {name: np.asarray(value, np.float32) for name, value in out.items()}


def add_classifier(f, name, layers, keys, image, rng):
    x = samples(rng, int(np.prod(image)) if image else FEATURES, BATCH * STEPS)
    labels, _ = conditions(rng, "labels", 5, len(x))
    # the shape that a network begins with is that of the data
    net = Network(([("reshape", *image)] if image else []) + layers, x.shape[1], rng)
    group = f.create_group(name)
    group["data"], group["labels"] = x.reshape(-1, *image) if image else x, labels
    lines = ["[run]", f"seed = {SEED}", "[train]", "system = classifier", f"batch = {BATCH}", f"steps = {STEPS}", "[data]", "file = -",
             "[classifier]", "layers = " + ", ".join(" ".join(map(str, l)) for l in layers)]
    group.attrs["job"] = np.bytes_("\n".join(lines + [f"{k} = {v}" for k, v in keys.items()]) + "\n")
    group.attrs["metric_names"] = np.bytes_("loss,accuracy")
    group["initial_classifier"] = net.flat()
    for key, value in train_classifier(torch.tensor(x.astype(np.float64)), torch.tensor(labels.astype(np.int64)), keys, net, image).items():
        group[key] = value


if __name__ == "__main__":
    path = sys.argv[1] if len(sys.argv) > 1 else "tests/golden/cgan.h5"
    main(path, CASES, {"cgan_projection_images": (8, 8, 2)}, 20141106, {"cgan_penalty": gradient(2)}, CONDITIONED)
    with h5py.File(path, "a") as f:
        rng = np.random.default_rng(20141107)
        for name, (layers, keys, image) in CLASSIFIERS.items():
            add_classifier(f, name, layers, keys, image, rng)
