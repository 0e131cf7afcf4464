/* What is known of a convolution before any table is: which ways apply, their sizes, and which one to take. */
#include "conv_sizes.h"

const gan__winograd gan__winograd_of[GAN_CONV_WAYS] = {
#define X(ID, name, m, r, stride, text) {m, r, stride},
    GAN_CONV_LIST(X)
#undef X
};

const char *gan_conv_way_name(gan_conv_way way)
{
#define X(ID, name, m, r, stride, text) #name,
    static const char *const names[] = {GAN_CONV_LIST(X)};
#undef X
    return names[way];
}

bool gan_conv_applies(gan_conv_way way, const gan_conv *c)
{
    const gan__winograd *f = &gan__winograd_of[way];
    return way == GAN_CONV_DIRECT || (c->stride == f->stride && c->kh == f->r * f->stride && c->kw == c->kh);
}

double gan_conv_flop(const gan_conv *c)
{
    return 2.0 * (double)(c->N * c->OH * c->OW * c->O) * (double)gan__conv_taps(c);
}

int64_t gan_conv_weight_floats(gan_conv_way way, const gan_conv *c, gan_conv_pass pass)
{
    const gan__winograd *f = &gan__winograd_of[way];
    const int64_t K = pass == GAN_CONV_Y ? gan__winograd_rows(f, c) : c->O;
    const int64_t M = pass == GAN_CONV_Y ? c->O : gan__winograd_rows(f, c);
    if (pass == GAN_CONV_DW) return 0;
    if (way == GAN_CONV_DIRECT) return pass == GAN_CONV_Y ? 0 : gan__conv_taps(c) * c->O;
    return gan__u_columns(f, K, M) < M ? 0 : gan__winograd_points(f) * gan__point_step(K, M);
}

/* ---- scratch ----------------------------------------------------------------------------------------------- */

static int64_t direct_scratch(const gan_conv *c, gan_conv_pass pass, int64_t shards, int threads)
{
    const int64_t K = gan__conv_taps(c), pixels = c->OH * c->OW;
    const gan__dw_block b = pass == GAN_CONV_DW ? gan__direct_block(c, shards) : (gan__dw_block){0};
    const int64_t images = pass == GAN_CONV_DW ? b.images * b.shards : gan__direct_images(c);
    const int64_t sums = pass == GAN_CONV_DW ? gan__direct_arrays(c, shards) : 0;
    return gan__direct_floats(c, images) + sums * gan__panels_up(K * c->O) +
           (pass == GAN_CONV_DW ? threads : 1) *
               gan__panels_up(gan__most(gan_matmul_scratch(images * pixels, K, c->O),
                                        gan_matmul_scratch(images * pixels, c->O, K)));
}

/* Pixels of both sides at points, u where it is made at a time, and a row for what lies outside the image. */
static int64_t winograd_scratch(const gan__winograd *f, const gan_conv *c, int64_t K, int64_t M)
{
    const int64_t tiles = gan__winograd_images(f, c) * gan__winograd_tiles(f, c);
    const int64_t columns = gan__u_columns(f, K, M);
    return gan__panels_up(gan__most(c->C, c->O)) +
           gan__winograd_points(f) * (gan__point_step(tiles, K) + gan__point_step(tiles, columns) +
                                      (columns < M ? gan__point_step(K, columns) : 0)) +
           gan_matmul_scratch(tiles, K, columns);
}

static int64_t winograd_dw_scratch(const gan__winograd *f, const gan_conv *c, int64_t shards)
{
    const gan__dw_block b = gan__winograd_block(f, c, shards);
    const int64_t tiles = b.images * b.shards * gan__winograd_tiles(f, c);
    const int64_t ld_v = gan__dw_step(gan__winograd_rows(f, c)), ld_p = gan__dw_step(c->O);
    return gan__panels_up(gan__most(c->C, c->O)) +
           gan__winograd_points(f) * (gan__point_step(tiles, ld_v) + gan__point_step(tiles, ld_p)) +
           gan__winograd_arrays(f, c, shards) * gan__panels_up(gan__conv_taps(c) * c->O);
}

int64_t gan_conv_scratch(gan_conv_way way, const gan_conv *c, gan_conv_pass pass, int64_t shards, int threads)
{
    const gan__winograd *f = &gan__winograd_of[way];
    if (way == GAN_CONV_DIRECT) return direct_scratch(c, pass, shards, threads);
    if (pass == GAN_CONV_DW) return winograd_dw_scratch(f, c, shards);
    const gan_conv mirrored = gan__conv_mirrored(c);
    const int64_t rows = gan__winograd_rows(f, c);
    if (pass == GAN_CONV_Y) return winograd_scratch(f, c, rows, c->O);
    return winograd_scratch(f, c->stride == 1 ? &mirrored : c, c->O, rows);
}

/* ---- choice ------------------------------------------------------------------------------------------------ */

/* Measured with gan_mpi bench kernels, all tables, layers of 2x2 to 64x64 pixels, 1 to 512 channels. A way is worth
 * the products it saves times what its transforms leave of that; with fewer channels than these they leave
 * nothing, nor for DW with few tiles in the images of a shard, for each shard's sum goes back to taps. */
static const struct {
    double leaves;
    int64_t channels, channels_dw; /* of x */
} measured[GAN_CONV_WAYS] = {
    [GAN_CONV_DIRECT] = {1.05, 0, 0},
    [GAN_CONV_WINOGRAD_4X4_2X2] = {0.75, 12, 8},
    [GAN_CONV_WINOGRAD_4X4_3X3] = {0.7, 8, 4},
    [GAN_CONV_WINOGRAD_2X2_3X3] = {0.8, 8, 4},
};
enum { FEW_TILES = 4 };

/* Products of the plain sum for one of this way. */
static double saved(const gan__winograd *f, const gan_conv *c)
{
    const double tile = (double)(gan__winograd_points(f) * f->stride * f->stride);
    return (double)(c->OH * c->OW * c->kh * c->kw) / (tile * (double)gan__winograd_tiles(f, c));
}

static double worth(gan_conv_way way, const gan_conv *c, gan_conv_pass pass, int64_t shards)
{
    const gan__winograd *f = &gan__winograd_of[way];
    const gan_conv mirrored = gan__conv_mirrored(c);
    const bool dw = pass == GAN_CONV_DW;
    if (way == GAN_CONV_DIRECT) return measured[way].leaves;
    if (!gan_conv_applies(way, c)) return 0;
    if (c->C < (dw ? measured[way].channels_dw : measured[way].channels)) return 0;
    if (dw && gan__winograd_tiles(f, c) * (c->N / shards) < FEW_TILES) return 0;
    return measured[way].leaves * saved(f, pass == GAN_CONV_DX && c->stride == 1 ? &mirrored : c);
}

gan_conv_way gan_conv_choose(const gan_conv *c, gan_conv_pass pass, int64_t shards, bool direct)
{
    gan_conv_way best = GAN_CONV_DIRECT;
    for (int way = 0; way < GAN_CONV_WAYS && !direct; way++) {
        if (worth((gan_conv_way)way, c, pass, shards) > worth(best, c, pass, shards))
            best = (gan_conv_way)way;
    }
    return best;
}
