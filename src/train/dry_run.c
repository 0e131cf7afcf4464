/* Looking at a job without running it. */
#include "pictures.h"

#include "gan/cluster.h"

#include "gan/log.h"

#include <stdio.h>

static void print_reductions(const gan_session *s)
{
    int64_t floats = 0, largest = 0;
    int buckets = 0;
    for (int i = 0; i < s->step->n_reductions; i++) {
        if (!s->step->reductions[i].bucket) continue;
        int64_t n = s->step->reductions[i].n;
        buckets++;
        floats += n;
        if (largest < n) largest = n;
    }
    if (s->layout.ranks == 1) printf("reductions        none: one rank\n");
    else
        printf("reductions        %d buckets, %.2f MiB in all, the largest %.2f MiB; on nodes of their own each rank sends %.2f "
               "MiB per use of all, on one node none of it\n",
               buckets, (double)floats * 4 / 1048576, (double)largest * 4 / 1048576,
               (double)floats * 8 * (s->layout.ranks - 1) / s->layout.ranks / 1048576);
}

static void print_plan(const gan_session *s)
{
    const gan_plan_info *i = gan_plan_describe(s->plan);
    int64_t state = 0;
    for (int k = 0; k < s->model->n_nets; k++)
        state += s->model->nets[k]->arena_floats * 4 *
                 (2 + (s->model->nets[k]->ema != NULL) + gan_optimizer_arrays(s->model->opts[k]));
    printf("program           %d kernels; %d nodes were dead, %d fused into others, %d work in place\n", i->n_nodes,
           i->n_dead, i->n_fused, i->n_inplace);
    printf("arithmetic        %.3f GFLOP per step and rank\n", i->flop * 1e-9);
    printf("activations       %.2f MiB (%.2f without reuse), scratch of kernels included, of which the largest takes %.2f MiB\n", (double)i->activation_bytes / 1048576,
           (double)i->unplanned_bytes / 1048576, (double)i->scratch_bytes / 1048576);
    printf("parameters        %.2f MiB with gradients, moments and averages\n", (double)state / 1048576);
}

static gan_status print_all(const gan_session *s, const gan_dry_run_options *o, const gan_cluster *cluster)
{
    gan_status status = GAN_OK;
    gan_banner(s);
    printf("\n");
    for (int i = 0; i < s->model->n_nets; i++) gan_network_print(s->model->nets[i], stdout);
    printf("\n");
    print_plan(s);
    print_reductions(s);
    printf("\n");
    if (cluster) status = gan_cluster_predict(s, cluster, o->schedule);
    else gan_plan_print(s->plan, stdout);
    fflush(stdout);
    if (o->dot && status == GAN_OK) status = gan_plan_dot(s->plan, o->dot);
    return status;
}

enum { MAX_RANKS = 1000000 }; /* as of --ranks */

/* Ranks are those asked for, or all of the cluster, or as many as were started. */
static gan_status choose_ranks(const gan_comm *comm, const gan_dry_run_options *o, gan_cluster *cluster, int *ranks)
{
    gan_status s = o->cluster ? gan_cluster_read(cluster, o->cluster) : GAN_OK;
    GAN_TRY(gan_comm_agree(comm, s));
    const int64_t most = o->cluster ? (int64_t)cluster->nodes * cluster->model.ranks_per_node : MAX_RANKS;
    const int64_t wanted = o->ranks ? o->ranks : o->cluster ? most : comm->size;
    *ranks = (int)(wanted < MAX_RANKS ? wanted : MAX_RANKS);
    if (wanted > MAX_RANKS)
        return GAN_FAIL(GAN_ECONFIG, "%s: %lld ranks are more than this program can have; say --ranks N, at most %d", o->cluster,
                        (long long)wanted, MAX_RANKS);
    if (wanted <= most) return GAN_OK;
    return GAN_FAIL(GAN_ECONFIG, "%s: %d nodes of %d ranks hold %lld ranks, not %d; describe more nodes, or ask for fewer ranks", o->cluster,
                    cluster->nodes, cluster->model.ranks_per_node, (long long)most, *ranks);
}

gan_status gan_dry_run(const gan_comm *comm, const gan_config *cfg, const gan_dry_run_options *o)
{
    gan_session s;
    gan_cluster cluster;
    int ranks;
    GAN_TRY(choose_ranks(comm, o, &cluster, &ranks));
    GAN_TRY(gan_session_open(&s, comm, cfg, ranks));
    gan_status status = gan_comm_agree(comm, gan_pictures_check(&s));
    if (comm->rank == 0 && status == GAN_OK) status = print_all(&s, o, o->cluster ? &cluster : NULL);
    gan_session_close(&s);
    return gan_comm_agree(comm, status);
}
