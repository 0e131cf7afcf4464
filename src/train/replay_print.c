/* A replayed schedule for people: a table, and which of the network's faults costs most. */
#include "gan/cluster.h"

#include <stdio.h>

static void print_head(const gan_schedule_trace *t, FILE *f)
{
    fprintf(f, "%-14s %10s %10s", "", "step ms", "compute");
    for (int i = 1; i < t->n_phases; i++) fprintf(f, "  exposed %-3s", t->phases[i]);
    fprintf(f, " %8s %11s\n", "adding", "efficiency");
}

static void print_row(const char *name, const gan_schedule_trace *t, const gan_replay *r, FILE *f)
{
    fprintf(f, "%-14s %10.3f %10.3f", name, r->step_s * 1e3, r->compute_s * 1e3);
    for (int i = 1; i < t->n_phases; i++) fprintf(f, "  %11.3f", r->exposed_s[i] * 1e3);
    fprintf(f, " %8.3f %11.3f\n", r->adding_s * 1e3, r->compute_s / r->step_s);
}

/* What a step loses, and what of it comes back when one of the network's faults is taken away. */
static gan_status print_limit(const gan_schedule_trace *t, const gan_network_model *m, const gan_replay *now, FILE *f)
{
    static const char *const names[] = {"bandwidth", "latency", "adding what arrives"};
    const double lost = now->step_s - now->compute_s;
    double back[3];
    for (int i = 0; i < 3; i++) {
        gan_schedule_trace without = *t;
        gan_network_model better = *m;
        gan_replay r;
        if (i == 0) better.bytes_per_s = better.local_bytes_per_s = 1e30;
        else if (i == 1) better.latency_s = better.local_latency_s = 0;
        else without.add_s = 0;
        GAN_TRY(gan_replay_run(&r, &without, &better));
        back[i] = now->step_s - r.step_s;
    }
    const int worst = back[0] >= back[1] && back[0] >= back[2] ? 0 : back[1] >= back[2] ? 1 : 2;
    if (lost <= 0 || back[worst] <= 0) fprintf(f, "limited by computing alone\n");
    else fprintf(f, "lost to communication: %.3f ms a step; most of it to %s, without which a step were %.3f ms shorter\n",
                 lost * 1e3, names[worst], back[worst] * 1e3);
    return GAN_OK;
}

gan_status gan_replay_print(const gan_schedule_trace *t, const gan_network_model *m, FILE *f)
{
    gan_network_model blocking = *m;
    gan_replay on, off;
    blocking.overlap = false;
    GAN_TRY(gan_replay_run(&on, t, m));
    GAN_TRY(gan_replay_run(&off, t, &blocking));
    fprintf(f, "sent by a rank: %.3f MiB a step, in %lld messages\n", (double)on.bytes / 1048576, (long long)on.messages);
    print_head(t, f);
    print_row("overlap = on", t, &on, f);
    print_row("overlap = off", t, &off, f);
    return print_limit(t, m, &on, f);
}
