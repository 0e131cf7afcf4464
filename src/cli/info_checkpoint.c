/* A checkpoint, for people. */
#include "info.h"

#include "gan/log.h"
#include "gan/snapshot.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

int64_t gan__epoch_samples(const gan_config *cfg)
{
    if (gan_config_choice(cfg, "data", "source") != 0) return gan_config_int(cfg, "data", "samples");
    return gan__dataset_samples(gan_config_text(cfg, "data", "file"));
}

static int64_t elements(const gan_tensor *t)
{
    int64_t n = 1;
    for (int d = 0; d < t->n_dims; d++) n *= t->dims[d];
    return n;
}

/* cfg: NULL when it could not be read. */
static void print_state(const gan_checkpoint *c, const gan_config *cfg)
{
    int64_t epoch = cfg ? gan__epoch_samples(cfg) : 0, floats = 0;
    const char *shape = gan_checkpoint_text(c, "data_shape");
    for (int i = 0; i < c->n_tensors; i++) floats += elements(&c->tensors[i]);
    printf(GAN__ITEM "%" PRId64 "\n", "step", c->step);
    if (epoch > 0) printf(GAN__ITEM "%.2f\n", "epoch", (double)c->epoch_position / (double)epoch);
    printf(GAN__ITEM "%" PRId64 "\n", "samples read", c->epoch_position);
    printf(GAN__ITEM "%" PRIu64 "\n", "seed", c->seed);
    printf(GAN__ITEM "%.1f s\n", "training time", c->elapsed_s);
    printf(GAN__ITEM "%016" PRIx64 "\n", "digest", gan_checkpoint_digest(c));
    if (shape) printf(GAN__ITEM "%s\n", "data", shape);
    printf(GAN__ITEM "%d, %" PRId64 " numbers, ", "arrays", c->n_tensors, floats);
    gan__print_size((double)floats * sizeof(float));
    puts("");
}

static void print_arrays(const gan_checkpoint *c)
{
    puts("\nArrays");
    for (int i = 0; i < c->n_tensors; i++) {
        printf("  %-56s [", c->tensors[i].name);
        for (int d = 0; d < c->tensors[i].n_dims; d++)
            printf("%s%" PRId64, d ? "," : "", c->tensors[i].dims[d]);
        puts("]");
    }
}

static void print_provenance(const gan_checkpoint *c)
{
    puts("\nMade by");
    for (int i = 0; i < c->n_texts; i++)
        if (strcmp(c->texts[i].key, "config") != 0 && strcmp(c->texts[i].key, "data_shape") != 0)
            printf(GAN__ITEM "%s\n", c->texts[i].key, c->texts[i].value);
}

static void print_networks(const gan_model *m)
{
    puts("\nNetworks");
    for (int i = 0; i < m->n_nets; i++) gan_network_print(m->nets[i], stdout);
}

static void print_checkpoint(const char *path, const gan_snapshot *snap, const gan__info_options *o)
{
    const char *config = gan_checkpoint_text(snap->ckpt, "config");
    printf("%s: checkpoint, whole\n", path);
    print_state(snap->ckpt, snap->cfg);
    if (snap->model) print_networks(snap->model);
    print_provenance(snap->ckpt);
    if (o->verbose) print_arrays(snap->ckpt);
    if (config && (o->verbose || o->config)) printf("\nConfiguration\n%s", config);
}

/* A whole checkpoint whose networks this program cannot rebuild, of another version perhaps, still shows the rest. */
gan_status gan__info_checkpoint(const char *path, const gan__info_options *o)
{
    gan_snapshot snap;
    gan_checkpoint *c;
    gan_status s = gan_snapshot_open(&snap, path);
    if (s == GAN_OK) {
        print_checkpoint(path, &snap, o);
        gan_snapshot_close(&snap);
        return GAN_OK;
    }
    if (s == GAN_ENOMEM) return s;
    GAN_TRY(gan_checkpoint_read(&c, path)); /* fails with the text of the first attempt */
    gan_warn("%s", gan_fail_text());
    gan_fail_clear();
    print_checkpoint(path, &(gan_snapshot){.ckpt = c}, o);
    gan_checkpoint_free(c);
    return GAN_OK;
}
