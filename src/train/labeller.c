/* The classifier of another run, for measures that label samples. */
#include "gan/mem.h"
#include "gan/snapshot.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static gan_network *classifier_of(const gan_model *m)
{
    for (int i = 0; i < m->n_nets; i++)
        if (strcmp(m->nets[i]->name, "classifier") == 0) return m->nets[i];
    return NULL;
}

gan_status gan_labeller_open(gan_labeller *l, gan_snapshot *s, const char *word)
{
    char *path;
    GAN_TRY(gan_checkpoint_locate(&path, word));
    gan_status status = gan_snapshot_open(s, path);
    gan_free(path);
    if (status != GAN_OK) return status;
    *l = (gan_labeller){.net = classifier_of(s->model),
                        .low = (float)gan_config_real(s->cfg, "data", "low"),
                        .high = (float)gan_config_real(s->cfg, "data", "high")};
    snprintf(l->name, sizeof l->name, "%.160s at step %" PRId64 ", checkpoint %016" PRIx64, word, s->ckpt->step, s->ckpt->digest);
    if (l->net) return GAN_OK;
    return GAN_FAIL(GAN_ECKPT, "%s: a run of system %s, which labels nothing; a run of system classifier is wanted", word,
                    s->model->system->name);
}
