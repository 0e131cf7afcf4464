/* The words of a command line, by a table of options. "--name value" and "--name=value"; "--" ends the options; of a
 * value given twice the last one counts, lists collect. getopt_long is not used: it is no part of POSIX, takes unique
 * beginnings of names (which a later option breaks), and cannot suggest the option that was meant. */
#include "cli.h"

#include "gan/config.h"
#include "gan/mem.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_OPTIONS = 64, COMMAND_BYTES = 64 };

typedef struct parser {
    char command[COMMAND_BYTES]; /* "gan_mpi sample" */
    const gan_option *options;
    int n_options;
    char **argv; /* what is left */
    int argc;
} parser;

/* ---- options ----------------------------------------------------------------------------------------------- */

static const gan_option *find(const parser *p, const char *word)
{
    size_t n = strcspn(word, "=");
    for (int i = 0; i < p->n_options; i++)
        if (strncmp(p->options[i].name, word, n) == 0 && p->options[i].name[n] == '\0') return &p->options[i];
    return NULL;
}

static bool is_option(const char *word)
{
    return word[0] == '-' && word[1] != '\0';
}

/* Names the nearest option; when none is near, all of them. */
static gan_status unknown(const parser *p, const char *word)
{
    const char *names[MAX_OPTIONS + 1] = {NULL};
    char bare[128], all[1024] = "";
    size_t at = 0;
    for (int i = 0; i < p->n_options && i < MAX_OPTIONS; i++) {
        names[i] = p->options[i].name;
        if (at < sizeof all)
            at += (size_t)snprintf(all + at, sizeof all - at, "%s%s", i ? ", " : "", names[i]);
    }
    snprintf(bare, sizeof bare, "%.*s", (int)strcspn(word, "="), word);
    const char *near =
        strlen(bare) > 2 ? gan_nearest(bare, names) : NULL; /* of two letters everything is near */
    if (near)
        return GAN_FAIL(GAN_EUSAGE, "%s: unknown option \"%s\"; did you mean %s? See \"%s --help\"",
                        p->command, bare, near, p->command);
    return GAN_FAIL(GAN_EUSAGE, "%s: unknown option \"%s\" (there are: %s); see \"%s --help\"", p->command,
                    bare, p->n_options ? all : "none", p->command);
}

static gan_status add_to_list(const gan_option *o, const char *value)
{
    const char **more = gan_realloc(*o->list, *o->n_list + 1, sizeof *more);
    if (!more) return GAN_ENOMEM;
    *o->list = more;
    more[(*o->n_list)++] = value;
    return GAN_OK;
}

/* The value stands behind the equals sign or is the next word, which must not be an option of ours itself. An empty one is what a
 * script has where it did not set its variable; as a path it would mean the root of all. */
static gan_status take_value(parser *p, const gan_option *o, const char *equals, const char **value)
{
    *value = equals ? equals + 1 : p->argc > 0 ? p->argv[0] : NULL;
    bool missing = !*value || !**value || (!equals && is_option(*value) && find(p, *value));
    if (missing && o->n_text > 1)
        return GAN_FAIL(GAN_EUSAGE, "%s: option %s wants %d values; see \"%s --help\"", p->command, o->name,
                        o->n_text, p->command);
    if (missing)
        return GAN_FAIL(GAN_EUSAGE, "%s: option %s wants a value; see \"%s --help\"", p->command, o->name,
                        p->command);
    if (!equals) p->argv++, p->argc--;
    return GAN_OK;
}

static gan_status take_texts(parser *p, const gan_option *o, const char *equals)
{
    int n = o->n_text > 1 ? o->n_text : 1;
    for (int i = 0; i < n; i++) GAN_TRY(take_value(p, o, i ? NULL : equals, &o->text[i]));
    return GAN_OK;
}

static gan_status take_option(parser *p, const char *word)
{
    const gan_option *o = find(p, word);
    const char *equals = strchr(word, '='), *value;
    if (!o) return unknown(p, word);
    if (o->flag && equals)
        return GAN_FAIL(GAN_EUSAGE, "%s: option %s takes no value, got \"%s\"; see \"%s --help\"", p->command,
                        o->name, equals + 1, p->command);
    if (o->flag) {
        *o->flag = true;
        return GAN_OK;
    }
    if (!o->list) return take_texts(p, o, equals);
    GAN_TRY(take_value(p, o, equals, &value));
    return add_to_list(o, value);
}

/* ---- all words --------------------------------------------------------------------------------------------- */

static gan_status take_positional(const parser *p, char *word, const char **positional, int max, int *n)
{
    if (*n == max)
        return GAN_FAIL(GAN_EUSAGE,
                        "%s: \"%s\" is one word too many, at most %d can stand here; see \"%s --help\"",
                        p->command, word, max, p->command);
    positional[(*n)++] = word;
    return GAN_OK;
}

static gan_status parse(parser *p, const char **positional, int max, int *n)
{
    bool options_end = false;
    while (p->argc > 0) {
        char *word = p->argv[0];
        p->argv++, p->argc--;
        if (!options_end && strcmp(word, "--") == 0)
            options_end = true;
        else if (!options_end && is_option(word))
            GAN_TRY(take_option(p, word));
        else
            GAN_TRY(take_positional(p, word, positional, max, n));
    }
    return GAN_OK;
}

static void empty_lists(const gan_option *options, int n, bool free_them)
{
    for (int i = 0; i < n; i++) {
        if (!options[i].list) continue;
        if (free_them) gan_free(*options[i].list);
        *options[i].list = NULL;
        *options[i].n_list = 0;
    }
}

gan_status gan_options_parse(const char *command, int argc, char **argv, const gan_option *options,
                             int n_options, const char **positional, int max_positional, int *n)
{
    parser p = {.options = options, .n_options = n_options, .argc = argc, .argv = argv};
    bool main_command = !*command || strcmp(command, "train") == 0;
    snprintf(p.command, sizeof p.command, "gan_mpi%s%s", main_command ? "" : " ",
             main_command ? "" : command);
    empty_lists(options, n_options, false);
    *n = 0;
    gan_status s = parse(&p, positional, max_positional, n);
    if (s != GAN_OK) empty_lists(options, n_options, true);
    return s;
}

gan_status gan_option_int(const char *option, const char *text, long long min, long long max, long long *out)
{
    char *end;
    errno = 0;
    *out = strtoll(text, &end, 10);
    bool digits = text[strspn(text, "+-")] >= '0' && text[strspn(text, "+-")] <= '9' && *end == '\0';
    if (digits && errno == 0 && *out >= min && *out <= max) return GAN_OK;
    return GAN_FAIL(GAN_EUSAGE, "option %s wants a whole number from %lld to %lld, got \"%s\"", option, min,
                    max, text);
}

gan_status gan_option_real(const char *option, const char *text, double min, double max, double *out)
{
    char *end;
    *out = strtod(text, &end);
    bool plain = *text && text[strspn(text, "+-.0123456789eE")] == '\0' && *end == '\0'; /* no nan, inf, hexadecimal */
    if (plain && *out >= min && *out <= max) return GAN_OK;
    return GAN_FAIL(GAN_EUSAGE, "option %s wants a number from %g to %g, got \"%s\"", option, min, max, text);
}
