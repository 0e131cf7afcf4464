/* One step on 1, 2, 4 and 8 ranks gives the same bits: losses and the gradients of every parameter, for every kernel
 * table. The ranks are threads of this process; their collectives are the test's own: the pairwise tree over ranks.
 *
 * The program has what endangers that: a network used twice (two contributions to each gradient), a loss of several
 * terms, statistics over all ranks, a second derivative, noise and dropout, and a batch whose reciprocal is not exact. */
#include "graph_nets.h"

#include <pthread.h>

enum {
    SHARDS = 8,
    PER_SHARD = 3,
    BATCH = SHARDS * PER_SHARD,
    NOISE = 5,
    PIXELS = 9,
    MAX_RANKS = 8,
    N_METRICS = 2
};

/* ---- ranks as threads --------------------------------------------------------------------------------------- */

typedef struct range {
    float *data;
    int64_t n;
} range;

typedef struct world {
    int ranks;
    pthread_barrier_t barrier;
    float *shown[MAX_RANKS];
    const gan_kernels *k;
    const float *images; /* [BATCH, PIXELS] */
} world;

enum { REDUCE_D, REDUCE_G, REDUCE_METRICS, N_REDUCTIONS };

typedef struct rank_of {
    world *w;
    int rank;
    range reductions[N_REDUCTIONS];
    weights d, g;
    float metrics[N_METRICS];
    gan_status status;
} rank_of;

static float tree(float *const *shown, int ranks, int64_t i)
{
    if (ranks == 1) return shown[0][i];
    float left = tree(shown, ranks / 2, i), right = tree(shown + ranks / 2, ranks / 2, i);
    return left + right;
}

static gan_status all_sum(void *user, float *data, int64_t n, int phase)
{
    (void)phase;
    rank_of *me = user;
    float *sum = gan_calloc(n, sizeof *sum);
    if (!sum) return GAN_ENOMEM;
    me->w->shown[me->rank] = data;
    pthread_barrier_wait(&me->w->barrier);
    for (int64_t i = 0; i < n; i++) sum[i] = tree(me->w->shown, me->w->ranks, i);
    pthread_barrier_wait(&me->w->barrier);
    memcpy(data, sum, (size_t)n * sizeof *data);
    gan_free(sum);
    return GAN_OK;
}

static gan_status start(void *user, int number)
{
    (void)user, (void)number;
    return GAN_OK;
}

static gan_status wait_for(void *user, int number)
{
    rank_of *me = user;
    return all_sum(user, me->reductions[number].data, me->reductions[number].n, 0);
}

static gan_status progress(void *user)
{
    (void)user;
    return GAN_OK;
}

/* ---- the program -------------------------------------------------------------------------------------------- */

typedef struct gan_nets {
    dense g1, g2, d1, d2;
} gan_nets;

static gan_id generate(gan_graph *g, const gan_nets *n, int64_t rows)
{
    gan_form f = form2(rows, NOISE, GAN_SHARDED);
    gan_id z, y;
    OK(gan_add_random(g, &f, GAN_RNG_NOISE, true, 0, 1, &z));
    y = normalised(g, dense_apply(g, n->g1, z), BATCH);
    OK(gan_add_relu(g, y, &y));
    y = dense_apply(g, n->g2, y);
    OK(gan_add_tanh(g, y, &y));
    return y;
}

static gan_id discriminate(gan_graph *g, const gan_nets *n, gan_id x)
{
    gan_id y = dense_apply(g, n->d1, x), mask;
    OK(gan_add_group_pick(g, y, y, 3, &y));
    OK(gan_add_square(g, y, &y)); /* so that second derivatives are not all zero */
    gan_form f = *gan_graph_form(g, y);
    OK(gan_add_dropout_mask(g, &f, 0.75f, &mask));
    OK(gan_add_mul(g, y, mask, &y));
    return dense_apply(g, n->d2, y);
}

static void reduce_gradients(gan_graph *g, gan_id loss, rank_of *me, weights *a, int number)
{
    gan_id grads[MAX_LEAVES], store, begin, end;
    OK(gan_graph_grad(g, loss, a->leaf, a->n, grads));
    OK(gan_add_reduce_start(g, number, &begin));
    for (int i = 0; i < a->n; i++) {
        assert_int_not_equal(grads[i], GAN_NONE);
        OK(gan_add_store(g, grads[i], a->grad + a->at[i], &store));
        OK(gan_graph_after(g, begin, store));
    }
    OK(gan_add_reduce_wait(g, number, begin, true, &end));
    me->reductions[number] = (range){a->grad, a->used};
}

static void reduce_metrics(gan_graph *g, rank_of *me, const gan_id *losses)
{
    gan_id store, begin, end;
    OK(gan_add_reduce_start(g, REDUCE_METRICS, &begin));
    for (int i = 0; i < N_METRICS; i++) {
        OK(gan_add_store(g, losses[i], &me->metrics[i], &store));
        OK(gan_graph_after(g, begin, store));
    }
    OK(gan_add_reduce_wait(g, REDUCE_METRICS, begin, true, &end));
    me->reductions[REDUCE_METRICS] = (range){me->metrics, N_METRICS};
}

static void write_program(gan_graph *g, rank_of *me, float *images)
{
    int64_t rows = BATCH / me->w->ranks;
    gan_nets n;
    gan_id real = leaf(g, form2(rows, PIXELS, GAN_SHARDED), images), fake, on_real, on_fake, loss[2], term;
    n.g1 = dense_new(&me->g, g, NOISE, 7), n.g2 = dense_new(&me->g, g, 7, PIXELS);
    n.d1 = dense_new(&me->d, g, PIXELS, 18), n.d2 = dense_new(&me->d, g, 6, 1);
    fake = generate(g, &n, rows);
    on_real = discriminate(g, &n, real);
    on_fake = discriminate(g, &n, fake);
    OK(gan_add_bce_logits(g, on_real, 0.9f, BATCH, &loss[0]));
    OK(gan_add_bce_logits(g, on_fake, 0, BATCH, &term));
    OK(gan_add_add(g, loss[0], term, &loss[0]));
    OK(gan_add_affine(g, gradient_penalty(g, on_real, real, BATCH), 0.1f, 0, &term));
    OK(gan_add_sub(g, loss[0], term, &loss[0]));
    OK(gan_add_bce_logits(g, on_fake, 1, BATCH, &loss[1]));
    reduce_gradients(g, loss[0], me, &me->d, REDUCE_D);
    reduce_gradients(g, loss[1], me, &me->g, REDUCE_G);
    reduce_metrics(g, me, loss);
}

static void *play_rank(void *arg)
{
    rank_of *me = arg;
    gan_collectives comm = {.user = me, .start = start, .wait = wait_for, .progress = progress, .all_sum = all_sum};
    gan_run run = {.k = me->w->k, .comm = &comm, .seed = 11, .step = 2, .rank = me->rank, .metrics = true};
    gan_graph *g;
    gan_plan *p;
    int64_t rows = BATCH / me->w->ranks;
    float *images = test_floats(rows * PIXELS);
    memcpy(images, me->w->images + me->rank * rows * PIXELS, (size_t)(rows * PIXELS) * sizeof *images);
    OK(gan_graph_new(&g, SHARDS / me->w->ranks, me->w->ranks));
    weights_start(&me->g, 1);
    weights_start(&me->d, 2);
    write_program(g, me, images);
    OK(gan_plan_build(&p, g, NULL, 0));
    me->status = gan_exec(p, &run, NULL);
    gan_plan_free(p);
    gan_graph_free(g);
    gan_free(images);
    return NULL;
}

static void play(rank_of *all, int ranks, const gan_kernels *k, const float *images)
{
    world w = {.ranks = ranks, .k = k, .images = images};
    pthread_t threads[MAX_RANKS];
    pthread_barrier_init(&w.barrier, NULL, (unsigned)ranks);
    for (int r = 0; r < ranks; r++) {
        all[r] = (rank_of){.w = &w, .rank = r};
        assert_int_equal(pthread_create(&threads[r], NULL, play_rank, &all[r]), 0);
    }
    for (int r = 0; r < ranks; r++) pthread_join(threads[r], NULL);
    for (int r = 0; r < ranks; r++) assert_int_equal(all[r].status, GAN_OK);
    pthread_barrier_destroy(&w.barrier);
}

/* ---- checks ------------------------------------------------------------------------------------------------- */

static int differing(const char *what, const float *a, const float *b, int64_t n, int ranks,
                     const char *table)
{
    int bad = 0;
    for (int64_t i = 0; i < n; i++) {
        if (memcmp(&a[i], &b[i], sizeof a[i]) == 0) continue;
        if (bad++ == 0)
            print_error("%s on %d ranks (%s), element %lld: %.9g, on one rank %.9g\n", what, ranks, table,
                        (long long)i, (double)b[i], (double)a[i]);
    }
    return bad;
}

static void check_split(int ranks, const gan_kernels *k, const float *images, const rank_of *one)
{
    static rank_of many[MAX_RANKS];
    int bad = 0;
    play(many, ranks, k, images);
    for (int r = 0; r < ranks; r++) {
        bad += differing("gradients of D", one->d.grad, many[r].d.grad, ARENA, ranks, k->name);
        bad += differing("gradients of G", one->g.grad, many[r].g.grad, ARENA, ranks, k->name);
        bad += differing("losses", one->metrics, many[r].metrics, N_METRICS, ranks, k->name);
    }
    assert_int_equal(bad, 0);
}

static void test_same_bits(void **state)
{
    const gan_kernels *k = *state;
    static rank_of one[1];
    float images[BATCH * PIXELS];
    uint64_t seed = 5;
    int64_t live = gan_mem_live();
    test_fill(&seed, images, BATCH * PIXELS, -1, 1);
    play(one, 1, k, images);
    assert_true(isfinite(one->metrics[0]) && one->metrics[0] != 0);
    for (int ranks = 1; ranks <= MAX_RANKS; ranks *= 2) check_split(ranks, k, images, one);
    assert_int_equal(gan_mem_live(), live);
}

int main(void)
{
    struct CMUnitTest tests[8];
    int n = gan_kernels_count();
    for (int i = 0; i < n; i++) {
        const gan_kernels *k = gan_kernels_get(i);
        tests[i] = (struct CMUnitTest){k->name, test_same_bits, NULL, NULL, (void *)(uintptr_t)k};
    }
    return _cmocka_run_group_tests("split", tests, (size_t)n, NULL, NULL);
}
