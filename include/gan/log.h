/* What the program says at the terminal. Rank 0 speaks; other ranks only warn, with their number.
 *
 * The one process-wide state of the program beside the memory counters: who may speak and how much. */
#ifndef GAN_LOG_H
#define GAN_LOG_H

#include <stdbool.h>

enum { GAN_QUIET = 0, GAN_NORMAL = 1, GAN_VERBOSE = 2 };

/* Before the first call the process speaks as rank 0 at GAN_NORMAL. */
void gan_log_setup(int rank, int level);
int gan_log_level(void);

/* A line on stdout from rank 0, when the level is at least `level`. */
__attribute__((format(printf, 2, 3))) void gan_say(int level, const char *fmt, ...);

/* A line on stderr from any rank, with "warning:" (and the rank, when it is not 0) in front. */
__attribute__((format(printf, 1, 2))) void gan_warn(const char *fmt, ...);

/* One line on stdout that is overwritten by the next one when stdout is a terminal (see gan_log_is_tty);
 * a plain line otherwise. "" takes the line away. */
void gan_log_progress(const char *line);
bool gan_log_is_tty(void);

#endif
