/* Memory for the step program: who shares what, and where it lies. The only file that decides on memory.
 *
 *  1. A store whose value has no other reader gives its target to the producer: gradients are written to the arena at once.
 *  2. An alias has its source's memory; a node may take over an input's memory if it is the last to read it (in place).
 *  3. Each remaining piece of memory lives from its first writer to its last reader. Pieces are placed largest first, each
 *     at the lowest place where nothing that lives at the same time lies (greedy by size, Pisarchyk and Lee 2020). */
#include "plan.h"

#include "gan/mem.h"

#include <stdlib.h>
#include <string.h>

/* A value's memory. Values that share it have the same root. */
typedef struct piece {
    int begin, end;         /* positions in the order, inclusive */
    int64_t floats, offset; /* rounded to 16 floats */
} piece;

typedef struct planner {
    gan_plan *p;
    int *pos;      /* position in the order by id, -1 for dead nodes */
    int *last_use; /* largest position of a reader by id; of kept values: the end */
    int *readers;
    gan_id *root;
    piece *pieces; /* by root id */
    gan_id *sorted;
    int n_sorted;
} planner;

static bool has_memory(const gan_node *n)
{
    return !n->fixed && !n->op->alias && n->op->forward;
}

/* ---- 1: stores --------------------------------------------------------------------------------------------- */

/* May the producer x write to where store y will copy it? Not before everything that had to precede the store. */
static bool may_write_there(const planner *pl, gan_id x, gan_id y)
{
    const gan_graph *g = pl->p->g;
    if (!has_memory(&g->nodes[x]) || pl->readers[x] != 1) return false;
    for (int i = 0; i < g->n_edges; i++)
        if (g->edges[i].after == y && pl->pos[g->edges[i].before] > pl->pos[x]) return false;
    return true;
}

static void place_stores(planner *pl)
{
    gan_graph *g = pl->p->g;
    for (int i = 0; i < pl->p->n_order; i++) {
        gan_id y = pl->p->order[i];
        gan_node *n = &g->nodes[y];
        if (n->op->effect && n->fixed && n->op->inplace && n->n_in == 1 && may_write_there(pl, n->in[0], y))
            g->nodes[n->in[0]].fixed = n->fixed;
    }
}

/* ---- 2: sharing -------------------------------------------------------------------------------------------- */

static void count_uses(planner *pl, const gan_id *keep, int n_keep)
{
    const gan_plan *p = pl->p;
    for (int i = 0; i < p->n_order; i++) {
        const gan_node *n = &p->g->nodes[p->order[i]];
        pl->pos[p->order[i]] = i;
        for (int k = 0; k < n->n_in; k++) {
            pl->readers[n->in[k]]++;
            pl->last_use[n->in[k]] = i;
        }
    }
    for (int i = 0; i < n_keep; i++) {
        pl->last_use[keep[i]] = p->n_order;
        pl->readers[keep[i]] += 2;
    }
}

static int64_t rounded_floats(const gan_form *f)
{
    return (gan_form_floats(f) + 15) / 16 * 16;
}

/* y shares root's memory, which then lives at least until `end`. */
static void join(planner *pl, gan_id y, gan_id root, int end)
{
    pl->root[y] = root;
    if (pl->pieces[root].end < end) pl->pieces[root].end = end;
}

/* The input whose memory y takes over, GAN_NONE if there is none. */
static gan_id taken_input(const planner *pl, gan_id y)
{
    const gan_graph *g = pl->p->g;
    const gan_node *n = &g->nodes[y];
    for (int k = 0; k < n->n_in; k++) {
        gan_id r = pl->root[n->in[k]];
        if (!(n->op->inplace >> k & 1) || r == GAN_NONE || g->nodes[r].fixed) continue;
        if (gan_form_floats(gan_graph_form(g, n->in[k])) == gan_form_floats(&n->form) &&
            pl->pieces[r].end == pl->pos[y])
            return n->in[k];
    }
    return GAN_NONE;
}

/* Every value with memory is its own piece; aliases lengthen the life of their source's. */
static void own_pieces(planner *pl)
{
    const gan_plan *p = pl->p;
    for (int i = 0; i < p->n_order; i++) {
        gan_id y = p->order[i];
        const gan_node *n = &p->g->nodes[y];
        if (has_memory(n)) {
            pl->pieces[y] = (piece){i, i, rounded_floats(&n->form), 0};
            join(pl, y, y, pl->last_use[y]);
        } else if (n->op->alias && pl->root[n->in[0]] != GAN_NONE) {
            join(pl, y, pl->root[n->in[0]], pl->last_use[y]);
        }
    }
}

/* Then, in order, nodes take over the memory of an input that ends with them; ends are complete by now. */
static void share(planner *pl)
{
    gan_plan *p = pl->p;
    for (int i = 0; i < p->n_order; i++) {
        gan_id y = p->order[i];
        const gan_node *n = &p->g->nodes[y];
        if (n->op->alias) pl->root[y] = pl->root[n->in[0]];
        gan_id x = has_memory(n) ? taken_input(pl, y) : GAN_NONE;
        if (x != GAN_NONE) {
            join(pl, y, pl->root[x], pl->pieces[y].end);
            p->info.n_inplace++;
        } else if (has_memory(n)) {
            pl->sorted[pl->n_sorted++] = y;
        }
    }
}

/* ---- 3: placing -------------------------------------------------------------------------------------------- */

static void sort_by_size(planner *pl)
{
    for (int i = 1; i < pl->n_sorted; i++) { /* insertion sort: stable, so the plan is the same everywhere */
        gan_id id = pl->sorted[i];
        int k = i;
        for (; k > 0 && pl->pieces[pl->sorted[k - 1]].floats < pl->pieces[id].floats; k--)
            pl->sorted[k] = pl->sorted[k - 1];
        pl->sorted[k] = id;
    }
}

static bool overlap(int64_t a, int64_t a_end, int64_t b, int64_t b_end)
{
    return a < b_end && b < a_end;
}

/* Lowest offset where piece i overlaps none of the placed pieces that live at the same time. */
static int64_t lowest_offset(const planner *pl, int i)
{
    const piece *a = &pl->pieces[pl->sorted[i]];
    int64_t offset = 0;
    for (bool moved = true; moved;) {
        moved = false;
        for (int k = 0; k < i; k++) {
            const piece *b = &pl->pieces[pl->sorted[k]];
            if (!overlap(a->begin, a->end + 1, b->begin, b->end + 1) ||
                !overlap(offset, offset + a->floats, b->offset, b->offset + b->floats))
                continue;
            offset = b->offset + b->floats;
            moved = true;
        }
    }
    return offset;
}

static gan_status place(planner *pl)
{
    gan_plan *p = pl->p;
    int64_t total = 0, scratch = 0;
    sort_by_size(pl);
    for (int i = 0; i < pl->n_sorted; i++) {
        piece *a = &pl->pieces[pl->sorted[i]];
        a->offset = lowest_offset(pl, i);
        if (total < a->offset + a->floats) total = a->offset + a->floats;
    }
    for (int i = 0; i < p->n_order; i++) {
        const gan_node *n = &p->g->nodes[p->order[i]];
        int64_t need = n->op->scratch ? n->op->scratch(p->g, n) : 0;
        if (scratch < need) scratch = need;
        if (has_memory(n)) p->info.unplanned_bytes += 4 * rounded_floats(&n->form);
    }
    p->info.activation_bytes = 4 * total;
    p->info.scratch_bytes = 4 * scratch;
    if (!(p->memory = gan_calloc(total + scratch, sizeof(float)))) return GAN_ENOMEM;
    for (int i = 0; i < p->n_order; i++) {
        gan_id y = p->order[i], r = pl->root[y];
        if (r != GAN_NONE) p->at[y] = p->memory + pl->pieces[r].offset;
    }
    return GAN_OK;
}

static void resolve_fixed(gan_plan *p)
{
    for (int i = 0; i < p->n_order; i++) {
        gan_node *n = &p->g->nodes[p->order[i]];
        if (n->fixed)
            p->at[p->order[i]] = n->fixed;
        else if (n->op->alias)
            p->at[p->order[i]] = p->at[n->in[0]];
    }
}

static gan_status plan_memory(gan_plan *p, const gan_id *keep, int n_keep)
{
    gan_status s = GAN_ENOMEM;
    int n = p->g->n;
    planner pl = {.p = p};
    pl.pos = gan_calloc(n, sizeof *pl.pos);
    pl.last_use = gan_calloc(n, sizeof *pl.last_use);
    pl.readers = gan_calloc(n, sizeof *pl.readers);
    pl.root = gan_calloc(n, sizeof *pl.root);
    pl.sorted = gan_calloc(n, sizeof *pl.sorted);
    pl.pieces = gan_calloc(n, sizeof *pl.pieces);
    if (!pl.pos || !pl.last_use || !pl.readers || !pl.root || !pl.sorted || !pl.pieces) goto fail;
    for (int i = 0; i < n; i++) pl.root[i] = GAN_NONE, pl.last_use[i] = pl.pos[i] = -1;
    count_uses(&pl, keep, n_keep);
    place_stores(&pl);
    own_pieces(&pl);
    share(&pl);
    s = place(&pl);
    if (s == GAN_OK) resolve_fixed(p);
fail:
    gan_free(pl.pos);
    gan_free(pl.last_use);
    gan_free(pl.readers);
    gan_free(pl.root);
    gan_free(pl.sorted);
    gan_free(pl.pieces);
    return s;
}

/* ---- the plan ---------------------------------------------------------------------------------------------- */

static gan_status make_calls(gan_plan *p)
{
    gan_graph *g = p->g;
    if (!(p->calls = gan_calloc(p->n_order, sizeof *p->calls))) return GAN_ENOMEM;
    for (int i = 0; i < p->n_order; i++) {
        gan_id y = p->order[i];
        const gan_node *n = &g->nodes[y];
        if (!n->op->forward) continue;
        gan_call *c = &p->calls[p->n_calls++];
        *c = (gan_call){.graph = g, .y = n, .out = p->at[y]};
        c->scratch = p->memory + p->info.activation_bytes / 4;
        for (int k = 0; k < n->n_in; k++) c->in[k] = p->at[n->in[k]];
        if (!p->metrics_only[y])
            p->info.flop += n->op->flop ? n->op->flop(g, n) : (double)gan_form_floats(&n->form);
    }
    p->info.n_nodes = p->n_calls;
    return GAN_OK;
}

static gan_status build(gan_plan *p, bool *live, const gan_id *keep, int n_keep)
{
    gan_graph *g = p->g;
    gan__live(g, keep, n_keep, live, p->metrics_only);
    for (int i = 0; i < g->n; i++) p->info.n_dead += !live[i];
    GAN_TRY(gan__fuse(g, live, keep, n_keep, &p->info.n_fused));
    gan__live(g, keep, n_keep, live, p->metrics_only);
    GAN_TRY(gan__schedule(g, live, p->order, &p->n_order));
    GAN_TRY(plan_memory(p, keep, n_keep));
    return make_calls(p);
}

gan_status gan_plan_build(gan_plan **out, gan_graph *g, const gan_id *keep, int n_keep)
{
    gan_status s = GAN_ENOMEM;
    *out = NULL;
    bool *live = gan_calloc(g->n, sizeof *live);
    gan_plan *p = gan_calloc(1, sizeof *p);
    if (!live || !p) goto fail;
    p->g = g;
    p->order = gan_calloc(g->n, sizeof *p->order);
    p->metrics_only = gan_calloc(g->n, sizeof *p->metrics_only);
    p->at = gan_calloc(g->n, sizeof *p->at);
    if (!p->order || !p->metrics_only || !p->at) goto fail;
    if ((s = build(p, live, keep, n_keep)) != GAN_OK) goto fail;
    gan_free(live);
    *out = p;
    return GAN_OK;
fail:
    gan_free(live);
    gan_plan_free(p);
    return s;
}

void gan_plan_free(gan_plan *p)
{
    if (!p) return;
    gan_free(p->order);
    gan_free(p->metrics_only);
    gan_free(p->at);
    gan_free(p->calls);
    gan_free(p->memory);
    gan_free(p);
}

const gan_plan_info *gan_plan_describe(const gan_plan *p)
{
    return &p->info;
}

const float *gan_plan_value(const gan_plan *p, gan_id id)
{
    return p->at[id];
}
