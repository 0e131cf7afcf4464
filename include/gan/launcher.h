/* Who has started this process, and as one of how many: what launchers leave in the environment, held against what MPI says. */
#ifndef GAN_LAUNCHER_H
#define GAN_LAUNCHER_H

#include "gan/comm.h"

typedef struct gan_launcher {
    const char *name;     /* "srun"; "none": started by hand or by a script */
    const char *variable; /* of the environment, that tells; NULL: none */
    int tasks;            /* processes that were started together; 1 when nobody tells */
    int allotted;         /* tasks of the batch job around it, which need not have been started; 0: no batch job */
} gan_launcher;

void gan_launcher_find(gan_launcher *l);

/* Collective, before work that ranks share. GAN_EMPI: several processes were started together and MPI knows of one (each would do
 * the whole work by itself, in the same files), or the ranks run different versions of this program. Warns when a
 * batch job of several tasks runs the program without a launcher. */
gan_status gan_launcher_check(const gan_comm *c);

#endif
