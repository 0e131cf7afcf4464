/* "dense 256 init=normal, leaky_relu 0.2" -> two layers.
 *
 * Layers are separated by commas and by the ends of lines; a comma at the end of a line is welcome. What the
 * names and arguments mean is the business of nn; here is only their grammar, and the line each layer stands
 * on. */
#include "layers.h"

#include "gan/mem.h"

#include <stdbool.h>
#include <string.h>

enum { MAX_LAYERS = 4096 }; /* no network; a file of commas must not take the memory */

/* The pieces that the functions below hand on. */
typedef struct reader {
    gan__layers *out;
    gan__place at; /* the line of the current piece */
    const char *section;
    gan__complaints *list;
} reader;

#define COMPLAIN(r, ...)                                                                                     \
    gan__complain((r)->list, &(r)->at, (r)->section, (r)->section ? "layers" : NULL, __VA_ARGS__)

static bool is_name(const char *s)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789";
    return *s && !strchr("0123456789", *s) && s[strspn(s, letters)] == '\0';
}

/* A counted copy with single blanks between the words. */
static char *squeezed(const char *piece)
{
    char *copy = gan_strdup(piece), *to = copy;
    if (!copy) return NULL;
    for (const char *p = piece; *p; p++) {
        if (!gan__is_blank(*p))
            *to++ = *p;
        else if (to > copy && to[-1] != ' ')
            *to++ = ' ';
    }
    if (to > copy && to[-1] == ' ') to--;
    *to = '\0';
    return copy;
}

/* The next word of *rest, cut off with a NUL; NULL at the end. */
static char *next_word(char **rest)
{
    char *word = *rest + strspn(*rest, " \t\r");
    if (!*word) return NULL;
    char *end = word + strcspn(word, " \t\r");
    *rest = *end ? end + 1 : end;
    *end = '\0';
    return word;
}

static bool given_twice(const gan_layer_text *layer, const char *key)
{
    for (int i = 0; i < layer->n_args; i++)
        if (layer->args[i].key && strcmp(layer->args[i].key, key) == 0) return true;
    return false;
}

static void add_argument(reader *r, gan_layer_text *layer, char *word)
{
    char quoted[GAN__QUOTE], *equals = strchr(word, '=');
    gan__quote(quoted, word);
    if (word[0] == '#') {
        COMPLAIN(r, "%s: unexpected %s; a comment behind a value starts with ;", layer->name, quoted);
    } else if (equals && (equals == word || !equals[1])) {
        COMPLAIN(r, "%s: half an argument %s; write key=value without blanks", layer->name, quoted);
    } else if (layer->n_args == GAN_LAYER_MAX_ARGS) {
        COMPLAIN(r, "%s: too many arguments at %s (allowed: %d)", layer->name, quoted, GAN_LAYER_MAX_ARGS);
    } else {
        if (equals) *equals = '\0';
        if (equals && given_twice(layer, word))
            COMPLAIN(r, "%s: %s is given twice", layer->name, gan__excerpt(quoted, word));
        layer->args[layer->n_args++] =
            equals ? (gan_layer_arg){.key = word, .value = equals + 1} : (gan_layer_arg){.value = word};
    }
}

static gan_status make_room(gan__layers *out)
{
    if (out->n < out->room) return GAN_OK;
    int room = out->room ? 2 * out->room : 16;
    gan_layer_text *list = gan_realloc(out->list, room, sizeof *list);
    if (!list) return GAN_ENOMEM;
    out->list = list;
    out->room = room;
    return GAN_OK;
}

/* One layer: `piece` has no commas or line ends. *found says whether there was a word at all. */
static gan_status add_layer(reader *r, char *piece, bool *found)
{
    char quoted[GAN__QUOTE];
    *found = piece[strspn(piece, " \t\r")] != '\0';
    if (!*found) return GAN_OK;
    GAN_TRY(make_room(r->out));
    gan_layer_text *layer = &r->out->list[r->out->n++];
    if (!(layer->text = squeezed(piece))) return GAN_ENOMEM;
    layer->where = r->at.line ? gan_sprintf("%s:%d", r->at.name, r->at.line) : gan_strdup(r->at.name);
    if (!layer->where) return GAN_ENOMEM;
    layer->name = next_word(&piece);
    if (!is_name(layer->name)) {
        COMPLAIN(r, "%s is not a layer's name; write for example: dense 256, leaky_relu 0.2",
                 gan__quote(quoted, layer->name));
        return GAN_OK;
    }
    /* " " and " = " are as long as the four blanks that gan_config_ini writes before a layer. */
    const char *why = gan__unwritable(" ", layer->text);
    if (why) COMPLAIN(r, "layer %s: %s", gan__quote(quoted, layer->text), why);
    for (char *word; (word = next_word(&piece));) add_argument(r, layer, word);
    return GAN_OK;
}

gan_status gan__layers_parse(gan__layers *out, const char *text, const gan__place *at, const char *section,
                             gan__complaints *list)
{
    reader r = {.out = out, .at = *at, .section = section, .list = list};
    *out = (gan__layers){0};
    if (!(out->tokens = gan_strdup(text))) return GAN_ENOMEM;
    bool found, since_comma = false;
    char end;
    for (char *p = out->tokens; *p; p += end != '\0') {
        char *piece = p;
        p += strcspn(p, ",\n");
        end = *p;
        *p = '\0';
        GAN_TRY(add_layer(&r, piece, &found));
        since_comma = since_comma || found;
        if (end == ',' && !since_comma) COMPLAIN(&r, "a comma without a layer before it");
        if (end == ',') since_comma = false;
        if (end == '\n' && r.at.line) r.at.line++;
        if (out->n > MAX_LAYERS) {
            COMPLAIN(&r, "more than %d layers", MAX_LAYERS);
            break;
        }
    }
    r.at = *at;
    if (out->n == 0) COMPLAIN(&r, "no layer; write for example: dense 256, leaky_relu 0.2");
    return GAN_OK;
}

void gan__layers_free(gan__layers *layers)
{
    for (int i = 0; i < layers->n; i++) {
        gan_free((void *)layers->list[i].where);
        gan_free((void *)layers->list[i].text);
    }
    gan_free(layers->list);
    gan_free(layers->tokens);
    *layers = (gan__layers){0};
}
