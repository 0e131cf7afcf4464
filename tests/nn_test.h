/* What the tests of networks share: a network from a line of layers, and its values on given inputs.
 * After #include <cmocka.h>. */
#ifndef GAN_NN_TEST_H
#define GAN_NN_TEST_H

#include "scratch.h"

#include "gan/system.h"

typedef struct small_net {
    gan_config *cfg;
    gan_network *net;
} small_net;

/* The configuration of a job whose generator has these layers (line 6 of job.ini) and further keys. */
static inline gan_config *config_with(const char *layers, const char *keys)
{
    char job[2048];
    gan_config *cfg;
    snprintf(job, sizeof job,
             "[train]\nsteps = 1\n[data]\nsource = ring\n[generator]\nlayers = "
             "%s\n%s\n[discriminator]\nlayers = %s\n%s\n",
             layers, keys, layers, keys);
    EXPECT_OK(gan_config_parse(&cfg, "job.ini", job, (int64_t)strlen(job), NULL, 0, gan_system_networks));
    return cfg;
}

static inline small_net net_open(const char *layers, const char *keys, gan_sample_shape in)
{
    small_net n = {.cfg = config_with(layers, keys)};
    EXPECT_OK(gan_network_new(&n.net, n.cfg, "generator", &in));
    EXPECT_OK(gan_network_alloc(n.net));
    EXPECT_OK(gan_network_init(n.net, 11));
    return n;
}

static inline void net_close(small_net *n)
{
    gan_network_free(n->net);
    gan_config_free(n->cfg);
}

/* A parameter as a plain array; from malloc. */
static inline float *param_values(const gan_network *net, const char *name)
{
    for (int i = 0; i < net->n_params; i++) {
        const gan_param *p = &net->params[i];
        if (strcmp(p->name, name) != 0) continue;
        float *plain = malloc((size_t)p->floats * sizeof *plain);
        assert_non_null(plain);
        gan_param_unpack(p, net->w, plain);
        return plain;
    }
    fail_msg("%s has no parameter %s", net->name, name);
    return NULL;
}

static inline void set_param(gan_network *net, const char *name, const float *values)
{
    for (int i = 0; i < net->n_params; i++)
        if (strcmp(net->params[i].name, name) == 0) {
            gan_param_pack(&net->params[i], values, net->w);
            return;
        }
    fail_msg("%s has no parameter %s", net->name, name);
}

#endif
