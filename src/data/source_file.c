/* Samples of a dataset file, held once per node in shared memory.
 *
 * The first rank of each node reads the file; every phase ends in an agreement, so that a file which is
 * missing on one node fails on all. Nodes may have their own copies of the file (on local disks): their
 * contents are compared, for a run on two different datasets would look like training. */
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
} file_source;

static void file_read(const gan_source *s, int64_t first, int64_t n, float *x)
{
    const file_source *f = (const file_source *)s;
    int64_t features = s->info.features;
    for (int64_t i = 0; i < n; i++, x += features) {
        int64_t position = first + i, epoch = position / s->info.n;
        int64_t at = features * gan_permute(s->seed, (uint64_t)epoch, s->info.n, position % s->info.n);
        gan__dataset_convert(f->kernels, &f->shape, &f->scaling, f->memory.bytes, at, features, x);
    }
}

static void file_close(gan_source *s)
{
    gan_shared_close(&((file_source *)s)->memory);
    gan_free(s);
}

static const gan_source_kind file_kind = {file_read, file_close};

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

static gan_status probe_together(file_source *f, const gan_comm *c, const char *path)
{
    bool reads = c->node_rank == 0;
    GAN_TRY(gan_comm_agree(c, reads ? gan__dataset_probe(path, &f->shape) : GAN_OK));
    return same_as_first(c, reads, &f->shape, sizeof f->shape, path);
}

static gan_status load_together(file_source *f, const gan_comm *c, const char *path)
{
    int64_t bytes = gan__dataset_bytes(&f->shape);
    uint64_t digest = 0;
    GAN_TRY(gan_shared_open(&f->memory, c, bytes, "the dataset", "use a smaller one", NULL, 0));
    gan_status s = f->memory.owner ? gan__dataset_load(path, &f->shape, f->memory.bytes) : GAN_OK;
    GAN_TRY(gan_comm_agree(c, s));
    if (f->memory.owner) digest = gan_digest(GAN_DIGEST_START, f->memory.bytes, (size_t)bytes);
    GAN_TRY(same_as_first(c, f->memory.owner, &digest, sizeof digest, path));
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
    info->bytes = gan__dataset_bytes(&f->shape);
    gan__dataset_scale(&f->shape, lo, hi, &f->scaling);
}

gan_status gan_source_open_file(gan_source **out, const gan_comm *c, const gan_kernels *k, const char *path,
                                float lo, float hi, uint64_t seed)
{
    *out = NULL;
    file_source *f = gan_calloc(1, sizeof *f);
    gan_status s = gan_comm_agree(c, f ? GAN_OK : GAN_ENOMEM);
    if (s == GAN_OK) {
        f->base = (gan_source){.kind = &file_kind, .seed = seed};
        f->kernels = k;
        s = probe_together(f, c, path);
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
