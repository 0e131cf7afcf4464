/* Optimal assignment by shortest augmenting paths (Kuhn 1955; Jonker and Volgenant 1987): points of x enter one by one; each takes the
 * shortest path over reduced distances d(i,j) - u_i - v_j to a free point of y, and all on the way change partners. On a line the sorted
 * points are the pairs. Distances are computed as they are needed, so that memory is O(n). */
#include "assignment.h"

#include "gan/mem.h"
#include "gan/stall.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

/* ---- on a line ------------------------------------------------------------------------------------------------ */

static int compare(const void *a, const void *b)
{
    const float x = *(const float *)a, y = *(const float *)b;
    return (x > y) - (x < y);
}

static gan_status sorted(int64_t n, const float *x, const float *y, double *mean)
{
    float *both = gan_calloc(2 * n, sizeof *both);
    if (!both) return GAN_ENOMEM;
    for (int64_t i = 0; i < n; i++) both[i] = x[i], both[n + i] = y[i];
    qsort(both, (size_t)n, sizeof *both, compare);
    qsort(both + n, (size_t)n, sizeof *both, compare);
    *mean = 0;
    for (int64_t i = 0; i < n; i++) *mean += fabs((double)both[i] - (double)both[n + i]) / (double)n;
    gan_free(both);
    return GAN_OK;
}

/* ---- in space ------------------------------------------------------------------------------------------------- */

typedef struct match {
    int64_t n, dims;
    const float *x, *y;
    double *u, *v, *path;            /* [n] prices of x and of y; length of the shortest path to each of y */
    int64_t *partner, *before, *left; /* [n+1] of each of y, -1: none; y before it on the path, n: none; y not reached yet */
} match;

static double distance(const match *m, int64_t i, int64_t j)
{
    double sum = 0;
    for (int64_t k = 0; k < m->dims; k++) {
        const double d = (double)m->x[i * m->dims + k] - (double)m->y[j * m->dims + k];
        sum += d * d;
    }
    return sqrt(sum);
}

/* Grow the tree of shortest paths from y `at`, which is reached at length `so_far`; the place in `left` of the nearest next. */
static int64_t reach(match *m, int64_t at, double so_far, int64_t n_left)
{
    const int64_t i = m->partner[at];
    int64_t best = 0;
    for (int64_t l = 0; l < n_left; l++) {
        const int64_t j = m->left[l];
        const double length = so_far + distance(m, i, j) - m->u[i] - m->v[j];
        if (length < m->path[j]) m->path[j] = length, m->before[j] = at;
        if (m->path[j] < m->path[m->left[best]]) best = l;
    }
    return best;
}

/* Prices after a path of this length: all that the tree reached lie on edges of reduced distance 0. left[n_left..n-1]: reached. */
static void raise(match *m, int64_t entering, double length, int64_t n_left)
{
    m->u[entering] += length;
    for (int64_t l = n_left; l < m->n; l++) {
        const int64_t j = m->left[l];
        if (m->partner[j] >= 0) m->u[m->partner[j]] += length - m->path[j];
        m->v[j] -= length - m->path[j];
    }
}

static void enter(match *m, int64_t i)
{
    int64_t at = m->n, n_left = m->n;
    double length = 0;
    m->partner[m->n] = i;
    for (int64_t j = 0; j < m->n; j++) m->path[j] = INFINITY, m->left[j] = j;
    do {
        const int64_t l = reach(m, at, length, n_left);
        at = m->left[l], length = m->path[at];
        m->left[l] = m->left[--n_left], m->left[n_left] = at;
    } while (m->partner[at] >= 0);
    raise(m, i, length, n_left);
    for (; at != m->n; at = m->before[at]) m->partner[at] = m->partner[m->before[at]];
}

static gan_status match_open(match *m)
{
    m->u = gan_calloc(3 * m->n, sizeof *m->u);
    m->partner = gan_calloc(3 * (m->n + 1), sizeof *m->partner);
    if (!m->u || !m->partner) return GAN_ENOMEM;
    m->v = m->u + m->n, m->path = m->v + m->n;
    m->before = m->partner + m->n + 1, m->left = m->before + m->n + 1;
    for (int64_t j = 0; j <= m->n; j++) m->partner[j] = -1;
    return GAN_OK;
}

gan_status gan__assignment(const gan_comm *c, int64_t n, int64_t dims, const float *x, const float *y, double *mean)
{
    match m = {.n = n, .dims = dims, .x = x, .y = y};
    if (dims == 1) return sorted(n, x, y, mean);
    gan_status s = match_open(&m);
    for (int64_t i = 0; i < n && s == GAN_OK; i++) {
        enter(&m, i);
        if (c) gan_stall_look(c);
    }
    *mean = 0;
    for (int64_t j = 0; j < n && s == GAN_OK; j++) *mean += distance(&m, m.partner[j], j) / (double)n;
    gan_free(m.u);
    gan_free(m.partner);
    return s;
}
