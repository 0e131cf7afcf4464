/* Learning rates over steps. */
#include "gan/optim.h"

#include <math.h>

static double progress(const gan_schedule *s, int64_t step)
{
    return s->steps <= 0 || step >= s->steps ? 1.0 : (double)step / (double)s->steps;
}

static double constant(const gan_schedule *s, int64_t step)
{
    (void)s, (void)step;
    return 1;
}

static double linear(const gan_schedule *s, int64_t step)
{
    return 1 + (s->factor - 1) * progress(s, step);
}

static double cosine(const gan_schedule *s, int64_t step)
{
    return s->factor + (1 - s->factor) * 0.5 * (1 + cos(acos(-1.0) * progress(s, step)));
}

static double drops(const gan_schedule *s, int64_t step)
{
    return s->steps > 0 ? pow(s->factor, (double)(step / s->steps)) : 1;
}

static double exponential(const gan_schedule *s, int64_t step)
{
    return s->steps > 0 ? pow(s->factor, (double)step / (double)s->steps) : 1;
}

double gan_schedule_rate(const gan_schedule *s, int64_t step)
{
    static double (*const kinds[])(const gan_schedule *, int64_t) = {
        [GAN_SCHEDULE_CONSTANT] = constant, [GAN_SCHEDULE_LINEAR] = linear, [GAN_SCHEDULE_COSINE] = cosine,
        [GAN_SCHEDULE_STEP] = drops,        [GAN_SCHEDULE_EXPONENTIAL] = exponential};
    double warm = step < s->warmup_steps ? (double)(step + 1) / (double)(s->warmup_steps + 1) : 1;
    return s->base * warm * kinds[s->kind](s, step);
}
