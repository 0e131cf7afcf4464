/* The program's version, "0.1.0+1a2b3c4"; a function, so that what compares versions of ranks compares one place of the program. */
#ifndef GAN_VERSION_H
#define GAN_VERSION_H

const char *gan_version(void);

#endif
