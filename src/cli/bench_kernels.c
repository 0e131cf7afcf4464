/* gan_mpi bench kernels: convolutions of the DCGANs of 64x64 and 32x32 pixels and of a body of 3x3 kernels, every way that
 * applies, the three passes and the transform of w. Prints GFLOP/s of the plain sum, whatever a way really computes, and
 * marks what gan_conv_choose takes; that is how its rules were found.
 *
 * Medians over rounds that go through all ways in turn, so that a slow moment of the machine hits all alike. */
#include "bench_kernels.h"

#include "gan/clock.h"
#include "gan/kernels.h"
#include "gan/median.h"
#include "gan/mem.h"
#include "gan/rng.h"

#include <stdio.h>
#include <string.h>

typedef struct layer {
    const char *name;
    int64_t N, H, C, O;
    int k, stride, pad;
} layer;

static const layer layers[] = {
    {"dcgan64.1", 64, 64, 3, 64, 4, 2, 1},    {"dcgan64.2", 64, 32, 64, 128, 4, 2, 1},
    {"dcgan64.3", 64, 16, 128, 256, 4, 2, 1}, {"dcgan64.4", 64, 8, 256, 512, 4, 2, 1},
    {"dcgan64.5", 64, 4, 512, 1, 4, 1, 0},    {"dcgan64.g1", 64, 4, 512, 100, 4, 1, 0},
    {"dcgan32.1", 64, 32, 1, 64, 4, 2, 1},    {"dcgan32.2", 64, 16, 64, 128, 4, 2, 1},
    {"dcgan32.3", 64, 8, 128, 256, 4, 2, 1},  {"dcgan32.4", 64, 4, 256, 1, 4, 1, 0},
    {"res.first", 16, 32, 3, 64, 3, 1, 1},    {"res.body", 16, 32, 64, 64, 3, 1, 1},
    {"res.last", 16, 32, 64, 3, 3, 1, 1},     {"res.score", 16, 32, 64, 1, 32, 1, 0},
};
enum { LAYERS = sizeof layers / sizeof *layers, ROUNDS = 9 };

static gan_conv conv_of(const layer *l)
{
    const int64_t out = (l->H + 2 * l->pad - l->k) / l->stride + 1;
    return (gan_conv){l->N, l->H, l->H, l->C, out, out, l->O, l->k, l->k, l->stride, l->pad, l->pad};
}

static float *random_array(int64_t n, uint64_t seed)
{
    float *p = gan_calloc(n, sizeof *p);
    gan_rng at = {.seed = seed, .purpose = GAN_RNG_TEST};
    if (p) gan_rng_uniform(&at, 0, n, -1, 1, p);
    return p;
}

typedef struct bench {
    const gan_kernels *k;
    gan_conv c;
    int64_t shards;
    float *x, *y, *w, *u, *dw, *scratch;
} bench;

static bench bench_new(const gan_kernels *k, const gan_conv *c, int64_t shards)
{
    int64_t u = 1, scratch = 1, K = c->kh * c->kw * c->C;
    for (int way = 0; way < GAN_CONV_WAYS; way++) {
        for (int pass = 0; pass < GAN_CONV_PASSES; pass++) {
            if (!gan_conv_applies((gan_conv_way)way, c)) continue;
            int64_t a = gan_conv_weight_floats((gan_conv_way)way, c, (gan_conv_pass)pass);
            int64_t b = gan_conv_scratch((gan_conv_way)way, c, (gan_conv_pass)pass, shards, 1);
            if (a > u) u = a;
            if (b > scratch) scratch = b;
        }
    }
    return (bench){k,
                   *c,
                   shards,
                   random_array(c->N * c->H * c->W * c->C, 1),
                   random_array(c->N * c->OH * c->OW * c->O, 2),
                   random_array(K * c->O, 3),
                   random_array(u, 4),
                   random_array(K * c->O, 5),
                   random_array(scratch, 6)};
}

static void bench_free(bench *b)
{
    gan_free(b->x), gan_free(b->y), gan_free(b->w), gan_free(b->u), gan_free(b->dw), gan_free(b->scratch);
}

/* Seconds of one call, and of the transform that comes before it. */
static double once(const bench *b, gan_conv_way way, gan_conv_pass pass, double *weights_s)
{
    double start = gan_clock_s(), middle;
    const float *u = gan_conv_weight_floats(way, &b->c, pass) > 0 ? b->u : b->w;
    b->k->conv_weights(way, &b->c, pass, (gan_part){0, 1}, b->w, b->u);
    middle = gan_clock_s();
    if (pass == GAN_CONV_Y) b->k->conv_y(way, &b->c, b->x, u, NULL, b->y, b->scratch);
    if (pass == GAN_CONV_DX) b->k->conv_dx(way, &b->c, b->y, u, NULL, b->x, b->scratch);
    if (pass == GAN_CONV_DW) b->k->conv_dw(way, &b->c, b->shards, (gan_part){0, 1}, b->x, b->y, b->dw, b->scratch);
    *weights_s = middle - start;
    return gan_clock_s() - middle;
}

/* Pixels would grow from pass to pass. */
static void measure(bench *b, double s[GAN_CONV_WAYS][GAN_CONV_PASSES][2])
{
    static double t[GAN_CONV_WAYS][GAN_CONV_PASSES][2][ROUNDS];
    for (int round = 0; round < ROUNDS; round++) {
        for (int i = 0; i < GAN_CONV_WAYS * GAN_CONV_PASSES; i++) {
            const gan_conv_way way = (gan_conv_way)(i / GAN_CONV_PASSES);
            const gan_conv_pass pass = (gan_conv_pass)(i % GAN_CONV_PASSES);
            if (gan_conv_applies(way, &b->c))
                t[way][pass][0][round] = once(b, way, pass, &t[way][pass][1][round]);
        }
        memset(b->x, 0, (size_t)(b->c.N * b->c.H * b->c.W * b->c.C) * sizeof *b->x);
        memset(b->y, 0, (size_t)(b->c.N * b->c.OH * b->c.OW * b->c.O) * sizeof *b->y);
    }
    for (int i = 0; i < GAN_CONV_WAYS * GAN_CONV_PASSES * 2; i++) (&s[0][0][0])[i] = gan_median((&t[0][0][0])[i], ROUNDS);
}

static void print_ways(const layer *l, const bench *b, double s[GAN_CONV_WAYS][GAN_CONV_PASSES][2])
{
    const gan_conv c = b->c;
    const int64_t shards = b->shards;
    for (int way = 0; way < GAN_CONV_WAYS; way++) {
        if (!gan_conv_applies((gan_conv_way)way, &c)) continue;
        printf("%-10s %-17s", l->name, gan_conv_way_name((gan_conv_way)way));
        for (int pass = 0; pass < GAN_CONV_PASSES; pass++) {
            bool chosen = gan_conv_choose(&c, (gan_conv_pass)pass, shards, false) == (gan_conv_way)way;
            printf("  %7.2f ms %6.1f%c", s[way][pass][0] * 1e3, gan_conv_flop(&c) / s[way][pass][0] * 1e-9,
                   chosen ? '*' : ' ');
        }
        printf("  %7.3f %7.3f ms\n", s[way][GAN_CONV_Y][1] * 1e3, s[way][GAN_CONV_DX][1] * 1e3);
        fflush(stdout);
    }
}

static gan_status report(const gan_kernels *k, const layer *l, int64_t shards)
{
    double s[GAN_CONV_WAYS][GAN_CONV_PASSES][2];
    const gan_conv c = conv_of(l);
    bench b = bench_new(k, &c, shards);
    bool whole = b.x && b.y && b.w && b.u && b.dw && b.scratch;
    if (whole) {
        measure(&b, s);
        print_ways(l, &b, s);
    }
    bench_free(&b);
    return whole ? GAN_OK : GAN_ENOMEM;
}

gan_status gan__bench_kernels(const char *table)
{
    const gan_kernels *k = table ? gan_kernels_named(table) : gan_kernels_get(gan_kernels_count() - 1);
    const int64_t shards = 16;
    if (!k)
        return GAN_FAIL(GAN_EUSAGE, "bench kernels: this processor has no table \"%s\"; its best is %s",
                        table, gan_kernels_get(gan_kernels_count() - 1)->name);
    printf("%s kernels, %lld shards; GFLOP/s of the plain sum, * what is chosen\n", k->name,
           (long long)shards);
    printf("%-10s %-17s  %-20s  %-20s  %-20s %s\n", "layer", "way", "y", "dx", "dw", "weights y, dx");
    for (int i = 0; i < LAYERS; i++) GAN_TRY(report(k, &layers[i], shards));
    return GAN_OK;
}
