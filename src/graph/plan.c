/* Memory for the step program: who shares what, and where it lies. The only file that decides on memory.
 *
 *  1. A store whose value has no other reader gives its target to the producer: gradients are written to the arena
 *     at once.
 *  2. An alias has its source's memory; a node may take over an input's memory if it is the last to read it (in place).
 *  3. Each remaining piece of memory lives from its first writer to its last reader, scratch of a kernel while it runs;
 *     place.c gives them their places. */
#include "plan.h"

#include "gan/mem.h"

/* Pieces: values that share memory have the same root. */
typedef struct planner {
    gan_plan *p;
    int *pos;      /* position in the order by id, -1 for dead nodes */
    int *last_use; /* largest position of a reader by id; of kept values: the end */
    int *readers;  /* by id; kept values have two more */
    gan_id *root;
    gan__piece *pieces;  /* by root id */
    gan__piece *scratch; /* by id; floats 0: none */
    gan__piece **own;    /* those that need a place */
    int n_own;
} planner;

/* Whether node y gets a piece. Not where its value lies already: p->at of a parameter, or given to it by a store. */
static bool has_memory(const planner *pl, gan_id y)
{
    const gan_node *n = &pl->p->g->nodes[y];
    return !pl->p->at[y] && !n->op->alias && n->op->forward;
}

/* ---- 1: stores --------------------------------------------------------------------------------------------- */

static bool overlap(const float *a, int64_t n_a, const float *b, int64_t n_b)
{
    return (uintptr_t)a < (uintptr_t)(b + n_b) && (uintptr_t)b < (uintptr_t)(a + n_a);
}

/* Does x read memory outside the plan that store y writes? */
static bool reads_target(const planner *pl, gan_id x, gan_id y)
{
    const gan_graph *g = pl->p->g;
    const gan_node *to = &g->nodes[y];
    for (int k = 0; k < g->nodes[x].n_in; k++) {
        const gan_node *from = &g->nodes[gan__owner(g, g->nodes[x].in[k])];
        if (from->fixed &&
            overlap(from->fixed, gan_form_floats(&from->form), to->fixed, gan_form_floats(&to->form)))
            return true;
    }
    return false;
}

/* Must somebody run after x, but before store y? By an edge, or to read the parameter that y overwrites. */
static bool must_wait(const planner *pl, gan_id x, gan_id y)
{
    const gan_graph *g = pl->p->g;
    for (int i = 0; i < g->n_edges; i++)
        if (g->edges[i].after == y && pl->pos[g->edges[i].before] > pl->pos[x]) return true;
    for (int i = pl->pos[x] + 1; i < pl->pos[y]; i++) {
        const gan_node *reader = &g->nodes[pl->p->order[i]];
        for (int k = 0; k < reader->n_in; k++)
            if (gan__superseded_by(g, reader->in[k]) == y) return true;
    }
    return false;
}

/* The producer of what store y copies, if nobody else reads it; aliases in between do not copy. */
static gan_id sole_producer(const planner *pl, gan_id y)
{
    const gan_graph *g = pl->p->g;
    gan_id x = g->nodes[y].in[0];
    while (pl->readers[x] == 1 && g->nodes[x].op->alias) x = g->nodes[x].in[0];
    return pl->readers[x] == 1 && has_memory(pl, x) ? x : GAN_NONE;
}

static void place_stores(planner *pl)
{
    gan_plan *p = pl->p;
    for (int i = 0; i < p->n_order; i++) {
        gan_id y = p->order[i];
        const gan_node *n = &p->g->nodes[y];
        if (!n->op->effect || !n->fixed || !n->op->inplace || n->n_in != 1) continue;
        gan_id x = sole_producer(pl, y);
        if (x != GAN_NONE && !must_wait(pl, x, y) && !reads_target(pl, x, y)) p->at[x] = n->fixed;
    }
}

/* ---- 2: sharing -------------------------------------------------------------------------------------------- */

static void count_uses(planner *pl, const gan_id *keep, int n_keep)
{
    gan_plan *p = pl->p;
    for (int i = 0; i < p->n_order; i++) {
        const gan_node *n = &p->g->nodes[p->order[i]];
        p->at[p->order[i]] = n->fixed;
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
        if (!(n->op->inplace >> k & 1) || r == GAN_NONE) continue;
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
        if (has_memory(pl, y)) {
            pl->pieces[y] = (gan__piece){i, i, rounded_floats(&n->form), 0};
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
        if (!has_memory(pl, y)) continue;
        p->info.unplanned_bytes += rounded_floats(&n->form) * (int64_t)sizeof(float);
        gan_id x = taken_input(pl, y);
        if (x != GAN_NONE) {
            join(pl, y, pl->root[x], pl->pieces[y].end);
            p->info.n_inplace++;
        } else {
            pl->own[pl->n_own++] = &pl->pieces[y];
        }
    }
}

/* ---- 3: placing -------------------------------------------------------------------------------------------- */

int64_t gan__scratch_floats(const gan_graph *g, const gan_node *n)
{
    return n->op->scratch ? (n->op->scratch(g, n) + 15) / 16 * 16 : 0;
}

int gan__scratch_copies(const gan_graph *g, const gan_node *n)
{
    return n->op->shared && !n->op->scratch_in_common ? g->threads : 1;
}

static void own_scratch(planner *pl)
{
    gan_plan *p = pl->p;
    for (int i = 0; i < p->n_order; i++) {
        gan_id y = p->order[i];
        const gan_node *n = &p->g->nodes[y];
        int64_t need = gan__scratch_floats(p->g, n) * gan__scratch_copies(p->g, n);
        if (need == 0) continue;
        pl->scratch[y] = (gan__piece){i, i, need, 0};
        pl->own[pl->n_own++] = &pl->scratch[y];
        if (p->info.scratch_bytes < need * (int64_t)sizeof(float)) p->info.scratch_bytes = need * (int64_t)sizeof(float);
    }
}

static gan_status place(planner *pl)
{
    gan_plan *p = pl->p;
    int64_t total;
    own_scratch(pl);
    GAN_TRY(gan__place(pl->own, pl->n_own, &total));
    p->info.activation_bytes = total * (int64_t)sizeof(float);
    if (!(p->memory = gan_calloc(total, sizeof(float)))) return GAN_ENOMEM;
    p->end = p->memory + total;
    for (int i = 0; i < p->n_order; i++) {
        gan_id y = p->order[i], r = pl->root[y];
        p->scratch_at[y] = p->memory + pl->scratch[y].offset;
        if (r != GAN_NONE)
            p->at[y] = p->memory + pl->pieces[r].offset;
        else if (p->g->nodes[y].op->alias)
            p->at[y] = p->at[p->g->nodes[y].in[0]];
    }
    return GAN_OK;
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
    pl.own = gan_calloc(2 * (int64_t)n, sizeof *pl.own);
    pl.pieces = gan_calloc(n, sizeof *pl.pieces);
    pl.scratch = gan_calloc(n, sizeof *pl.scratch);
    if (!pl.pos || !pl.last_use || !pl.readers || !pl.root || !pl.own || !pl.pieces || !pl.scratch) goto fail;
    for (int i = 0; i < n; i++) pl.root[i] = GAN_NONE, pl.last_use[i] = pl.pos[i] = -1;
    count_uses(&pl, keep, n_keep);
    place_stores(&pl);
    own_pieces(&pl);
    share(&pl);
    s = place(&pl);
fail:
    gan_free(pl.pos);
    gan_free(pl.last_use);
    gan_free(pl.readers);
    gan_free(pl.root);
    gan_free(pl.own);
    gan_free(pl.pieces);
    gan_free(pl.scratch);
    return s;
}

/* ---- the plan ---------------------------------------------------------------------------------------------- */

double gan__flop(const gan_graph *g, const gan_node *n)
{
    return n->op->flop ? n->op->flop(g, n) : (double)gan_form_floats(&n->form);
}

/* An update does not say how much work it is; it is much. */
static bool is_shared(const gan_graph *g, const gan_node *n)
{
    return g->threads > 1 && n->op->shared && (n->op->effect || gan__flop(g, n) >= g->worth_sharing);
}

static gan_status make_calls(gan_plan *p)
{
    gan_graph *g = p->g;
    if (!(p->calls = gan_calloc(p->n_order, sizeof *p->calls))) return GAN_ENOMEM;
    p->last_carried = -1;
    for (int i = 0; i < p->n_order; i++) {
        gan_id y = p->order[i];
        const gan_node *n = &g->nodes[y];
        if (!n->op->forward) continue;
        gan_call *c = &p->calls[p->n_calls++];
        *c = (gan_call){.graph = g, .y = n, .out = p->at[y], .scratch = p->scratch_at[y], .part = {0, 1}};
        if (is_shared(g, n)) c->part.n = g->threads;
        if (n->carried) p->last_carried = p->n_calls - 1;
        if (gan__scratch_copies(g, n) > 1) c->scratch_step = gan__scratch_floats(g, n);
        for (int k = 0; k < n->n_in; k++) c->in[k] = p->at[n->in[k]];
        p->info.flop += gan__share(p, y) * gan__flop(g, n);
    }
    p->info.n_nodes = p->n_calls;
    return GAN_OK;
}

static gan_status build(gan_plan *p, bool *live, const gan_id *keep, int n_keep)
{
    gan_graph *g = p->g;
    gan__live(g, keep, n_keep, live, p->when);
    for (int i = 0; i < g->n; i++) p->info.n_dead += !live[i];
    GAN_TRY(gan__fuse(g, live, keep, n_keep, &p->info.n_fused));
    gan__live(g, keep, n_keep, live, p->when);
    GAN_TRY(gan__tails(g, live, keep, n_keep, &p->info.n_fused));
    gan__live(g, keep, n_keep, live, p->when);
    GAN_TRY(gan__schedule(g, live, p->order, &p->n_order));
    GAN_TRY(plan_memory(p, keep, n_keep));
    return make_calls(p);
}

static gan_status check_kept(const gan_graph *g, const gan_id *keep, int n_keep)
{
    for (int i = 0; i < n_keep; i++)
        if (keep[i] < 0 || keep[i] >= g->n)
            return GAN_FAIL(GAN_EINTERNAL, "value %d that is to be kept is not a node of the graph", i);
    return GAN_OK;
}

gan_status gan_plan_build(gan_plan **out, gan_graph *g, const gan_id *keep, int n_keep)
{
    *out = NULL;
    GAN_TRY(check_kept(g, keep, n_keep));
    gan_status s = GAN_ENOMEM;
    bool *live = gan_calloc(g->n, sizeof *live);
    gan_plan *p = gan_calloc(1, sizeof *p);
    if (!live || !p) goto fail;
    p->g = g;
    p->order = gan_calloc(g->n, sizeof *p->order);
    p->when = gan_calloc(g->n, sizeof *p->when);
    p->at = gan_calloc(g->n, sizeof *p->at);
    p->scratch_at = gan_calloc(g->n, sizeof *p->scratch_at);
    if (!p->order || !p->when || !p->at || !p->scratch_at) goto fail;
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
    gan_free(p->when);
    gan_free(p->at);
    gan_free(p->scratch_at);
    gan_free(p->calls);
    gan_free(p->memory);
    gan_free(p);
}

bool gan__skipped(const gan_plan *p, const gan_call *c, const gan_run *run)
{
    const unsigned now = GAN_ALWAYS | (run->metrics ? GAN_IN_METRICS : 0) |
                         (run->step % p->g->interval == 0 ? GAN_IN_NTH : GAN_IN_OTHERS);
    return !(p->when[c->y - p->g->nodes] & now) || (c->y->carried && !run->pending);
}

double gan__share(const gan_plan *p, gan_id y)
{
    const double nth = 1.0 / (double)p->g->interval;
    const unsigned when = p->when[y];
    if (when & GAN_ALWAYS) return 1;
    return (when & GAN_IN_NTH ? nth : 0) + (when & GAN_IN_OTHERS ? 1 - nth : 0);
}

bool gan_plan_carries(const gan_plan *p)
{
    return p->last_carried >= 0;
}

const gan_plan_info *gan_plan_describe(const gan_plan *p)
{
    return &p->info;
}

const float *gan_plan_value(const gan_plan *p, gan_id id)
{
    return p->at[id];
}
