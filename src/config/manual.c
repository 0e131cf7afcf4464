/* The reference manual of all keys, printed from the schema: what `gan_mpi config` shows. 100 columns. */
#include "gan/config.h"

#include "schema.h"
#include "text.h"
#include "value.h"

#include <string.h>

enum { COLUMNS = 100, TEXT_COLUMN = 34 };

static const char introduction[] =
    "A job file is INI text (UTF-8, lines of at most 197 bytes):\n"
    "\n"
    "  [section]\n"
    "  key = value             every key at most once; `key: value` is the same\n"
    "  ; comment               so is a line that starts with #\n"
    "  key = value ; comment   behind a value a blank and a semicolon; a # there belongs to the value\n"
    "  layers =                a line that starts with a blank goes on with the value above; only\n"
    "      dense 256           `layers` may have several lines\n"
    "\n"
    "Numbers are decimal: 64, 0.5, 2e-4. On the command line, --set section.key=value overrides the file,\n"
    "and the last of several counts. `*` marks the keys that a resumed run may have changed.\n";

static const struct {
    const char *section, *about;
} abouts[] = {
    {"run", "Where results go, and the seed."},
    {"train", "What is trained, and for how long: `steps` or `epochs` must be given."},
    {"gan", "The game of generator and discriminator."},
    {"penalty", "What keeps the discriminator smooth: a term of its loss."},
    {"gman", "Of train.system = gman: several discriminators."},
    {"noise", "The generator's input."},
    {"data", "The samples to learn from."},
    {"network", "A section for each network of the system, by its name: [generator], [discriminator], ..."},
    {"parallel", "How the work is spread over ranks."},
    {"checkpoint", "Saving the state of the run."},
    {"metrics", "Recording losses and speed."},
    {"alarms", "What is warned of in the log: signs that the generator learns nothing any more."},
    {"samples", "Pictures while training."},
};

static const char *type_name(gan_type type)
{
    static const char *const names[] = {
        [GAN_INT] = "whole number", [GAN_REAL] = "number",   [GAN_BOOL] = "yes or no", [GAN_TEXT] = "text",
        [GAN_PATH] = "path",        [GAN_CHOICE] = "one of", [GAN_LAYERS] = "layers",
    };
    return names[type];
}

/* Print words from column `at` on, going on in TEXT_COLUMN when a line is full. Returns the column reached.
 */
static int print_words(FILE *f, const char *text, int at)
{
    for (const char *p = text + strspn(text, " "); *p; p += strspn(p, " ")) {
        int n = (int)strcspn(p, " ");
        if (at > TEXT_COLUMN && at + 1 + n > COLUMNS) {
            fprintf(f, "\n%*s", TEXT_COLUMN, "");
            at = TEXT_COLUMN;
        }
        at += fprintf(f, "%s%.*s", at > TEXT_COLUMN ? " " : "", n, p);
        p += n;
    }
    return at;
}

static void print_type(FILE *f, const gan_key *key)
{
    char allowed[GAN__WHY];
    int at = print_words(f, type_name(key->type), TEXT_COLUMN);
    if (key->type != GAN_BOOL && gan__allowed(allowed, key)[0]) {
        if (key->type != GAN_CHOICE) at += fprintf(f, ",");
        print_words(f, allowed, at);
    }
    fprintf(f, "\n");
}

static void print_key(FILE *f, const gan_key *key)
{
    int at = fprintf(f, "%c %s", key->may_change ? '*' : ' ', key->name);
    if (!key->fallback)
        at += fprintf(f, "  (required)");
    else
        at += fprintf(f, " =%s%s", key->fallback[0] ? " " : "", key->fallback);
    fprintf(f, "%*s", at < TEXT_COLUMN ? TEXT_COLUMN - at : 1, "");
    print_type(f, key);
    fprintf(f, "%*s", TEXT_COLUMN, "");
    print_words(f, key->meaning, TEXT_COLUMN);
    fprintf(f, "\n");
}

static void print_section(FILE *f, const char *section)
{
    fprintf(f, "\n[%s]", section);
    for (size_t i = 0; i < sizeof abouts / sizeof *abouts; i++)
        if (strcmp(abouts[i].section, section) == 0) fprintf(f, "  %s", abouts[i].about);
    fprintf(f, "\n\n");
}

void gan_config_manual(FILE *f)
{
    const char *section = "";
    fputs(introduction, f);
    for (int k = 0; k < GAN__SCHEMA_KEYS; k++) {
        if (strcmp(section, gan__schema[k].section) != 0) print_section(f, gan__schema[k].section);
        section = gan__schema[k].section;
        print_key(f, &gan__schema[k]);
    }
}
