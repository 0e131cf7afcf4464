/* MPI moves messages inside its own calls only, and a convolution may take longer than a reduction. So a thread looks after them
 * every half millisecond, as long as a kernel runs; on a core that the kernel has too, that costs it less than a percent.
 *
 * One lock is the right to call MPI. The rank holds it all the time, but lends it for the length of a kernel. So nothing else
 * needs to know of the thread, and MPI_THREAD_SERIALIZED is enough. */
#include "helper.h"

#include "gan/log.h"
#include "gan/mem.h"

#include <mpi.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum { PAUSE_NS = 500000 };

struct gan__helper {
    gan__move_fn *move;
    void *user;
    pthread_t thread;
    bool lent_out;       /* the rank's own note of `lent` */
    pthread_mutex_t mpi; /* the right to call it; what follows is its holder's */
    bool lent, quit;
    gan_status failure;
    char text[1024];
};

/* What moved nothing because it failed is told to the rank, once. */
static void move_once(gan__helper *h)
{
    h->failure = h->move(h->user);
    if (h->failure == GAN_OK) return;
    snprintf(h->text, sizeof h->text, "%s", gan_fail_text());
    gan_fail_clear();
}

static void *work(void *helper)
{
    gan__helper *h = helper;
    const struct timespec pause = {0, PAUSE_NS};
    for (bool quit = false; !quit;) {
        pthread_mutex_lock(&h->mpi);
        quit = h->quit;
        if (!quit && h->lent && h->failure == GAN_OK) move_once(h);
        pthread_mutex_unlock(&h->mpi);
        nanosleep(&pause, NULL);
    }
    return NULL;
}

static bool mpi_allows(void)
{
    int level;
    return MPI_Query_thread(&level) == MPI_SUCCESS && level >= MPI_THREAD_SERIALIZED;
}

/* Signals are for the thread that looks for them between steps. */
static bool create(gan__helper *h)
{
    sigset_t all, before;
    sigfillset(&all);
    if (pthread_sigmask(SIG_SETMASK, &all, &before) != 0) return false;
    bool created = pthread_create(&h->thread, NULL, work, h) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return created;
}

gan_status gan__helper_start(gan__helper **out, gan__move_fn *move, void *user)
{
    *out = NULL;
    if (!mpi_allows()) return GAN_OK;
    gan__helper *h = gan_calloc(1, sizeof *h);
    if (!h) return GAN_ENOMEM;
    *h = (gan__helper){.move = move, .user = user};
    pthread_mutex_init(&h->mpi, NULL);
    pthread_mutex_lock(&h->mpi);
    if (create(h)) {
        *out = h;
        return GAN_OK;
    }
    gan_warn("the system allows no thread for messages; they move between kernels only, and less is hidden");
    pthread_mutex_unlock(&h->mpi);
    pthread_mutex_destroy(&h->mpi);
    gan_free(h);
    return GAN_OK;
}

void gan__helper_stop(gan__helper *h)
{
    if (!h) return;
    h->quit = true;
    pthread_mutex_unlock(&h->mpi);
    pthread_join(h->thread, NULL);
    pthread_mutex_destroy(&h->mpi);
    gan_free(h);
}

void gan__helper_lend(gan__helper *h)
{
    if (!h) return;
    h->lent_out = h->lent = true;
    pthread_mutex_unlock(&h->mpi);
}

gan_status gan__helper_take_back(gan__helper *h)
{
    if (!h || !h->lent_out) return GAN_OK;
    pthread_mutex_lock(&h->mpi);
    h->lent_out = h->lent = false;
    return h->failure == GAN_OK ? GAN_OK : GAN_FAIL(h->failure, "%s", h->text);
}
