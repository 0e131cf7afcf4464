/* One value against its key, with the reason in a buffer (the public gan_value_parse makes a failure of it).
 */
#ifndef GAN_CONFIG_VALUE_H
#define GAN_CONFIG_VALUE_H

#include "gan/config.h"

enum { GAN__WHY = 512 };

/* False, and why not, when text is no value of key. Any type but LAYERS. Allocates nothing. */
bool gan__value_check(gan_value *v, const gan_key *key, const char *text, char why[GAN__WHY]);

/* What is allowed for the key: "1 to 1e9 samples", "adam, sgd"; "" when any text is. Returns out. */
const char *gan__allowed(char out[GAN__WHY], const gan_key *key);

#endif
