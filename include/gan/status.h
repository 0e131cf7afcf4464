/* Status codes and failure texts.
 *
 * One list makes the enum, the names and the process exit codes. A failure is described once, by GAN_FAIL, at
 * the place that knows what was asked and what can be done about it; callers pass the status up with GAN_TRY.
 * The text is kept, not printed: when all ranks fail alike, one of them speaks (see gan_comm_report). */
#ifndef GAN_STATUS_H
#define GAN_STATUS_H

#include <stdbool.h>

/* X(NAME, exit code, text) */
#define GAN_STATUS_MAP(X)                                                                                    \
    X(OK, 0, "ok")                                                                                           \
    X(EUSAGE, 2, "bad command line")                                                                         \
    X(ECONFIG, 3, "bad configuration")                                                                       \
    X(ESHAPE, 4, "shapes do not fit")                                                                        \
    X(EDATA, 5, "bad data file")                                                                             \
    X(ECKPT, 6, "bad checkpoint")                                                                            \
    X(EIO, 7, "input or output failed")                                                                      \
    X(ENOMEM, 8, "out of memory")                                                                            \
    X(EMPI, 9, "MPI failed")                                                                                 \
    X(ENUMERIC, 10, "a value is not finite")                                                                 \
    X(EDRIFT, 11, "replicas differ")                                                                         \
    X(EINTERNAL, 12, "internal error")                                                                       \
    X(ESTOPPED, 75, "stopped by a signal after a checkpoint; start the same command again to continue")

typedef enum gan_status {
#define X(name, code, text) GAN_##name,
    GAN_STATUS_MAP(X)
#undef X
        GAN_STATUS_COUNT
} gan_status;

const char *gan_status_text(gan_status s);
int gan_status_exit_code(gan_status s);

/* Keep a failure text for this thread and return `s`. The first text wins until gan_fail_clear(), so that a
 * cause is not overwritten by its consequences. `fmt` says what happened, where, and what to do about it. */
__attribute__((format(printf, 2, 3))) gan_status gan_fail(gan_status s, const char *fmt, ...);

#define GAN_FAIL(s, ...) gan_fail((s), __VA_ARGS__)

/* The kept text of this thread, "" when there is none. Borrowed until the next gan_fail or gan_fail_clear. */
const char *gan_fail_text(void);
void gan_fail_clear(void);

#define GAN_TRY(call)                                                                                        \
    do {                                                                                                     \
        gan_status gan_try_status_ = (call);                                                                 \
        if (gan_try_status_ != GAN_OK) return gan_try_status_;                                               \
    } while (0)

/* The same inside a function that cleans up behind `fail:` and keeps its status in a variable `s`. */
#define GAN_TRY_GOTO(call)                                                                                   \
    do {                                                                                                     \
        if ((s = (call)) != GAN_OK) goto fail;                                                               \
    } while (0)

#endif
