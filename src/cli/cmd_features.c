/* gan_mpi features: a discriminator, or a classifier, as feature extractor, on one core, without MPI. */
#include "cli.h"
#include "feature_layers.h"
#include "features_h5.h"
#include "locate.h"

#include "gan/checkpoint.h"
#include "gan/dims.h"
#include "gan/features.h"
#include "gan/log.h"
#include "gan/mem.h"
#include "gan/pace.h"
#include "gan/snapshot.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

enum { BLOCK = 64 }; /* images at a time */

typedef struct extraction {
    const char *words[2], *out, *layers_text, *kernels_name; /* as typed */
    const gan_kernels *kernels;
    gan_snapshot snap;
    gan_network *net; /* of the snapshot */
    gan__feature_layers layers;
    gan_rows *rows;
    gan_features *features;
    float *block; /* [BLOCK, features] */
    bool labels;
} extraction;

/* ---- the command line -------------------------------------------------------------------------------------- */

/* The file made replaces what has its name, which should not be what it is made from. */
static gan_status check_out(const extraction *e)
{
    struct stat out, in;
    if (!gan__ends_in(e->out, ".h5") && !gan__ends_in(e->out, ".hdf5"))
        return GAN_FAIL(GAN_EUSAGE, "gan_mpi features: --out %s does not end in .h5", e->out);
    for (int i = 0; i < 2; i++)
        if (stat(e->out, &out) == 0 && stat(e->words[i], &in) == 0 && out.st_dev == in.st_dev && out.st_ino == in.st_ino)
            return GAN_FAIL(GAN_EUSAGE, "gan_mpi features: --out %s would replace %s", e->out, e->words[i]);
    return gan_checkpoint_spare(e->out);
}

static gan_status parse(extraction *e, int argc, char **argv)
{
    int n;
    const gan_option options[] = {{.name = "--layers", .text = &e->layers_text},
                                  {.name = "--out", .text = &e->out},
                                  {.name = "--kernels", .text = &e->kernels_name}};
    GAN_TRY(gan_options_parse("features", argc, argv, options, 3, e->words, 2, &n));
    if (n < 2)
        return GAN_FAIL(GAN_EUSAGE, "gan_mpi features: of which %s? See \"gan_mpi features --help\"",
                        n == 0 ? "checkpoint, and which dataset" : "dataset");
    if (!e->out) e->out = "features.h5";
    GAN_TRY(check_out(e));
    return gan_option_kernels("features", e->kernels_name, &e->kernels);
}

/* ---- opening ----------------------------------------------------------------------------------------------- */

static gan_network *network_of(const gan_model *m)
{
    static const char *const names[] = {"discriminator", "classifier"};
    for (size_t k = 0; k < sizeof names / sizeof names[0]; k++)
        for (int i = 0; i < m->n_nets; i++)
            if (strcmp(m->nets[i]->name, names[k]) == 0) return m->nets[i];
    return NULL;
}

static gan_status open_network(extraction *e)
{
    char *path;
    GAN_TRY(gan_checkpoint_locate(&path, e->words[0]));
    gan_status s = gan_snapshot_open(&e->snap, path);
    gan_free(path);
    if (s != GAN_OK) return s;
    if (!(e->net = network_of(e->snap.model)))
        return GAN_FAIL(GAN_ECKPT, "%s: a run of system %s, which has no discriminator and no classifier", e->words[0],
                        e->snap.model->system->name);
    return gan__feature_layers_choose(&e->layers, e->net, e->layers_text);
}

static bool fits(const gan_rows *rows, const gan_sample_shape *wanted)
{
    const gan_source_info *info = gan_rows_describe(rows);
    bool same = info->n_dims == wanted->n_dims;
    for (int i = 0; same && i < wanted->n_dims; i++) same = info->dims[i] == wanted->dims[i];
    return same;
}

/* Images scaled and framed as for training; those that have the framed size already, such as samples, get no frame. */
static gan_status open_data(extraction *e)
{
    const gan_config *cfg = e->snap.cfg;
    const int64_t pad = gan_config_int(cfg, "data", "pad");
    char got[128], wanted[128], frame[64] = "";
    GAN_TRY(gan_rows_open(&e->rows, e->kernels, e->words[1], (float)gan_config_real(cfg, "data", "low"),
                          (float)gan_config_real(cfg, "data", "high")));
    if (fits(e->rows, &e->net->in)) return GAN_OK;
    const gan_source_info stored = *gan_rows_describe(e->rows);
    gan_dims_text(stored.n_dims, stored.dims, got, sizeof got);
    gan_dims_text(e->net->in.n_dims, e->net->in.dims, wanted, sizeof wanted);
    if (pad) GAN_TRY(gan_rows_frame(e->rows, pad));
    if (pad && fits(e->rows, &e->net->in)) return GAN_OK;
    if (pad) snprintf(frame, sizeof frame, ", which with the job's frame of %lld do not fit either", (long long)pad);
    return GAN_FAIL(GAN_ESHAPE, "%s: samples of %s%s; the %s of %s takes %s", e->words[1], got, frame,
                    e->net->name, e->words[0], wanted);
}

static gan_status open_features(extraction *e)
{
    GAN_TRY(gan_features_new(&e->features, e->net, e->kernels, e->layers.index, e->layers.n, BLOCK));
    if (gan_features_condition(e->features))
        GAN_TRY(gan_rows_open_conditions(e->rows, (gan_condition_kind)gan_config_choice(e->snap.cfg, "data", "condition"), e->net->in.condition));
    e->block = gan_calloc(BLOCK * gan_features_size(e->features), sizeof *e->block);
    return e->block ? GAN_OK : GAN_ENOMEM;
}

static void close_all(extraction *e)
{
    gan_free(e->block);
    gan_features_free(e->features);
    gan_rows_close(e->rows);
    gan__feature_layers_free(&e->layers);
    gan_snapshot_close(&e->snap);
}

/* ---- extracting -------------------------------------------------------------------------------------------- */

static gan_status check_finite(const extraction *e, int64_t first, int64_t n)
{
    const int64_t size = gan_features_size(e->features);
    for (int64_t i = 0; i < n * size; i++)
        if (!isfinite(e->block[i]))
            return GAN_FAIL(GAN_ENUMERIC,
                            "%s: a feature of image %lld is not finite: the network had diverged at step %lld; take an "
                            "earlier checkpoint",
                            e->words[0], (long long)(first + i / size), (long long)e->snap.ckpt->step);
    return GAN_OK;
}

static void show_progress(int64_t done, int64_t all, gan_pace *pace)
{
    char line[128];
    if (!gan_pace_due(pace)) return;
    snprintf(line, sizeof line, "image %lld/%lld  %.0f images/s", (long long)done, (long long)all,
             (double)done / gan_pace_elapsed_s(pace));
    gan_log_progress(line);
}

static gan_status extract_all(extraction *e, gan__features_file *f)
{
    gan_pace pace;
    gan_pace_begin(&pace);
    GAN_TRY(gan__features_copy_labels(f, e->words[1], &e->labels)); /* first: what is wrong with them is soon seen */
    for (int64_t first = 0; first < f->n; first += BLOCK) {
        int64_t n = f->n - first < BLOCK ? f->n - first : BLOCK;
        GAN_TRY(gan_rows_read(e->rows, first, n, gan_features_input(e->features)));
        if (gan_features_condition(e->features)) gan_rows_read_condition(e->rows, first, n, gan_features_condition(e->features));
        GAN_TRY(gan_features_compute(e->features, n, e->block));
        GAN_TRY(check_finite(e, first, n));
        GAN_TRY(gan__features_write(f, first, n, e->block));
        show_progress(first + n, f->n, &pace);
    }
    if (gan_log_is_tty()) gan_log_progress("");
    return GAN_OK;
}

static gan_status write_file(extraction *e, const int64_t *columns)
{
    gan__features_file f;
    char source[512];
    snprintf(source, sizeof source, "gan_mpi features, step %" PRId64 ", checkpoint %016" PRIx64 ", data %s",
             e->snap.ckpt->step, e->snap.ckpt->digest, gan_rows_describe(e->rows)->name);
    const gan__features_origin o = {.layers = e->layers.names,
                                    .columns = columns,
                                    .n_layers = e->layers.n,
                                    .pooling = "maximum over each cell of a grid of 4x4",
                                    .weights = e->net->ema ? "averaged" : "as trained",
                                    .source = source,
                                    .step = e->snap.ckpt->step};
    GAN_TRY(gan__features_create(&f, e->out, gan_rows_describe(e->rows)->n, gan_features_size(e->features), &o));
    return gan__features_finish(&f, extract_all(e, &f));
}

static gan_status extract(extraction *e)
{
    int64_t *columns = gan_calloc(e->layers.n, sizeof *columns);
    if (!columns) return GAN_ENOMEM;
    for (int i = 0; i < e->layers.n; i++) {
        gan_sample_shape s = gan_features_shape(e->features, i);
        columns[i] = gan_sample_floats(&s);
    }
    gan_status s = write_file(e, columns);
    gan_free(columns);
    if (s != GAN_OK) return s;
    gan_say(GAN_NORMAL, "%s: %lld rows of %lld features (%s) of %s at step %lld%s", e->out,
            (long long)gan_rows_describe(e->rows)->n, (long long)gan_features_size(e->features), e->layers.names,
            e->words[0], (long long)e->snap.ckpt->step, e->labels ? ", with labels" : "");
    return GAN_OK;
}

static gan_status run(const gan_comm *comm, int argc, char **argv)
{
    (void)comm;
    extraction e = {0};
    gan_status s = parse(&e, argc, argv);
    if (s == GAN_OK) s = open_network(&e);
    if (s == GAN_OK) s = open_data(&e);
    if (s == GAN_OK) s = open_features(&e);
    if (s == GAN_OK) s = extract(&e);
    close_all(&e);
    return s;
}

const gan_command gan_command_features = {
    .name = "features",
    .summary = "features of images, from the layers of a checkpoint's discriminator or classifier",
    .help =
        "usage: gan_mpi features CHECKPOINT DATA [options]\n"
        "\n"
        "Runs the discriminator, or a classifier, over all images of a dataset and writes what its layers say of them, for a linear\n"
        "classifier or another use (Radford et al. 2016, section 5.1). Each layer's output is max-pooled to a grid of\n"
        "4x4, flattened ([4,4,channels]) and put behind that of the layer before. Batch norm uses its running\n"
        "statistics, nothing is dropped, weights are averaged ones where the run keeps them (key ema). Layers of a\n"
        "conditional network that depend on the label (or the attributes) are given that of DATA.\n"
        "\n"
        "  CHECKPOINT     a file, or a run directory (then its checkpoints/latest)\n"
        "  DATA           an HDF5 dataset; its images are scaled and framed as the job's (data.low, high, pad),\n"
        "                 those that have the framed size already are not framed\n"
        "  --layers A,B   names as --dry-run and `gan_mpi info CHECKPOINT` print them, such as conv1,leaky_relu2\n"
        "                 (each convolution after its normalisation and activation, but for the network's output)\n"
        "  --out FILE     NAME.h5 (features.h5): /features [N,F] float32 with attributes layers, columns (features\n"
        "                 of each layer), pooling, weights, step; /labels of DATA if it has them\n"
        "  --kernels NAME ref, x86-64, avx2, avx512 (the best of this processor)\n"
        "\n"
        "Example: gan_mpi features runs/dcgan-fashion-mnist data/fashion-mnist-10k.h5 --out features.h5\n",
    .run = run,
};
