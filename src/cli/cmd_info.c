/* gan_mpi info: what a file is, and what is in it. The kind is found by looking inside, names do not count. */
#include "cli.h"
#include "info.h"
#include "locate.h"

#include "gan/checkpoint.h"
#include "gan/data.h"
#include "gan/file.h"
#include "gan/h5.h"
#include "gan/log.h"
#include "gan/mem.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

enum { HEAD = 520 };

void gan__print_size(double bytes)
{
    static const char *const units[] = {"bytes", "KiB", "MiB", "GiB", "TiB"};
    int u = 0;
    for (; bytes >= 1024 && u < 4; u++) bytes /= 1024;
    printf("%.*f %s", u == 0 || bytes >= 100 ? 0 : 1, bytes, units[u]);
}

typedef enum kind { OTHER, HDF5, CHECKPOINT } kind;

/* HDF5's signature stands at 0, or behind the 512 bytes of a checkpoint's envelope; so a checkpoint is known for one
 * even if its envelope is damaged. */
static gan_status look_inside(const char *path, kind *is)
{
    static const char mark[] = "gan_mpi checkpoint ", signature[] = "\211HDF\r\n\032\n";
    char head[HEAD] = {0};
    FILE *f = fopen(path, "rb");
    size_t n = f ? fread(head, 1, sizeof head, f) : 0;
    if (!f || ferror(f)) {
        int error = errno;
        if (f) fclose(f);
        return GAN_FAIL(GAN_EIO, "%s: cannot read: %s; %s", path, strerror(error), gan_file_remedy(error));
    }
    fclose(f);
    if (n >= 8 && memcmp(head, signature, 8) == 0) *is = HDF5;
    if (memcmp(head, mark, sizeof mark - 1) == 0 || memcmp(head + 512, signature, 8) == 0) *is = CHECKPOINT;
    return GAN_OK;
}

/* A dataset that can be looked at may still not be one that can be trained on. */
static gan_status warn_if_refused(const char *path)
{
    gan_status s = gan_dataset_check(path);
    if (s == GAN_OK || s == GAN_ENOMEM) return s;
    fflush(stdout);
    gan_warn("training would refuse this dataset: %s", gan_fail_text());
    gan_fail_clear();
    return GAN_OK;
}

static gan_status info_hdf5(const char *path)
{
    gan_h5_file f;
    bool metrics = false;
    gan_h5_lock();
    gan_status s = gan_h5_open(&f, path, GAN_H5_READ, 0);
    if (s == GAN_OK) {
        metrics = H5Lexists(f.id, "step", H5P_DEFAULT) > 0 && H5Lexists(f.id, "images", H5P_DEFAULT) <= 0;
        if (!metrics) s = gan__info_dataset(f.id, path);
        gan_h5_close(&f, path); /* nothing was written */
    }
    gan_h5_unlock();
    if (metrics) return gan__info_metrics(path);
    return s == GAN_OK ? warn_if_refused(path) : s;
}

static gan_status info_directory(const char *path, const gan__info_options *o)
{
    static const char *const signs[] = {"config.ini", "checkpoints", "metrics.jsonl"};
    struct stat st;
    char *latest;
    for (int i = 0; i < 3; i++) {
        char *name = gan_sprintf("%s/%s", path, signs[i]);
        if (!name) return GAN_ENOMEM;
        bool there = stat(name, &st) == 0;
        gan_free(name);
        if (there) return gan__info_run(path);
    }
    gan_status s = gan_checkpoint_locate(&latest, path);
    if (s == GAN_ENOMEM) return s;
    if (s != GAN_OK) {
        gan_fail_clear();
        return GAN_FAIL(GAN_EDATA,
                        "%s: not a run directory: no config.ini, no checkpoints, no metrics.jsonl in it",
                        path);
    }
    s = gan__info_checkpoint(latest, o);
    gan_free(latest);
    return s;
}

static gan_status info(const char *path, const gan__info_options *o)
{
    kind is = OTHER;
    if (gan__is_directory(path)) return info_directory(path, o);
    GAN_TRY(gan_file_regular(path));
    GAN_TRY(look_inside(path, &is));
    if (is == CHECKPOINT) return gan__info_checkpoint(path, o);
    if (is == HDF5) return info_hdf5(path);
    return GAN_FAIL(GAN_EDATA, "%s: neither a checkpoint, a dataset, metrics nor a run directory%s", path,
                    gan__ends_in(path, ".ini") ? "; \"gan_mpi config FILE\" checks and shows job files" : "");
}

static gan_status run(const gan_comm *comm, int argc, char **argv)
{
    (void)comm;
    gan__info_options o = {0};
    const char *path;
    int n;
    const gan_option options[] = {{.name = "-v", .flag = &o.verbose},
                                  {.name = "--verbose", .flag = &o.verbose},
                                  {.name = "--config", .flag = &o.config}};
    GAN_TRY(gan_options_parse("info", argc, argv, options, 3, &path, 1, &n));
    if (n == 0) return GAN_FAIL(GAN_EUSAGE, "gan_mpi info: about which file? See \"gan_mpi info --help\"");
    return info(path, &o);
}

const gan_command gan_command_info = {
    .name = "info",
    .summary = "what a checkpoint, dataset, metrics file or run directory holds",
    .help = "usage: gan_mpi info FILE [options]\n"
            "\n"
            "Says what FILE is and what is in it:\n"
            "\n"
            "  checkpoint     verified; step, epoch, seed, digest, networks with layers and parameters, "
            "provenance\n"
            "  dataset        samples, shape, type, range, labels\n"
            "  metrics.h5     quantities, number of records, last values\n"
            "  run directory  newest checkpoint, steps done, pictures, last metrics\n"
            "\n"
            "  -v, --verbose  checkpoint: also every array and the configuration\n"
            "  --config       checkpoint: also the configuration of the run\n"
            "\n"
            "Example: gan_mpi info runs/quickstart/checkpoints/latest\n",
    .run = run,
};
