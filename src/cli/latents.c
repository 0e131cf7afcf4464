/* Each way to choose latents is a row of a table: its option, how its values are read, and how the rows are filled. */
#include "latents.h"

#include "cli.h"

#include "gan/mem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_SIDE = 3162, SIDE = 9, STEPS = 10, COUNT = 64, COLUMNS = 8 }; /* a square of 3162 is GAN__MAX_SAMPLES */

struct gan__way {
    const char *option; /* NULL: without an option */
    gan_status (*parse)(gan__latents *l, const gan__latents_text *t);
    gan_status (*fill)(const gan__latents *l, const gan_noise *noise, float *z);
};

static gan_status option_int(const char *option, const char *text, int64_t min, int64_t max, int64_t *out)
{
    long long value;
    if (!text) return GAN_OK; /* keeps its default */
    GAN_TRY(gan_option_int(option, text, min, max, &value));
    *out = value;
    return GAN_OK;
}

/* ---- fixed noise ------------------------------------------------------------------------------------------- */

static gan_status parse_fixed(gan__latents *l, const gan__latents_text *t)
{
    l->n = COUNT, l->columns = COLUMNS;
    return option_int("--n", t->n, 1, GAN__MAX_SAMPLES, &l->n);
}

static gan_status fill_fixed(const gan__latents *l, const gan_noise *noise, float *z)
{
    gan_latent_fixed(noise, 0, l->n, z);
    return GAN_OK;
}

/* ---- a way between two samples ----------------------------------------------------------------------------- */

static gan_status choose_curve(gan__latents *l, const char *word)
{
    static const char *const curves[] = {"linear", "slerp", NULL};
    l->slerp = strcmp(word, "slerp") == 0;
    if (l->slerp || strcmp(word, "linear") == 0) return GAN_OK;
    const char *near = gan_nearest(word, curves);
    return GAN_FAIL(GAN_EUSAGE, "option --interpolate wants linear or slerp, then two sample numbers; got \"%s\"%s%s%s", word,
                    near ? "; did you mean " : "", near ? near : "", near ? "?" : "");
}

static gan_status parse_way(gan__latents *l, const gan__latents_text *t)
{
    l->n = STEPS;
    GAN_TRY(choose_curve(l, t->interpolate[0]));
    GAN_TRY(option_int("--interpolate", t->interpolate[1], 0, GAN__MAX_SAMPLES - 1, &l->a));
    GAN_TRY(option_int("--interpolate", t->interpolate[2], 0, GAN__MAX_SAMPLES - 1, &l->b));
    GAN_TRY(option_int("--n", t->n, 2, GAN__MAX_SAMPLES, &l->n));
    l->columns = l->n;
    snprintf(l->text, sizeof l->text, "%s from sample %lld to sample %lld", t->interpolate[0], (long long)l->a,
             (long long)l->b);
    return GAN_OK;
}

static gan_status fill_way(const gan__latents *l, const gan_noise *noise, float *z)
{
    const int64_t size = noise->size;
    float *ends = gan_calloc(2 * size, sizeof *ends);
    if (!ends) return GAN_ENOMEM;
    gan_latent_fixed(noise, l->a, 1, ends);
    gan_latent_fixed(noise, l->b, 1, ends + size);
    if (l->slerp) gan_latent_slerp(size, ends, ends + size, l->n, z);
    else gan_latent_linear(size, ends, ends + size, l->n, z);
    gan_free(ends);
    return GAN_OK;
}

/* ---- arithmetic -------------------------------------------------------------------------------------------- */

static gan_status parse_arithmetic(gan__latents *l, const gan__latents_text *t)
{
    if (t->n)
        return GAN_FAIL(GAN_EUSAGE, "option --n goes without --arithmetic, which makes one sample of each term, one of the "
                                    "result, and as many around it as --neighbours says");
    GAN_TRY(option_int("--neighbours", t->neighbours, 0, GAN__MAX_SAMPLES / 2, &l->neighbours));
    GAN_TRY(gan__expression_parse(&l->expression, "--arithmetic", t->arithmetic, GAN__MAX_SAMPLES - 1));
    l->columns = l->expression.n_terms + 1;
    l->n = l->columns + l->neighbours;
    snprintf(l->text, sizeof l->text, "%.900s%s", t->arithmetic, strlen(t->arithmetic) > 900 ? " ..." : "");
    return GAN_OK;
}

/* A row for the mean of each term, the result, its neighbours. */
static gan_status fill_arithmetic(const gan__latents *l, const gan_noise *noise, float *z)
{
    const gan__expression *e = &l->expression;
    float *result = z + e->n_terms * noise->size;
    double *factors = gan_calloc(e->n_terms, sizeof *factors);
    gan_status s = factors ? GAN_OK : GAN_ENOMEM;
    for (int64_t i = 0; s == GAN_OK && i < e->n_terms; i++) {
        factors[i] = e->terms[i].factor;
        s = gan_latent_mean(noise, e->samples + e->terms[i].first, e->terms[i].n, z + i * noise->size);
    }
    if (s == GAN_OK) {
        gan_latent_sum(noise->size, factors, z, e->n_terms, result);
        gan_latent_neighbours(noise, result, 0.25f, l->neighbours, result + noise->size);
    }
    gan_free(factors);
    return s;
}

/* ---- sweeps ------------------------------------------------------------------------------------------------ */

static gan_status parse_axes(gan__latents *l, const char *text)
{
    const char *p = text;
    for (l->n_axes = 0; l->n_axes < 2; p++) {
        char *end;
        if (*p < '0' || *p > '9') break;
        l->axis[l->n_axes++] = strtoll(p, &end, 10); /* too large a number becomes the largest, and is refused with size */
        p = end;
        if (*p != ',') break;
    }
    if (l->n_axes == 0 || *p)
        return GAN_FAIL(GAN_EUSAGE, "option --grid wants one or two directions of z, such as 3 or 3,7; got \"%s\"", text);
    if (l->n_axes == 2 && l->axis[0] == l->axis[1])
        return GAN_FAIL(GAN_EUSAGE, "option --grid wants two different directions, got \"%s\"", text);
    return GAN_OK;
}

static gan_status parse_sweep(gan__latents *l, const gan__latents_text *t)
{
    l->side = SIDE, l->span = 2;
    GAN_TRY(parse_axes(l, t->grid));
    GAN_TRY(option_int("--at", t->at, 0, GAN__MAX_SAMPLES - 1, &l->a));
    if (t->span) GAN_TRY(gan_option_real("--span", t->span, 0, 1e6, &l->span));
    GAN_TRY(option_int("--n", t->n, 2, l->n_axes == 2 ? MAX_SIDE : GAN__MAX_SAMPLES, &l->side));
    l->columns = l->side;
    l->n = l->n_axes == 2 ? l->side * l->side : l->side;
    snprintf(l->text, sizeof l->text, "direction%s %.64s, -%g to %g around sample %lld", l->n_axes == 2 ? "s" : "", t->grid,
             l->span, l->span, (long long)l->a);
    return GAN_OK;
}

static gan_status fill_sweep(const gan__latents *l, const gan_noise *noise, float *z)
{
    const int64_t size = noise->size;
    for (int i = 0; i < l->n_axes; i++)
        if (l->axis[i] >= size)
            return GAN_FAIL(GAN_EUSAGE, "option --grid: this generator's z has directions 0 to %lld, got %lld",
                            (long long)size - 1, (long long)l->axis[i]);
    float *a = gan_calloc(size, sizeof *a);
    if (!a) return GAN_ENOMEM;
    gan_latent_fixed(noise, l->a, 1, a);
    if (l->n_axes == 2) gan_latent_grid(size, a, l->axis, l->span, l->side, z);
    else gan_latent_sweep(size, a, l->axis[0], l->span, l->side, z);
    gan_free(a);
    return GAN_OK;
}

/* ---- which? ------------------------------------------------------------------------------------------------ */

static const struct gan__way fixed = {NULL, parse_fixed, fill_fixed};
static const struct gan__way way = {"--interpolate", parse_way, fill_way};
static const struct gan__way arithmetic = {"--arithmetic", parse_arithmetic, fill_arithmetic};
static const struct gan__way sweep = {"--grid", parse_sweep, fill_sweep};

static gan_status choose(gan__latents *l, const gan__latents_text *t)
{
    const struct gan__way *given[] = {t->interpolate[0] ? &way : NULL, t->arithmetic ? &arithmetic : NULL,
                                      t->grid ? &sweep : NULL};
    l->way = &fixed;
    for (int i = 0; i < 3; i++) {
        if (!given[i]) continue;
        if (l->way != &fixed)
            return GAN_FAIL(GAN_EUSAGE, "options %s and %s exclude each other", l->way->option, given[i]->option);
        l->way = given[i];
    }
    return GAN_OK;
}

static gan_status goes_with(const char *option, const char *text, const struct gan__way *wanted, const gan__latents *l)
{
    if (!text || l->way == wanted) return GAN_OK;
    return GAN_FAIL(GAN_EUSAGE, "option %s goes with %s only", option, wanted->option);
}

gan_status gan__latents_parse(gan__latents *l, const gan__latents_text *t)
{
    *l = (gan__latents){0};
    GAN_TRY(choose(l, t));
    GAN_TRY(goes_with("--neighbours", t->neighbours, &arithmetic, l));
    GAN_TRY(goes_with("--at", t->at, &sweep, l));
    GAN_TRY(goes_with("--span", t->span, &sweep, l));
    return l->way->parse(l, t);
}

gan_status gan__latents_fill(const gan__latents *l, const gan_noise *noise, float *z)
{
    return l->way->fill(l, noise, z);
}

void gan__latents_free(gan__latents *l)
{
    gan__expression_free(&l->expression);
}
