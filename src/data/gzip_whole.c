/* zlib's gzread() is made for streams: it hands out what it can, never asks for a trailer that was cut off once all
 * bytes of the contents are out, and takes garbage after the last member for the end of the file. A dataset is
 * better refused, so the file is inflated once more, by the functions below gzread(), to nowhere. That is many times
 * faster than what follows, the compression of the dataset. */
#include "gzip_whole.h"

#include "gan/mem.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <zlib.h>

enum { PIECE = 1 << 16, GZIP_ONLY = 15 + 16 };

typedef struct unpacking {
    FILE *file;
    z_stream z;
    Bytef in[PIECE], out[PIECE];
} unpacking;

/* False at the end of the file, and when it cannot be read. */
static bool refill(unpacking *u)
{
    if (u->z.avail_in > 0) return true;
    u->z.next_in = u->in;
    u->z.avail_in = (uInt)fread(u->in, 1, PIECE, u->file);
    return u->z.avail_in > 0;
}

/* One member. Z_BUF_ERROR: the file ends within it. */
static int skip_member(unpacking *u)
{
    int code = inflateReset(&u->z);
    while (code == Z_OK) {
        if (!refill(u)) return Z_BUF_ERROR;
        u->z.next_out = u->out;
        u->z.avail_out = PIECE;
        code = inflate(&u->z, Z_NO_FLUSH);
    }
    return code;
}

static gan_status check_members(unpacking *u, const char *path)
{
    for (int member = 0; refill(u); member++) {
        int code = skip_member(u);
        if (ferror(u->file)) break;
        if (code == Z_STREAM_END) continue;
        if (code == Z_MEM_ERROR) return GAN_ENOMEM;
        if (member > 0 && u->z.total_out == 0)
            return GAN_FAIL(GAN_EDATA, "%s: damaged: something follows the end of the gzip file", path);
        if (code == Z_BUF_ERROR) return GAN_FAIL(GAN_EDATA, "%s: cut off: the end of the gzip file is missing", path);
        return GAN_FAIL(GAN_EDATA, "%s: damaged: %s", path, u->z.msg ? u->z.msg : "no gzip data");
    }
    return ferror(u->file) ? GAN_FAIL(GAN_EDATA, "%s: cannot read: %s", path, strerror(errno)) : GAN_OK;
}

static gan_status check_file(unpacking *u, const char *path)
{
    bool gzip = refill(u) && u->z.avail_in > 1 && u->in[0] == 0x1f && u->in[1] == 0x8b;
    if (!gzip) return GAN_OK;
    if (inflateInit2(&u->z, GZIP_ONLY) != Z_OK) return GAN_ENOMEM;
    gan_status s = check_members(u, path);
    inflateEnd(&u->z);
    return s;
}

gan_status gan__gzip_whole(const char *path)
{
    struct stat st;
    if (stat(path, &st) != 0 || !S_ISREG(st.st_mode)) return GAN_OK;
    unpacking *u = gan_calloc(1, sizeof *u);
    if (!u) return GAN_ENOMEM;
    u->file = fopen(path, "rb");
    gan_status s = u->file ? check_file(u, path) : GAN_OK;
    if (u->file) fclose(u->file);
    gan_free(u);
    return s;
}
