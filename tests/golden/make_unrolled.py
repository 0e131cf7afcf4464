"""unrolled.h5: G's gradient through updates of D, for ../test_golden.c. The updates are written out here, from the papers, on
tensors that torch.autograd follows; D's real ones are torch.optim's.

    OPENBLAS_NUM_THREADS=1 /usr/bin/python3 tests/golden/make_unrolled.py
"""
import itertools
import sys

import h5py
import numpy as np
import torch

from make_golden import (ADAM, DC_G, D_LAYERS, FEATURES, G_LAYERS, LOSSES, MOMENTUM, NOISE, STEPS, Network, job_text,
                         make_optimizer, noise, output, samples, update)

CONVS = [("reshape", 8, 8, 2), ("conv", 17, 4, 2, 1, "bias=no"), ("batch_norm",), ("leaky_relu", 0.2), ("conv", 6, 3, 1, 1), ("tanh",),
         ("dense", 1)]
RAMP = dict(optimizer="momentum", learning_rate=0.05, momentum=0.5, momentum_final=0.9, momentum_steps=6,
            schedule="linear", schedule_steps=8, schedule_factor=0.25)


def case(loss, g, d, k, **gan):
    return dict(loss=loss, **gan), "normal", g, d, {"unrolled": dict(steps=k)}


CASES = {
    "unrolled_adam": case("minimax", (G_LAYERS, ADAM), (D_LAYERS, ADAM), 3, fresh_noise="no"),
    "unrolled_ramp": case("non_saturating", (G_LAYERS, MOMENTUM), (D_LAYERS, RAMP), 4),
    "unrolled_rmsprop": case("least_squares", (G_LAYERS, MOMENTUM), (D_LAYERS, dict(
        optimizer="rmsprop", learning_rate=0.002, beta2=0.9, epsilon=1e-6, weight_decay=0.02)), 2, d_steps=2, label_smoothing=0.1),
    "unrolled_images": case("minimax", (DC_G, MOMENTUM), (CONVS, MOMENTUM), 2, fresh_noise="no"),
}
IMAGES = {"unrolled_images": (8, 8, 2)}


def adam(w, g, state, keys, group, t):
    b1, b2 = keys["beta1"], keys["beta2"]
    state[0], state[1] = b1 * state[0] + (1 - b1) * g, b2 * state[1] + (1 - b2) * g * g
    return w - group["lr"] * (state[0] / (1 - b1**t)) / ((state[1] / (1 - b2**t)).sqrt() + 1e-8)


def momentum(w, g, state, keys, group, t):
    state[0] = group["momentum"] * state[0] + g
    return w - group["lr"] * state[0]


def rmsprop(w, g, state, keys, group, t):
    g = g + keys["weight_decay"] * w
    state[0] = keys["beta2"] * state[0] + (1 - keys["beta2"]) * g * g
    return w - group["lr"] * g / (state[0].sqrt() + keys["epsilon"])


RULES = {"adam": (adam, ("exp_avg", "exp_avg_sq")), "momentum": (momentum, ("momentum_buffer",)), "rmsprop": (rmsprop, ("square_avg",))}


def look_ahead(D, optimizer, keys, loss, steps, done):
    """D.used becomes what `steps` further updates make of it; done: updates so far."""
    rule, names = RULES[keys["optimizer"]]
    states = [[optimizer.state[p][n].clone() for n in names] for p in D.params]
    for j in range(steps):
        grads = torch.autograd.grad(loss(), D.used, create_graph=True)
        D.used = [rule(w, g, s, keys, optimizer.param_groups[0], done + j + 1) for w, g, s in zip(D.used, grads, states)]


def train(x, case, G, D):
    gan, kind, (_, g_keys), (_, d_keys), more = case
    g_opt, d_opt = make_optimizer(G, g_keys), make_optimizer(D, d_keys)
    d_real, d_fake, g_fake = LOSSES[gan["loss"]]
    target, k = 1 - gan.get("label_smoothing", 0), gan.get("d_steps", 1)
    out = {"metrics": [], "norms": []}
    for step in range(STEPS):
        z, streams = [], itertools.count()
        for j in range(k):
            z.append(noise(kind, next(streams), step))
            G.normalise(keep=False), D.normalise(keep=False)
            fake = G(z[j]).detach()
            on_x, on_fake = D(x), D(fake)
            loss_d = d_real(on_x, target) + d_fake(on_fake)
            grad_d = update(D, d_opt, d_keys, loss_d, step)
        if gan.get("fresh_noise", "yes") == "yes":
            z.append(noise(kind, next(streams), step))
        G.normalise(keep=False), D.normalise(keep=False)
        fake = G(z[-1], keep_statistics=True)
        look_ahead(D, d_opt, d_keys, lambda: d_real(D(x), target) + d_fake(D(fake)), more["unrolled"]["steps"], (step + 1) * k)
        loss_g = g_fake(D(fake))
        grad_g = update(G, g_opt, g_keys, loss_g - d_real(D(x), target), step)
        if step == 0:
            out["noise"] = torch.stack(z).numpy()
            out["gradient_generator"], out["gradient_discriminator"] = grad_g, grad_d
        out["metrics"].append([float(v) for v in (loss_d, output(gan["loss"], on_x).mean(), output(gan["loss"], on_fake).mean(), loss_g)])
        out["norms"].append([np.linalg.norm(grad.astype(np.float64)) for grad in (grad_g, grad_d)])
    out["final_generator"], out["final_discriminator"], out["states_generator"] = G.flat(), D.flat(), G.flat_states()
    return {name: np.asarray(value, np.float32) for name, value in out.items()}


def main(path):
    rng = np.random.default_rng(20161107)
    with h5py.File(path, "w") as f:
        f.attrs["made_by"] = f"torch {torch.__version__}, numpy {np.__version__}, python {sys.version.split()[0]}"
        for name, row in CASES.items():
            features = int(np.prod(IMAGES.get(name, FEATURES)))
            x = samples(rng, features)
            G, D = Network(row[2][0], NOISE, rng), Network(row[3][0], features, rng)
            group = f.create_group(name)
            group["data"] = x
            group.attrs["job"] = np.bytes_(job_text(row).replace("system = gan", "system = unrolled"))
            group["initial_generator"], group["initial_discriminator"] = G.flat(), D.flat()
            for key, value in train(torch.tensor(x.astype(np.float64)), row, G, D).items():
                group[key] = value


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "tests/golden/unrolled.h5")
