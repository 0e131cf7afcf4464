/* Memory that is counted: whoever takes it gives it back, and the program's exit checks the balance.
 * LeakSanitizer drowns in Open MPI's own leaks; these counters are how we find ours, on every run. */
#ifndef GAN_MEM_H
#define GAN_MEM_H

#include <stddef.h>
#include <stdint.h>

/* n*size zeroed bytes, 64-byte aligned; NULL (with a failure text) when there is no memory or the product overflows.
 * n or size may be 0: then a valid pointer that must be freed as well. */
void *gan_calloc(int64_t n, size_t size);

/* Grow or shrink a block from gan_calloc; new bytes are zero. NULL leaves the old block as it was. p may be NULL. */
void *gan_realloc(void *p, int64_t n, size_t size);
void gan_free(void *p); /* takes NULL */

/* A counted copy of a string (or of its first n bytes). */
char *gan_strdup(const char *s);
char *gan_strndup(const char *s, size_t n);

/* "printf into a counted string". */
__attribute__((format(printf, 1, 2))) char *gan_sprintf(const char *fmt, ...);

int64_t gan_mem_live(void);       /* blocks not yet freed */
int64_t gan_mem_peak_bytes(void); /* largest sum of live bytes so far */

/* For tests: let the k-th allocation from now fail once (k = 1 is the next one); 0 switches it off.
 * Returns what was left of the previous count, 0 when it has fired. */
int64_t gan_mem_fail_at(int64_t k);

#endif
