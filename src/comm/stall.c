/* The stall watch: see gan/stall.h. Everybody tells everybody, so that whoever is left knows all that is known; at the size
 * of a sign of life that is little even for a thousand ranks, and it happens in trouble only. No failure of MPI matters here: a
 * rank that cannot be told is one that does not answer. */
#include "stall.h"

#include "end.h"

#include "gan/clock.h"
#include "gan/log.h"
#include "gan/mem.h"

#include <stdio.h>
#include <string.h>

enum {
    POLLS = 16,     /* between looks at the clock */
    PER_LOOK = 16,  /* the limit, by the time between looks at what has come */
    PER_TALK = 4,   /* by the wait that others hear about */
    PER_WARNING = 2
};

/* ---- life --------------------------------------------------------------------------------------------------- */

/* all [size][GAN__HOST]: room. */
static void name_hosts(gan_stall *s, char *all)
{
    char mine[MPI_MAX_PROCESSOR_NAME] = "";
    int length;
    if (MPI_Get_processor_name(mine, &length) != MPI_SUCCESS) snprintf(mine, sizeof mine, "?");
    mine[GAN__HOST - 1] = '\0';
    bool told = MPI_Allgather(mine, GAN__HOST, MPI_CHAR, all, GAN__HOST, MPI_CHAR, s->all->mpi) == MPI_SUCCESS;
    for (int r = 0; r < s->all->size; r++) memcpy(s->peers[r].host, told ? all + r * GAN__HOST : "?", told ? GAN__HOST : 2);
}

gan_status gan_stall_open(const gan_comm *c, double limit_s)
{
    gan_stall *s = c->stall;
    *s = (gan_stall){.all = c};
    if (c->size == 1 || limit_s <= 0) return GAN_OK;
    s->peers = gan_calloc(c->size, sizeof *s->peers);
    char *hosts = gan_calloc(c->size, GAN__HOST);
    gan_status status = gan_comm_agree(c, s->peers && hosts ? GAN_OK : GAN_ENOMEM);
    for (int r = 0; s->peers && r < c->size; r++) s->peers[r].sent = MPI_REQUEST_NULL;
    if (status == GAN_OK) name_hosts(s, hosts);
    gan_free(hosts);
    if (status != GAN_OK) gan_stall_close(c);
    else s->limit_s = limit_s;
    return status;
}

/* A sign that nobody has taken is left to MPI. */
void gan_stall_close(const gan_comm *c)
{
    gan_stall *s = c->stall;
    for (int r = 0; s->peers && r < c->size; r++)
        if (s->peers[r].sent != MPI_REQUEST_NULL) MPI_Request_free(&s->peers[r].sent);
    gan__end_forget(&s->watcher);
    gan_free(s->peers);
    memset(s, 0, sizeof *s);
}

void gan_stall_step(const gan_comm *c, int64_t step)
{
    c->stall->mine.step = step;
}

void gan_stall_doing(const gan_comm *c, const char *what, const char *of)
{
    c->stall->what = what, c->stall->of = of;
}

/* ---- signs of life ------------------------------------------------------------------------------------------- */

static void send_sign(gan_stall *s, int rank, bool asks)
{
    gan__peer *p = &s->peers[rank];
    int gone = 0;
    if (MPI_Test(&p->sent, &gone, MPI_STATUS_IGNORE) != MPI_SUCCESS || !gone) return;
    p->to = s->mine;
    p->to.asks = asks;
    if (MPI_Isend(&p->to, sizeof p->to, MPI_BYTE, rank, GAN_TAG_SIGN_OF_LIFE, s->all->mpi, &p->sent) != MPI_SUCCESS)
        p->sent = MPI_REQUEST_NULL;
}

static void tell_all(gan_stall *s)
{
    for (int r = 0; r < s->all->size; r++)
        if (r != s->all->rank) send_sign(s, r, true);
}

/* Who waits so long himself that he tells all need not answer. */
static void take_signs(gan_stall *s, double now, bool answers)
{
    int there = 1;
    while (there) {
        MPI_Status from;
        gan__sign sign;
        if (MPI_Iprobe(MPI_ANY_SOURCE, GAN_TAG_SIGN_OF_LIFE, s->all->mpi, &there, &from) != MPI_SUCCESS || !there) return;
        if (MPI_Recv(&sign, sizeof sign, MPI_BYTE, from.MPI_SOURCE, GAN_TAG_SIGN_OF_LIFE, s->all->mpi, MPI_STATUS_IGNORE) !=
            MPI_SUCCESS)
            return;
        s->peers[from.MPI_SOURCE].sign = sign;
        s->peers[from.MPI_SOURCE].heard_s = now;
        s->told |= sign.over != 0;
        if (sign.asks && answers) send_sign(s, from.MPI_SOURCE, false);
    }
}

void gan_stall_look(const gan_comm *c)
{
    gan_stall *s = c->stall;
    if (s->limit_s == 0) return;
    double now = gan_clock_s() - s->stood_still_s;
    if (now < s->look_s) return;
    s->look_s = now + s->limit_s / PER_LOOK;
    gan__end_forget(&s->watcher);
    s->mine.waited_s = 0;
    s->mine.waits_for = -1;
    snprintf(s->mine.doing, sizeof s->mine.doing, "computing");
    take_signs(s, now, true);
}

/* ---- waiting ------------------------------------------------------------------------------------------------- */

bool gan_stall_due(const gan_comm *c, gan_wait *w)
{
    gan_stall *s = c->stall;
    if (s->limit_s == 0 || ++w->polls % POLLS) return false;
    double now = gan_clock_s() - s->stood_still_s, gap = now - s->polled_s;
    if (!w->begun) {
        gan__end_forget(&s->watcher);
        w->begun = true;
        w->since_s = now;
    } else if (gap > s->limit_s / PER_LOOK) {
        s->stood_still_s += gap;
        now -= gap;
    }
    s->polled_s = now;
    return now >= s->look_s;
}

double gan__stall_silence_s(const gan_stall *s, const gan_wait *w, int rank, double now)
{
    const double heard = s->peers[rank].heard_s;
    return rank == s->all->rank ? 0 : now - (heard > w->since_s ? heard : w->since_s);
}

/* How long a rank has been waiting, as far as is known. */
static double waiting_s(const gan_stall *s, int rank, double now)
{
    const gan__peer *p = &s->peers[rank];
    if (rank == s->all->rank) return s->mine.waited_s;
    return p->sign.waited_s > 0 ? p->sign.waited_s + now - p->heard_s : 0;
}

/* Of those who live and have waited as long, give or take what signs of life may be late, the lowest rank speaks. */
static bool speaks(const gan_stall *s, const gan_wait *w, double now)
{
    for (int r = 0; r < s->all->rank; r++)
        if (gan__stall_silence_s(s, w, r, now) < s->limit_s / PER_TALK &&
            waiting_s(s, r, now) > s->mine.waited_s - s->limit_s / PER_TALK)
            return false;
    return true;
}

/* What ends the run: a rank that has been silent for the limit, or that all have been waiting for so long. */
static bool is_hopeless(const gan_stall *s, const gan_wait *w, double now, bool *silent)
{
    bool all_wait = true;
    *silent = false;
    for (int r = 0; r < s->all->size; r++) {
        *silent |= gan__stall_silence_s(s, w, r, now) >= s->limit_s;
        all_wait &= waiting_s(s, r, now) >= s->limit_s;
    }
    return *silent || all_wait;
}

static void warn(gan_stall *s, gan_wait *w, double now)
{
    char text[2048];
    w->warned = true;
    s->watcher = gan__end_prepare();
    if (!speaks(s, w, now)) return;
    if (gan__stall_silent_text(s, w, now, s->limit_s / PER_TALK, text, sizeof text))
        gan_warn("%s; the run ends if that lasts for %g s (parallel.stall_s)", text, s->limit_s);
    else gan_warn("%s", text);
}

static void say_why(gan_stall *s, const gan_wait *w, double now, bool silent)
{
    char why[2048], text[4096];
    if (silent) gan__stall_silent_text(s, w, now, s->limit_s / PER_WARNING, why, sizeof why);
    else gan__stall_circle_text(s, why, sizeof why);
    snprintf(text, sizeof text, "%s. Start the same command again to go on from the last checkpoint", why);
    s->mine.over = 1;
    tell_all(s);
    gan_comm_abort(s->all, GAN_EMPI, text);
}

/* One rank says why, and ends all that the launcher reaches. The others give it a while and end by themselves, each where it
 * may be: without a word, unless that rank was not heard. */
static void end_run(gan_stall *s, const gan_wait *w, double now, bool silent)
{
    const double while_s = s->limit_s / PER_TALK < 15 ? s->limit_s / PER_TALK + 2 : 15;
    if (s->over_s == 0) s->over_s = now;
    const bool late = now - s->over_s >= while_s;
    if (s->told && late) gan__comm_end(s->all, GAN_EMPI);
    if (!s->told && (late || speaks(s, w, now))) say_why(s, w, now, silent);
}

void gan_stall_waits(const gan_comm *c, gan_wait *w, int rank)
{
    gan_stall *s = c->stall;
    const double now = s->polled_s, waited = now - w->since_s;
    const bool tells = waited >= s->limit_s / PER_TALK;
    bool silent = true;
    s->look_s = now + s->limit_s / PER_LOOK;
    s->mine.waited_s = waited;
    s->mine.waits_for = rank < 0 ? -1 : c->first + rank * c->stride;
    snprintf(s->mine.doing, sizeof s->mine.doing, "%s%s%s", s->what ? s->what : "go on", s->of ? " " : "", s->of ? s->of : "");
    take_signs(s, now, !tells);
    if (s->told) end_run(s, w, now, silent);
    if (!tells || s->told) return;
    tell_all(s);
    if (waited >= s->limit_s / PER_WARNING && !w->warned) warn(s, w, now);
    if (waited >= s->limit_s && is_hopeless(s, w, now, &silent)) end_run(s, w, now, silent);
}
