/* gan_mpi hash: whether two runs came to the same bits. */
#include "cli.h"

#include "gan/checkpoint.h"
#include "gan/log.h"
#include "gan/mem.h"

#include <inttypes.h>
#include <stdio.h>

static gan_status hash_one(const char *word)
{
    char *path;
    gan_checkpoint *c;
    GAN_TRY(gan_checkpoint_locate(&path, word));
    gan_status s = gan_checkpoint_read(&c, path); /* verifies */
    if (s == GAN_OK) {
        printf("%016" PRIx64 "  %s\n", gan_checkpoint_digest(c), word);
        gan_checkpoint_free(c);
    }
    gan_free(path);
    return s;
}

/* A bad one of several is named, and the others are still done. */
static gan_status hash_all(const char *const *words, int n)
{
    if (n == 1) return hash_one(words[0]);
    gan_status worst = GAN_OK;
    int bad = 0;
    for (int i = 0; i < n; i++) {
        gan_status s = hash_one(words[i]);
        if (s == GAN_ENOMEM) return s;
        if (s == GAN_OK) continue;
        gan_warn("%s", gan_fail_text());
        gan_fail_clear();
        if (s > worst) worst = s;
        bad++;
    }
    return bad ? GAN_FAIL(worst, "%d of %d checkpoints have no digest, see the warnings", bad, n) : GAN_OK;
}

static gan_status run(const gan_comm *comm, int argc, char **argv)
{
    (void)comm;
    int n;
    const char **words = gan_calloc(argc, sizeof *words);
    if (!words) return GAN_ENOMEM;
    gan_status s = gan_options_parse("hash", argc, argv, NULL, 0, words, argc, &n);
    if (s == GAN_OK && n == 0)
        s = GAN_FAIL(GAN_EUSAGE, "gan_mpi hash: which checkpoint? See \"gan_mpi hash --help\"");
    if (s == GAN_OK) s = hash_all(words, n);
    gan_free(words);
    return s;
}

const gan_command gan_command_hash = {
    .name = "hash",
    .summary = "a digest of a checkpoint's state, to compare runs",
    .help = "usage: gan_mpi hash CHECKPOINT...\n"
            "\n"
            "Prints a line for each checkpoint: 16 hexadecimal digits, two blanks, the path. The digest is "
            "taken over\n"
            "the step, all weights, moving averages and optimizer state. It does not depend on ranks, "
            "threads, hosts\n"
            "and time: runs of one job with parallel.reduce = ordered have the same on any number of ranks, "
            "and a\n"
            "resumed run has that of the run that was never stopped. The file is verified first.\n"
            "\n"
            "  CHECKPOINT     a file, or a run directory (then its checkpoints/latest, or if that is damaged\n"
            "                 the newest good one)\n"
            "\n"
            "Example: gan_mpi hash runs/one-rank/checkpoints/latest runs/four-ranks/checkpoints/latest\n",
    .run = run,
};
