/* INI text -> items, by inih.
 *
 * inih says (in its usual build) where a pair is, not in which line; it keeps only the number of the first
 * wrong line; it cuts lines at 199 bytes and section names at 49 without a word; and it reports a value's
 * second line just as it reports a duplicate key. So it gets its lines from a reader of ours, which counts
 * them, hands on only what inih takes whole, and knows for each line what inih must make of it: when that
 * does not come, the line is wrong. Distributions build inih in different ways; nothing here depends on its
 * switches beyond the defaults that its header documents (multi-line values, ; and # comments, ; behind a
 * value). */
#include "ini_items.h"

#include "gan/mem.h"

#include <ini.h>
#include <limits.h>
#include <string.h>

typedef struct feed {
    gan__ini *out;
    const char *next, *end; /* what is not read yet */
    const char *text;       /* the current line, `bytes` of it, without its end */
    int64_t bytes;
    int line;
    bool indented;    /* the current line begins with a blank ... */
    bool has_key;     /* ... and continues the key above: inih has one since the last header */
    bool wants_pair;  /* inih must call back for the current line */
    bool lost;        /* below a wrong header: the section of what follows is unknown */
    bool refused_key; /* the line above was wrong: what continues it is dropped */
    int64_t pair;     /* item that continuation lines belong to, or -1 */
    int pair_line;    /* the last line of its value so far */
    gan__text value;  /* its value so far */
    bool no_memory;
} feed;

static gan__ini_item *add_item(feed *f)
{
    gan__ini *out = f->out;
    if (out->n == out->room) {
        int room = out->room ? 2 * out->room : 32;
        gan__ini_item *items = gan_realloc(out->items, room, sizeof *items);
        if (!items) return NULL;
        out->items = items;
        out->room = room;
    }
    out->items[out->n] = (gan__ini_item){.line = f->line};
    return &out->items[out->n++];
}

/* The value of the last pair is complete: give it to its item. */
static void finish_pair(feed *f)
{
    if (f->pair < 0) return;
    f->out->items[f->pair].value = f->value.bytes;
    f->value = (gan__text){0};
    f->pair = -1;
}

static void wrong_line(feed *f, const char *why)
{
    char quoted[GAN__QUOTE];
    char *start = gan_strndup(f->text, f->bytes < GAN__QUOTE ? (size_t)f->bytes : GAN__QUOTE);
    gan__ini_item *item = start ? add_item(f) : NULL;
    if (item) item->wrong = gan_sprintf("%s: %s", gan__quote(quoted, start), why);
    if (!item || !item->wrong) f->no_memory = true;
    gan_free(start);
}

/* "[name]", then only blanks or a comment, as inih wants it. False when it is something else. */
static bool read_header(feed *f, const char *p)
{
    const char *end = f->text + f->bytes, *close = p + 1;
    while (close < end && *close != ']' && !(*close == ';' && gan__is_blank(close[-1]))) close++;
    if (close == end || *close != ']') {
        wrong_line(f, "a [section] that is not closed");
        return false;
    }
    const char *behind = close + 1;
    while (behind < end && gan__is_blank(*behind)) behind++;
    if (behind < end && *behind != ';' && *behind != '#') {
        wrong_line(f, "text behind a [section]; write it in the next line");
        return false;
    }
    if (close - p - 1 > GAN__SECTION_BYTES) {
        wrong_line(f, "unknown section");
        return false;
    }
    gan__ini_item *item = add_item(f);
    if (!item || !(item->section = gan_strndup(p + 1, (size_t)(close - p - 1)))) f->no_memory = true;
    return true;
}

static void refuse_long_line(feed *f, bool continues, bool header)
{
    wrong_line(
        f, "a line of more than 197 bytes; break it: a value goes on in the next line when that line starts "
           "with a blank (only `layers` may have several)");
    f->refused_key = !continues;
    f->lost = f->lost || header;
}

/* Hand the current line to inih? Sets what inih must make of it. */
static bool pass_line(feed *f, int room)
{
    const char *p = f->text, *end = f->text + f->bytes;
    while (p < end && gan__is_blank(*p)) p++;
    f->indented = p > f->text;
    f->wants_pair = false;
    if (p == end || *p == ';' || *p == '#') return false;
    bool continues = f->indented && (f->has_key || f->refused_key);
    if (continues && (f->lost || f->refused_key)) return false;
    if (!continues) f->refused_key = false;
    if (f->bytes > GAN__LINE_BYTES || f->bytes + 2 > room) {
        refuse_long_line(f, continues, !continues && *p == '[');
        return false;
    }
    if (continues || *p != '[') {
        f->wants_pair = true;
        return true;
    }
    finish_pair(f);
    f->lost = !read_header(f, p);
    f->refused_key = f->lost;
    if (!f->lost) f->has_key = false;
    return !f->lost;
}

/* inih has seen the line before: if it found nothing in it, the line is wrong. */
static void judge_line(feed *f)
{
    if (!f->wants_pair) return;
    wrong_line(f, "neither [section] nor key = value");
    f->wants_pair = false;
    f->refused_key = true;
}

static bool take_line(feed *f)
{
    if (f->next == f->end || f->line == INT_MAX || f->no_memory) return false;
    const char *lf = memchr(f->next, '\n', (size_t)(f->end - f->next));
    f->text = f->next;
    f->next = lf ? lf + 1 : f->end;
    f->bytes = (lf ? lf : f->end) - f->text;
    if (f->bytes > 0 && f->text[f->bytes - 1] == '\r') f->bytes--;
    f->line++;
    return true;
}

/* inih's reader, in the manner of fgets. Lines that it need not see are skipped. */
static char *read_line(char *out, int room, void *stream)
{
    feed *f = stream;
    judge_line(f);
    do
        if (!take_line(f)) return NULL;
    while (!pass_line(f, room));
    memcpy(out, f->text, (size_t)f->bytes);
    memcpy(out + f->bytes, "\n", 2);
    return out;
}

/* Bytes of a value before " ;". Version 55 of inih leaves such a comment in continuation lines, newer ones cut it. */
static int without_comment(const char *value)
{
    int n = 0;
    while (value[n] && !(value[n] == ';' && n > 0 && gan__is_blank(value[n - 1]))) n++;
    while (n > 0 && gan__is_blank(value[n - 1])) n--;
    return n;
}

static bool continue_pair(feed *f, const char *value)
{
    if (f->pair < 0) return true; /* continues a key in a lost section */
    for (; f->pair_line < f->line; f->pair_line++)
        if (gan__text_add(&f->value, "\n") != GAN_OK) return false;
    return gan__text_add(&f->value, "%.*s", without_comment(value), value) == GAN_OK;
}

static bool start_pair(feed *f, const char *section, const char *key, const char *value)
{
    finish_pair(f);
    if (f->lost) return true;
    gan__ini_item *item = add_item(f);
    if (!item) return false;
    f->pair = f->out->n - 1;
    f->pair_line = f->line;
    return (item->section = gan_strdup(section)) && (item->key = gan_strdup(key)) &&
           gan__text_add(&f->value, "%s", value) == GAN_OK;
}

/* inih's handler. The line number that some builds add is not needed. */
static int take_pair(void *user, const char *section, const char *key, const char *value)
{
    feed *f = user;
    bool continues = f->indented && f->has_key;
    if (!f->wants_pair || !value) return 1;
    f->wants_pair = false;
    if (!(continues ? continue_pair(f, value) : start_pair(f, section, key, value))) f->no_memory = true;
    f->has_key = continues || key[0] != '\0';
    return 1;
}

gan_status gan__ini_parse(gan__ini *out, const char *text, int64_t n_bytes)
{
    static const char bom[] = "\xEF\xBB\xBF";
    feed f = {.out = out, .next = text, .end = text + n_bytes, .pair = -1};
    *out = (gan__ini){0};
    if (n_bytes >= 3 && memcmp(text, bom, 3) == 0) f.next += 3;
    int result = ini_parse_stream(read_line, &f, take_pair, &f);
    if (!f.no_memory) judge_line(&f);
    finish_pair(&f);
    gan_free(f.value.bytes);
    if (f.no_memory || result == -2)
        return GAN_FAIL(GAN_ENOMEM, "no memory for a job file of %lld bytes", (long long)n_bytes);
    return GAN_OK;
}

void gan__ini_free(gan__ini *ini)
{
    for (int i = 0; i < ini->n; i++) {
        gan_free(ini->items[i].section);
        gan_free(ini->items[i].key);
        gan_free(ini->items[i].value);
        gan_free(ini->items[i].wrong);
    }
    gan_free(ini->items);
    *ini = (gan__ini){0};
}
