/* Placing pieces of memory that live for a while, each at the lowest place where nothing that lives at the same time lies:
 * largest first (greedy by size, Pisarchyk and Lee 2020), or those first that take most memory for longest, or as they come;
 * whichever needs least. Knows intervals and sizes only, no nodes. */
#include "plan.h"

#include "gan/mem.h"

typedef double weight_fn(const gan__piece *p);

static double by_size(const gan__piece *p)
{
    return (double)p->floats;
}

static double by_size_and_time(const gan__piece *p)
{
    return (double)p->floats * (p->end - p->begin + 1);
}

static double by_time(const gan__piece *p)
{
    return -p->begin;
}

/* Stable insertion sort, heaviest first, so that the plan is the same everywhere. */
static void sort(gan__piece **pieces, int n, weight_fn *weight)
{
    for (int i = 1; i < n; i++) {
        gan__piece *p = pieces[i];
        int k = i;
        for (; k > 0 && weight(pieces[k - 1]) < weight(p); k--) pieces[k] = pieces[k - 1];
        pieces[k] = p;
    }
}

static bool alive_together(const gan__piece *a, const gan__piece *b)
{
    return a->begin <= b->end && b->begin <= a->end;
}

/* Lowest offset for a; placed[n] are sorted by offset. */
static int64_t lowest_offset(const gan__piece *a, gan__piece *const *placed, int n)
{
    int64_t offset = 0;
    for (int i = 0; i < n && placed[i]->offset < offset + a->floats; i++)
        if (alive_together(a, placed[i]) && placed[i]->offset + placed[i]->floats > offset)
            offset = placed[i]->offset + placed[i]->floats;
    return offset;
}

static void insert_by_offset(gan__piece **placed, int n, gan__piece *p)
{
    for (; n > 0 && placed[n - 1]->offset > p->offset; n--) placed[n] = placed[n - 1];
    placed[n] = p;
}

/* Sets all offsets; returns the floats that hold them. */
static int64_t place(gan__piece **pieces, int n, weight_fn *weight, gan__piece **placed)
{
    int64_t total = 0;
    sort(pieces, n, weight);
    for (int i = 0; i < n; i++) {
        pieces[i]->offset = lowest_offset(pieces[i], placed, i);
        insert_by_offset(placed, i, pieces[i]);
        if (total < pieces[i]->offset + pieces[i]->floats) total = pieces[i]->offset + pieces[i]->floats;
    }
    return total;
}

gan_status gan__place(gan__piece **pieces, int n, int64_t *total)
{
    static weight_fn *const orders[] = {by_size, by_size_and_time, by_time};
    gan__piece **placed = gan_calloc(n, sizeof *placed);
    int best = 0;
    *total = INT64_MAX;
    if (!placed) return GAN_ENOMEM;
    for (int i = 0; i < 3; i++) {
        int64_t needs = place(pieces, n, orders[i], placed);
        if (needs < *total) *total = needs, best = i;
    }
    *total = place(pieces, n, orders[best], placed);
    gan_free(placed);
    return GAN_OK;
}
