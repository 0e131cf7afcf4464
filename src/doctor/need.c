/* What a job needs, by opening it as a dry run does. Rank 0 does so by itself: a node that is too small shall be found by a look at
 * the numbers, and not by filling it. */
#include "facts.h"

#include "gan/log.h"
#include "gan/train.h"

#include <stdio.h>
#include <string.h>

enum { HDF5_BYTES = 1 << 16 }; /* of a checkpoint, beside the arrays */

static void take_numbers(gan_need *n, const gan_session *s)
{
    n->data_bytes = gan_source_describe(s->source)->bytes;
    n->common_bytes = gan_model_common_floats(s->model) * (int64_t)sizeof(float);
    n->own_bytes = gan_model_own_floats(s->model) * (int64_t)sizeof(float);
    n->activation_bytes = gan_plan_describe(s->plan)->activation_bytes;
    n->checkpoint_bytes = n->common_bytes + HDF5_BYTES;
    snprintf(n->text, sizeof n->text, "%d networks, batch %lld in %lld shards", s->model->n_nets, (long long)s->layout.batch,
             (long long)s->layout.shards);
}

static gan_status open_alone(gan_need *n, const gan_config *cfg, int ranks)
{
    gan_session s;
    gan_comm *alone;
    GAN_TRY(gan_comm_open(&alone, MPI_COMM_SELF));
    gan_status status = gan_session_open(&s, alone, cfg, ranks);
    if (status == GAN_OK) take_numbers(n, &s);
    if (status == GAN_OK) gan_session_close(&s);
    gan_comm_close(alone);
    return status;
}

void gan__need(gan_need *n, const gan_comm *c, const gan_config *cfg)
{
    if (!cfg) return;
    if (gan_config_choice(cfg, "data", "source") == 0)
        snprintf(n->data_file, sizeof n->data_file, "%s", gan_config_text(cfg, "data", "file"));
    n->kept = gan_config_int(cfg, "checkpoint", "keep");
    if (c->rank != 0) return;
    n->status = open_alone(n, cfg, c->size);
    n->known = n->status == GAN_OK;
    if (!n->known) snprintf(n->text, sizeof n->text, "%s", *gan_fail_text() ? gan_fail_text() : gan_status_text(n->status));
    gan_fail_clear();
}
