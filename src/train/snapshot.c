/* Checkpoints of a model. Arrays are stored plainly, row-major in their logical shapes, whatever the layout in memory. */
#include "gan/snapshot.h"

#include "gan/dims.h"
#include "gan/mem.h"
#include "gan/train.h"
#include "gan/version.h"

#include <hdf5.h>
#include <math.h>
#include <mpi.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- the arrays of a model ----------------------------------------------------------------------------------- */

/* Calls `each` for every array (group name, network, arena) that belongs to the state. */
typedef gan_status arena_fn(void *user, const char *group, const gan_network *net, float *arena);

static gan_status for_each_arena(const gan_model *m, arena_fn *each, void *user)
{
    for (int i = 0; i < m->n_nets; i++) {
        gan_network *net = m->nets[i];
        char group[256];
        snprintf(group, sizeof group, "networks/%s", net->name);
        GAN_TRY(each(user, group, net, net->w));
        snprintf(group, sizeof group, "ema/%s", net->name);
        if (net->ema) GAN_TRY(each(user, group, net, net->ema));
        for (int a = 0; a < gan_optimizer_arrays(m->opts[i]); a++) {
            snprintf(group, sizeof group, "optimizers/%s/%s", net->name, gan_optimizer_array_name(m->opts[i], a));
            GAN_TRY(each(user, group, net, gan_optimizer_array(m->opts[i], a)));
        }
    }
    return GAN_OK;
}

static bool is_optimizer(const char *group)
{
    return strncmp(group, "optimizers/", 11) == 0;
}

/* A weight may run away in a step whose gradients are finite; nothing could be continued from it. */
static gan_status check_finite(const gan_checkpoint *c, const char *name, const float *x, int64_t n)
{
    int64_t bad = 0;
    for (int64_t i = 0; i < n; i++) bad += !isfinite(x[i]);
    if (bad == 0) return GAN_OK;
    return GAN_FAIL(GAN_ENUMERIC,
                    "step %lld: %s has %lld values that are not finite; this state is not stored, earlier checkpoints "
                    "are good. A lower learning rate, clip_norm or another init may help",
                    (long long)c->step, name, (long long)bad);
}

static gan_status take_arena(void *user, const char *group, const gan_network *net, float *arena)
{
    gan_checkpoint *c = user;
    for (int i = 0; i < net->n_params; i++) {
        const gan_param *p = &net->params[i];
        char name[512];
        float *plain;
        if (p->state && is_optimizer(group)) continue;
        snprintf(name, sizeof name, "%s/%s", group, p->name);
        GAN_TRY(gan_checkpoint_add_tensor(c, name, p->n_dims, p->dims, &plain));
        gan_param_unpack(p, arena, plain);
        GAN_TRY(check_finite(c, name, plain, p->floats));
    }
    return GAN_OK;
}

/* A checkpoint, and its path for failure texts. */
typedef struct origin {
    const gan_checkpoint *c;
    const char *path;
} origin;

static gan_status restore_arena(void *user, const char *group, const gan_network *net, float *arena)
{
    const origin *from = user;
    for (int i = 0; i < net->n_params; i++) {
        const gan_param *p = &net->params[i];
        char name[512], has[128], wants[128];
        if (p->state && is_optimizer(group)) continue;
        snprintf(name, sizeof name, "%s/%s", group, p->name);
        const gan_tensor *t = gan_checkpoint_find(from->c, name);
        gan_dims_text(p->n_dims, p->dims, wants, sizeof wants);
        if (!t)
            return GAN_FAIL(GAN_ECKPT, "%s is a checkpoint of another network: it has no %s (wanted: %s)", from->path, name,
                            wants);
        gan_dims_text(t->n_dims, t->dims, has, sizeof has);
        if (strcmp(has, wants) != 0)
            return GAN_FAIL(GAN_ECKPT, "%s is a checkpoint of another network: %s is %s there, %s here", from->path, name, has,
                            wants);
        gan_param_pack(p, t->data, arena);
    }
    return GAN_OK;
}

gan_status gan_snapshot_restore(gan_model *m, const gan_checkpoint *c, const char *path)
{
    return for_each_arena(m, restore_arena, &(origin){c, path});
}

/* ---- texts ------------------------------------------------------------------------------------------------- */

static gan_status add_provenance(gan_checkpoint *c)
{
    char host[256] = "", hdf5[64], mpi[MPI_MAX_LIBRARY_VERSION_STRING];
    int n;
    gethostname(host, sizeof host - 1);
    /* Not asked of the library: the writer's thread may be inside of it, and it runs with the version of its headers only. */
    snprintf(hdf5, sizeof hdf5, "%d.%d.%d", H5_VERS_MAJOR, H5_VERS_MINOR, H5_VERS_RELEASE);
    MPI_Get_library_version(mpi, &n);
    mpi[strcspn(mpi, ",\n")] = '\0';
    GAN_TRY(gan_checkpoint_add_text(c, "version", gan_version()));
    GAN_TRY(gan_checkpoint_add_text(c, "compiler", GAN_COMPILER));
    GAN_TRY(gan_checkpoint_add_text(c, "hdf5", hdf5));
    GAN_TRY(gan_checkpoint_add_text(c, "mpi", mpi));
    return gan_checkpoint_add_text(c, "host", host);
}

static gan_status add_texts(gan_checkpoint *c, const gan_model *m)
{
    char shape[128];
    char *ini = gan_config_ini(m->cfg);
    if (!ini) return GAN_ENOMEM;
    gan_status s = gan_checkpoint_add_text(c, "config", ini);
    gan_free(ini);
    if (s != GAN_OK) return s;
    gan_dims_text(m->data.n_dims, m->data.dims, shape, sizeof shape);
    GAN_TRY(gan_checkpoint_add_text(c, "data_shape", shape));
    snprintf(shape, sizeof shape, "%lld", (long long)m->data.condition);
    if (m->data.condition > 0) GAN_TRY(gan_checkpoint_add_text(c, "data_condition", shape));
    return add_provenance(c);
}

gan_status gan_snapshot_take(gan_checkpoint **out, const gan_model *m, int64_t step)
{
    gan_checkpoint *c;
    *out = NULL;
    GAN_TRY(gan_checkpoint_new(&c));
    c->step = step;
    c->seed = (uint64_t)gan_config_int(m->cfg, "run", "seed");
    gan_status s = for_each_arena(m, take_arena, c);
    if (s == GAN_OK) s = add_texts(c, m);
    if (s != GAN_OK) {
        gan_checkpoint_free(c);
        return s;
    }
    *out = c;
    return GAN_OK;
}

/* ---- a model from a file ------------------------------------------------------------------------------------- */

/* Numbers of a sample's condition; checkpoints of runs without have no word of it. */
static gan_status parse_condition(gan_sample_shape *shape, const char *text, const char *path)
{
    char *end = NULL;
    shape->condition = text ? strtoll(text, &end, 10) : 0;
    if (!text || (*end == '\0' && shape->condition > 0 && shape->condition < INT32_MAX)) return GAN_OK;
    return GAN_FAIL(GAN_ECKPT, "%s: /provenance has no usable data_condition", path);
}

static gan_status parse_shape(gan_sample_shape *shape, const char *text, const char *path)
{
    shape->n_dims = 0;
    int used = 0;
    long long d;
    while (text && shape->n_dims < GAN_MAX_DIMS - 1 && sscanf(text, "%lld%n", &d, &used) == 1 && d > 0) {
        shape->dims[shape->n_dims++] = d;
        text += used;
        if (*text++ != 'x') return GAN_OK;
    }
    return GAN_FAIL(GAN_ECKPT, "%s: /provenance has no usable data_shape", path);
}

static gan_status open_model(gan_snapshot *s, const char *path)
{
    gan_sample_shape shape;
    GAN_TRY(gan_checkpoint_read(&s->ckpt, path));
    const char *ini = gan_checkpoint_text(s->ckpt, "config");
    if (!ini) return GAN_FAIL(GAN_ECKPT, "%s: there is no configuration inside", path);
    GAN_TRY(parse_shape(&shape, gan_checkpoint_text(s->ckpt, "data_shape"), path));
    GAN_TRY(parse_condition(&shape, gan_checkpoint_text(s->ckpt, "data_condition"), path));
    GAN_TRY(gan_config_parse(&s->cfg, path, ini, (int64_t)strlen(ini), NULL, 0, gan_system_networks));
    GAN_TRY(gan_model_new(&s->model, s->cfg, &shape));
    GAN_TRY(gan_model_alloc(s->model));
    return gan_snapshot_restore(s->model, s->ckpt, path);
}

gan_status gan_snapshot_open(gan_snapshot *s, const char *path)
{
    memset(s, 0, sizeof *s);
    gan_status status = open_model(s, path);
    if (status != GAN_OK) gan_snapshot_close(s);
    return status;
}

/* Who reads samples has room for what the networks take. */
static bool same_data(const gan_snapshot *s, const gan_source_info *info)
{
    const gan_condition_kind kind = (gan_condition_kind)gan_config_choice(s->cfg, "data", "condition");
    return gan_sample_floats(&s->model->data) == info->features &&
           (kind == GAN_CONDITION_NONE || (kind == info->conditioned && s->model->data.condition == info->condition));
}

gan_status gan_snapshot_mixture(gan_source **out, const gan_snapshot *s, const char *path)
{
    GAN_TRY(gan_source_open_mixture(out, s->cfg));
    if (!*out || same_data(s, gan_source_describe(*out))) return GAN_OK;
    gan_source_close(*out);
    *out = NULL;
    return GAN_FAIL(GAN_ECKPT, "%s: its networks are made for other data than data.source = %s of the configuration inside", path,
                    gan_config_text(s->cfg, "data", "source"));
}

void gan_snapshot_close(gan_snapshot *s)
{
    gan_model_free(s->model);
    gan_config_free(s->cfg);
    gan_checkpoint_free(s->ckpt);
    memset(s, 0, sizeof *s);
}
