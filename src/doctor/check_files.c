/* The directory that the run would write to, by what the trial there met. */
#include "checks.h"

#include "gan/file.h"
#include "gan/h5.h"

#include <stdio.h>
#include <string.h>

enum { NAMES = 256 };
static const double MIB = 1048576;

static bool sees_no_file(const gan_case *c, int r)
{
    return c->ranks[r].lock_seen == GAN_LOCK_NO_FILE;
}

static bool got_the_lock(const gan_case *c, int r)
{
    return c->ranks[r].lock_seen == GAN_LOCK_GRANTED;
}

void gan__check_directory(const gan_case *c, gan_finding *f)
{
    char names[NAMES];
    const gan_file_trial *t = &c->ranks[0].files;
    const char *made = strcmp(c->dir, c->parent) == 0 ? "" : " (to be made)";
    gan__find(f, GAN_FINE, "%s%s: files are written, synced, read back and renamed%s%s", c->dir, made, *t->kind ? ", on " : "", t->kind);
    if (t->error) {
        gan__find(f, GAN_BAD, "%s: cannot %s: %s", c->parent, t->step, strerror(t->error));
        gan__remedy(f, "%s", gan_file_remedy(t->error));
    } else if (*gan__hosts(c, sees_no_file, names, NAMES)) {
        gan__find(f, GAN_DOUBTFUL, "%s is not the same on %s and on %s", c->parent, c->ids[0].host, names);
        gan__remedy(f, "rank 0 alone writes, so a run works; but started again with rank 0 on another node it would not find its "
                       "checkpoints: put run.dir on a file system that all nodes see");
    } else if (strcmp(t->kind, "tmpfs") == 0) {
        f->verdict = GAN_DOUBTFUL;
        gan__remedy(f, "this directory is main memory of %s: it takes room from the run, and is gone with the node", c->ids[0].host);
    }
}

void gan__check_lock(const gan_case *c, gan_finding *f)
{
    char names[NAMES];
    const gan_file_trial *t = &c->ranks[0].files;
    if (t->error) return;
    gan__find(f, GAN_FINE, "the run directory can be locked%s", c->n > 1 ? ", and the lock keeps others out" : "");
    if (t->lock_error) {
        gan__find(f, GAN_DOUBTFUL, "this file system has no locks: %s", strerror(t->lock_error));
        gan__remedy(f, "nothing will stop a second run in the same directory; do not start one (mount NFS without nolock, Lustre with "
                       "-o flock)");
    } else if (*gan__hosts(c, got_the_lock, names, NAMES)) {
        gan__find(f, GAN_DOUBTFUL, "a lock of %s does not keep out %s", c->ids[0].host, names);
        gan__remedy(f, "locks hold on one node only here (local_lock, localflock): two runs on two nodes would share the directory; "
                       "start one at a time");
    }
}

void gan__check_hdf5(const gan_case *c, gan_finding *f)
{
    const gan_file_trial *t = &c->ranks[0].files;
    unsigned v[3] = {0, 0, 0};
    H5get_libversion(&v[0], &v[1], &v[2]);
    gan__find(f, GAN_FINE, "%u.%u.%u", v[0], v[1], v[2]);
    if (t->error) return;
    if (!t->h5_ok) {
        gan__find(f, GAN_BAD, "%u.%u.%u: a file does not come back as it was written: %s", v[0], v[1], v[2], t->h5_reason);
        gan__remedy(f, "choose a directory on another file system");
    } else if (!t->h5_locks) {
        gan__find(f, GAN_DOUBTFUL, "%u.%u.%u: its own locks do not work here: %s", v[0], v[1], v[2], t->h5_reason);
        gan__remedy(f, "a run takes none; but to read its files with h5py or h5dump: export HDF5_USE_FILE_LOCKING=FALSE");
    } else {
        gan__find(f, GAN_FINE, "%u.%u.%u: a file comes back as it was written; its own locks work", v[0], v[1], v[2]);
    }
}

/* Kept ones, one more until the oldest goes, and room for metrics and pictures. */
void gan__check_space(const gan_case *c, gan_finding *f)
{
    const gan_file_trial *t = &c->ranks[0].files;
    const double one = (double)c->need.checkpoint_bytes, kept = (double)(c->need.kept + 1), has = (double)t->free_bytes;
    if (t->error || t->free_bytes == INT64_MAX) return;
    gan__find(f, GAN_FINE, "%.1f MiB free", has / MIB);
    if (!c->need.known) return;
    gan__find(f, has < one ? GAN_BAD : has < one * kept + MIB ? GAN_DOUBTFUL : GAN_FINE, "%.1f MiB free, a checkpoint has %.1f, up to %.0f "
              "of them are there at once", has / MIB, one / MIB, kept);
    if (f->verdict != GAN_FINE) gan__remedy(f, "free some space there, set checkpoint.keep lower, or choose another run.dir");
    if (one <= (double)t->file_limit) return;
    gan__find(f, GAN_BAD, "files may have %.1f MiB (ulimit -f), a checkpoint has %.1f", (double)t->file_limit / MIB, one / MIB);
    gan__remedy(f, "ulimit -f unlimited");
}
