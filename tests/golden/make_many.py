"""many.h5: several discriminators, mode seeking, latent reconstruction and VEEGAN, for ../test_golden.c.

    OPENBLAS_NUM_THREADS=1 /usr/bin/python3 tests/golden/make_many.py

The softmax, the learned temperature and the distances are torch's own functions; gradients are torch.autograd's.
"""
import sys

import h5py
import numpy as np
import torch
import torch.nn.functional as F

from make_golden import (ADAM, BATCH, D_LAYERS, FEATURES, G_LAYERS, LOSSES, MOMENTUM, NOISE, SEED, STEPS, Network, bce, make_optimizer, noise,
                         output, samples, update)

WIDE = [("maxout", 10, 3), ("dense", 1)]
SHORT = [("dense", 9), ("leaky_relu", 0.2), ("dense", 1)]
F_LAYERS = [("dense", 20), ("leaky_relu", 0.2), ("dense", NOISE)]
RMSPROP = dict(optimizer="rmsprop", learning_rate=0.002, beta2=0.9, epsilon=1e-6)
G, R = ("generator", G_LAYERS, MOMENTUM), ("reconstructor", F_LAYERS, MOMENTUM)
THREE = [G, ("discriminator", D_LAYERS, MOMENTUM), ("discriminator2", WIDE, RMSPROP), ("discriminator3", SHORT, ADAM)]
TWO = [G, ("discriminator", D_LAYERS, MOMENTUM), ("discriminator2", SHORT, MOMENTUM)]
PAIR = [G, ("discriminator", D_LAYERS, MOMENTUM)]

# name: system, networks, keys of [gan], keys of [gman]
CASES = {
    "gman_softmax": ("gman", THREE, dict(), dict(lambda_=3)),
    "gman_mean": ("gman", TWO, dict(loss="non_saturating", d_steps=2), dict(combine="mean")),
    "gman_max": ("gman", THREE, dict(), dict(combine="max")),
    "gman_learned": ("gman", THREE, dict(loss="non_saturating"), dict(combine="learned", lambda_=2, reward=0.3, minibatches="own")),
    "gman_sharp": ("gman", TWO, dict(loss="least_squares"), dict(lambda_=400)),
    "mode_seeking": ("gan", PAIR, dict(loss="hinge", mode_seeking=0.4), {}),
    "mode_seeking_stale": ("gan", PAIR, dict(mode_seeking=0.2, fresh_noise="no"), {}),
    "reconstruction": ("gan", [*PAIR, R], dict(reconstruction=0.05), {}),
    "veegan": ("veegan", [*PAIR, R], dict(reconstruction=0.05, d_steps=2), {}),
}


class Game:
    """One step after the other; noise is drawn in the order in which the step uses it."""

    def __init__(self, case, x, nets):
        self.system, self.networks, gan, gman = case
        self.x, self.nets, self.gman, self.gan = x, nets, gman, gan
        loss = gan.get("loss", {"gman": "minimax", "veegan": "log_ratio"}.get(self.system, "non_saturating"))
        table = dict(LOSSES, log_ratio=(bce, lambda l: bce(l, 0), lambda l: -l.mean()))
        self.loss, (self.d_real, self.d_fake, self.g_fake) = loss, table[loss]
        self.opts = [make_optimizer(n, keys) for n, (_, _, keys) in zip(nets, self.networks)]
        self.Ds = [i for i, (name, _, _) in enumerate(self.networks) if name.startswith("discriminator")]
        self.grads = [None] * len(nets)

    def draw(self):
        z = noise("normal", self.drawn, self.step)
        self.drawn += 1
        self.noise.append(z)
        return z

    def judge(self, i, z, x):
        """In VEEGAN a pair."""
        return self.nets[i](torch.cat([z, x], 1) if self.system == "veegan" else x)

    def update(self, i, loss):
        self.grads[i] = update(self.nets[i], self.opts[i], self.networks[i][2], loss, self.step)

    def phase_d(self):
        own = self.gman.get("minibatches") == "own"
        for n, i in enumerate(self.Ds):
            if n == 0 or own:
                self.z = self.draw()
                self.fake = self.nets[0](self.z).detach()
            back = self.nets[-1](self.x).detach() if self.system == "veegan" else None
            on_x, on_fake = self.judge(i, back, self.x), self.judge(i, self.z, self.fake)
            loss = self.d_real(on_x, 1) + self.d_fake(on_fake)
            self.update(i, loss)
            p = output("minimax" if self.loss == "log_ratio" else self.loss, torch.stack([on_x, on_fake])).mean((1, 2))
            number = "" if n == 0 else str(n + 1)
            self.metrics.update({f"loss_d{number}": loss, f"d{number}_real": p[0], f"d{number}_fake": p[1]})

    def combine(self, V):
        V, how = torch.stack(V), self.gman.get("combine", "softmax")
        if how in ("mean", "max"):
            return V.mean() if how == "mean" else V.max()
        if how == "softmax":
            return (torch.softmax(self.gman["lambda_"] * V, 0) * V).sum()
        lam = F.softplus(self.nets[0].params[-1])[0]
        self.metrics["lambda"] = lam
        return (torch.softmax(lam * V, 0) * V).sum() - self.gman["reward"] * lam

    def phase_g(self):
        if self.gan.get("fresh_noise") != "no":
            self.z = self.draw()
        V, z = [], self.z
        fake = self.nets[0](z)
        for n, i in enumerate(self.Ds):
            if n > 0 and self.gman.get("minibatches") == "own":
                z = self.draw()
                fake = self.nets[0](z)
            V.append(self.g_fake(self.judge(i, z, fake)))
        self.metrics["loss_g"] = loss = self.combine(V) if self.system == "gman" else V[0]
        if self.gan.get("mode_seeking"):
            z2 = self.draw()
            ratio = F.l1_loss(self.nets[0](z2), fake) / F.l1_loss(z2, z)
            self.metrics["mode_seeking"] = self.gan["mode_seeking"] / (ratio + 1e-5)
            loss = loss + self.metrics["mode_seeking"]
        if self.gan.get("reconstruction"):
            error = self.gan["reconstruction"] * F.mse_loss(self.nets[-1](fake), z, reduction="none").sum(1).mean()
            self.metrics["reconstruction"] = error
            loss = loss + error
            both = torch.autograd.grad(loss, self.nets[0].params, retain_graph=True)
            self.update(len(self.nets) - 1, error)
            loss = sum((p * g).sum() for p, g in zip(self.nets[0].params, both))  # the gradient from before F's update
        self.update(0, loss)

    def run(self):
        out = {"metrics": [], "norms": []}
        for self.step in range(STEPS):
            self.drawn, self.noise, self.metrics = 0, [], {}
            for n in self.nets:
                n.normalise(keep=False)
            for _ in range(self.gan.get("d_steps", 1)):
                self.phase_d()
            self.phase_g()
            out["metrics"].append([float(v) for v in self.metrics.values()])
            out["norms"].append([np.linalg.norm(g.astype(np.float64)) for g in self.grads])
            if self.step == 0:
                out["noise"] = torch.stack(self.noise).numpy()
                out.update({f"gradient_{name}": g for (name, _, _), g in zip(self.networks, self.grads)})
        out.update({f"final_{name}": n.flat() for (name, _, _), n in zip(self.networks, self.nets)})
        return {name: np.asarray(value, np.float32) for name, value in out.items()}


def job_text(case):
    system, networks, gan, gman = case
    sections = {"run": dict(seed=SEED), "train": dict(system=system, batch=BATCH, steps=STEPS), "gan": gan, "noise": dict(size=NOISE),
                "data": dict(file="-"), "gman": {key.strip("_"): value for key, value in gman.items()}}
    for name, layers, keys in networks:
        sections[name] = {"layers": ", ".join(" ".join(map(str, l)) for l in layers), **keys}
    return "".join(f"[{name}]\n" + "".join(f"{k} = {v}\n" for k, v in keys.items()) for name, keys in sections.items())


def make_networks(case, rng):
    system, networks, _, gman = case
    inputs = {"generator": NOISE, "discriminator": FEATURES + (NOISE if system == "veegan" else 0)}
    nets = [Network(layers, inputs.get(name, FEATURES), rng) for name, layers, _ in networks]
    if gman.get("combine") == "learned":  # behind G's weights
        nets[0].add(np.log(np.expm1([gman["lambda_"]])))
    return nets


def main(path):
    rng = np.random.default_rng(20170515)
    x = samples(rng, FEATURES)
    with h5py.File(path, "w") as f:
        f.attrs["made_by"] = f"torch {torch.__version__}, numpy {np.__version__}, python {sys.version.split()[0]}"
        for name, case in CASES.items():
            nets = make_networks(case, rng)
            game, group = Game(case, torch.tensor(x.astype(np.float64)), nets), f.create_group(name)
            group["data"] = x
            group.attrs["job"] = np.bytes_(job_text(case))
            for (net, _, _), n in zip(case[1], nets):
                group[f"initial_{net}"] = n.flat()
            for key, value in game.run().items():
                group[key] = value
            group.attrs["metric_names"] = np.bytes_(",".join(game.metrics))


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "tests/golden/many.h5")
