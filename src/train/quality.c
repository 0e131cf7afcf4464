#include "quality.h"

#include "gan/clock.h"
#include "gan/log.h"

#include <math.h>
#include <stdio.h>

/* In a sharded run only the first team has all of the averaged weights, so only its ranks draw. */
static int workers(const gan_session *s)
{
    return s->sharded ? s->team.size : s->comm->size;
}

static void say_protocols(const gan_eval *e, int64_t seed)
{
    const int n = gan_eval_measure(e, gan_eval_values(e) - 1) + 1;
    for (int m = 0; m < n; m++) {
        char text[512];
        gan_eval_protocol(e, m, text, sizeof text);
        gan_say(GAN_NORMAL, "eval      %s of %lld samples, noise seed %lld: %s", gan_eval_measure_name(e, m),
                (long long)gan_eval_measure_samples(e, m), (long long)seed, text);
    }
}

gan_status gan_quality_open(gan_quality *q, gan_session *s)
{
    const gan_config *c = s->cfg;
    const char *classifier = gan_config_text(c, "eval", "classifier");
    char asked[4096];
    if (*gan_config_text(c, "eval", "metrics") == '\0') return GAN_OK;
    if (*classifier) GAN_TRY(gan_comm_agree(s->comm, gan_labeller_open(&q->labeller, &q->of_classifier, classifier)));
    snprintf(asked, sizeof asked, "%s: eval.metrics", gan_config_where(c, "eval", "metrics"));
    const gan_eval_setup setup = {.comm = s->comm,
                                  .workers = workers(s),
                                  .k = s->k,
                                  .cfg = c,
                                  .model = s->model,
                                  .source = s->source,
                                  .metrics = gan_config_text(c, "eval", "metrics"),
                                  .samples = gan_config_int(c, "eval", "samples"),
                                  .seed = (uint64_t)gan_config_int(c, "run", "seed"),
                                  .data = gan_config_text(c, "eval", "data"),
                                  .classifier = *classifier ? &q->labeller : NULL,
                                  .asked = asked,
                                  .bad = GAN_ECONFIG};
    GAN_TRY(gan_eval_open(&q->eval, &setup));
    say_protocols(q->eval, (int64_t)setup.seed);
    return GAN_OK;
}

static void say(const gan_eval *e, int64_t step, double seconds, const double *values)
{
    char line[512] = "";
    size_t at = 0;
    for (int i = 0; i < gan_eval_values(e) && at < sizeof line; i++) {
        char value[32] = "undefined";
        if (!isnan(values[i])) snprintf(value, sizeof value, "%.4g", values[i]);
        at += (size_t)snprintf(line + at, sizeof line - at, "%s%s %s", i ? ", " : "", gan_eval_name(e, i), value);
    }
    gan_say(GAN_NORMAL, "eval      step %lld: %s (%.2f s)", (long long)step, line, seconds);
}

gan_status gan_quality_measure(gan_quality *q, int64_t step, double *values)
{
    gan_eval *e = q->eval;
    const double begin_s = gan_clock_s();
    gan_status s = gan_eval_run(e, values);
    if (s == GAN_EMPI) return s;
    if (s == GAN_OK) {
        say(e, step, gan_clock_s() - begin_s, values);
        return GAN_OK;
    }
    for (int i = 0; i < gan_eval_values(e); i++) values[i] = NAN;
    if (*gan_fail_text()) gan_warn("step %lld: not measured: %s (training goes on)", (long long)step, gan_fail_text());
    gan_fail_clear();
    return GAN_OK;
}

void gan_quality_close(gan_quality *q)
{
    gan_eval_close(q->eval);
    gan_snapshot_close(&q->of_classifier);
}
