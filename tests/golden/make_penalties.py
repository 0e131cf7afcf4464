"""penalties.h5: gradient penalties, through dense layers, convolutions and normalisations, for ../test_golden.c.

    OPENBLAS_NUM_THREADS=1 /usr/bin/python3 tests/golden/make_penalties.py
"""
import sys

import torch

from make_golden import ADAM, D_LAYERS, DC_G, G_LAYERS, MOMENTUM, SPECTRAL_D, main, uniform

PENALTY_PURPOSE = 7  # GAN_RNG_PENALTY


def lengths(D, at):
    """|dD/dx| squared at each point."""
    at = at.detach().requires_grad_(True)
    gradient, = torch.autograd.grad(D(at).sum(), at, create_graph=True)
    return (gradient**2).sum(dim=1)


def draw(high, streams, step, x, columns):
    return uniform(0, high, next(streams), step, len(x), columns, PENALTY_PURPOSE)


def gradient(weight, target=1):
    def penalty(D, x, fake, streams, step):
        a = draw(1, streams, step, x, 1)
        return weight * ((torch.sqrt(lengths(D, fake + a * (x - fake)) + 1e-12) - target) ** 2).mean()
    return penalty


def dragan(weight):
    def penalty(D, x, fake, streams, step):
        a, u = draw(1, streams, step, x, 1), draw(0.5, streams, step, x, x.shape[1])
        return weight * ((torch.sqrt(lengths(D, x + a * u * x.std(unbiased=False)) + 1e-12) - 1) ** 2).mean()
    return penalty


def r1(weight):
    def penalty(D, x, fake, streams, step):
        return weight / 2 * lengths(D, x).mean()
    return penalty


def lazy(every, penalty):
    """As many times as much, in the first of so many steps only; random numbers are numbered as if it were in all."""
    def sometimes(D, x, fake, streams, step):
        value = penalty(D, x, fake, streams, step)
        return every * value if step % every == 0 else torch.zeros(())
    return sometimes


SMOOTH = [("dense", 24), ("softplus",), ("dense", 16), ("tanh",), ("dense", 1)]
CONVS = [("reshape", 8, 8, 2), ("conv", 18, 4, 2, 1, "bias=no"), ("leaky_relu", 0.2), ("conv", 17, 3, 1, 1, "bias=no"), ("batch_norm",),
         ("leaky_relu", 0.2), ("avg_pool", 2), ("conv", 6, 3, 1, 1), ("layer_norm",), ("softplus",), ("dense", 1)]
POOLED = [("reshape", 8, 8, 2), ("conv", 9, 3, 1, 1, "bias=no"), ("instance_norm",), ("softplus",), ("max_pool", 2), ("upsample", 2),
          ("conv_transpose", 5, 4, 2, 1), ("tanh",), ("maxout", 10, 3), ("dense", 1)]
PACKED = [("dense", 20, "bias=no"), ("batch_norm", "batch"), ("leaky_relu", 0.2), ("dense", 1)]

GENTLE = dict(MOMENTUM, learning_rate=0.002)


def case(loss, g, d, kind, weight, **more):
    gan = {"loss": loss, **{k: v for k, v in more.items() if k in ("d_steps", "pack")}}
    keys = dict(kind=kind, weight=weight, **{k: v for k, v in more.items() if k in ("target", "every")})
    return gan, "normal", g, d, {"penalty": keys}


CASES = {
    "wgan_gp": case("wasserstein", (G_LAYERS, ADAM), (D_LAYERS, MOMENTUM), "gradient", 10, d_steps=2),
    "wgan_gp_images": case("wasserstein", (DC_G, GENTLE), (CONVS, GENTLE), "gradient", 2, target=0.5),
    "wgan_gp_pooled": case("hinge", (DC_G, GENTLE), (POOLED, GENTLE), "gradient", 1),
    "dragan_smooth": case("non_saturating", (G_LAYERS, MOMENTUM), (SMOOTH, MOMENTUM), "dragan", 4),
    "r1_images": case("non_saturating", (DC_G, GENTLE), (CONVS, GENTLE), "r1", 3),
    "r1_packed": case("non_saturating", (G_LAYERS, MOMENTUM), (PACKED, MOMENTUM), "r1", 5, pack=2),
    "gradient_lazy": case("non_saturating", (G_LAYERS, ADAM), (D_LAYERS, ADAM), "gradient", 4, d_steps=2, every=3),
    "r1_lazy_spectral": case("hinge", (DC_G, GENTLE), (SPECTRAL_D, GENTLE), "r1", 2, every=4),
}
PENALTIES = {"wgan_gp": gradient(10), "wgan_gp_images": gradient(2, 0.5), "wgan_gp_pooled": gradient(1), "dragan_smooth": dragan(4),
             "r1_images": r1(3), "r1_packed": r1(5), "gradient_lazy": lazy(3, gradient(4)), "r1_lazy_spectral": lazy(4, r1(2))}
IMAGES = dict.fromkeys(("wgan_gp_images", "wgan_gp_pooled", "r1_images", "r1_lazy_spectral"), (8, 8, 2))

if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "tests/golden/penalties.h5", CASES, IMAGES, 20170331, PENALTIES)
