/* np: 2 4
 * The stall watch: a rank that is long at work and looks is waited for beyond the limit; after that nothing is left of the watch, and
 * an unwatched wait is as long as it takes. With an argument (cli_stall.sh): what must end. `silent`: the last rank sleeps without a
 * look, and rank 0 is at work for half the time, so that rank 1 speaks. `circle`: everyone waits for the next one. */
#include "mpi_test.h"

#include "gan/clock.h"
#include "gan/stall.h"

#include <string.h>
#include <unistd.h>

static void doze(double s)
{
    usleep((useconds_t)(1e6 * s));
}

static void busy_rank_is_waited_for(mpi_test *t)
{
    const double limit = 1, begin = gan_clock_s();
    const bool busy = t->c->rank == t->c->size - 1;
    CHECK_OK(t, gan_stall_open(t->c, limit));
    for (double until = begin + 2.5 * limit; busy && gan_clock_s() < until; doze(0.01)) gan_stall_look(t->c);
    CHECK_OK(t, gan_comm_agree(t->c, GAN_OK));
    CHECK(t, gan_clock_s() - begin > 2 * limit, "came together after %.1f s", gan_clock_s() - begin);
    gan_stall_close(t->c);
}

static void no_watch_waits(mpi_test *t)
{
    CHECK_OK(t, gan_stall_open(t->c, 0));
    if (t->c->rank == 0) doze(1.5);
    CHECK_OK(t, gan_comm_agree(t->c, GAN_OK));
    gan_stall_close(t->c);
}

static void wait_for_ever(const gan_comm *c, int rank)
{
    gan_wait w = {.begun = false};
    for (;; doze(0.001))
        if (gan_stall_due(c, &w)) gan_stall_waits(c, &w, rank);
}

static void stall(const gan_comm *c, const char *how)
{
    const double limit = 2;
    gan_stall_open(c, limit);
    gan_stall_step(c, 7);
    gan_stall_doing(c, "play", "chess");
    if (strcmp(how, "circle") == 0) wait_for_ever(c, (c->rank + 1) % c->size);
    if (c->rank == c->size - 1) doze(60);
    for (double until = gan_clock_s() + limit / 2; c->rank == 0 && gan_clock_s() < until; doze(0.01)) gan_stall_look(c);
    wait_for_ever(c, c->size - 1);
}

int main(int argc, char **argv)
{
    mpi_test t = mpi_test_start(&argc, &argv);
    if (argc > 1) stall(t.c, argv[1]);
    busy_rank_is_waited_for(&t);
    no_watch_waits(&t);
    return mpi_test_end(&t);
}
