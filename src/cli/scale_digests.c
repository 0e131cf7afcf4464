/* The check of a study in ordered mode: points that compute the same must end with the same bits. */
#include "scale.h"

#include <string.h>

/* The first point of the same batch and shards, which point i is measured against; i itself may be it. */
static int first_alike(const gan__scale *s, int i)
{
    for (int k = 0; k < i; k++)
        if (!s->points[k].failed && s->points[k].batch == s->points[i].batch &&
            s->points[k].shards == s->points[i].shards)
            return k;
    return i;
}

/* The first round of point i that differs from the first of point k, -1 if none does. */
static int differing_round(const gan__scale *s, int i, int k)
{
    for (int r = 0; r < s->rounds; r++)
        if (strcmp(s->points[i].runs[r].digest, s->points[k].runs[0].digest) != 0) return r;
    return -1;
}

typedef struct findings {
    int points, groups, differ;
    size_t at;
    char text[1200];
} findings;

static void look_at(const gan__scale *s, int i, findings *f)
{
    char name[64], other[64];
    const int k = first_alike(s, i), r = differing_round(s, i, k);
    f->points++;
    f->groups += k == i;
    if (r < 0) return;
    f->differ++;
    if (f->at < sizeof f->text)
        f->at += (size_t)snprintf(f->text + f->at, sizeof f->text - f->at, "%s%s has %s in round %d, %s has %s",
                                  f->differ > 1 ? "; " : "", gan__scale_point_name(&s->points[i], name),
                                  s->points[i].runs[r].digest, r + 1, gan__scale_point_name(&s->points[k], other),
                                  s->points[k].runs[0].digest);
}

static void say(const gan__scale *s, const findings *f, char *verdict, size_t n)
{
    if (f->groups == 1)
        snprintf(verdict, n, "one hash: %d point%s x %lld round%s came to the same bits (ordered sums)", f->points,
                 f->points == 1 ? "" : "s", s->rounds, s->rounds == 1 ? "" : "s");
    else if (f->groups == f->points)
        snprintf(verdict, n,
                 "hashes: every point has a batch of its own, so the points cannot be compared; each is the same in all "
                 "%lld rounds",
                 s->rounds);
    else
        snprintf(verdict, n, "hashes: %d batches, so %d hashes; ranks x threads that share a batch came to the same bits",
                 f->groups, f->groups);
}

gan_status gan__scale_digests(const gan__scale *s, char *verdict, size_t n)
{
    findings f = {0};
    if (s->incomparable) {
        snprintf(verdict, n, "hashes: not compared, since %s", s->incomparable);
        return GAN_OK;
    }
    for (int i = 0; i < s->n_points; i++)
        if (!s->points[i].failed) look_at(s, i, &f);
    say(s, &f, verdict, n);
    if (f.differ == 0) return GAN_OK;
    snprintf(verdict, n, "HASHES DIFFER, see the error");
    return GAN_FAIL(
        GAN_EDRIFT,
        "points that compute the same ended with other bits: %s. With parallel.reduce = ordered this must not be: "
        "the nodes compute differently, memory is faulty, or it is a fault of this program",
        f.text);
}
