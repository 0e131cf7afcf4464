/* Fuzz target (libFuzzer, or any driver with its entry point): bytes -> gan_checkpoint_read.
 *
 * The first byte chooses: even, the rest is the file as it is, for the envelope; odd, the rest is what stands behind an
 * envelope, which is put in front with the right length and checksum, so that the fuzzer comes to the HDF5 part.
 * Seeds (tests/fuzz/corpus/fuzz_checkpoint) are a small checkpoint whole, behind its envelope, and the latter copied into
 * HDF5's old file format, whose metadata have no checksums of their own that would stop most mutations.
 *
 * Beyond what the sanitizers see: the status is GAN_OK or GAN_ECKPT with a text, memory balances, no more floats are
 * taken than the file has, and what was accepted can be written and read back as the same. libhdf5 itself is not
 * instrumented; that it leaks on some damaged files, and says "infinite loop closing library" at exit then, is its own. */
#include "../../src/io/checkpoint.h"

#include "gan/mem.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes);

static void require(bool holds, const char *what)
{
    if (holds) return;
    fprintf(stderr, "%s; failure text: %s\n", what, gan_fail_text());
    abort();
}

static void write_file(const char *path, size_t offset, const uint8_t *bytes, size_t n)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    require(fd >= 0 && pwrite(fd, bytes, n, (off_t)offset) == (ssize_t)n && close(fd) == 0,
            "cannot write the input");
}

static void write_input(const char *path, const uint8_t *bytes, size_t n)
{
    if (bytes[0] % 2 == 0) {
        write_file(path, 0, bytes + 1, n - 1);
        return;
    }
    write_file(path, GAN_ENVELOPE_BYTES, bytes + 1, n - 1);
    require(gan__envelope_stamp(path) == GAN_OK, "cannot stamp the input");
}

static void round_trip(gan_checkpoint *c, const char *path)
{
    gan_checkpoint *again;
    uint64_t digest = c->digest;
    require(gan_checkpoint_write(c, path) == GAN_OK, "what was read cannot be written");
    require(c->digest == digest, "the digest that was read is not that of the contents");
    require(gan_checkpoint_read(&again, path) == GAN_OK, "what was written cannot be read");
    require(again->digest == digest && again->n_texts == c->n_texts,
            "what was written reads as something else");
    gan_checkpoint_free(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes)
{
    static char path[64];
    gan_checkpoint *c;
    int64_t live = gan_mem_live();
    if (n_bytes < 2) return 0;
    if (!path[0]) /* in memory if there is such a place: each input is synced */
        snprintf(path, sizeof path, "%s/fuzz-checkpoint-%ld.h5",
                 access("/dev/shm", W_OK) ? "/tmp" : "/dev/shm", (long)getpid());
    gan_fail_clear();
    write_input(path, bytes, n_bytes);
    gan_status s = gan_checkpoint_read(&c, path);
    require(s == GAN_OK || s == GAN_ECKPT, "neither read nor refused");
    require((s == GAN_OK) == (gan_fail_text()[0] == '\0'), "no text for a failure, or one for none");
    require(gan_mem_peak_bytes() < (64 << 20), "memory out of proportion");
    if (s == GAN_OK) round_trip(c, path);
    gan_checkpoint_free(c);
    require(gan_mem_live() == live, "memory was lost");
    unlink(path);
    return 0;
}
