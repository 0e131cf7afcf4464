/* A trial of the directory's file system by doing there what a run does: a file is locked, written, synced, read back and
 * renamed, an HDF5 file goes through the driver of src/io. While rank 0 holds the lock another process of its node and one of each
 * other node try to take it: file systems whose locks hold on one node only grant it, and two runs would write over each
 * other. All files go again. */
#include "facts.h"

#include "gan/file.h"
#include "gan/h5.h"
#include "gan/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <unistd.h>

enum { TRIAL_BYTES = 65536, TRIAL_PATH = 4096 };

/* ---- the file system ------------------------------------------------------------------------------------------------ */

static void name_kind(gan_file_trial *t, const char *dir)
{
    static const struct {
        unsigned long magic;
        const char *name;
    } kinds[] = {{0x6969, "nfs"},       {0x0bd00bd0, "lustre"},   {0x47504653, "gpfs"}, {0x19830326, "beegfs"},
                 {0x00c36400, "ceph"},  {0x01021994, "tmpfs"},    {0xef53, "ext4"},     {0x58465342, "xfs"},
                 {0x9123683e, "btrfs"}, {0x794c7630, "overlay"},  {0x65735546, "fuse"}, {0x01021997, "9p"}};
    struct statfs fs;
    if (statfs(dir, &fs) != 0) return;
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        if (((unsigned long)fs.f_type & 0xffffffffUL) == kinds[i].magic) snprintf(t->kind, sizeof t->kind, "%s", kinds[i].name);
}

static void measure_room(gan_file_trial *t, const char *dir)
{
    struct statvfs fs;
    struct rlimit limit;
    t->free_bytes = t->file_limit = INT64_MAX;
    if (statvfs(dir, &fs) == 0) t->free_bytes = (int64_t)(fs.f_bavail * fs.f_frsize);
    if (getrlimit(RLIMIT_FSIZE, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY) t->file_limit = (int64_t)limit.rlim_cur;
}

/* ---- a plain file --------------------------------------------------------------------------------------------------- */

static void note(gan_file_trial *t, const char *step)
{
    if (t->error) return;
    t->error = errno ? errno : EIO;
    snprintf(t->step, sizeof t->step, "%s", step);
}

static void take_lock(gan_file_trial *t, int fd)
{
    struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    t->lock_error = fcntl(fd, F_SETLK, &whole) == 0 ? 0 : errno;
}

static void write_and_read(gan_file_trial *t, int fd)
{
    static char out[TRIAL_BYTES], in[TRIAL_BYTES];
    for (int i = 0; i < TRIAL_BYTES; i++) out[i] = (char)(i * 7 + i / 256);
    errno = 0;
    if (write(fd, out, sizeof out) != (ssize_t)sizeof out) note(t, "write a file");
    else if (fsync(fd) != 0) note(t, "sync a file");
    else if (pread(fd, in, sizeof in, 0) != (ssize_t)sizeof in) note(t, "read a file back");
    else if (memcmp(in, out, sizeof in) != 0) note(t, "read back what was written");
}

/* Opens, locks, writes, renames; the file descriptor keeps the lock. -1: no file. */
static int try_file(gan_file_trial *t, const char *temp, const char *path)
{
    int fd = open(temp, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0) {
        note(t, "make a file");
        return -1;
    }
    take_lock(t, fd);
    write_and_read(t, fd);
    if (rename(temp, path) != 0) note(t, "rename a file");
    return fd;
}

/* gan_file_publish syncs through descriptors of its own, and closing one drops the locks of a process: so with a file of its own. */
static void try_publish(gan_file_trial *t, const char *temp, const char *path)
{
    int fd = open(temp, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd >= 0) close(fd);
    errno = 0;
    if (fd < 0 || gan_file_publish(temp, path) != GAN_OK) note(t, "sync a directory");
    gan_fail_clear();
    unlink(path);
}

/* ---- HDF5 ----------------------------------------------------------------------------------------------------------- */

static bool through_our_driver(const char *path)
{
    gan_h5_file f;
    double in = 0, out = 0.5;
    bool ok = gan_h5_open(&f, path, GAN_H5_CREATE, 0) == GAN_OK;
    if (!ok) return false;
    ok = gan_h5_put_attribute(f.id, "trial", H5T_IEEE_F64LE, H5T_NATIVE_DOUBLE, 1, &out);
    ok &= gan_h5_close(&f, path) == GAN_OK;
    if (!ok || gan_h5_open(&f, path, GAN_H5_READ, 0) != GAN_OK) return false;
    ok = gan_h5_get_attribute(f.id, "trial", H5T_NATIVE_DOUBLE, 1, &in) && in == out;
    return (gan_h5_close(&f, path) == GAN_OK) & ok;
}

/* As h5py and the tools of HDF5 open files. */
static bool through_its_own(const char *path)
{
    hid_t id = H5Fcreate(path, H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
    return id >= 0 && H5Fclose(id) >= 0;
}

static void try_h5(gan_file_trial *t, const char *path)
{
    gan_h5_lock();
    t->h5_ok = through_our_driver(path);
    if (!t->h5_ok) snprintf(t->h5_reason, sizeof t->h5_reason, "%.159s", *gan_fail_text() ? gan_fail_text() : gan_h5_reason());
    t->h5_locks = t->h5_ok && through_its_own(path);
    if (t->h5_ok && !t->h5_locks) snprintf(t->h5_reason, sizeof t->h5_reason, "%.159s", gan_h5_reason());
    gan_h5_unlock();
    gan_fail_clear();
    unlink(path);
}

/* ---- all ranks ------------------------------------------------------------------------------------------------------ */

static int write_all(gan_file_trial *t, const char *dir, char path[TRIAL_PATH])
{
    char temp[TRIAL_PATH + 8], other[TRIAL_PATH + 8];
    t->tried = true;
    name_kind(t, dir);
    measure_room(t, dir);
    snprintf(temp, sizeof temp, "%s.a", path);
    snprintf(other, sizeof other, "%s.b", path);
    int fd = try_file(t, temp, path);
    if (fd >= 0) try_publish(t, temp, other);
    if (fd >= 0) try_h5(t, other);
    unlink(temp);
    return fd;
}

static gan_lock_seen look_on(const char *path)
{
    struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    int fd = open(path, O_RDWR | O_CLOEXEC);
    if (fd < 0) return GAN_LOCK_NO_FILE;
    bool granted = fcntl(fd, F_SETLK, &whole) == 0;
    bool refused = errno == EACCES || errno == EAGAIN;
    close(fd);
    return granted ? GAN_LOCK_GRANTED : refused ? GAN_LOCK_REFUSED : GAN_LOCK_NOT_ASKED;
}

/* Ranks lie node by node, so rank 1 is on rank 0's node if any other is. */
void gan__trial(gan_facts *f, const gan_comm *c, const char *dir)
{
    char path[TRIAL_PATH];
    int fd = -1;
    snprintf(path, sizeof path, "%.4000s/.gan_mpi-doctor-%ld", dir, (long)getpid());
    if (c->rank == 0) fd = write_all(&f->files, dir, path);
    if (gan_comm_bcast(c, path, sizeof path) != GAN_OK) return;
    if (c->rank == 1 || (c->rank > 0 && c->node_rank == 0)) f->lock_seen = look_on(path);
    if (gan_comm_agree(c, GAN_OK) != GAN_OK || fd < 0) return;
    unlink(path);
    close(fd);
}
