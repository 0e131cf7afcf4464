/* A 64-bit digest of bytes, for comparing states (replicas, checkpoints); not for security. */
#ifndef GAN_DIGEST_H
#define GAN_DIGEST_H

#include <stddef.h>
#include <stdint.h>

#define GAN_DIGEST_START UINT64_C(0x9e3779b97f4a7c15)

/* Fold n bytes into `h`. Order matters; the same bytes in other portions give another digest. About 8 GB/s. */
uint64_t gan_digest(uint64_t h, const void *bytes, size_t n);

#endif
