/* A checkpoint in memory: named arrays and texts in the order they were added, and the digest over them. */
#include "checkpoint.h"

#include "gan/digest.h"
#include "gan/mem.h"

#include <string.h>

gan_status gan_checkpoint_new(gan_checkpoint **out)
{
    *out = gan_calloc(1, sizeof **out);
    return *out ? GAN_OK : GAN_ENOMEM;
}

void gan_checkpoint_free(gan_checkpoint *c)
{
    if (!c) return;
    for (int i = 0; i < c->n_tensors; i++) {
        gan_free(c->tensors[i].name);
        gan_free(c->tensors[i].data);
    }
    for (int i = 0; i < c->n_texts; i++) {
        gan_free(c->texts[i].key);
        gan_free(c->texts[i].value);
    }
    gan_free(c->tensors);
    gan_free(c->texts);
    gan_free(c);
}

static bool part_ok(const char *part, size_t n)
{
    if (n == 0 || (n == 1 && part[0] == '.') || (n == 2 && part[0] == '.' && part[1] == '.')) return false;
    for (size_t i = 0; i < n; i++)
        if (part[i] <= ' ' || part[i] > '~') return false;
    return true;
}

bool gan__tensor_name_ok(const char *name)
{
    static const char *const reserved[] = {"state", "config", "provenance"};
    if (strlen(name) > GAN_CHECKPOINT_MAX_NAME) return false;
    for (const char *part = name;; part++) {
        size_t n = strcspn(part, "/");
        if (!part_ok(part, n)) return false;
        for (size_t i = 0; part == name && i < sizeof reserved / sizeof *reserved; i++)
            if (strlen(reserved[i]) == n && strncmp(part, reserved[i], n) == 0) return false;
        part += n;
        if (!*part) return true;
    }
}

bool gan__text_key_ok(const char *key)
{
    size_t n = strlen(key);
    return n <= GAN_CHECKPOINT_MAX_NAME && !strchr(key, '/') && part_ok(key, n);
}

int64_t gan__tensor_elements(const gan_tensor *t)
{
    int64_t n = 1;
    for (int d = 0; d < t->n_dims; d++) n *= t->dims[d];
    return n;
}

static bool dims_ok(int n_dims, const int64_t *dims)
{
    int64_t n = 1;
    if (n_dims < 1 || n_dims > GAN_TENSOR_MAX_DIMS) return false;
    for (int d = 0; d < n_dims; d++)
        if (dims[d] < 1 || __builtin_mul_overflow(n, dims[d], &n)) return false;
    return n <= INT64_MAX / (int64_t)sizeof(float);
}

/* Room for one more item in an array that doubles when n is a power of two. */
static bool grow(void *array, int n, size_t size)
{
    if (n & (n - 1)) return true;
    void *old, *bigger;
    memcpy(&old, array, sizeof old);
    if (!(bigger = gan_realloc(old, n ? 2 * (int64_t)n : 1, size))) return false;
    memcpy(array, &bigger, sizeof bigger);
    return true;
}

gan_status gan_checkpoint_add_tensor(gan_checkpoint *c, const char *name, int n_dims, const int64_t *dims,
                                     float **data)
{
    if (!gan__tensor_name_ok(name) || !dims_ok(n_dims, dims) || gan_checkpoint_find(c, name) ||
        c->n_tensors >= GAN_CHECKPOINT_MAX_TENSORS)
        return GAN_FAIL(GAN_EINTERNAL,
                        "checkpoint: tensor \"%.300s\" has a bad or repeated name or a bad shape", name);
    if (!grow(&c->tensors, c->n_tensors, sizeof *c->tensors)) return GAN_ENOMEM;
    gan_tensor *t = &c->tensors[c->n_tensors];
    *t = (gan_tensor){.n_dims = n_dims};
    memcpy(t->dims, dims, (size_t)n_dims * sizeof *dims);
    t->name = gan_strdup(name);
    t->data = gan_calloc(gan__tensor_elements(t), sizeof *t->data);
    if (!t->name || !t->data) {
        gan_free(t->name);
        gan_free(t->data);
        return GAN_ENOMEM;
    }
    c->n_tensors++;
    *data = t->data;
    return GAN_OK;
}

gan_status gan_checkpoint_add_text(gan_checkpoint *c, const char *key, const char *value)
{
    if (!gan__text_key_ok(key) || gan_checkpoint_text(c, key) || c->n_texts >= GAN_CHECKPOINT_MAX_TEXTS)
        return GAN_FAIL(GAN_EINTERNAL, "checkpoint: text \"%.300s\" has a bad or repeated key", key);
    if (!grow(&c->texts, c->n_texts, sizeof *c->texts)) return GAN_ENOMEM;
    gan_text t = {gan_strdup(key), gan_strdup(value)};
    if (!t.key || !t.value) {
        gan_free(t.key);
        gan_free(t.value);
        return GAN_ENOMEM;
    }
    c->texts[c->n_texts++] = t;
    return GAN_OK;
}

const gan_tensor *gan_checkpoint_find(const gan_checkpoint *c, const char *name)
{
    for (int i = 0; i < c->n_tensors; i++)
        if (strcmp(c->tensors[i].name, name) == 0) return &c->tensors[i];
    return NULL;
}

const char *gan_checkpoint_text(const gan_checkpoint *c, const char *key)
{
    for (int i = 0; i < c->n_texts; i++)
        if (strcmp(c->texts[i].key, key) == 0) return c->texts[i].value;
    return NULL;
}

/* Tensors are digested one by one and the digests added up: the sum does not depend on their order, and needs
 * no sorted copy of the list. */
uint64_t gan_checkpoint_digest(const gan_checkpoint *c)
{
    uint64_t sum = gan_digest(GAN_DIGEST_START, &c->step, sizeof c->step);
    for (int i = 0; i < c->n_tensors; i++) {
        const gan_tensor *t = &c->tensors[i];
        uint64_t h = gan_digest(GAN_DIGEST_START, t->name, strlen(t->name));
        h = gan_digest(h, t->dims, (size_t)t->n_dims * sizeof *t->dims);
        sum += gan_digest(h, t->data, (size_t)gan__tensor_elements(t) * sizeof *t->data);
    }
    return sum;
}
