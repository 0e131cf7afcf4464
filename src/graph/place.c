/* Placing pieces of memory that live for a while: largest first, each at the lowest place where nothing that lives at
 * the same time lies (greedy by size, Pisarchyk and Lee 2020). Knows intervals and sizes only, no nodes. */
#include "plan.h"

#include "gan/mem.h"

/* Stable insertion sort, so that the plan is the same everywhere. */
static void sort_by_size(gan__piece **pieces, int n)
{
    for (int i = 1; i < n; i++) {
        gan__piece *p = pieces[i];
        int k = i;
        for (; k > 0 && pieces[k - 1]->floats < p->floats; k--) pieces[k] = pieces[k - 1];
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

gan_status gan__place(gan__piece **pieces, int n, int64_t *total)
{
    gan__piece **placed = gan_calloc(n, sizeof *placed);
    if (!placed) return GAN_ENOMEM;
    *total = 0;
    sort_by_size(pieces, n);
    for (int i = 0; i < n; i++) {
        pieces[i]->offset = lowest_offset(pieces[i], placed, i);
        insert_by_offset(placed, i, pieces[i]);
        if (*total < pieces[i]->offset + pieces[i]->floats) *total = pieces[i]->offset + pieces[i]->floats;
    }
    gan_free(placed);
    return GAN_OK;
}
