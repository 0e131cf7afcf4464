/* Whether a compressed input is whole. */
#ifndef GAN_DATA_GZIP_WHOLE_H
#define GAN_DATA_GZIP_WHOLE_H

#include "gan/status.h"

/* A file that begins as gzip does must consist of whole members with right checksums, and nothing behind them;
 * GAN_EDATA otherwise. One that begins otherwise is not looked at, and one that cannot be opened is left to who opens it,
 * as is what can be read only once. */
gan_status gan__gzip_whole(const char *path);

#endif
