/* The words of the stall watch: who is silent, on which hosts, and what does not get done for want of them. */
#include "stall.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { MAX_GROUPS = 8 };

typedef struct line {
    char *at;
    size_t room;
} line;

__attribute__((format(printf, 2, 3))) static void add(line *l, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    int n = vsnprintf(l->at, l->room, fmt, ap);
    va_end(ap);
    size_t used = n < 0 ? 0 : (size_t)n < l->room ? (size_t)n : l->room - 1;
    l->at += used;
    l->room -= used;
}

static int is_silent(const gan_stall *s, const gan_wait *w, int rank, double now, double least_s)
{
    return gan__stall_silence_s(s, w, rank, now) >= least_s;
}

static const gan__sign *sign_of(const gan_stall *s, int rank)
{
    return rank == s->all->rank ? &s->mine : &s->peers[rank].sign;
}

/* ---- silent ranks ----------------------------------------------------------------------------------------------- */

/* "rank 3 on fh2, ranks 6-7 on fh4": neighbours on one host are one group. Returns how many ranks that are. */
static int name_silent(const gan_stall *s, const gan_wait *w, double now, double least_s, line *l)
{
    int n = 0, groups = 0, left_out = 0;
    for (int r = 0, end; r < s->all->size; r = end) {
        end = r + 1;
        if (!is_silent(s, w, r, now, least_s)) continue;
        while (end < s->all->size && is_silent(s, w, end, now, least_s) && strcmp(s->peers[end].host, s->peers[r].host) == 0)
            end++;
        n += end - r;
        if (groups++ >= MAX_GROUPS) {
            left_out += end - r;
            continue;
        }
        add(l, groups > 1 ? ", " : "");
        if (end - r == 1) add(l, "rank %d on %s", r, s->peers[r].host);
        else add(l, "ranks %d-%d on %s", r, end - 1, s->peers[r].host);
    }
    if (left_out) add(l, " and %d more", left_out);
    return n;
}

/* A living rank that waits for a silent one; this rank, if it knows of none. */
static int find_witness(const gan_stall *s, const gan_wait *w, double now, double least_s)
{
    const int me = s->all->rank;
    for (int i = 0; i < s->all->size; i++) {
        const int r = (me + i) % s->all->size; /* this one first */
        const gan__sign *sign = sign_of(s, r);
        if (sign->waited_s > 0 && sign->waits_for >= 0 && !is_silent(s, w, r, now, least_s) &&
            is_silent(s, w, sign->waits_for, now, least_s))
            return r;
    }
    return me;
}

static double longest_silence_s(const gan_stall *s, const gan_wait *w, double now)
{
    double longest = 0;
    for (int r = 0; r < s->all->size; r++) {
        double silence = gan__stall_silence_s(s, w, r, now);
        if (silence > longest) longest = silence;
    }
    return longest;
}

static void add_wait(const gan_stall *s, int rank, line *l)
{
    const gan__sign *sign = sign_of(s, rank);
    add(l, "rank %d waits", rank);
    if (sign->waits_for >= 0) add(l, " for rank %d", sign->waits_for);
    add(l, " to %s", sign->doing);
}

static int find_busy(const gan_stall *s)
{
    for (int r = 0; r < s->all->size; r++)
        if (sign_of(s, r)->waited_s == 0) return r;
    return -1;
}

/* All live: one of them is long at work. */
static void all_live_text(const gan_stall *s, line *l)
{
    const int other = s->mine.waits_for >= 0 ? s->mine.waits_for : find_busy(s);
    add(l, "step %lld: for %.0f s ", (long long)s->mine.step, s->mine.waited_s);
    add_wait(s, s->all->rank, l);
    add(l, "; all ranks live");
    if (other < 0) return;
    const gan__sign *sign = sign_of(s, other);
    add(l, "; ");
    if (sign->waited_s > 0) add_wait(s, other, l);
    else add(l, "rank %d on %s computes", other, s->peers[other].host);
    if (sign->step != s->mine.step) add(l, " in step %lld", (long long)sign->step);
}

bool gan__stall_silent_text(const gan_stall *s, const gan_wait *w, double now, double least_s, char *text, size_t n)
{
    line l = {text, n};
    add(&l, "step %lld: no sign of life from ", (long long)s->mine.step);
    const int silent = name_silent(s, w, now, least_s, &l);
    if (silent == 0) {
        all_live_text(s, &(line){text, n});
        return false;
    }
    add(&l, " for %.0f s; ", longest_silence_s(s, w, now));
    add_wait(s, find_witness(s, w, now, least_s), &l);
    add(&l, silent == 1 ? ". It hangs, or its host or network is down" : ". They hang, or their host or network is down");
    return true;
}

/* ---- ranks that wait for each other ------------------------------------------------------------------------------ */

void gan__stall_circle_text(const gan_stall *s, char *text, size_t n)
{
    line l = {text, n};
    const int shown = s->all->size < MAX_GROUPS ? s->all->size : MAX_GROUPS;
    add(&l, "step %lld: nothing moves for %.0f s although all ranks live: ", (long long)s->mine.step, s->mine.waited_s);
    for (int r = 0; r < shown; r++) {
        add(&l, r > 0 ? "; " : "");
        add_wait(s, r, &l);
        if (sign_of(s, r)->step != s->mine.step) add(&l, " in step %lld", (long long)sign_of(s, r)->step);
    }
    if (shown < s->all->size) add(&l, "; and %d more", s->all->size - shown);
    add(&l, ". That is a fault of MPI, of the network, or of this program");
}
