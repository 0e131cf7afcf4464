/* Rules that concern several keys. */
#ifndef GAN_CONFIG_RULES_H
#define GAN_CONFIG_RULES_H

#include "entries.h"

/* Complain where a rule is broken, and fill in what follows from other things (run.dir from the job file's
 * name). Fails only for lack of memory. */
gan_status gan__rules_apply(gan_config *c, const char *name, gan__complaints *list);

#endif
