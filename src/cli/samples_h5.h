/* Samples as an HDF5 file that is a dataset itself. */
#ifndef GAN_CLI_SAMPLES_H5_H
#define GAN_CLI_SAMPLES_H5_H

#include "gan/checkpoint.h"
#include "gan/nn.h"

typedef struct gan__samples {
    int64_t n;
    const gan_sample_shape *shape; /* of one */
    const float *x;                /* [n, shape] */
    float lo, hi;                  /* the range of the data that was learnt */
    const float *z;                /* [n, z_size]: the latents they were made of */
    int64_t z_size;
    const float *c;                /* [n, shape->condition]: what they are conditioned on; NULL: nothing */
    bool labelled;                 /* c is one-hot */
    int64_t seed;                  /* of the noise */
    const char *latents;           /* what was done with it: "slerp from sample 3 to sample 9"; "": nothing */
    const gan_checkpoint *origin;
} gan__samples;

/* /images [n, shape] float32 with attribute "range", which is widened where samples lie outside, and /z [n, z_size] float32; of c
 * /labels [n] int32 or /attributes [n, condition] float32;
 * attributes of the file say which step, seed and digest they came from. Written under a temporary name, then renamed. GAN_EIO names path and
 * reason. */
gan_status gan__samples_write_h5(const char *path, const gan__samples *s);

#endif
