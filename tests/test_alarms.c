/* Alarms on series that are made up: each begins when its quantity has been bad for `window` records in a row, says since when, is said
 * once, and once more when it is over; a single bad record, numbers that are missing, and a critic's loss make none. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../src/train/alarms.h"
#include "nn_test.h"

#include <math.h>
#include <string.h>

static const char *const names[] = {"loss_d", "spread_real", "spread_fake", "grad_norm_generator", "wasserstein_estimate"};
enum { LOSS, REAL, FAKE, NORM, N = 4 };

static gan_alarms made(int n)
{
    static const char job[] = "[train]\nsteps = 1\n[data]\nsource = ring\n[alarms]\nwindow = 3\n[generator]\nlayers = dense 2\n"
                              "[discriminator]\nlayers = dense 1\n";
    gan_config *cfg;
    gan_alarms a;
    EXPECT_OK(gan_config_parse(&cfg, "job.ini", job, (int64_t)strlen(job), NULL, 0, gan_system_networks));
    gan_alarms_new(&a, cfg, names, n);
    gan_config_free(cfg);
    return a;
}

/* The text of one alarm after a record; nothing may be said of the others. */
static const char *look(gan_alarms *a, gan_alarm_kind kind, int64_t step, const double *values)
{
    static char text[GAN_ALARMS][GAN_ALARM_TEXT];
    gan_alarms_look(a, values, step, text);
    for (int k = 0; k < GAN_ALARMS; k++)
        if (k != (int)kind) assert_string_equal(text[k], "");
    return text[kind];
}

static void expect(const char *text, const char *part)
{
    if (!strstr(text, part)) fail_msg("got \"%s\", wanted \"%s\" in it", text, part);
}

static void discriminator_wins(void **state)
{
    (void)state;
    gan_alarms a = made(N);
    const double good[] = {1.3, 1, 1, 1}, bad[] = {0.004, 1, 1, 1};
    assert_string_equal(look(&a, GAN_ALARM_D_WINS, 50, bad), "");
    assert_string_equal(look(&a, GAN_ALARM_D_WINS, 100, good), ""); /* one alone is none */
    assert_string_equal(look(&a, GAN_ALARM_D_WINS, 150, bad), "");
    assert_string_equal(look(&a, GAN_ALARM_D_WINS, 200, bad), "");
    expect(look(&a, GAN_ALARM_D_WINS, 250, bad), "the discriminator wins outright since step 150: loss_d is 0.004, below 0.02 (alarms.d_loss)");
    assert_string_equal(look(&a, GAN_ALARM_D_WINS, 300, bad), "");
    expect(look(&a, GAN_ALARM_D_WINS, 350, good), "over at step 350: the discriminator wins outright (since step 150)");
    assert_string_equal(look(&a, GAN_ALARM_D_WINS, 400, good), "");
}

static void vanishing_gradients(void **state)
{
    (void)state;
    gan_alarms a = made(N);
    double v[] = {1, 1, 1, 0};
    for (int i = 0; i < 16; i++) { /* median 10; small ones among them are no alarm yet */
        v[NORM] = i % 4 == 0 ? 1e-6 : 10;
        assert_string_equal(look(&a, GAN_ALARM_GRADIENT, i, v), "");
    }
    v[NORM] = 0.011; /* just above a thousandth */
    for (int i = 16; i < 30; i++) assert_string_equal(look(&a, GAN_ALARM_GRADIENT, i, v), "");
    v[NORM] = 0.009;
    assert_string_equal(look(&a, GAN_ALARM_GRADIENT, 30, v), "");
    assert_string_equal(look(&a, GAN_ALARM_GRADIENT, 31, v), "");
    expect(look(&a, GAN_ALARM_GRADIENT, 32, v), "vanishing gradients of the generator since step 30: grad_norm_generator is 0.0009 of its early");
}

static void lost_diversity(void **state)
{
    (void)state;
    gan_alarms a = made(N);
    double v[] = {1, 4, 0.1, 1};
    look(&a, GAN_ALARM_DIVERSITY, 1, v);
    look(&a, GAN_ALARM_DIVERSITY, 2, v);
    expect(look(&a, GAN_ALARM_DIVERSITY, 3, v), "lost diversity since step 1: spread_fake is 0.025 of that of real samples");
    v[FAKE] = NAN; /* nothing can be said; the row of bad records ends */
    expect(look(&a, GAN_ALARM_DIVERSITY, 4, v), "over at step 4");
}

static void no_alarms(void **state)
{
    (void)state;
    gan_alarms critic = made(N + 1), off = made(N);
    const double bad[] = {-100, 0, 0, 1, 3};
    off.window = 0;
    for (int i = 0; i < 20; i++) assert_string_equal(look(&critic, GAN_ALARM_D_WINS, i, bad), "");
    for (int i = 0; i < 20; i++) assert_string_equal(look(&off, GAN_ALARM_D_WINS, i, bad), "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(discriminator_wins), cmocka_unit_test(vanishing_gradients),
                                       cmocka_unit_test(lost_diversity), cmocka_unit_test(no_alarms)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
