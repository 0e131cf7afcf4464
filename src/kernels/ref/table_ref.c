/* Table 0. */
#include "ref.h"

const gan_kernels gan__kernels_ref = {
    .name = "ref",
    .matmul = gan__matmul_ref,
    .matmul_nt = gan__matmul_nt_ref,
    .matmul_tn = gan__matmul_tn_ref,
    .conv_weights = gan__conv_weights_ref,
    .conv_y = gan__conv_y_ref,
    .conv_dx = gan__conv_dx_ref,
    .conv_dw = gan__conv_dw_ref,
#define X(ID, name, n_in, text) .map[GAN_MAP_##ID] = gan__map_##name##_ref,
    GAN_MAP_LIST(X)
#undef X
        .sum_rows = gan__sum_rows_ref,
    .sum_tree = gan__sum_tree_ref,
    .sum_cols = gan__sum_cols_ref,
    .sum_squares = gan__sum_squares_ref,
    .adam = gan__adam_ref,
    .momentum = gan__momentum_ref,
    .rmsprop = gan__rmsprop_ref,
    .ema = gan__ema_ref,
    .from_u8 = gan__from_u8_ref,
    .bf16_round = gan__bf16_round_ref,
    .bf16_add = gan__bf16_add_ref,
    .bf16_store = gan__bf16_store_ref,
};
