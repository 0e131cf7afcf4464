#include "gan/version.h"

const char *gan_version(void)
{
    return GAN_VERSION;
}
