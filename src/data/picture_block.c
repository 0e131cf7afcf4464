/* Blocks of pictures: see picture_block.h. */
#include "picture_block.h"

#include "gan/mem.h"

#include <string.h>

gan_status gan__picture_block_open(gan__picture_block *b, const gan__picture_wish *w, int64_t room)
{
    *b = (gan__picture_block){.room = room, .row_bytes = (int64_t)w->size * w->size * w->channels};
    b->n_bytes = room * (1 + GAN__WHY + b->row_bytes);
    if (!(b->bytes = gan_calloc(b->n_bytes, 1))) return GAN_ENOMEM;
    b->kept = b->bytes;
    b->why = (char(*)[GAN__WHY])(b->bytes + room);
    b->rows = b->bytes + room * (1 + GAN__WHY);
    return GAN_OK;
}

void gan__picture_block_close(gan__picture_block *b)
{
    gan_free(b->bytes);
    *b = (gan__picture_block){0};
}

static gan_status check_channels(const gan__picture_wish *w, const gan__picture *p, const char *path)
{
    if (!w->like || p->channels == w->channels) return GAN_OK;
    return GAN_FAIL(
        GAN_EDATA, "%s: %s, but %s is %s; --channels 1 makes all of them grey, --channels 3 all of them RGB",
        path, p->channels == 1 ? "grey" : "in colour", w->like, w->channels == 1 ? "grey" : "in colour");
}

static gan_status bad(const gan__picture_wish *w, const char *path, const char *why)
{
    if (w->skip_bad) return GAN_OK; /* rank 0 will name it */
    return GAN_FAIL(GAN_EDATA, "%s: %s; replace or remove it, or leave such pictures out with --bad skip",
                    path, why);
}

gan_status gan__picture_block_add(gan__picture_block *b, const gan__picture_wish *w, int64_t i,
                                  const char *path)
{
    gan__picture p;
    if (i == 0) b->n_rows = 0;
    b->kept[i] = 0;
    gan_status s = gan__picture_read(&p, path, b->why[i]);
    if (s != GAN_OK) return s == GAN_EDATA ? bad(w, path, b->why[i]) : s;
    s = check_channels(w, &p, path);
    if (s == GAN_OK) s = gan__picture_fit(&p, w->size, w->channels, b->rows + b->n_rows * b->row_bytes);
    gan_free(p.pixels);
    b->kept[i] = s == GAN_OK;
    b->n_rows += s == GAN_OK;
    return s;
}
