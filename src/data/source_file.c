/* Samples of a dataset file, held once per node in shared memory.
 *
 * The first rank of each node reads the file; every phase ends in an agreement, so that a file which is
 * missing on one node fails on all. Nodes may have their own copies of the file (on local disks): their
 * contents are compared, for a run on two different datasets would look like training. */
#include "condition.h"
#include "dataset.h"
#include "source.h"

#include "gan/digest.h"
#include "gan/mem.h"

#include <stdio.h>
#include <string.h>

typedef struct file_source {
    gan_source base;
    const gan_kernels *kernels;
    gan_shared memory;
    gan_dataset_shape shape;
    gan__scaling scaling;
    gan__conditions conditions;
} file_source;

/* Conditions stand behind the samples. */
static int64_t conditions_at(const file_source *f)
{
    return (gan__dataset_bytes(&f->shape) + 15) / 16 * 16;
}

static void *conditions_of(const file_source *f)
{
    return (char *)f->memory.bytes + conditions_at(f);
}

/* Of files that state more than any memory has, as much as there cannot be. */
static int64_t bytes_of(const file_source *f)
{
    const int64_t samples = gan__dataset_bytes(&f->shape);
    if (!f->conditions.kind) return samples;
    return samples > INT64_MAX / 4 ? samples : conditions_at(f) + gan__conditions_bytes(&f->conditions);
}

/* Where in the file the sample at a stream position stands. */
static int64_t place(const gan_source *s, int64_t position)
{
    return gan_permute(s->seed, (uint64_t)(position / s->info.n), s->info.n, position % s->info.n);
}

static void file_read(const gan_source *s, int64_t first, int64_t n, float *x)
{
    const file_source *f = (const file_source *)s;
    int64_t features = s->info.features;
    for (int64_t i = 0; i < n; i++, x += features)
        gan__dataset_convert(f->kernels, &f->shape, &f->scaling, f->memory.bytes, features * place(s, first + i), features, x);
}

static void file_condition(const gan_source *s, int64_t first, int64_t n, float *c)
{
    const file_source *f = (const file_source *)s;
    for (int64_t i = 0; i < n; i++, c += s->info.condition)
        gan__conditions_get(&f->conditions, conditions_of(f), place(s, first + i), c);
}

static void file_close(gan_source *s)
{
    gan_shared_close(&((file_source *)s)->memory);
    gan_free(s);
}

static const gan_source_kind file_kind = {.read = file_read, .read_condition = file_condition, .close = file_close};

/* Collective. Everybody gets rank 0's value; GAN_EDATA where a rank that `has` one has another. */
static gan_status same_as_first(const gan_comm *c, bool has, void *value, int64_t n, const char *path)
{
    char first[256];
    memcpy(first, value, (size_t)n);
    GAN_TRY(gan_comm_bcast(c, first, n));
    gan_status s = GAN_OK;
    if (has && memcmp(first, value, (size_t)n) != 0)
        s = GAN_FAIL(GAN_EDATA, "%s: on this node it is another file than on rank 0's; copy it again", path);
    memcpy(value, first, (size_t)n);
    return gan_comm_agree(c, s);
}

static gan_status probe_together(file_source *f, const gan_comm *c, const char *path, gan_condition_kind condition)
{
    bool reads = c->node_rank == 0;
    GAN_TRY(gan_comm_agree(c, reads ? gan__dataset_probe(path, &f->shape) : GAN_OK));
    GAN_TRY(same_as_first(c, reads, &f->shape, sizeof f->shape, path));
    if (condition == GAN_CONDITION_NONE) return GAN_OK;
    GAN_TRY(gan_comm_agree(c, reads ? gan__conditions_probe(&f->conditions, path, condition, f->shape.n) : GAN_OK));
    return same_as_first(c, reads, &f->conditions, sizeof f->conditions, path);
}

static gan_status load(file_source *f, const char *path)
{
    GAN_TRY(gan__dataset_load(path, &f->shape, f->memory.bytes));
    return gan__conditions_load(&f->conditions, path, conditions_of(f));
}

static gan_status load_together(file_source *f, const gan_comm *c, const char *path)
{
    int64_t bytes = bytes_of(f);
    uint64_t digest = 0;
    GAN_TRY(gan_shared_open(&f->memory, c, bytes, "the dataset", "use a smaller one", NULL, 0));
    gan_status s = f->memory.owner ? load(f, path) : GAN_OK;
    GAN_TRY(gan_comm_agree(c, s));
    if (f->memory.owner) digest = gan_digest(GAN_DIGEST_START, f->memory.bytes, (size_t)bytes);
    GAN_TRY(same_as_first(c, f->memory.owner, &digest, sizeof digest, path));
    if (f->conditions.kind) GAN_TRY(same_as_first(c, f->memory.owner, &f->conditions, sizeof f->conditions, path)); /* classes too now */
    return gan_comm_agree(c, gan_shared_ready(&f->memory, c));
}

static void describe(file_source *f, const char *path, float lo, float hi)
{
    gan_source_info *info = &f->base.info;
    const char *slash = strrchr(path, '/');
    snprintf(info->name, sizeof info->name, "%s", slash ? slash + 1 : path);
    info->n = f->shape.n;
    info->features = f->shape.features;
    info->n_dims = (int)f->shape.n_dims;
    memcpy(info->dims, f->shape.dims, sizeof info->dims);
    info->lo = lo;
    info->hi = hi;
    info->conditioned = (gan_condition_kind)f->conditions.kind;
    info->condition = f->conditions.numbers;
    info->bytes = bytes_of(f);
    gan__dataset_scale(&f->shape, lo, hi, &f->scaling);
}

gan_status gan_source_open_file(gan_source **out, const gan_comm *c, const gan_kernels *k, const char *path,
                                float lo, float hi, uint64_t seed)
{
    return gan_source_open_conditioned(out, c, k, path, lo, hi, seed, GAN_CONDITION_NONE);
}

gan_status gan_source_open_conditioned(gan_source **out, const gan_comm *c, const gan_kernels *k, const char *path, float lo, float hi,
                                       uint64_t seed, gan_condition_kind condition)
{
    *out = NULL;
    file_source *f = gan_calloc(1, sizeof *f);
    gan_status s = gan_comm_agree(c, f ? GAN_OK : GAN_ENOMEM);
    if (s == GAN_OK) {
        f->base = (gan_source){.kind = &file_kind, .seed = seed};
        f->kernels = k;
        s = probe_together(f, c, path, condition);
    }
    if (s == GAN_OK) s = load_together(f, c, path);
    if (s == GAN_OK) {
        describe(f, path, lo, hi);
        *out = &f->base;
    } else if (f) {
        file_close(&f->base);
    }
    return s;
}
