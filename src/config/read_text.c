/* Files of text: read whole, and refused when they hold what is none. */
#include "text.h"

#include "gan/mem.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

gan_status gan__check_text(const char *name, const char *bytes, int64_t n, const char *what)
{
    const int64_t at = gan__not_text(bytes, n);
    int line = 1;
    if (at < 0) return GAN_OK;
    for (int64_t i = 0; i < at; i++) line += bytes[i] == '\n';
    return GAN_FAIL(
        GAN_ECONFIG,
        "%s:%d: byte 0x%02x is not text; a %s is UTF-8 without control bytes (is this the right file?)",
        name, line, (unsigned char)bytes[at], what);
}

enum { MAX_FILE_BYTES = 1 << 20 };

gan_status gan__read_text(char **out, int64_t *n_bytes, const char *path, const char *what)
{
    gan_status s = GAN_OK;
    size_t n = 0;
    *out = NULL;
    FILE *f = fopen(path, "rb");
    if (!f)
        return GAN_FAIL(GAN_ECONFIG, "%s: cannot be opened: %s; give the path of a %s", path, strerror(errno), what);
    char *bytes = gan_calloc(MAX_FILE_BYTES + 1, 1);
    if (!bytes)
        s = GAN_ENOMEM;
    else if ((n = fread(bytes, 1, MAX_FILE_BYTES + 1, f)) > MAX_FILE_BYTES)
        s = GAN_FAIL(GAN_ECONFIG, "%s: more than %d bytes; this is not a %s", path, MAX_FILE_BYTES, what);
    else if (ferror(f))
        s = GAN_FAIL(GAN_EIO, "%s: cannot be read: %s; give the path of a %s", path, strerror(errno), what);
    fclose(f);
    if (s == GAN_OK)
        *out = bytes;
    else
        gan_free(bytes);
    *n_bytes = (int64_t)n;
    return s;
}
