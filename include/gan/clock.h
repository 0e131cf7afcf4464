/* Monotonic time. */
#ifndef GAN_CLOCK_H
#define GAN_CLOCK_H

double gan_clock_s(void); /* seconds since an arbitrary instant; never goes back */

#endif
