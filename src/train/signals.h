/* Signals that ask a run to stop: SIGTERM, SIGINT, SIGUSR1; it ends with exit code 75. While it is starting, the process ends
 * at once. From gan_signals_defer on the handler only sets a flag; the loop reads it at a step boundary, where all ranks agree
 * to stop, and a checkpoint is written. */
#ifndef GAN_SIGNALS_H
#define GAN_SIGNALS_H

void gan_signals_catch(void);
void gan_signals_defer(void);
void gan_signals_restore(void);
int gan_signals_caught(void); /* number of the signal, 0 if none */

#endif
