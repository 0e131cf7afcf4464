/* A queue, a thread, and the first failure. */
#include "writer.h"

#include "gan/mem.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum { ROOM = 8 };

typedef struct job {
    gan_writer_job *run;
    void (*drop)(void *arg);
    void *arg;
} job;

struct gan_writer {
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    job queue[ROOM];
    int first, n; /* jobs waiting or running */
    bool quit;
    gan_status status;
    char text[2048];
    void (*meanwhile)(void *user);
    void *user;
};

static gan_status run_job(gan_writer *w, const job *j, gan_status before)
{
    if (before != GAN_OK) {
        j->drop(j->arg);
        return before;
    }
    gan_status s = j->run(j->arg);
    if (s != GAN_OK) snprintf(w->text, sizeof w->text, "%s", gan_fail_text());
    return s;
}

static void *work(void *arg)
{
    gan_writer *w = arg;
    pthread_mutex_lock(&w->lock);
    for (;;) {
        while (w->n == 0 && !w->quit) pthread_cond_wait(&w->changed, &w->lock);
        if (w->n == 0) break;
        job j = w->queue[w->first];
        gan_status before = w->status;
        pthread_mutex_unlock(&w->lock);
        gan_status s = run_job(w, &j, before);
        pthread_mutex_lock(&w->lock);
        w->status = s;
        w->first = (w->first + 1) % ROOM;
        w->n--;
        pthread_cond_broadcast(&w->changed);
    }
    pthread_mutex_unlock(&w->lock);
    return NULL;
}

/* On the monotonic clock: a jump of the other must not stretch a wait. */
static void make_condition(pthread_cond_t *c)
{
    pthread_condattr_t a;
    pthread_condattr_init(&a);
    pthread_condattr_setclock(&a, CLOCK_MONOTONIC);
    pthread_cond_init(c, &a);
    pthread_condattr_destroy(&a);
}

/* One wait of the main thread for a change, with the lock held. */
static void wait_a_while(gan_writer *w)
{
    const long while_ns = 100000000;
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += (until.tv_nsec + while_ns) / 1000000000;
    until.tv_nsec = (until.tv_nsec + while_ns) % 1000000000;
    if (pthread_cond_timedwait(&w->changed, &w->lock, &until) == 0 || !w->meanwhile) return;
    pthread_mutex_unlock(&w->lock);
    w->meanwhile(w->user);
    pthread_mutex_lock(&w->lock);
}

gan_status gan_writer_new(gan_writer **out, void (*meanwhile)(void *user), void *user)
{
    *out = NULL;
    gan_writer *w = gan_calloc(1, sizeof *w);
    if (!w) return GAN_ENOMEM;
    pthread_mutex_init(&w->lock, NULL);
    make_condition(&w->changed);
    w->meanwhile = meanwhile;
    w->user = user;
    sigset_t all, old; /* signals are for the main thread */
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    int error = pthread_create(&w->thread, NULL, work, w);
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    if (error) {
        pthread_mutex_destroy(&w->lock);
        pthread_cond_destroy(&w->changed);
        gan_free(w);
        return GAN_FAIL(GAN_EIO, "cannot start the writer thread: %s", strerror(error));
    }
    *out = w;
    return GAN_OK;
}

gan_status gan_writer_post(gan_writer *w, gan_writer_job *run, void (*drop)(void *arg), void *arg)
{
    pthread_mutex_lock(&w->lock);
    while (w->n == ROOM) wait_a_while(w);
    w->queue[(w->first + w->n++) % ROOM] = (job){run, drop, arg};
    pthread_cond_broadcast(&w->changed);
    pthread_mutex_unlock(&w->lock);
    return GAN_OK;
}

bool gan_writer_failed(gan_writer *w)
{
    pthread_mutex_lock(&w->lock);
    bool failed = w->status != GAN_OK;
    pthread_mutex_unlock(&w->lock);
    return failed;
}

gan_status gan_writer_drain(gan_writer *w)
{
    pthread_mutex_lock(&w->lock);
    while (w->n > 0) wait_a_while(w);
    gan_status s = w->status;
    pthread_mutex_unlock(&w->lock);
    return s == GAN_OK ? s : GAN_FAIL(s, "%s", w->text);
}

void gan_writer_free(gan_writer *w)
{
    if (!w) return;
    pthread_mutex_lock(&w->lock);
    w->quit = true;
    pthread_cond_broadcast(&w->changed);
    pthread_mutex_unlock(&w->lock);
    pthread_join(w->thread, NULL);
    pthread_mutex_destroy(&w->lock);
    pthread_cond_destroy(&w->changed);
    gan_free(w);
}
