/* Looking into a JSON text, as far as this program needs it: objects, numbers, and texts without escapes. Nothing is
 * built; a value is the place in the text where it begins. Texts may be damaged: then members are missing, and nothing
 * beyond the text's NUL is read. */
#ifndef GAN_JSON_H
#define GAN_JSON_H

#include <stdbool.h>
#include <stddef.h>

/* The members of an object, one after the other:
 *     gan_json_walk w = gan_json_begin(object);
 *     while (gan_json_next(&w)) ... w.name, w.value ... */
typedef struct gan_json_walk {
    const char *at;
    char name[64]; /* cut when it is longer */
    const char *value;
} gan_json_walk;

gan_json_walk gan_json_begin(const char *object); /* NULL, or what is no object: a walk without members */
bool gan_json_next(gan_json_walk *w);

/* The value of a member, NULL when there is none. */
const char *gan_json_member(const char *object, const char *name);
/* Whether there is such a number, or text shorter than n; *out, or text[n], stays as it is otherwise. */
bool gan_json_number(const char *object, const char *name, double *out);
bool gan_json_text(const char *object, const char *name, char *text, size_t n);

#endif
