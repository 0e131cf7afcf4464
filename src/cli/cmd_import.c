/* gan_mpi import: foreign files to a dataset.
 *
 * Started as several ranks, they share the reading of pictures; the other formats are nothing but one stream of bytes, and
 * rank 0 imports them alone.
 *
 * IDX files say themselves whether they hold images or labels, so they are given in any order, as a shell pattern
 * does; only the two kinds must come in the same order. */
#include "cli.h"
#include "locate.h"

#include "gan/checkpoint.h"
#include "gan/config.h"
#include "gan/data.h"
#include "gan/file.h"
#include "gan/launcher.h"
#include "gan/mem.h"

#include <string.h>
#include <zlib.h>

/* Options as they were given; NULL: not at all. */
typedef struct values {
    const char *size, *channels, *bad, *attributes;
} values;

/* What else is wrong with a file, gan_import_idx says: here it passes for images. */
static bool holds_labels(const char *path)
{
    static const unsigned char labels[4] = {0, 0, 8, 1};
    unsigned char first[4] = {0};
    gzFile f = gzopen(path, "rb"); /* reads plain files as well */
    if (!f) return false;
    bool yes = gzread(f, first, sizeof first) == sizeof first && memcmp(first, labels, sizeof first) == 0;
    gzclose(f);
    return yes;
}

static gan_status import_sorted(const char *const *images, int n_images, const char *const *labels,
                                int n_labels, const char *out)
{
    if (n_images == 0)
        return GAN_FAIL(GAN_EUSAGE, "gan_mpi import idx: %s holds labels, and no file of images is given",
                        labels[0]);
    if (n_labels != 0 && n_labels != n_images)
        return GAN_FAIL(
            GAN_EUSAGE,
            "gan_mpi import idx: %d files of images but %d of labels; each wants its own, or none", n_images,
            n_labels);
    return gan_import_idx(images, n_labels ? labels : NULL, n_images, out);
}

static gan_status import_idx(const gan_comm *comm, const char *const *words, int n, const char *out,
                             const values *unused)
{
    (void)comm, (void)unused;
    for (int i = 0; i < n; i++) GAN_TRY(gan_file_regular(words[i])); /* they are opened several times */
    const char **images = gan_calloc(2 * (int64_t)n, sizeof *images), **labels = images ? images + n : NULL;
    int n_images = 0, n_labels = 0;
    if (!images) return GAN_ENOMEM;
    for (int i = 0; i < n; i++) {
        if (holds_labels(words[i]))
            labels[n_labels++] = words[i];
        else
            images[n_images++] = words[i];
    }
    gan_status s = import_sorted(images, n_images, labels, n_labels, out);
    gan_free(images);
    return s;
}

static gan_status import_cifar(const gan_comm *comm, const char *const *files, int n, const char *out,
                               const values *unused)
{
    (void)comm, (void)unused;
    return gan_import_cifar(files, n, out);
}

static gan_status import_images(const gan_comm *comm, const char *const *words, int n, const char *out,
                                const values *v)
{
    long long size, channels = 0;
    if (n != 1)
        return GAN_FAIL(GAN_EUSAGE,
                        "gan_mpi import images: wanted one directory, then the dataset to make, got %d", n);
    if (!v->size)
        return GAN_FAIL(GAN_EUSAGE, "gan_mpi import images: how large? Give --size N, such as --size 64");
    GAN_TRY(gan_option_int("--size", v->size, 1, GAN_IMPORT_MAX_SIZE, &size));
    if (v->channels) GAN_TRY(gan_option_int("--channels", v->channels, 1, 3, &channels));
    if (channels == 2) return GAN_FAIL(GAN_EUSAGE, "option --channels wants 1 (grey) or 3 (RGB), got \"2\"");
    bool skip = v->bad && strcmp(v->bad, "skip") == 0;
    if (v->bad && !skip && strcmp(v->bad, "refuse") != 0)
        return GAN_FAIL(GAN_EUSAGE, "option --bad wants skip or refuse, got \"%s\"", v->bad);
    return gan_import_images(comm,
                             &(gan_import_options){.dir = words[0],
                                                   .size = (int)size,
                                                   .channels = (int)channels,
                                                   .skip_bad = skip,
                                                   .attributes = v->attributes},
                             out);
}

/* ---- formats ----------------------------------------------------------------------------------------------- */

typedef struct format {
    const char *name, *inputs; /* inputs: what comes before the dataset, for failure texts */
    bool shared;               /* run on all ranks; else on the first one */
    gan_status (*import)(const gan_comm *comm, const char *const *inputs, int n, const char *out,
                         const values *v); /* comm: NULL without ranks */
} format;

static const format formats[] = {
    {"idx", "IDX files", false, import_idx},
    {"cifar", "CIFAR-10's .bin files", false, import_cifar},
    {"images", "a directory", true, import_images},
};

enum { N_FORMATS = sizeof formats / sizeof formats[0] };

static gan_status find_format(const char *word, const format **found)
{
    const char *names[N_FORMATS + 1] = {NULL};
    for (int i = 0; i < N_FORMATS; i++) {
        names[i] = formats[i].name;
        *found = &formats[i];
        if (strcmp(word, names[i]) == 0) return GAN_OK;
    }
    const char *near = gan_nearest(word, names);
    return GAN_FAIL(GAN_EUSAGE, "gan_mpi import: unknown format \"%s\"; %s%s%s", word,
                    near ? "did you mean " : "known: idx, cifar, images", near ? near : "", near ? "?" : "");
}

/* Rank 0 alone looks at the output, and all that share the work know, or they would wait for it. */
static gan_status run_format(const gan_comm *comm, const format *f, const char *const *inputs, int n,
                             const char *out, const values *v)
{
    const bool first = !comm || comm->rank == 0;
    if (!f->shared && !first) return GAN_OK;
    gan_status s = first ? gan_checkpoint_spare(out) : GAN_OK;
    if (f->shared && comm) s = gan_comm_agree(comm, s);
    if (f->shared && comm && s == GAN_OK) s = gan_launcher_check(comm);
    return s == GAN_OK ? f->import(comm, inputs, n, out, v) : s;
}

static gan_status import(const gan_comm *comm, const char *const *words, int n, const values *v)
{
    const format *f;
    if (n == 0) return GAN_FAIL(GAN_EUSAGE, "gan_mpi import: which format? See \"gan_mpi import --help\"");
    GAN_TRY(find_format(words[0], &f));
    if (n < 3)
        return GAN_FAIL(
            GAN_EUSAGE,
            "gan_mpi import %s: wanted %s, then the dataset to make; see \"gan_mpi import --help\"", f->name,
            f->inputs);
    const char *out = words[n - 1];
    if (!gan__ends_in(out, ".h5") && !gan__ends_in(out, ".hdf5"))
        return GAN_FAIL(GAN_EUSAGE,
                        "gan_mpi import %s: the last word is the dataset to make and ends in .h5, got \"%s\"",
                        f->name, out);
    if (f->import != import_images && (v->size || v->channels || v->bad || v->attributes))
        return GAN_FAIL(
            GAN_EUSAGE,
            "gan_mpi import %s takes no options; --size, --channels, --bad and --attributes are for images",
            f->name);
    return run_format(comm, f, words + 1, n - 2, out, v);
}

static gan_status run(const gan_comm *comm, int argc, char **argv)
{
    int n;
    values v = {0};
    const gan_option options[] = {{.name = "--size", .text = &v.size},
                                  {.name = "--channels", .text = &v.channels},
                                  {.name = "--bad", .text = &v.bad},
                                  {.name = "--attributes", .text = &v.attributes}};
    const char **words = gan_calloc(argc, sizeof *words);
    if (!words) return GAN_ENOMEM;
    gan_status s = gan_options_parse("import", argc, argv, options, 4, words, argc, &n);
    if (s == GAN_OK) s = import(comm, words, n, &v);
    gan_free(words);
    return s;
}

const gan_command gan_command_import = {
    .name = "import",
    .summary = "make a dataset file from files in other formats",
    .help =
        "usage: gan_mpi import idx FILE... OUT.h5\n"
        "       gan_mpi import cifar FILE... OUT.h5\n"
        "       gan_mpi import images DIR OUT.h5 --size N [--channels 1|3] [--bad skip|refuse]\n"
        "                             [--attributes FILE]\n"
        "\n"
        "Makes an HDF5 dataset: /images [N,H,W,C] and /labels [N]. It is written under a temporary name and\n"
        "replaces OUT.h5 when it is whole.\n"
        "\n"
        "  idx            IDX files, the format of MNIST and Fashion-MNIST, plain or gzipped. Each says "
        "itself\n"
        "                 whether it holds images or labels. Several of images are put one after the other; "
        "those\n"
        "                 of labels, if any, must be as many and in the same order.\n"
        "  cifar          CIFAR-10's binary files (data_batch_1.bin ...), one after the other.\n"
        "  images         all PNG and JPEG files in DIR and below, in sorted order: the square in the "
        "middle,\n"
        "                 resized with antialiasing. What is transparent becomes white.\n"
        "\n"
        "  --size N       side of the images, in pixels\n"
        "  --channels N   1: make all of them grey, 3: all RGB; without it, mixed pictures are refused\n"
        "  --bad WHAT     refuse (the default): a damaged picture ends the import; skip: it is named and "
        "left out\n"
        "  --attributes FILE  CelebA's list_attr_celeba.txt (or .csv, as Kaggle has it), to /attributes: 1 "
        "or -1\n"
        "                 of each picture, found by its name, with the names of the attributes\n"
        "\n"
        "Under mpirun the ranks share the reading of pictures; the file is the same, byte by byte.\n"
        "\n"
        "Example: gan_mpi import idx train-images-idx3-ubyte.gz train-labels-idx1-ubyte.gz \\\n"
        "                            t10k-images-idx3-ubyte.gz t10k-labels-idx1-ubyte.gz data/mnist.h5\n",
    .shares_work = true,
    .run = run,
};
