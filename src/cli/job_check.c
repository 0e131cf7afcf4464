#include "job_check.h"

#include "gan/nn.h"
#include "gan/optim.h"

gan_status gan__job_check(const gan_config *c)
{
    for (const char *const *name = gan_config_networks(c); *name; name++) {
        GAN_TRY(gan_layers_check(c, *name));
        GAN_TRY(gan_optimizer_check(c, *name));
    }
    return GAN_OK;
}
