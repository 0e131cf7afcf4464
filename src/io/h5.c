/* The lock around libhdf5 and what the library said last.
 *
 * HDF5 keeps a stack of error texts that the next call clears, also a call that only cleans up. So instead of
 * looking at the stack after a failure we let HDF5 call us at the failure: where it would print, keep_reason
 * copies the innermost text, which is the cause. The handler is set at every lock because builds with threads
 * keep one per thread. The lock is a mutable global: there is one libhdf5 per process. */
#include "gan/h5.h"

#include <pthread.h>
#include <stdio.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static _Thread_local char reason[512];

static herr_t keep_innermost(unsigned n, const H5E_error2_t *error, void *unused)
{
    (void)unused;
    if (n == 0 && error->desc) snprintf(reason, sizeof reason, "%s", error->desc);
    return 0;
}

static herr_t keep_reason(hid_t stack, void *unused)
{
    return H5Ewalk2(stack, H5E_WALK_UPWARD, keep_innermost, unused);
}

void gan_h5_lock(void)
{
    pthread_mutex_lock(&lock);
    H5Eset_auto2(H5E_DEFAULT, keep_reason, NULL);
}

void gan_h5_unlock(void)
{
    pthread_mutex_unlock(&lock);
}

const char *gan_h5_reason(void)
{
    return reason[0] ? reason : "libhdf5 gave no reason";
}
