/* Users think of "that run", files are called runs/x/checkpoints/step-000012000.h5: both may be written. */
#include "locate.h"

#include "gan/mem.h"

#include <string.h>
#include <strings.h>
#include <sys/stat.h>

bool gan__ends_in(const char *word, const char *end)
{
    size_t n = strlen(word), m = strlen(end);
    return n > m && strcasecmp(word + n - m, end) == 0;
}

bool gan__is_directory(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

gan_status gan__locate_checkpoint(char **out, const char *path)
{
    static const char *const places[] = {"checkpoints/latest", "latest"};
    if (!gan__is_directory(path)) return (*out = gan_strdup(path)) ? GAN_OK : GAN_ENOMEM;
    for (int i = 0; i < 2; i++) {
        struct stat st;
        if (!(*out = gan_sprintf("%s/%s", path, places[i]))) return GAN_ENOMEM;
        if (lstat(*out, &st) == 0) return GAN_OK; /* also a link to nothing: opening it tells more */
        gan_free(*out);
    }
    *out = NULL;
    return GAN_FAIL(GAN_ECKPT,
                    "%s: a directory without a checkpoint: no checkpoints/latest in it, and no latest", path);
}
