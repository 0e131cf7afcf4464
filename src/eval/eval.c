/* An evaluation: the measures asked for, the samples that they share, and their numbers. */
#include "measure.h"

#include "gan/mem.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* ---- what is asked for --------------------------------------------------------------------------------------- */

gan_status gan__refuse(const gan_eval *e, const gan_measure *m, const char *fmt, ...)
{
    char why[512];
    va_list args;
    va_start(args, fmt);
    vsnprintf(why, sizeof why, fmt, args);
    va_end(args);
    return GAN_FAIL(e->setup.bad, "%s: %s %s", e->setup.asked, m->name, why);
}

static gan_status unknown(const gan_eval *e, const char *name)
{
    const char *names[64] = {NULL};
    char all[512] = "";
    size_t at = 0;
    for (int i = 0; gan__measures[i] && i < 63; i++) {
        names[i] = gan__measures[i]->name;
        if (at < sizeof all) at += (size_t)snprintf(all + at, sizeof all - at, "%s%s", i ? ", " : "", names[i]);
    }
    const char *near = gan_nearest(name, names);
    return GAN_FAIL(e->setup.bad, "%s: there is no measure \"%s\"%s%s%s (there are: %s)", e->setup.asked, name,
                    near ? "; did you mean " : "", near ? near : "", near ? "?" : "", all);
}

static gan_status choose(gan_eval *e, const char *name)
{
    const gan_measure *m = NULL;
    for (int i = 0; gan__measures[i]; i++)
        if (strcmp(gan__measures[i]->name, name) == 0) m = gan__measures[i];
    if (!m) return unknown(e, name);
    for (int i = 0; i < e->n; i++)
        if (e->chosen[i].measure == m) return gan__refuse(e, m, "is named twice");
    if (e->n == GAN_EVAL_MAX_MEASURES)
        return GAN_FAIL(e->setup.bad, "%s: at most %d measures at a time", e->setup.asked, GAN_EVAL_MAX_MEASURES);
    e->chosen[e->n++] = (gan__chosen){.measure = m, .samples = e->setup.samples ? e->setup.samples : m->samples};
    return GAN_OK;
}

/* Names with commas or blanks between them. */
static gan_status choose_all(gan_eval *e)
{
    static const char between[] = ", \t";
    for (const char *at = e->setup.metrics; *at;) {
        size_t n = strcspn(at, between);
        char name[64];
        snprintf(name, sizeof name, "%.*s", (int)(n < 63 ? n : 63), at);
        if (n > 0) GAN_TRY(choose(e, name));
        at += n;
        at += strspn(at, between);
    }
    return e->n ? GAN_OK : GAN_FAIL(e->setup.bad, "%s: no measure is named; \"gan_mpi eval --list\" names them", e->setup.asked);
}

/* ---- life ---------------------------------------------------------------------------------------------------- */

static gan_status open_local(gan_eval *e)
{
    int64_t most = 0;
    GAN_TRY(choose_all(e));
    for (int i = 0; i < e->n; i++) {
        gan__chosen *c = &e->chosen[i];
        if (c->measure->open) GAN_TRY(c->measure->open(e, c->measure, &c->state));
        if (c->samples > most) most = c->samples;
    }
    return gan__drawn_open(&e->drawn, &e->setup, most);
}

gan_status gan_eval_open(gan_eval **out, const gan_eval_setup *s)
{
    *out = NULL;
    gan_eval *e = gan_calloc(1, sizeof *e);
    gan_status status = e ? GAN_OK : GAN_ENOMEM;
    if (e) {
        e->setup = *s;
        status = open_local(e);
    }
    status = gan_comm_agree(s->comm, status);
    if (e) e->setup.metrics = e->setup.asked = NULL; /* the caller's may go away */
    if (status == GAN_OK) *out = e;
    else gan_eval_close(e);
    return status;
}

void gan_eval_close(gan_eval *e)
{
    if (!e) return;
    for (int i = 0; i < e->n; i++)
        if (e->chosen[i].measure->close) e->chosen[i].measure->close(e->chosen[i].state);
    gan__drawn_close(&e->drawn);
    gan_free(e->tally.counts);
    gan_free(e);
}

/* ---- names --------------------------------------------------------------------------------------------------- */

static int values_of(const gan_measure *m)
{
    int n = 0;
    while (m->values[n]) n++;
    return n;
}

int gan_eval_values(const gan_eval *e)
{
    int n = 0;
    for (int i = 0; i < e->n; i++) n += values_of(e->chosen[i].measure);
    return n;
}

/* The measure of a value; *nth: its number among the measure's. */
static int locate(const gan_eval *e, int value, int *nth)
{
    int i = 0;
    for (*nth = value; *nth >= values_of(e->chosen[i].measure); i++) *nth -= values_of(e->chosen[i].measure);
    return i;
}

const char *gan_eval_name(const gan_eval *e, int value)
{
    int nth, i = locate(e, value, &nth);
    return e->chosen[i].measure->values[nth];
}

int gan_eval_measure(const gan_eval *e, int value)
{
    int nth;
    return locate(e, value, &nth);
}

const char *gan_eval_measure_name(const gan_eval *e, int measure)
{
    return e->chosen[measure].measure->name;
}

int64_t gan_eval_measure_samples(const gan_eval *e, int measure)
{
    return e->chosen[measure].samples;
}

void gan_eval_protocol(const gan_eval *e, int measure, char *text, size_t size)
{
    e->chosen[measure].measure->protocol(e, e->chosen[measure].state, text, size);
}

/* ---- measuring ----------------------------------------------------------------------------------------------- */

gan_status gan_eval_run(gan_eval *e, double *values)
{
    for (int i = 0; i < gan_eval_values(e); i++) values[i] = NAN;
    e->tally.n = 0;
    GAN_TRY(gan__drawn_draw(&e->drawn, &e->setup));
    for (int i = 0; i < e->n; i++) {
        gan__chosen *c = &e->chosen[i];
        GAN_TRY(c->measure->compute(e, c->state, c->samples, values));
        values += values_of(c->measure);
    }
    return GAN_OK;
}
