/* The parser of arithmetic with samples, by recursive descent:
 *
 *     sum    = ["+" | "-"] term { ("+" | "-") term }
 *     term   = { number "*" } value
 *     value  = sample | "mean" "(" sample { "," sample } ")" | "(" sum ")"
 *
 * A number is a factor when a "*" stands behind it, else it is a sample's number and must be whole. Everything is linear,
 * so a list of terms is all that remains. A text has fewer terms and samples than characters: memory is taken once. */
#include "expression.h"

#include "gan/mem.h"

#include <ctype.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_DEPTH = 64, MAX_NUMBER = 64, MAX_SHOWN = 24 };

#define MAX_FACTOR 1e6 /* a float latent far beyond it means nothing */

typedef struct reader {
    const char *option, *text, *at;
    int64_t max_sample;
    int depth; /* of parentheses */
    gan__expression *e;
} reader;

/* ---- words ------------------------------------------------------------------------------------------------- */

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static char next(reader *r)
{
    while (is_space(*r->at)) r->at++;
    return *r->at;
}

/* Length of the word, number or sign at p. */
static int word_length(const char *p)
{
    int n = 0;
    while (isalnum((unsigned char)p[n]) || p[n] == '.' || p[n] == '_') n++;
    return n ? n : 1;
}

static gan_status wants(reader *r, const char *what)
{
    char got[64];
    const char c = next(r);
    int n = word_length(r->at);
    if (!c) snprintf(got, sizeof got, "the end");
    else if (!isprint((unsigned char)c)) snprintf(got, sizeof got, "the byte 0x%02x", (unsigned char)c);
    else snprintf(got, sizeof got, "\"%.*s\"%s", n < MAX_SHOWN ? n : MAX_SHOWN, r->at, n > MAX_SHOWN ? "..." : "");
    return GAN_FAIL(GAN_EUSAGE, "option %s, column %lld: got %s, wanted %s", r->option,
                    (long long)(r->at - r->text) + 1, got, what);
}

static gan_status expect(reader *r, char c, const char *what)
{
    if (next(r) != c) return wants(r, what);
    r->at++;
    return GAN_OK;
}

static bool take_word(reader *r, const char *word)
{
    int n = (int)strlen(word);
    next(r);
    if (word_length(r->at) != n || strncmp(r->at, word, (size_t)n) != 0) return false;
    r->at += n;
    return true;
}

/* ---- numbers ----------------------------------------------------------------------------------------------- */

/* Length of the number at p, "12", ".5", "1e-3"; 0 where none stands. */
static int number_length(const char *p)
{
    int digits = 0, n = 0;
    for (; isdigit((unsigned char)p[n]); n++) digits++;
    if (p[n] == '.')
        for (n++; isdigit((unsigned char)p[n]); n++) digits++;
    if (digits == 0) return 0;
    if (p[n] != 'e' && p[n] != 'E') return n;
    int sign = p[n + 1] == '-' || p[n + 1] == '+', exponent = n + 1 + sign;
    if (!isdigit((unsigned char)p[exponent])) return n;
    while (isdigit((unsigned char)p[exponent])) exponent++;
    return exponent;
}

/* Whether a factor stands here: a number and "*". Leaves what it is not where it was. */
static bool at_factor(reader *r)
{
    next(r);
    int n = number_length(r->at);
    if (n == 0) return false;
    const char *p = r->at + n;
    while (is_space(*p)) p++;
    return *p == '*';
}

static gan_status take_factor(reader *r, double *factor)
{
    char digits[MAX_NUMBER + 1];
    int n = number_length(r->at);
    if (n > MAX_NUMBER) return wants(r, "a factor of at most 64 characters");
    memcpy(digits, r->at, (size_t)n);
    digits[n] = '\0';
    *factor *= strtod(digits, NULL);
    if (!(fabs(*factor) <= MAX_FACTOR)) return wants(r, "factors up to 1e6 in all");
    r->at += n;
    return expect(r, '*', "*");
}

static gan_status take_sample(reader *r)
{
    char range[128];
    int64_t value = 0;
    int n = 0;
    next(r);
    for (; isdigit((unsigned char)r->at[n]) && value <= r->max_sample; n++) value = 10 * value + (r->at[n] - '0');
    snprintf(range, sizeof range, "a sample's number, 0 to %lld", (long long)r->max_sample);
    if (n == 0 || n != word_length(r->at) || value > r->max_sample) return wants(r, range);
    r->at += n;
    r->e->samples[r->e->n_samples++] = value;
    return GAN_OK;
}

/* ---- the grammar ------------------------------------------------------------------------------------------- */

static gan_status take_sum(reader *r, double factor);

static gan_status take_parentheses(reader *r, double factor)
{
    if (r->depth == MAX_DEPTH) return wants(r, "at most 64 parentheses one in another");
    r->at++;
    r->depth++;
    GAN_TRY(take_sum(r, factor));
    r->depth--;
    return expect(r, ')', "+, - or )");
}

static gan_status take_mean(reader *r)
{
    GAN_TRY(expect(r, '(', "( behind mean"));
    GAN_TRY(take_sample(r));
    while (next(r) == ',') {
        r->at++;
        GAN_TRY(take_sample(r));
    }
    return expect(r, ')', ", or )");
}

static gan_status take_value(reader *r, double factor)
{
    gan__expression *e = r->e;
    const int64_t first = e->n_samples;
    if (next(r) == '(') return take_parentheses(r, factor);
    if (take_word(r, "mean")) GAN_TRY(take_mean(r));
    else if (isdigit((unsigned char)*r->at)) GAN_TRY(take_sample(r));
    else return wants(r, "a sample's number, mean(...), a factor with * or (");
    e->terms[e->n_terms++] = (gan__term){factor, first, e->n_samples - first};
    return GAN_OK;
}

static gan_status take_term(reader *r, double factor)
{
    while (at_factor(r)) GAN_TRY(take_factor(r, &factor));
    return take_value(r, factor);
}

static gan_status take_sum(reader *r, double factor)
{
    char sign = next(r);
    if (sign == '+' || sign == '-') r->at++;
    GAN_TRY(take_term(r, sign == '-' ? -factor : factor));
    while ((sign = next(r)) == '+' || sign == '-') {
        r->at++;
        GAN_TRY(take_term(r, sign == '-' ? -factor : factor));
    }
    return GAN_OK;
}

/* ---- all of it --------------------------------------------------------------------------------------------- */

static gan_status parse(reader *r)
{
    gan__expression *e = r->e;
    int64_t most = (int64_t)strlen(r->text) + 1;
    e->terms = gan_calloc(most, sizeof *e->terms);
    e->samples = gan_calloc(most, sizeof *e->samples);
    if (!e->terms || !e->samples) return GAN_ENOMEM;
    GAN_TRY(take_sum(r, 1));
    return next(r) ? wants(r, "+, - or the end") : GAN_OK;
}

gan_status gan__expression_parse(gan__expression *e, const char *option, const char *text, int64_t max_sample)
{
    *e = (gan__expression){0};
    reader r = {.option = option, .text = text, .at = text, .max_sample = max_sample, .e = e};
    gan_status s = parse(&r);
    if (s != GAN_OK) gan__expression_free(e);
    return s;
}

void gan__expression_free(gan__expression *e)
{
    gan_free(e->terms);
    gan_free(e->samples);
    *e = (gan__expression){0};
}
