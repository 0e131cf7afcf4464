"""What cli_theory.sh compares `gan_mpi eval` with: the divergence of a mixture on a line and an affine generator's samples, by integrating the
formulas on a grid.

    theory.py MODES SPACING STD WEIGHT BIAS    prints: Jensen-Shannon divergence, nats

Files have a number a line (hexadecimal floats, as tool_h5_row prints them): weights [size,1] and bias of the only layer.
"""
import math
import sys


def read(path):
    with open(path) as f:
        return [float.fromhex(v) for v in f.read().split()]


def normal(x, mean, std):
    return math.exp(-(((x - mean) / std) ** 2) / 2) / (std * math.sqrt(2 * math.pi))


def divergence(centres, std, mean, std_q):
    total, h = 0, 1e-3
    for i in range(-20000, 20000):
        x = (i + 0.5) * h
        p, q = sum(normal(x, c, std) for c in centres) / len(centres), normal(x, mean, std_q)
        for a in (p, q):
            total += h / 2 * a * math.log(2 * a / (p + q)) if a > 0 else 0
    return total


modes, spacing, std = int(sys.argv[1]), float(sys.argv[2]), float(sys.argv[3])
centres = [spacing * (k - (modes - 1) / 2) for k in range(modes)]
print(divergence(centres, std, read(sys.argv[5])[0], math.sqrt(sum(w * w for w in read(sys.argv[4])))))
