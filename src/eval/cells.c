/* Where the samples' density is not known: how many of them fall into each cell of a fine grid, beside the mixture's own probability of the
 * cell, which is exact (products of the normal distribution's integral along each axis).
 *
 * Cells are as wide as a mode's standard deviation, so what D does within one is not seen; and n samples in k cells overestimate the
 * Jensen-Shannon divergence of equal distributions by some k / (8 n). */
#include "density.h"

#include "gan/mem.h"

#include <math.h>
#include <string.h>

enum { MOST = 1024, AROUND = 6, TAIL = 9 }; /* cells along an axis; standard deviations around the mixture, and of a mode in all */

static void range_of(const gan_mixture *m, int axis, double *low, double *high)
{
    *low = INFINITY, *high = -INFINITY;
    for (int k = 0; k < m->n_modes; k++) {
        *low = fmin(*low, (double)m->centres[k][axis]);
        *high = fmax(*high, (double)m->centres[k][axis]);
    }
    *low -= AROUND * (double)m->std, *high += AROUND * (double)m->std;
}

double gan__cells_width(const gan_mixture *m)
{
    double width = (double)m->std, low, high;
    for (int a = 0; a < m->dims; a++) {
        range_of(m, a, &low, &high);
        width = fmax(width, (high - low) / MOST);
    }
    return width;
}

/* ---- the mixture --------------------------------------------------------------------------------------------- */

/* P(x < border) of N(0,1) at both sides of cell i on an axis. */
static double share(const gan__cells *c, int axis, int64_t i, double centre, double std)
{
    const double from = (c->low[axis] + (double)i * c->width - centre) / std, to = from + c->width / std;
    return 0.5 * (erfc(-to / sqrt(2)) - erfc(-from / sqrt(2)));
}

/* The cells from..to of an axis that a mode reaches. */
static gan_span reach(const gan__cells *c, int axis, double centre, double std)
{
    const double most = (double)c->side[axis], from = floor((centre - TAIL * std - c->low[axis]) / c->width);
    const double to = ceil((centre + TAIL * std - c->low[axis]) / c->width);
    return (gan_span){(int64_t)fmin(fmax(from, 0), most), (int64_t)fmin(fmax(to, 0), most)};
}

static void add_mode(gan__cells *c, const gan_mixture *m, const float *centre)
{
    const double std = (double)m->std;
    const gan_span across = reach(c, 0, (double)centre[0], std);
    const gan_span along = c->dims == 1 ? (gan_span){0, 1} : reach(c, 1, (double)centre[1], std);
    for (int64_t k = along.from; k < along.to; k++) {
        const double row = c->dims == 1 ? 1 : share(c, 1, k, (double)centre[1], std);
        for (int64_t i = across.from; i < across.to; i++)
            c->p[k * c->side[0] + i] += row * share(c, 0, i, (double)centre[0], std) / m->n_modes;
    }
}

gan_status gan__cells_open(gan__cells *c, const gan_mixture *m)
{
    double high, inside = 0;
    *c = (gan__cells){.dims = m->dims, .side = {1, 1}, .width = gan__cells_width(m)};
    for (int a = 0; a < m->dims; a++) {
        range_of(m, a, &c->low[a], &high);
        c->side[a] = (int64_t)ceil((high - c->low[a]) / c->width);
    }
    c->n = c->side[0] * c->side[1] + 1;
    c->p = gan_calloc(c->n, sizeof *c->p);
    c->counts = gan_calloc(c->n, sizeof *c->counts);
    if (!c->p || !c->counts) return GAN_ENOMEM;
    for (int k = 0; k < m->n_modes; k++) add_mode(c, m, m->centres[k]);
    for (int64_t i = 0; i < c->n - 1; i++) inside += c->p[i];
    c->p[c->n - 1] = fmax(1 - inside, 0);
    return GAN_OK;
}

/* ---- samples ------------------------------------------------------------------------------------------------- */

int64_t gan__cells_of(const gan__cells *c, const float *x)
{
    int64_t cell = 0;
    for (int a = c->dims - 1; a >= 0; a--) {
        const double at = floor(((double)x[a] - c->low[a]) / c->width);
        if (!(at >= 0 && at < (double)c->side[a])) return c->n - 1;
        cell = cell * c->side[a] + (int64_t)at;
    }
    return cell;
}

gan_status gan__cells_count(gan__cells *c, gan_eval *e, int64_t n)
{
    memset(c->counts, 0, (size_t)c->n * sizeof *c->counts);
    c->total = n;
    for (gan__rows r = {0}; gan__next_rows(e, n, &r);)
        for (int64_t i = 0; i < r.n; i++) c->counts[gan__cells_of(c, r.x + i * c->dims)]++;
    return gan_comm_sum(e->setup.comm, c->counts, c->n);
}

void gan__cells_close(gan__cells *c)
{
    gan_free(c->p);
    gan_free(c->counts);
}
