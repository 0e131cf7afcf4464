#include "job_check.h"

#include "gan/system.h"

gan_status gan__job_check(const gan_config *c)
{
    const gan_system *system = gan_system_find(gan_config_text(c, "train", "system"));
    for (const char *const *name = system->networks; *name; name++) {
        GAN_TRY(gan_layers_check(c, *name));
        GAN_TRY(gan_optimizer_check(c, *name));
    }
    return GAN_OK;
}
