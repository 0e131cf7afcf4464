/* What the stall watch knows: stall.c finds it out, stall_text.c says it. */
#ifndef GAN_COMM_STALL_H
#define GAN_COMM_STALL_H

#include "gan/stall.h"

#include <sys/types.h>

enum { GAN__HOST = 64 };

/* What ranks tell each other, as bytes: all run the same binary. */
typedef struct gan__sign {
    int64_t step;
    double waited_s; /* 0: it computes */
    int waits_for;   /* -1: unknown */
    int asks, over;  /* it has said why the run ends */
    char doing[88];
} gan__sign;

typedef struct gan__peer {
    char host[GAN__HOST];
    gan__sign sign;     /* the latest from it */
    double heard_s;     /* when; 0: never */
    gan__sign to;       /* on its way to it */
    MPI_Request sent;
} gan__peer;

/* Its clock stands still while this process itself is stopped: who was stopped knows nothing about the others. */
typedef struct gan_stall {
    const gan_comm *all;
    double limit_s; /* 0: not watching */
    double stood_still_s, polled_s, look_s;
    double over_s; /* when the end of the run was found out or heard of; 0: it goes on */
    bool told;     /* a rank has said why */
    pid_t watcher; /* of the launcher, while the end is near; 0: none */
    const char *what, *of;
    gan__sign mine;
    gan__peer *peers; /* [size] */
} gan_stall;

double gan__stall_silence_s(const gan_stall *s, const gan_wait *w, int rank, double now);
/* What there is to say about ranks that have been silent for at least so long; false: there is none, and it is about ranks that are
 * long at work. About ranks that wait for each other. */
bool gan__stall_silent_text(const gan_stall *s, const gan_wait *w, double now, double least_s, char *text, size_t n);
void gan__stall_circle_text(const gan_stall *s, char *text, size_t n);

#endif
