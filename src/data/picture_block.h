/* A block of pictures: consecutive files of the sorted list, read, decoded and brought to one size. Its bytes are one
 * piece of fixed length, so that it travels between ranks as one message. Local. */
#ifndef GAN_DATA_PICTURE_BLOCK_H
#define GAN_DATA_PICTURE_BLOCK_H

#include "picture.h"

#include "gan/comm.h"

#include <stdbool.h>

/* What is made of a picture. */
typedef struct gan__picture_wish {
    int size, channels;
    bool skip_bad;    /* a bad one is left out; else it is a failure */
    const char *like; /* the picture whose channels all must have; NULL: they are converted. Borrowed */
} gan__picture_wish;

typedef struct gan__picture_block {
    int64_t room;          /* pictures it can take */
    int64_t n_rows;        /* good ones so far, while it is filled */
    int64_t row_bytes;     /* size * size * channels */
    int64_t n_bytes;       /* of what travels */
    uint8_t *bytes;        /* [n_bytes]: the three arrays below */
    uint8_t *kept;         /* [room] 1: its row is among the rows; 0: it is left out */
    char (*why)[GAN__WHY]; /* [room] what is wrong with those left out */
    uint8_t *rows;         /* [n_rows, size, size, channels], the good ones one after the other */
    gan_delivery delivery; /* to rank 0, see gan/comm.h */
} gan__picture_block;

gan_status gan__picture_block_open(gan__picture_block *b, const gan__picture_wish *w, int64_t room);
void gan__picture_block_close(gan__picture_block *b); /* takes a zeroed one; its delivery is finished */

/* Read picture `path`, the i-th of the block, which follow one another from 0 on. GAN_EDATA names a bad picture that is not
 * to be skipped, and one with other channels than all the others. */
gan_status gan__picture_block_add(gan__picture_block *b, const gan__picture_wish *w, int64_t i, const char *path);

#endif
