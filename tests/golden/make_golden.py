#!/usr/bin/python3
"""Values of small GANs from PyTorch in double precision, for tests/test_golden.c. See README.md.

Nothing here comes from gan_mpi: gradients and optimizer steps are torch.autograd's and torch.optim's, the noise is
made anew from numpy's Philox and the quantile function of Python's statistics module. The job texts go into the file
too, so that the test trains exactly what was computed here. One batch is the whole dataset: then the order in which
gan_mpi reads the samples does not matter.
"""
import itertools
import statistics
import sys

import h5py
import numpy as np
import torch
import torch.nn.functional as F
from torch.nn.utils.spectral_norm import SpectralNorm

SEED, BATCH, FEATURES, NOISE, STEPS = 7, 16, 12, 8, 10
NOISE_PURPOSE, REFERENCE_PURPOSE = 2, 9  # GAN_RNG_NOISE, GAN_RNG_REFERENCE of include/gan/rng.h

G_LAYERS = [("dense", 16), ("leaky_relu", 0.2), ("dense", 32), ("leaky_relu", 0.2), ("dense", 12), ("tanh",)]
D_LAYERS = [("dense", 24), ("leaky_relu", 0.2), ("dense", 16), ("leaky_relu", 0.2), ("dense", 1)]
DC_G = [("reshape", 1, 1, 8), ("conv_transpose", 12, 2, "bias=no"), ("batch_norm",), ("relu",),
        ("conv_transpose", 8, 4, 2, 1, "bias=no"), ("batch_norm", "batch"), ("relu",), ("conv_transpose", 2, 4, 2, 1), ("tanh",)]
DC_D = [("reshape", 8, 8, 2), ("conv", 8, 4, 2, 1, "bias=no"), ("leaky_relu", 0.2), ("conv", 12, 4, 2, 1, "bias=no"),
        ("batch_norm",), ("leaky_relu", 0.2), ("conv", 1, 2)]
BLOCK_G = [("dense", 32), ("reshape", 4, 4, 2), ("conv", 10, 3, 1, 1, "bias=no"), ("instance_norm",), ("leaky_relu", 0.2), ("upsample", 2, "bilinear"),
           ("conv", 9, 3, 1, 1), ("layer_norm",), ("leaky_relu", 0.2), ("conv", 2, 1), ("tanh",)]
BLOCK_D = [("reshape", 8, 8, 2), ("conv", 9, 3, 1, 1), ("leaky_relu", 0.2), ("avg_pool", 2), ("conv", 10, 3, 1, 1), ("leaky_relu", 0.2),
           ("max_pool", 3, 2, 1), ("upsample", 2), ("conv", 5, 3, 2, 0), ("leaky_relu", 0.2), ("dense", 1)]
SPECTRAL_G = [("dense", 32, "spectral=yes"), ("reshape", 4, 4, 2), ("conv_transpose", 5, 4, 2, 1, "spectral=yes"), ("leaky_relu", 0.2),
              ("conv", 2, 3, 1, 1), ("tanh",)]
SPECTRAL_D = [("reshape", 8, 8, 2), ("conv", 18, 4, 2, 1, "spectral=yes"), ("leaky_relu", 0.2),
              ("conv", 5, 3, 1, 1, "bias=no", "spectral=yes"), ("leaky_relu", 0.2), ("dense", 1, "bias=no", "spectral=yes")]
ADAM = dict(optimizer="adam", learning_rate=0.01, beta1=0.5, beta2=0.999)
MOMENTUM = dict(optimizer="momentum", learning_rate=0.05, momentum=0.9)

# name: keys of [gan] and [noise], generator, discriminator; layers first, then keys of the section; keys of other sections
CASES = {
    "adam_non_saturating": (dict(loss="non_saturating"), "normal", (G_LAYERS, ADAM), (D_LAYERS, ADAM)),
    "adam_minimax": (dict(loss="minimax"), "normal", (G_LAYERS, ADAM), (D_LAYERS, ADAM)),
    "momentum_non_saturating": (dict(loss="non_saturating"), "normal", (G_LAYERS, MOMENTUM), (D_LAYERS, MOMENTUM)),
    "momentum_minimax": (dict(loss="minimax"), "normal", (G_LAYERS, MOMENTUM), (D_LAYERS, MOMENTUM)),
    "rmsprop_three_d_steps": (
        dict(loss="non_saturating", d_steps=3, label_smoothing=0.1, fresh_noise="no"), "uniform",
        (G_LAYERS, dict(optimizer="rmsprop", learning_rate=0.002, beta2=0.9, epsilon=1e-6)),
        (D_LAYERS, dict(optimizer="rmsprop", learning_rate=0.002, beta2=0.9, epsilon=1e-6, weight_decay=0.02,
                        clip_norm=0.3))),
    "batch_norm_and_maxout": (
        dict(loss="non_saturating"), "normal",
        ([("dense", 16, "bias=no"), ("batch_norm", "batch"), ("relu",), ("dense", 12), ("tanh",)], dict(ADAM, ema=0.8)),
        ([("maxout", 10, 3), ("dense", 1)],
         dict(optimizer="momentum", learning_rate=0.05, momentum=0.5, momentum_final=0.9, momentum_steps=6,
              schedule="linear", schedule_steps=8, schedule_factor=0.25))),
    "dcgan": (dict(loss="non_saturating"), "normal", (DC_G, dict(ADAM, ema=0.8)), (DC_D, ADAM)),
    "blocks_3x3": (dict(loss="non_saturating"), "normal", (BLOCK_G, MOMENTUM), (BLOCK_D, MOMENTUM)),
    "spectral": (dict(loss="non_saturating", d_steps=2), "normal", (SPECTRAL_G, MOMENTUM), (SPECTRAL_D, dict(MOMENTUM, clip_norm=0.5))),
}
IMAGES = dict.fromkeys(("dcgan", "blocks_3x3", "spectral"), (8, 8, 2))  # the others have rows of FEATURES numbers


# ---- noise -----------------------------------------------------------------------------------------------------

def words(stream, step, sample, n, purpose=NOISE_PURPOSE):
    """n 64-bit words of the place (seed, purpose, stream, step, sample): counter words are block, sample, step, stream."""
    counter = ((sample << 64) + (step << 128) + (stream << 192) - 1) % (1 << 256)  # numpy adds 1 before it draws
    four = np.array([(counter >> (64 * i)) % (1 << 64) for i in range(4)], np.uint64)
    return np.random.Philox(counter=four, key=np.array([SEED, purpose], np.uint64)).random_raw(n)


def as_floats(rows):
    return torch.tensor(np.array(rows, np.float32).astype(np.float64))


def uniform(low, high, stream, step, rows, n, purpose):
    return as_floats([[low + (high - low) * int(x >> np.uint64(40)) * 2.0**-24 for x in words(stream, step, i, n, purpose)]
                      for i in range(rows)])


def noise(kind, stream, step, size=NOISE, purpose=NOISE_PURPOSE):
    if kind == "uniform":
        return uniform(-1, 1, stream, step, BATCH, size, purpose)
    quantile = statistics.NormalDist().inv_cdf
    return as_floats([[quantile((int(x >> np.uint64(11)) + 0.5) * 2.0**-53) for x in words(stream, step, i, size, purpose)]
                      for i in range(BATCH)])


# ---- networks --------------------------------------------------------------------------------------------------

def split(args):
    """Positional arguments, and whether there is a bias."""
    return [a for a in args if "=" not in str(a)], "bias=no" not in args


def first(x):
    """NHWC as PyTorch's NCHW, and back."""
    return x.permute(0, 3, 1, 2)


def last(x):
    return x.permute(0, 2, 3, 1)


def conv(x, w, kernel, stride=1, padding=0, transposed=False):
    """w is [kernel*kernel*C, O]; transposed: from O channels to C."""
    w = w.view(kernel, kernel, -1, w.shape[1]).permute(3, 2, 0, 1).contiguous()  # both of PyTorch's layouts are [O, C, ky, kx]
    return last((F.conv_transpose2d if transposed else F.conv2d)(first(x), w, stride=stride, padding=padding))


class Network:
    """Parameters in gan_mpi's order; weights are [in, out]. x is [B, features] or [B, height, width, channels]; attribute c, of
    conditional ones, is the condition of the samples that it is called on, [B, condition]."""

    def __init__(self, layers, features, rng, condition=0):
        self.layers, self.params, self.states, self.spectral, self.past = layers, [], [], {}, []
        self.virtual, self.reference = [], None  # states of virtual_batch_norm; its reference batch
        shape = (features,)
        for kind, *args in layers:
            features, channels = int(np.prod(shape)), shape[-1]
            if kind == "reshape":
                shape = tuple(args)
            elif kind in ("conv", "conv_transpose"):
                (out, kernel, *more), bias = split(args)
                stride, padding = (more + [1, 0][len(more):])
                bound = (6 / (kernel * kernel * (channels + out))) ** 0.5
                large, small = (channels, out) if kind == "conv" else (out, channels)
                self.add(rng.uniform(-bound, bound, (kernel * kernel * large, small)))
                if bias:
                    self.add(rng.uniform(-0.1, 0.1, out))
                if kind == "conv":
                    shape = tuple((n + 2 * padding - kernel) // stride + 1 for n in shape[:2]) + (out,)
                else:
                    shape = tuple((n - 1) * stride - 2 * padding + kernel for n in shape[:2]) + (out,)
            elif kind in ("max_pool", "avg_pool"):
                kernel, stride, padding = (args + [args[0], 0][len(args) - 1:])
                shape = tuple((n + 2 * padding - kernel) // stride + 1 for n in shape[:2]) + shape[2:]
            elif kind == "upsample":
                shape = tuple(n * args[0] for n in shape[:2]) + shape[2:]
            elif kind == "condition":
                units = args[0] * (int(np.prod(shape[:2])) if len(shape) == 3 else 1)
                self.add(rng.uniform(-0.6, 0.6, (condition, units)))
                self.add(rng.uniform(-0.1, 0.1, units))
                shape = shape[:-1] + (channels + args[0],)
            elif kind == "planes":
                shape = shape[:-1] + (channels + condition,)
            elif kind == "projection":
                for size in ((features, 1), 1, (condition, features)):
                    self.add(rng.uniform(-0.4, 0.4, size))
                shape = (1,)
            elif kind in ("dense", "maxout"):
                units = args[0] * (args[1] if kind == "maxout" else 1)
                bound = (6 / (features + units)) ** 0.5
                self.add(rng.uniform(-bound, bound, (features, units)))
                if "bias=no" not in args:
                    self.add(rng.uniform(-0.1, 0.1, units))
                shape = (args[0],)
            elif kind == "minibatch_discrimination":
                bound = (6 / (features + args[0] * args[1])) ** 0.5
                self.add(rng.uniform(-bound, bound, (features, args[0] * args[1])))
                shape = (features + args[0],)
            elif kind.endswith("_norm"):
                self.add(rng.uniform(0.5, 1.5, channels))
                self.add(rng.uniform(-0.5, 0.5, channels))
            if "spectral=yes" in args:
                weight = len(self.params) - 1 - ("bias=no" not in args)
                u = rng.standard_normal(self.params[weight].shape[1])
                self.states.append(torch.tensor((u / np.linalg.norm(u)).astype(np.float32).astype(np.float64)))
                self.spectral[weight] = self.states[-1]
            if kind in ("batch_norm", "virtual_batch_norm"):
                self.states += [torch.zeros(channels, dtype=torch.float64), torch.ones(channels, dtype=torch.float64)]
            if kind == "virtual_batch_norm":
                self.virtual += self.states[-2:]

    def add(self, values):
        values = np.asarray(values, np.float32).astype(np.float64)  # what a float can hold
        self.params.append(torch.tensor(values, requires_grad=True))

    def normalise(self, keep):
        """Before a phase: the weights as they will be used. keep: the vectors u go on to the next phase."""
        self.used = list(self.params)
        for i, u in self.spectral.items():
            m = torch.nn.Module()
            m.weight_orig, m.weight_v = self.params[i].t(), torch.zeros(len(self.params[i]), dtype=torch.float64)
            m.weight_u = u if keep else u.clone()
            self.used[i] = SpectralNorm(dim=0).compute_weight(m, do_power_iteration=True).t()
        if self.reference is not None:
            self.collected = []
            self(self.reference, referring=True)
            for i, (mean, mean_square) in enumerate(self.collected if keep else ()):
                self.virtual[2 * i][:] = mean.detach()
                self.virtual[2 * i + 1][:] = (mean_square - mean**2).detach()

    def virtual_batch_norm(self, x, gamma, beta, number, referring):
        if referring:
            mean, mean_square = (v.reshape(-1, x.shape[-1]).mean(dim=0) for v in (x, x**2))
            self.collected.append((mean, mean_square))
        else:
            n, axes = len(self.reference), tuple(range(1, x.dim() - 1))
            mean, mean_square = ((n * ref + (v.mean(dim=axes, keepdim=True) if axes else v)) / (n + 1)
                                 for ref, v in zip(self.collected[number], (x, x**2)))
        return (x - mean) / torch.sqrt(mean_square - mean**2 + 1e-5) * gamma + beta

    def __call__(self, x, keep_statistics=False, referring=False):
        p, states = iter(self.used), iter([s for s in self.states if not any(s is u for u in [*self.spectral.values(), *self.virtual])])
        self.outputs, numbers = {}, {}
        for kind, *args in self.layers:
            if kind == "dense":
                x = x.reshape(len(x), -1) @ next(p) + (0 if "bias=no" in args else next(p))
            elif kind == "condition":
                x = torch.cat([x, (self.c @ next(p) + next(p)).view(*x.shape[:-1], args[0])], dim=-1)
            elif kind == "planes":
                c = self.c if x.dim() == 2 else self.c[:, None, None, :].expand(*x.shape[:-1], -1)
                x = torch.cat([x, c], dim=-1)
            elif kind == "projection":
                x = x.reshape(len(x), -1)
                x = x @ next(p) + next(p) + (x * (self.c @ next(p))).sum(dim=1, keepdim=True)
            elif kind == "reshape":
                x = x.reshape(len(x), *args)
            elif kind in ("conv", "conv_transpose"):
                (_, *sizes), bias = split(args)
                x = conv(x, next(p), *sizes, transposed=kind == "conv_transpose") + (next(p) if bias else 0)
            elif kind == "max_pool":
                x = last(F.max_pool2d(first(x), *args))
            elif kind == "avg_pool":
                x = last(F.avg_pool2d(first(x), *args))
            elif kind == "upsample":
                smooth = dict(mode="bilinear", align_corners=False) if "bilinear" in args else {}
                x = last(F.interpolate(first(x), scale_factor=args[0], **smooth))
            elif kind == "instance_norm":
                x = last(F.instance_norm(first(x), weight=next(p), bias=next(p), eps=1e-5))
            elif kind == "layer_norm":
                x = F.layer_norm(x, x.shape[1:], eps=1e-5) * next(p) + next(p)
            elif kind == "minibatch_discrimination":
                x = x.reshape(len(x), -1)
                m = (x @ next(p)).view(len(x), args[1], args[0])  # dimensions, kernels
                c = torch.exp(-(m[:, None] - m[None]).abs().sum(dim=2))
                x = torch.cat([x, (c * (1 - torch.eye(len(x), dtype=x.dtype))[:, :, None]).sum(dim=1)], dim=1)
            elif kind == "virtual_batch_norm":
                x = self.virtual_batch_norm(x, next(p), next(p), numbers.get(kind, 0), referring)
            elif kind == "maxout":
                x = (x.reshape(len(x), -1) @ next(p) + next(p)).view(len(x), args[0], args[1]).max(dim=2).values
            elif kind == "batch_norm":
                mean, variance = [s if keep_statistics else s.clone() for s in (next(states), next(states))]
                rows = x.reshape(-1, x.shape[-1])
                x = F.batch_norm(rows, mean, variance, next(p), next(p), training=True, momentum=0.1,
                                 eps=1e-5).view(x.shape)
            else:
                x = {"leaky_relu": F.leaky_relu, "relu": F.relu, "tanh": torch.tanh, "softplus": F.softplus}[kind](x, *args)
            numbers[kind] = numbers.get(kind, 0) + 1
            self.outputs[f"{kind}{numbers[kind]}"] = x.reshape(len(x), -1)
        return x.reshape(len(x), -1)

    def distance_to_past(self):
        """Squared, of the parameters to the mean of those that all updates so far, and this one, began with."""
        self.past.append([p.detach().clone() for p in self.params])
        return sum(((p - torch.stack(past).mean(dim=0)) ** 2).sum() for p, past in zip(self.params, zip(*self.past)))

    def flat(self, values=None):
        values = [t.detach() for t in self.params] if values is None else values
        return np.concatenate([v.reshape(-1).numpy() for v in values]).astype(np.float32)

    def flat_states(self):
        return np.concatenate([s.numpy() for s in self.states] or [np.zeros(0)]).astype(np.float32)


def make_optimizer(net, keys):
    if keys["optimizer"] == "adam":
        return torch.optim.Adam(net.params, lr=keys["learning_rate"], betas=(keys["beta1"], keys["beta2"]), eps=1e-8)
    if keys["optimizer"] == "momentum":
        return torch.optim.SGD(net.params, lr=keys["learning_rate"], momentum=keys["momentum"])
    return torch.optim.RMSprop(net.params, lr=keys["learning_rate"], alpha=keys["beta2"], eps=keys.get("epsilon", 1e-8),
                               weight_decay=keys.get("weight_decay", 0))


def update(net, optimizer, keys, loss, step):
    """One optimizer step; the gradient of the loss, before clipping and without what keys of the network add to it."""
    group = optimizer.param_groups[0]
    if keys.get("momentum_steps"):
        ramp = min(step / keys["momentum_steps"], 1)
        group["momentum"] = keys["momentum"] + (keys["momentum_final"] - keys["momentum"]) * ramp
    if keys.get("schedule") == "linear":
        done = min(step / keys["schedule_steps"], 1)
        group["lr"] = keys["learning_rate"] * (1 + (keys["schedule_factor"] - 1) * done)
    for p, g in zip(net.params, torch.autograd.grad(loss, net.params)):
        p.grad = g
    gradient = net.flat([p.grad.clone() for p in net.params])
    if keys.get("historical_average"):
        (keys["historical_average"] * net.distance_to_past()).backward()
    net.norm = np.linalg.norm(net.flat([p.grad for p in net.params]).astype(np.float64))
    if keys.get("clip_norm"):
        torch.nn.utils.clip_grad_norm_(net.params, keys["clip_norm"])
    optimizer.step()
    if keys.get("clip_weights"):
        for p in net.params:
            p.data.clamp_(-keys["clip_weights"], keys["clip_weights"])
    return gradient


# ---- Algorithm 1 -----------------------------------------------------------------------------------------------

def bce(logits, target):
    return F.binary_cross_entropy_with_logits(logits, torch.full_like(logits, target))


# name: D on real samples (given their target), D on fakes, G on fakes
LOSSES = {
    "non_saturating": (bce, lambda l: bce(l, 0), lambda l: bce(l, 1)),
    "minimax": (bce, lambda l: bce(l, 0), lambda l: -bce(l, 0)),
    "least_squares": (lambda l, t: ((l - t) ** 2).mean() / 2, lambda l: (l**2).mean() / 2, lambda l: ((l - 1) ** 2).mean() / 2),
    "hinge": (lambda l, t: torch.clamp(1 - l, min=0).mean(), lambda l: torch.clamp(1 + l, min=0).mean(), lambda l: -l.mean()),
    "wasserstein": (lambda l, t: -l.mean(), lambda l: l.mean(), lambda l: -l.mean()),
}


def output(loss, logits):
    """What the metrics d_real and d_fake are the means of."""
    return torch.sigmoid(logits) if loss in ("non_saturating", "minimax") else logits


def packed(x, pack, image=None):
    """Neighbours as one sample: one longer row, or for images [h, w, c] more channels."""
    if pack == 1 or image is None:
        return x.reshape(len(x) // pack, -1)
    h, w, c = image
    return x.view(-1, pack, h, w, c).permute(0, 2, 3, 1, 4).reshape(len(x) // pack, -1)


def minibatch(x, i):
    """The i-th of the stream; a case with one minibatch has it again and again, in any order."""
    return x if len(x) == BATCH else x[i * BATCH:(i + 1) * BATCH]


def mean_output(D, layer, x):
    D(x)
    return D.outputs[layer].mean(dim=0)


def train(x, case, G, D, image=None, penalty=None, c=None):
    """penalty(D, x, fake, streams, step) is added to D's loss; c: what the samples x are conditioned on."""
    gan, kind, (_, g_keys), (_, d_keys), *_ = case
    g_opt, d_opt = make_optimizer(G, g_keys), make_optimizer(D, d_keys)
    average = [p.detach().clone() for p in G.params]
    d_real, d_fake, g_fake = LOSSES[gan["loss"]]
    pack = gan.get("pack", 1)
    k, fresh = gan.get("d_steps", 1), gan.get("fresh_noise", "yes") == "yes"
    out = {"metrics": [], "norms": []}
    if G.virtual:
        G.reference = noise(kind, 0, 0, purpose=REFERENCE_PURPOSE)
    if D.virtual:
        D.reference = packed(minibatch(x, 0), pack, image)
    for step in range(STEPS):
        z, streams = [], itertools.count()
        for j in range(k):
            z.append(noise(kind, next(streams), step))
            G.normalise(keep=False), D.normalise(keep=True)
            if c is not None:
                G.c = minibatch(c, step * k + j)
                D.c = packed(G.c, pack)
            fake, real = G(z[j]).detach(), minibatch(x, step * k + j)
            on_x, on_fake = D(packed(real, pack, image)), D(packed(fake, pack, image))
            loss_d = d_real(on_x, 1 - gan.get("label_smoothing", 0)) + d_fake(on_fake)
            adversarial = loss_d
            if penalty:
                loss_d = loss_d + penalty(D, packed(real, pack, image), packed(fake, pack, image), streams, step)
            grad_d = update(D, d_opt, d_keys, loss_d, step)
        if fresh:
            z.append(noise(kind, next(streams), step))
        G.normalise(keep=True), D.normalise(keep=False)
        loss_g = g_fake(D(packed(G(z[-1], keep_statistics=True), pack, image)))
        objective_g = loss_g
        if "feature_matching" in gan:
            real, fake = (mean_output(D, gan["feature_matching"], packed(v, pack, image)) for v in (real, G(z[-1])))
            objective_g = ((real - fake) ** 2).sum()
        grad_g = update(G, g_opt, g_keys, objective_g, step)
        for a, p in zip(average, G.params):
            a += (1 - g_keys.get("ema", 0)) * (p.detach() - a)
        if step == 0:
            out["noise"] = torch.stack(z).numpy()
            out["gradient_generator"], out["gradient_discriminator"] = grad_g, grad_d
        out["metrics"].append([float(v) for v in (adversarial, output(gan["loss"], on_x).mean(), output(gan["loss"], on_fake).mean(),
                                                  loss_g)])
        out["norms"].append([G.norm, D.norm])
    out["final_generator"], out["final_discriminator"] = G.flat(), D.flat()
    out["states_generator"] = G.flat_states()
    if D.spectral or D.virtual:
        out["states_discriminator"] = D.flat_states()
    out["average_generator"] = G.flat(average) if "ema" in g_keys else np.zeros(0)
    return {name: np.asarray(value, np.float32) for name, value in out.items()}


def job_text(case):
    gan, kind, g, d, *more = case

    def section(name, keys):
        return [f"[{name}]"] + [f"{key} = {value}" for key, value in keys.items()]

    others = {"train": {}, "data": {}, **(more[0] if more else {})}
    lines = section("run", dict(seed=SEED)) + section("train", dict(system="gan", batch=BATCH, steps=STEPS) | others.pop("train"))
    lines += section("gan", gan) + section("noise", dict(size=NOISE, distribution=kind))
    lines += section("data", dict(file="-") | others.pop("data"))
    for name, keys in others.items():
        lines += section(name, keys)
    for name, (layers, keys) in (("generator", g), ("discriminator", d)):
        lines += section(name, {"layers": ", ".join(" ".join(map(str, l)) for l in layers), **keys})
    return "\n".join(lines) + "\n"


def samples(rng, features, n=BATCH):
    return np.tanh(rng.standard_normal((n, 4)) @ rng.standard_normal((4, features))).astype(np.float32)


def conditions(rng, kind, numbers, n):
    """What n samples are conditioned on: as the file has it, and as networks see it."""
    if kind == "attributes":
        values = rng.uniform(-1, 1, (n, numbers)).astype(np.float32)
        return values, values
    labels = rng.integers(0, numbers, n)
    return labels.astype(np.int32), np.eye(numbers)[labels]


def main(path, cases, images, seed, penalties={}, conditioned={}):
    """images: the shape of a sample, [h, w, c], of those cases that have images; penalties: of those that have one; conditioned: kind and
    number of what samples are conditioned on, of those that are."""
    rng = np.random.default_rng(seed)
    rows = samples(rng, FEATURES)
    with h5py.File(path, "w") as f:
        f.attrs["made_by"] = f"torch {torch.__version__}, numpy {np.__version__}, python {sys.version.split()[0]}"
        for name, case in cases.items():
            image, pack = images.get(name), case[0].get("pack", 1)
            features = int(np.prod(image)) if image else FEATURES
            x = samples(rng, features) if image else rows
            if pack > 1 or name in penalties or name in conditioned:  # order matters: no minibatch comes twice
                x = samples(rng, features, BATCH * STEPS * case[0].get("d_steps", 1))
            stored = c = None
            numbers = 0
            if name in conditioned:
                kind, numbers = conditioned[name]
                stored, c = conditions(rng, kind, numbers, len(x))
                c = torch.tensor(c.astype(np.float64))
            G, D = Network(case[2][0], NOISE, rng, numbers), Network(case[3][0], features * pack, rng, numbers * pack)
            group = f.create_group(name)
            if stored is not None:
                group[kind] = stored
            group["data"] = x.reshape(-1, *image) if image and pack > 1 else x
            group.attrs["job"] = np.bytes_(job_text(case))
            if pack > 1:
                group.attrs["shards"] = np.bytes_(",".join(str(n) for n in (1, 2, 4, 8, 16) if BATCH // n % pack == 0))
            group["initial_generator"], group["initial_discriminator"] = G.flat(), D.flat()
            if D.spectral:
                group["initial_states_generator"], group["initial_states_discriminator"] = G.flat_states(), D.flat_states()
            for key, value in train(torch.tensor(x.astype(np.float64)), case, G, D, image, penalties.get(name), c).items():
                group[key] = value


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "tests/golden/small_gans.h5", CASES, IMAGES, 20141208)
