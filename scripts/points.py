#!/usr/bin/env python3
"""points.py OUT.png TITLE=SAMPLES.h5...: samples in the plane (`gan_mpi sample --out SAMPLES.h5`), panel by panel; needs h5py, matplotlib."""
import sys

import h5py
import matplotlib

matplotlib.use("Agg")
from matplotlib import pyplot  # noqa: E402


def main(out, *panels):
    figure, axes = pyplot.subplots(1, len(panels), figsize=(4.2 * len(panels), 4.4), squeeze=False)
    for axis, panel in zip(axes[0], panels):
        title, path = panel.rsplit("=", 1)
        with h5py.File(path) as f:
            x = f["images"][:].reshape(len(f["images"]), -1)
        axis.plot(x[:, 0], x[:, 1], ".", color="#1f4e9c", alpha=0.25, markersize=3, markeredgewidth=0)
        axis.set(title=title, aspect="equal", xlim=(-5.2, 5.2), ylim=(-5.2, 5.2), xticks=range(-4, 5, 2), yticks=range(-4, 5, 2))
        axis.grid(color="#e4e4e4", linewidth=0.6)
        axis.set_axisbelow(True)
    figure.tight_layout()
    figure.savefig(out, dpi=100)


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    main(*sys.argv[1:])
