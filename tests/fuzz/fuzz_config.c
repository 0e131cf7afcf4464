/* Fuzz target (libFuzzer, or any driver with its entry point): bytes -> gan_config_parse.
 *
 * The first line, when it begins with "--set ", is an override and the rest is the file, so that both ways in are
 * reached. Beyond what the sanitizers see: the status is GAN_OK or GAN_ECONFIG with a text, memory balances, and what
 * was accepted is written and read back as the same. */
#include "gan/config.h"
#include "gan/mem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes);

static const char *const *networks_of(const char *system, const char *const **names, const gan_default **defaults)
{
    static const char *const all[] = {"gan", "coder", NULL};
    static const char *const gan[] = {"generator", "discriminator", "?discriminator2", "?discriminator3", NULL}, *const coder[] = {"encoder", NULL};
    *names = all;
    *defaults = NULL;
    return strcmp(system, "gan") == 0 ? gan : strcmp(system, "coder") == 0 ? coder : NULL;
}

static void require(bool holds, const char *what)
{
    if (holds) return;
    fprintf(stderr, "%s; failure text: %s\n", what, gan_fail_text());
    abort();
}

static void round_trip(const gan_config *c)
{
    char *ini = gan_config_ini(c);
    gan_config *again;
    require(ini != NULL, "no text");
    require(gan_config_parse(&again, "other.ini", ini, (int64_t)strlen(ini), NULL, 0, networks_of) == GAN_OK,
            "what was written cannot be read");
    char *ini_again = gan_config_ini(again), *differences = gan_config_differences(c, again);
    require(strcmp(ini, ini_again) == 0 && differences[0] == '\0',
            "what was written reads as something else");
    gan_free(differences);
    gan_free(ini_again);
    gan_free(ini);
    gan_config_free(again);
}

/* A counted copy of the override in the first line, NULL when there is none; *skip bytes belong to it. */
static char *take_override(const char *text, size_t n, size_t *skip)
{
    static const char mark[] = "--set ";
    enum { MARK = sizeof mark - 1 };
    *skip = 0;
    if (n < MARK || memcmp(text, mark, MARK) != 0) return NULL;
    const char *lf = memchr(text, '\n', n);
    size_t length = lf ? (size_t)(lf - text) : n;
    *skip = lf ? length + 1 : n;
    return gan_strndup(text + MARK, length - MARK);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes)
{
    size_t skip;
    char *set = take_override((const char *)bytes, n_bytes, &skip);
    const char *const sets[] = {set};
    gan_config *c;
    gan_fail_clear();
    gan_status s = gan_config_parse(&c, "job.ini", (const char *)bytes + skip, (int64_t)(n_bytes - skip),
                                    sets, set != NULL, networks_of);
    require(s == GAN_OK || (s == GAN_ECONFIG && gan_fail_text()[0]),
            "another status than GAN_OK and GAN_ECONFIG");
    require((s == GAN_OK) == (c != NULL), "a configuration with a failure, or none without");
    if (c) round_trip(c);
    gan_config_free(c);
    gan_free(set);
    require(gan_mem_live() == 0, "blocks leaked");
    return 0;
}
