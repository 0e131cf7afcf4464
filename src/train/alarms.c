/* A generative network fails quietly: losses stay finite while nothing is learned any more. Three ways to fail are looked for:
 *
 *   the discriminator wins outright   its loss is near the least that there is, so what it tells G is next to nothing
 *   vanishing gradients               the norm of G's gradient is a small part of what it was in the first records since the start or restart
 *   lost diversity                    fakes differ from each other much less than real samples do
 *
 * One bad record is an accident, `window` of them in a row are an alarm; it is said once, and once when it is over. */
#include "alarms.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct row {
    const char *value, *other, *key; /* of [alarms] */
    const char *what, *unit, *remedy;
} rows[GAN_ALARMS] = {
    [GAN_ALARM_D_WINS] = {"loss_d", NULL, "d_loss", "the discriminator wins outright", "",
                          "label_smoothing, a gradient penalty, a smaller or slower discriminator may help"},
    [GAN_ALARM_GRADIENT] = {"grad_norm_generator", NULL, "gradient", "vanishing gradients of the generator", " of its early median",
                            "gan.loss = wasserstein with a gradient penalty, or a weaker discriminator, may help"},
    [GAN_ALARM_DIVERSITY] = {"spread_fake", "spread_real", "diversity", "lost diversity", " of that of real samples",
                             "gan.pack, minibatch_discrimination, unrolled steps or a gradient penalty may help"},
};

static int find(const char *const *names, int n, const char *name)
{
    for (int i = 0; name && i < n; i++)
        if (strcmp(names[i], name) == 0) return i;
    return -1;
}

void gan_alarms_new(gan_alarms *a, const gan_config *cfg, const char *const *names, int n)
{
    *a = (gan_alarms){.window = gan_config_int(cfg, "alarms", "window")};
    for (int k = 0; k < GAN_ALARMS; k++) {
        a->list[k].value = find(names, n, rows[k].value);
        a->list[k].other = find(names, n, rows[k].other);
        a->list[k].threshold = gan_config_real(cfg, "alarms", rows[k].key);
    }
    /* A critic's loss has no least value. */
    if (find(names, n, "wasserstein_estimate") >= 0) a->list[GAN_ALARM_D_WINS].value = -1;
}

static int by_size(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* The first records tell what is usual; until then there is no alarm. */
static void learn_usual(gan_alarm *a, double value)
{
    const int wanted = (int)(sizeof a->first / sizeof a->first[0]);
    if (!isfinite(value) || a->n_first == wanted) return;
    a->first[a->n_first++] = value;
    if (a->n_first < wanted) return;
    qsort(a->first, (size_t)wanted, sizeof a->first[0], by_size);
    a->usual = a->first[wanted / 2];
}

/* What is held against the threshold; NaN: nothing can be said. */
static double judged(gan_alarm *a, gan_alarm_kind kind, const double *values)
{
    const double value = values[a->value];
    if (kind == GAN_ALARM_D_WINS) return value;
    if (kind == GAN_ALARM_DIVERSITY) return a->other >= 0 && values[a->other] > 0 ? value / values[a->other] : NAN;
    learn_usual(a, value);
    return a->usual > 0 ? value / a->usual : NAN;
}

static void begin(gan_alarm *a, gan_alarm_kind kind, double value, char *text)
{
    const struct row *r = &rows[kind];
    a->on = true;
    snprintf(text, GAN_ALARM_TEXT, "%s since step %lld: %s is %.3g%s, below %.3g (alarms.%s); %s", r->what, (long long)a->since, r->value,
             value, r->unit, a->threshold, r->key, r->remedy);
}

static void end(gan_alarm *a, gan_alarm_kind kind, double value, int64_t step, char *text)
{
    const struct row *r = &rows[kind];
    if (a->on)
        snprintf(text, GAN_ALARM_TEXT, "over at step %lld: %s (since step %lld); %s is %.3g%s now", (long long)step, r->what,
                 (long long)a->since, r->value, value, r->unit);
    a->on = false;
    a->bad = 0;
}

void gan_alarms_look(gan_alarms *a, const double *values, int64_t step, char text[GAN_ALARMS][GAN_ALARM_TEXT])
{
    for (int k = 0; k < GAN_ALARMS; k++) {
        gan_alarm *one = &a->list[k];
        text[k][0] = '\0';
        if (a->window == 0 || one->value < 0) continue;
        const double value = judged(one, (gan_alarm_kind)k, values);
        if (!(value < one->threshold)) {
            end(one, (gan_alarm_kind)k, value, step, text[k]);
            continue;
        }
        if (one->bad++ == 0) one->since = step;
        if (one->bad >= a->window && !one->on) begin(one, (gan_alarm_kind)k, value, text[k]);
    }
}
