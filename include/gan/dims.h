/* Dimensions as people write them. */
#ifndef GAN_DIMS_H
#define GAN_DIMS_H

#include <stddef.h>
#include <stdint.h>

/* "28x28x1" into text[n], cut off where it does not fit; "" without dimensions. */
void gan_dims_text(int n_dims, const int64_t *dims, char *text, size_t n);

#endif
