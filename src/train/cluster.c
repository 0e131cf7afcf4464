/* Predicting: a cluster file, and the session's schedule replayed on what it describes. */
#include "gan/cluster.h"

#include "gan/mem.h"

#include <stdio.h>
#include <string.h>

enum { NODES, RANKS, MEMORY, LATENCY, BANDWIDTH, LOCAL_LATENCY, LOCAL_BANDWIDTH, LOOK, SPEED, GFLOPS, GBYTES, N_KEYS };

static const gan_key keys[N_KEYS] = {
    {"cluster", "nodes", GAN_INT, "", NULL, 1, 1e6, NULL, true, "how many nodes there are"},
    {"cluster", "ranks_per_node", GAN_INT, "", NULL, 1, 1e4, NULL, true, "ranks of a node, one for each core or each group of threads"},
    {"cluster", "memory_gib", GAN_REAL, "GiB", NULL, 0.001, 1e6, NULL, true, "memory of a node"},
    {"cluster", "latency_us", GAN_REAL, "us", NULL, 0, 1e6, NULL, true, "of a message between nodes, as MPI sees it"},
    {"cluster", "bandwidth_gbit", GAN_REAL, "Gbit/s", NULL, 1e-6, 1e6, NULL, true, "of a node's link, each way; its ranks share it"},
    {"cluster", "local_latency_us", GAN_REAL, "us", "0.5", 0, 1e6, NULL, true, "of a message within a node"},
    {"cluster", "local_bandwidth_gbit", GAN_REAL, "Gbit/s", "40", 1e-6, 1e6, NULL, true, "of messages within a node, for each rank"},
    {"cluster", "look_us", GAN_REAL, "us", "500", 0, 1e6, NULL, true,
     "how often a rank's thread for messages looks after them; 0: between kernels only"},
    {"cluster", "core_speed", GAN_REAL, "", "1", 0.001, 1000, NULL, true,
     "of a rank here, where that of the rank that measured the schedule is 1"},
    {"cluster", "gflops", GAN_REAL, "GFLOP/s", "120", 0.001, 1e6, NULL, true,
     "of a rank, convolutions counted as direct sums; counts when there is no schedule"},
    {"cluster", "memory_gbyte_s", GAN_REAL, "GB/s", "6", 0.001, 1e6, NULL, true, "of a rank; counts when there is no schedule"}};

gan_status gan_cluster_read(gan_cluster *c, const char *path)
{
    gan_value v[N_KEYS] = {0};
    GAN_TRY(gan_pairs_read(v, keys, N_KEYS, path, "cluster file"));
    *c = (gan_cluster){.nodes = (int)v[NODES].i,
                       .memory_gib = v[MEMORY].r,
                       .model = {.latency_s = v[LATENCY].r * 1e-6,
                                 .bytes_per_s = v[BANDWIDTH].r * 1e9 / 8,
                                 .local_latency_s = v[LOCAL_LATENCY].r * 1e-6,
                                 .local_bytes_per_s = v[LOCAL_BANDWIDTH].r * 1e9 / 8,
                                 .ranks_per_node = (int)v[RANKS].i,
                                 .look_s = v[LOOK].r * 1e-6,
                                 .speed = v[SPEED].r,
                                 .overlap = true},
                       .flop_per_s = v[GFLOPS].r * 1e9,
                       .core_bytes_per_s = v[GBYTES].r * 1e9};
    return GAN_OK;
}

void gan_cluster_manual(FILE *f)
{
    fprintf(f, "[cluster]\n");
    for (int i = 0; i < N_KEYS; i++)
        fprintf(f, "  %-22s %-8s %s%s%s\n", keys[i].name, keys[i].unit, keys[i].meaning, keys[i].fallback ? "; default " : "",
                keys[i].fallback ? keys[i].fallback : "");
}

/* ---- the schedule ------------------------------------------------------------------------------------------- */

/* As a run would choose it: all ranks of a node, in ordered mode a power of two of them. */
static int team_of(const gan_session *s, int ranks_per_node)
{
    const int64_t wanted = gan_config_int(s->cfg, "parallel", "team");
    if (wanted > 0) return (int)wanted;
    return s->layout.mode == GAN_REDUCE_ORDERED ? ranks_per_node & -ranks_per_node : ranks_per_node;
}

static gan_status estimate(gan_schedule_trace *t, const gan_session *s, const gan_cluster *c)
{
    double *seconds = gan_calloc(gan_plan_describe(s->plan)->n_nodes, sizeof *seconds);
    if (!seconds) return GAN_ENOMEM;
    gan_plan_estimate(s->plan, c->flop_per_s, c->core_bytes_per_s, seconds);
    gan_status status =
        gan_trace_derive(t, s, seconds, team_of(s, c->model.ranks_per_node), 3 * sizeof(float) / c->core_bytes_per_s);
    gan_free(seconds);
    return status;
}

/* Is it of the same job? Then only the number of ranks may differ, for it changes no kernel. */
static gan_status check_schedule(const gan_schedule_trace *t, const gan_session *s, const char *path)
{
    const int64_t batch = s->layout.batch / s->layout.ranks;
    bool same = t->n_buckets == s->step->n_reductions;
    for (int i = 0; same && i < t->n_buckets; i++) same = t->buckets[i].floats == s->step->reductions[i].n;
    if (!same)
        return GAN_FAIL(GAN_EDATA,
                        "%s: its sums are not those of this job; measure it anew: gan_mpi bench CONFIG --schedule %s --ranks %d", path,
                        path, s->layout.ranks);
    if (t->batch == batch) return GAN_OK;
    return GAN_FAIL(GAN_EDATA,
                    "%s: measured with %lld samples a rank, but here it is %lld; measure it anew, or set train.batch = %lld", path,
                    (long long)t->batch, (long long)batch, (long long)(t->batch * s->layout.ranks));
}

static gan_status read_schedule(gan_schedule_trace *t, const gan_session *s, const char *path)
{
    GAN_TRY(gan_trace_read(t, path));
    GAN_TRY(check_schedule(t, s, path));
    t->ranks = s->layout.ranks;
    return GAN_OK;
}

/* ---- memory ------------------------------------------------------------------------------------------------- */

static double mib(double bytes)
{
    return bytes / 1048576;
}

/* Values, gradients, what arrives from others; then what a team has once, and the data, which a node has once. */
static void print_memory(const gan_session *s, const gan_cluster *c, int team)
{
    const int ranks = c->model.ranks_per_node;
    double own = (double)gan_plan_describe(s->plan)->activation_bytes + 4.0 * (double)gan_model_own_floats(s->model);
    for (int i = 0; i < s->step->n_reductions; i++) own += 4.0 * (double)s->step->reductions[i].n / team / 2;
    const double common = 4.0 * (double)gan_model_common_floats(s->model), data = (double)gan_source_describe(s->source)->bytes;
    const double node = ranks * own + ranks / team * common + data;
    printf("memory: %.0f MiB a rank, %.0f MiB a team of %d, %.0f MiB of data a node: %.2f GiB of a node's %g GiB%s; MPI's own not "
           "counted\n",
           mib(own), mib(common), team, mib(data), node / 0x1p30, c->memory_gib, node > c->memory_gib * 0x1p30 ? ": TOO LITTLE" : "");
}

/* ---- all ---------------------------------------------------------------------------------------------------- */

static void print_model(const gan_cluster *c, const gan_network_model *m, const char *schedule)
{
    char look[64] = "between kernels";
    if (m->look_s > 0) snprintf(look, sizeof look, "every %g us", m->look_s * 1e6);
    printf("%d nodes of %d ranks, %g Gbit/s a node, %g us\n", c->nodes, m->ranks_per_node, m->bytes_per_s * 8e-9, m->latency_s * 1e6);
    if (schedule) printf("Model: computing as measured in %s, core speed %g; ", schedule, m->speed);
    else printf("Model: computing at %g GFLOP/s or %g GB/s a rank, updates not counted; ", c->flop_per_s * 1e-9,
                c->core_bytes_per_s * 1e-9);
    printf("a message takes a latency and its bytes on\nthe node's link, one after the other; what follows it starts when the rank "
           "looks: %s, or in a wait. Ranks alike, no other congestion.\n",
           look);
}

gan_status gan_cluster_predict(const gan_session *s, const gan_cluster *c, const char *schedule)
{
    gan_schedule_trace t = {0};
    gan_network_model m = c->model;
    gan_replay r;
    if (!gan_config_bool(s->cfg, "parallel", "progress_thread")) m.look_s = 0;
    gan_status status = schedule ? read_schedule(&t, s, schedule) : estimate(&t, s, c);
    if (status == GAN_OK) status = gan_replay_run(&r, &t, &m);
    if (status == GAN_OK) {
        print_model(c, &m, schedule);
        print_memory(s, c, t.team);
        status = gan_replay_print(&t, &m, stdout);
        printf("%.0f images/s on all ranks\n", (double)gan_session_images_per_step(s) / r.step_s);
    }
    gan_trace_free(&t);
    return status;
}
