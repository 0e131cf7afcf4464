"""What cli_eval.sh compares `gan_mpi eval` with: the same measures written down from the papers, in plain Python and double precision.

    measures.py modes ring|grid STD SAMPLES             prints: modes, high_quality, reverse_kl
    measures.py parzen SAMPLES VALIDATION TEST SCALE    prints: mean, standard error, width

Files have a sample a line, hexadecimal floats, as tool_h5_row prints them; SCALE: of the real samples, that of the generated ones is -1..1.
"""
import math
import sys


def read(path, scale=1, offset=0):
    with open(path) as f:
        return [[float.fromhex(v) * scale + offset for v in line.split()] for line in f]


def modes(kind, std, samples):
    if kind == "ring":
        centres = [(math.cos(2 * math.pi * k / 8), math.sin(2 * math.pi * k / 8)) for k in range(8)]
    else:
        centres = [(x, y) for y in (-4, -2, 0, 2, 4) for x in (-4, -2, 0, 2, 4)]
    counts = [0] * len(centres)
    for s in samples:
        distance, k = min((math.dist(s, c) / std, k) for k, c in enumerate(centres))
        counts[k] += distance < 3
    shares = [c / sum(counts) for c in counts if c]
    kl = sum(p * math.log(p / (1 / len(centres))) for p in shares)
    return len(shares), sum(counts) / len(samples), kl


def log_density(x, samples, sigma):
    exponents = [-math.dist(x, s) ** 2 / (2 * sigma ** 2) for s in samples]
    most = max(exponents)
    return most + math.log(sum(math.exp(e - most) for e in exponents) / len(samples)) - len(x) * math.log(sigma * math.sqrt(2 * math.pi))


def mean(values):
    return math.fsum(values) / len(values)


def parzen(samples, validation, test):
    sigmas = [10 ** (-1 + i / 9) for i in range(10)]
    sigma = max(sigmas, key=lambda s: mean([log_density(x, samples, s) for x in validation]))
    log_p = [log_density(x, samples, sigma) for x in test]
    variance = mean([(v - mean(log_p)) ** 2 for v in log_p])
    return mean(log_p), math.sqrt(variance / len(test)), sigma


if __name__ == "__main__":
    what, *words = sys.argv[1:]
    if what == "modes":
        print(*modes(words[0], float(words[1]), read(words[2])))
    else:
        scale = float(words[3])
        print(*parzen(read(words[0], 0.5, 0.5), read(words[1], scale), read(words[2], scale)))
