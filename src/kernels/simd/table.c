/* The table of one instruction set. */
#include "simd.h"

#define NAME_plain  "plain"
#define NAME_x86_64 "x86-64"
#define NAME_avx2   "avx2"
#define NAME_avx512 "avx512"

const gan_kernels GAN_NAME(kernels) = {
    .name = GAN_PASTE(NAME, GAN_ISA),
    .matmul = GAN_NAME(matmul),
    .matmul_nt = GAN_NAME(matmul_nt),
    .matmul_tn = GAN_NAME(matmul_tn),
    .conv_weights = GAN_NAME(conv_weights),
    .conv_y = GAN_NAME(conv_y),
    .conv_dx = GAN_NAME(conv_dx),
    .conv_dw = GAN_NAME(conv_dw),
#define X(ID, name, n_in, text) .map[GAN_MAP_##ID] = GAN_NAME(map_##name),
    GAN_MAP_LIST(X)
#undef X
        .sum_rows = GAN_NAME(sum_rows),
    .sum_tree = GAN_NAME(sum_tree),
    .sum_cols = GAN_NAME(sum_cols),
    .sum_squares = GAN_NAME(sum_squares),
    .adam = GAN_NAME(adam),
    .momentum = GAN_NAME(momentum),
    .rmsprop = GAN_NAME(rmsprop),
    .ema = GAN_NAME(ema),
    .from_u8 = GAN_NAME(from_u8),
    .bf16_round = GAN_NAME(bf16_round),
    .bf16_add = GAN_NAME(bf16_add),
    .bf16_store = GAN_NAME(bf16_store),
};
