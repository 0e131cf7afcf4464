/* The 512 bytes in front of a checkpoint: in text what it is, how long the rest is, and its CRC-32.
 *
 *     gan_mpi checkpoint 1
 *     length 12345678
 *     crc32 89abcdef
 *
 * padded with zeros (HDF5 calls such a place a user block and skips it). The check does not trust the text
 * that it parses: it renders the block that belongs to the rest of the file and compares all 512 bytes. */
#include "checkpoint.h"

#include "gan/file.h"
#include "gan/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#define MAGIC      "gan_mpi checkpoint "
#define FIRST_LINE MAGIC "1\n"

enum { PIECE = 1 << 20 };

static void render(char block[GAN_ENVELOPE_BYTES], int64_t length, uint32_t crc)
{
    memset(block, 0, GAN_ENVELOPE_BYTES);
    snprintf(block, GAN_ENVELOPE_BYTES,
             FIRST_LINE "length %" PRId64 "\ncrc32 %08" PRIx32 "\n\nHDF5 after these 512 bytes.\n", length,
             crc);
}

/* Bytes read: n, or less at the end of the file; -1 with errno. */
static ssize_t read_full(int fd, char *to, size_t n)
{
    size_t at = 0;
    while (at < n) {
        ssize_t got = read(fd, to + at, n - at);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return -1;
        if (got == 0) break;
        at += (size_t)got;
    }
    return (ssize_t)at;
}

/* Envelope as it stands, then length and CRC of all that follows. `block` is zero-filled if the file is
 * shorter. */
static gan_status scan(int fd, const char *path, char block[GAN_ENVELOPE_BYTES], int64_t *length,
                       uint32_t *crc)
{
    char *piece = gan_calloc(PIECE, 1);
    if (!piece) return GAN_ENOMEM;
    memset(block, 0, GAN_ENVELOPE_BYTES);
    uLong sum = crc32(0, NULL, 0);
    ssize_t got = read_full(fd, block, GAN_ENVELOPE_BYTES);
    *length = 0;
    while (got > 0 && (got = read_full(fd, piece, PIECE)) > 0) {
        sum = crc32(sum, (const Bytef *)piece, (uInt)got);
        *length += got;
    }
    int error = errno;
    gan_free(piece);
    *crc = (uint32_t)sum;
    return got < 0 ? GAN_FAIL(GAN_EIO, "%.*s: cannot read: %s", gan_file_shown(path), path, strerror(error)) : GAN_OK;
}

static gan_status write_block(int fd, const char *path, const char block[GAN_ENVELOPE_BYTES])
{
    if (pwrite(fd, block, GAN_ENVELOPE_BYTES, 0) == GAN_ENVELOPE_BYTES && fsync(fd) == 0) {
        /* Advice: the next reader should get what the disk has, not what memory still has. */
        (void)posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
        return GAN_OK;
    }
    return GAN_FAIL(GAN_EIO, "%.*s: cannot write: %s; %s", gan_file_shown(path), path, strerror(errno), gan_file_remedy(errno));
}

static gan_status open_to(int *fd, const char *path, int flags)
{
    *fd = open(path, flags | O_CLOEXEC);
    if (*fd >= 0) return GAN_OK;
    return GAN_FAIL(GAN_EIO, "%.*s: cannot open: %s; %s", gan_file_shown(path), path, strerror(errno), gan_file_remedy(errno));
}

gan_status gan__envelope_stamp(const char *path)
{
    char block[GAN_ENVELOPE_BYTES];
    int64_t length;
    uint32_t crc;
    int fd;
    GAN_TRY(open_to(&fd, path, O_RDWR));
    gan_status s = scan(fd, path, block, &length, &crc);
    if (s == GAN_OK) {
        render(block, length, crc);
        s = write_block(fd, path, block);
    }
    if (close(fd) != 0 && s == GAN_OK)
        s = GAN_FAIL(GAN_EIO, "%.*s: cannot write: %s", gan_file_shown(path), path, strerror(errno));
    return s;
}

/* Say as exactly as possible in what the block differs from the one that the rest asks for. */
static gan_status explain(const char *path, const char block[GAN_ENVELOPE_BYTES], int64_t length,
                          uint32_t crc)
{
    char text[GAN_ENVELOPE_BYTES + 1] = {0}; /* for sscanf, which wants an end */
    long long stated_length;
    unsigned stated_crc;
    memcpy(text, block, GAN_ENVELOPE_BYTES);
    if (strncmp(text, MAGIC, strlen(MAGIC)) != 0)
        return GAN_FAIL(GAN_ECKPT, "%s: not a checkpoint of gan_mpi (its first bytes say something else)",
                        path);
    if (strncmp(text, FIRST_LINE, strlen(FIRST_LINE)) != 0)
        return GAN_FAIL(GAN_ECKPT, "%s: checkpoint format \"%.8s\"; this program reads format 1", path,
                        text + strlen(MAGIC));
    if (sscanf(text + strlen(FIRST_LINE), "length %lld\ncrc32 %x\n", &stated_length, &stated_crc) != 2)
        return GAN_FAIL(GAN_ECKPT, "%s: damaged: no length and checksum in its header", path);
    if (stated_length != length)
        return GAN_FAIL(GAN_ECKPT, "%s: damaged: %lld bytes after the header, but it should have %lld", path,
                        (long long)length, stated_length);
    if (stated_crc != crc)
        return GAN_FAIL(GAN_ECKPT, "%s: damaged: checksum %08x, but it should be %08x", path, (unsigned)crc,
                        stated_crc);
    return GAN_FAIL(GAN_ECKPT, "%s: damaged: changed bytes in its header", path);
}

gan_status gan__envelope_check(const char *path, int64_t *length)
{
    char block[GAN_ENVELOPE_BYTES], wanted[GAN_ENVELOPE_BYTES];
    uint32_t crc = 0;
    int fd;
    GAN_TRY(gan_file_regular(path));
    GAN_TRY(open_to(&fd, path, O_RDONLY));
    gan_status s = scan(fd, path, block, length, &crc);
    close(fd);
    if (s != GAN_OK) return s;
    if (*length == 0) return GAN_FAIL(GAN_ECKPT, "%s: damaged: too short for a checkpoint", path);
    render(wanted, *length, crc);
    return memcmp(block, wanted, sizeof block) == 0 ? GAN_OK : explain(path, block, *length, crc);
}

gan_status gan_checkpoint_check(const char *path)
{
    int64_t length;
    return gan__envelope_check(path, &length);
}

gan_status gan_checkpoint_spare(const char *path)
{
    char head[sizeof MAGIC - 1];
    int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    ssize_t got = fd >= 0 ? read_full(fd, head, sizeof head) : -1;
    if (fd >= 0) close(fd);
    if (got != sizeof head || memcmp(head, MAGIC, sizeof head) != 0) return GAN_OK;
    return GAN_FAIL(GAN_EUSAGE, "%s is a checkpoint; it is not written over, choose another name", path);
}
