/* Timing of steps: the median of several, each begun by all ranks at once, with the phases' shares. No files are written. */
#include "gan/train.h"

#include "gan/clock.h"
#include "gan/log.h"
#include "gan/median.h"
#include "gan/mem.h"
#include "gan/stall.h"
#include "gan/version.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

enum { WARM_UP = 3 };

static long peak_rss_mib(void)
{
    struct rusage u;
    getrusage(RUSAGE_SELF, &u);
    return u.ru_maxrss / 1024;
}

static void forget_warm_up(gan_session *s)
{
    gan_session_reset_times(s);
    if (s->run.profile) memset(s->run.profile, 0, (size_t)gan_plan_describe(s->plan)->n_nodes * sizeof *s->run.profile);
}

/* The times of a diverged job are times, but perhaps not those of the job: said once. Returns the network, or NULL. */
static const char *warn_if_not_finite(const gan_session *s, int64_t step)
{
    const char *network = gan_session_not_finite(s);
    if (network && s->comm->rank == 0)
        gan_warn("step %lld: the gradient of %s is not finite, this job diverges; its weights are no longer updated where that "
                 "is so, and training would stop here",
                 (long long)step + 1, network);
    return network;
}

/* From the begin of a step to that of the next: what a step leaves to others is under way all the time. */
static gan_status time_steps(gan_session *s, int64_t steps, double *seconds)
{
    const char *bad = NULL;
    double begin = 0;
    s->run.settled = NULL; /* a job that diverges is timed with whole steps to the end */
    GAN_TRY(gan_stall_open(s->comm, gan_config_real(s->cfg, "parallel", "stall_s")));
    for (int64_t i = 0; i < WARM_UP + steps; i++) {
        if (i == WARM_UP) forget_warm_up(s);
        gan_stall_step(s->comm, i + 1);
        GAN_TRY(gan_comm_agree(s->comm, GAN_OK)); /* a barrier */
        double now = gan_clock_s();
        if (i > WARM_UP) seconds[i - WARM_UP - 1] = now - begin;
        begin = now;
        gan_session_step(s, i, false);
        if (!bad) bad = warn_if_not_finite(s, i);
    }
    gan_session_settle(s);
    seconds[steps - 1] = gan_clock_s() - begin;
    gan_session_parts(s, true); /* for the digest */
    gan_stall_close(s->comm);
    return GAN_OK;
}

static void print_json(const gan_session *s, int64_t steps, double median_s, double images_per_s)
{
    printf("{\"program\": \"gan_mpi %s\", \"kernels\": \"%s\", \"reduce\": \"%s\", \"ranks\": %d, \"threads\": %d, \"batch_per_rank\": %lld, "
           "\"steps\": %lld, \"images_per_s\": %.2f, \"step_s\": %.6f, \"digest\": \"%016" PRIx64 "\", \"phases\": {",
           gan_version(), s->k->name, s->layout.mode == GAN_REDUCE_ORDERED ? "ordered" : "fast", s->layout.ranks, s->threads,
           (long long)(s->layout.batch / s->layout.ranks), (long long)steps, images_per_s, median_s,
           gan_model_digest(s->model, true)); /* after the warm-up and these steps */
    for (int i = 1; i < gan_graph_phases(s->step->graph); i++)
        printf("%s\"%s\": {\"compute_s\": %.6f, \"exposed_s\": %.6f, \"comm_s\": %.6f, \"bytes\": %.0f}", i > 1 ? ", " : "",
               gan_graph_phase_name(s->step->graph, i), s->times[i].compute_s / (double)steps,
               s->times[i].exposed_s / (double)steps, s->times[i].comm_s / (double)steps, s->times[i].bytes / (double)steps);
    printf("}, \"peak_rss_mib\": %ld}\n", peak_rss_mib());
}

static void print_phase(const char *name, const gan_phase_time *t, double per_step)
{
    printf("  phase %-4s compute %.3f ms, communication %.3f ms of which exposed %.3f ms, %.2f MiB sent (means of rank 0)\n", name,
           t->compute_s * per_step * 1e3, t->comm_s * per_step * 1e3, t->exposed_s * per_step * 1e3,
           t->bytes * per_step / 1048576);
}

static void print_text(const gan_session *s, int64_t steps, double median_s, double images_per_s)
{
    printf("%.0f images/s, %.3f ms a step (median of %lld), peak memory %ld MiB on rank 0\n", images_per_s,
           median_s * 1e3, (long long)steps, peak_rss_mib());
    for (int i = 1; i < gan_graph_phases(s->step->graph); i++)
        print_phase(gan_graph_phase_name(s->step->graph, i), &s->times[i], 1 / (double)steps);
}

static gan_status bench(gan_session *s, int64_t steps, bool json, bool profile)
{
    double *seconds = gan_calloc(steps, sizeof *seconds);
    double *kernels = gan_calloc(gan_plan_describe(s->plan)->n_nodes, sizeof *kernels);
    gan_status status = gan_comm_agree(s->comm, seconds && kernels ? GAN_OK : GAN_ENOMEM);
    if (status != GAN_OK) goto fail;
    if (profile) s->run.profile = kernels;
    if (!json) gan_banner(s);
    if ((status = time_steps(s, steps, seconds)) != GAN_OK) goto fail;
    if (s->comm->rank == 0) {
        const double median_s = gan_median(seconds, steps), images = (double)gan_session_images_per_step(s) / median_s;
        (json ? print_json : print_text)(s, steps, median_s, images);
        if (profile) gan_plan_print_profile(s->plan, kernels, steps, stdout);
        fflush(stdout);
    }
    status = GAN_OK;
fail:
    gan_free(seconds);
    gan_free(kernels);
    return status;
}

gan_status gan_bench(const gan_comm *comm, const gan_config *cfg, int64_t steps, bool json, bool profile)
{
    gan_session s;
    GAN_TRY(gan_session_open(&s, comm, cfg, comm->size));
    gan_status status = bench(&s, steps, json, profile);
    gan_session_close(&s);
    return status;
}
