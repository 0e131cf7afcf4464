/* The arithmetic of a study: medians over rounds, speed-ups against the point of the fewest cores, and whether all points
 * came to the same bits. */
#include "scale.h"

#include "gan/median.h"

#include <math.h>
#include <string.h>

gan__scale_range gan__scale_median(const double *x, int n)
{
    double sorted[GAN__SCALE_ROUNDS];
    memcpy(sorted, x, (size_t)n * sizeof *x);
    const double upper = gan_median(sorted, n);
    return (gan__scale_range){(sorted[(n - 1) / 2] + upper) / 2, sorted[0], sorted[n - 1]};
}

double gan__karp_flatt(double speedup, double cores)
{
    return cores > 1 ? (1 / speedup - 1 / cores) / (1 - 1 / cores) : NAN;
}

static int cores_of(const gan__scale_point *p)
{
    return p->ranks * p->threads;
}

/* Of the same number in every run; x is that of the first. */
static gan__scale_range over_rounds(const gan__scale *s, const double *x)
{
    double all[GAN__SCALE_ROUNDS];
    for (int r = 0; r < s->rounds; r++) memcpy(&all[r], (const char *)x + (size_t)r * sizeof(gan__scale_run), sizeof *x);
    return gan__scale_median(all, (int)s->rounds);
}

/* A machine whose speed drifts treats neighbours alike: so the ratio is taken in every round, and then the median. */
static gan__scale_range speedup(const gan__scale *s, const gan__scale_point *p, const gan__scale_point *reference)
{
    double x[GAN__SCALE_ROUNDS];
    for (int r = 0; r < s->rounds; r++)
        x[r] = cores_of(reference) * p->runs[r].images_per_s / reference->runs[r].images_per_s;
    return gan__scale_median(x, (int)s->rounds);
}

static void sum_phases(const gan__scale *s, gan__scale_row *row)
{
    const gan__scale_run *from = &row->point->runs[0];
    double exposed = 0, comm = 0;
    row->n_phases = from->n_phases;
    for (int i = 0; i < row->n_phases; i++) {
        gan__scale_phase *to = &row->phases[i];
        *to = from->phases[i];
        to->compute_s = over_rounds(s, &from->phases[i].compute_s).median;
        to->exposed_s = over_rounds(s, &from->phases[i].exposed_s).median;
        to->comm_s = over_rounds(s, &from->phases[i].comm_s).median;
        exposed += to->exposed_s;
        comm += to->comm_s;
    }
    /* Ranks of one node wait for each other without messages; where that is most of the waiting, nothing can be said. */
    row->hidden = comm > 0 && exposed <= comm ? 1 - exposed / comm : NAN;
}

static void sum_point(const gan__scale *s, gan__scale_row *row, const gan__scale_point *reference)
{
    const int cores = cores_of(row->point), fewest = cores_of(reference);
    row->step_s = over_rounds(s, &row->point->runs[0].step_s);
    row->images_per_s = over_rounds(s, &row->point->runs[0].images_per_s).median;
    row->speedup = speedup(s, row->point, reference);
    row->efficiency = row->speedup.median / cores;
    row->serial = s->weak ? NAN : gan__karp_flatt(row->speedup.median / fewest, (double)cores / fewest);
    sum_phases(s, row);
}

int gan__scale_rows(const gan__scale *s, gan__scale_row rows[GAN__SCALE_POINTS], int *reference)
{
    int n = 0;
    *reference = -1;
    for (int i = 0; i < s->n_points; i++) {
        if (s->points[i].failed) continue;
        rows[n] = (gan__scale_row){.point = &s->points[i]};
        if (*reference < 0 || cores_of(rows[n].point) < cores_of(rows[*reference].point)) *reference = n;
        n++;
    }
    for (int i = 0; i < n; i++) sum_point(s, &rows[i], rows[*reference].point);
    return n;
}
