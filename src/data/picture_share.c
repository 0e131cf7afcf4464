/* The list of pictures, from rank 0 to all: see picture_share.h. It is not made on each node anew, for file systems of
 * clusters may show a directory differently for a while, and all ranks must divide the same list. */
#include "picture_share.h"

#include "picture.h"

#include "gan/file.h"
#include "gan/mem.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

static gan_status check_here(const char *dir)
{
    if (access(dir, R_OK | X_OK) == 0) return GAN_OK;
    return GAN_FAIL(GAN_EDATA,
                    "%s: cannot open the directory on this node: %s; the pictures must lie where all ranks "
                    "see them",
                    dir, strerror(errno));
}

/* All paths with their ends, one after the other. */
static char *join(char **paths, int64_t n, int64_t n_bytes)
{
    char *text = gan_calloc(n_bytes, 1), *at = text;
    for (int64_t i = 0; text && i < n; i++) at = strcpy(at, paths[i]) + strlen(paths[i]) + 1;
    return text;
}

static gan_status split(const char *text, char **paths, int64_t n)
{
    for (int64_t i = 0; i < n; i++, text += strlen(text) + 1)
        if (!(paths[i] = gan_strdup(text))) return GAN_ENOMEM;
    return GAN_OK;
}

static int64_t joined_bytes(char **paths, int64_t n)
{
    int64_t bytes = 0;
    for (int64_t i = 0; i < n; i++) bytes += (int64_t)strlen(paths[i]) + 1;
    return bytes;
}

/* Between ranks that have agreed that rank 0 has a list. */
static gan_status copy(const gan_comm *c, char ***paths, int64_t *n)
{
    int64_t sizes[2] = {*n, joined_bytes(*paths, *n)};
    GAN_TRY(gan_comm_bcast(c, sizes, sizeof sizes));
    char *text = c->rank == 0 ? join(*paths, *n, sizes[1]) : gan_calloc(sizes[1], 1);
    if (c->rank != 0 && (*paths = gan_calloc(sizes[0], sizeof **paths))) *n = sizes[0];
    gan_status s = gan_comm_agree(c, text && *paths ? GAN_OK : GAN_ENOMEM);
    if (s == GAN_OK) s = gan_comm_bcast(c, text, sizes[1]);
    if (s == GAN_OK && c->rank != 0) s = split(text, *paths, *n);
    gan_free(text);
    return gan_comm_agree(c, s);
}

gan_status gan__picture_list_share(const gan_comm *c, const char *dir, char ***paths, int64_t *n,
                                   gan_status s)
{
    if (!c) return s;
    if (c->rank != 0) s = check_here(dir);
    GAN_TRY(gan_comm_agree(c, s));
    return copy(c, paths, n);
}
