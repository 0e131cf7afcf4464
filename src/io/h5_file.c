/* HDF5 files through a file driver of our own.
 *
 * Why not the library's: when a write fails while it closes a file, as on a full disk, libhdf5 (1.8 to 1.14)
 * leaves half-closed objects behind and crashes then or at exit; it also reports success for some lost
 * writes. And it takes file locks, which keep readers out of a growing file and fail on some cluster file
 * systems. This driver takes no locks, and from the first failing write on it tells the library that all is
 * well, writes no more, and keeps the errno in gan_h5_file.error for gan_h5_close to report. Reads past the
 * end give zeros, as in the library's driver. */
#include "gan/file.h"
#include "gan/h5.h"
#include "gan/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#if H5_VERSION_GE(1, 13, 0)
#include <H5FDdevelop.h>
#endif

/* An open file as libhdf5 sees it; `base` first, the library looks into it. */
typedef struct driver_file {
    H5FD_t base;
    gan_h5_file *file; /* borrowed: belongs to who called gan_h5_open */
    haddr_t eoa, eof;  /* end of allocated addresses; end of the file */
} driver_file;

static H5FD_t *driver_open(const char *name, unsigned flags, hid_t access, haddr_t max_address)
{
    (void)name, (void)flags, (void)max_address;
    gan_h5_file *const *file = H5Pget_driver_info(access);
    struct stat st;
    if (!file || fstat((*file)->fd, &st) != 0) return NULL;
    driver_file *d = gan_calloc(1, sizeof *d);
    if (!d) {
        (*file)->error = ENOMEM;
        return NULL;
    }
    d->file = *file;
    d->eof = (haddr_t)st.st_size;
    return &d->base;
}

static herr_t driver_close(H5FD_t *base)
{
    gan_free(base);
    return 0;
}

static herr_t driver_query(const H5FD_t *base, unsigned long *flags)
{
    (void)base;
    *flags = H5FD_FEAT_AGGREGATE_METADATA | H5FD_FEAT_ACCUMULATE_METADATA | H5FD_FEAT_DATA_SIEVE |
             H5FD_FEAT_AGGREGATE_SMALLDATA;
    return 0;
}

static haddr_t driver_get_eoa(const H5FD_t *base, H5FD_mem_t type)
{
    (void)type;
    return ((const driver_file *)base)->eoa;
}

static herr_t driver_set_eoa(H5FD_t *base, H5FD_mem_t type, haddr_t address)
{
    (void)type;
    ((driver_file *)base)->eoa = address;
    return 0;
}

static haddr_t driver_get_eof(const H5FD_t *base, H5FD_mem_t type)
{
    (void)type;
    return ((const driver_file *)base)->eof;
}

static herr_t driver_read(H5FD_t *base, H5FD_mem_t type, hid_t transfer, haddr_t address, size_t n,
                          void *bytes)
{
    (void)type, (void)transfer;
    gan_h5_file *f = ((driver_file *)base)->file;
    char *to = bytes;
    while (n > 0) {
        ssize_t got = pread(f->fd, to, n, (off_t)address);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) {
            if (!f->error) f->error = errno;
            return -1;
        }
        if (got == 0) break;
        to += got, n -= (size_t)got, address += (haddr_t)got;
    }
    memset(to, 0, n);
    return 0;
}

static herr_t driver_write(H5FD_t *base, H5FD_mem_t type, hid_t transfer, haddr_t address, size_t n,
                           const void *bytes)
{
    (void)type, (void)transfer;
    driver_file *d = (driver_file *)base;
    const char *from = bytes;
    if (address + n > d->eof) d->eof = address + n;
    while (n > 0 && !d->file->error) {
        ssize_t put = pwrite(d->file->fd, from, n, (off_t)address);
        if (put < 0 && errno != EINTR) d->file->error = errno;
        if (put > 0) from += put, n -= (size_t)put, address += (haddr_t)put;
    }
    return 0;
}

/* Give the file the length that the library has come to, so that it finds no truncated file when it opens it
 * again. */
static herr_t driver_truncate(H5FD_t *base, hid_t transfer, hbool_t closing)
{
    (void)transfer, (void)closing;
    driver_file *d = (driver_file *)base;
    if (d->eoa == d->eof) return 0;
    if (!d->file->error && ftruncate(d->file->fd, (off_t)d->eoa) != 0) d->file->error = errno;
    d->eof = d->eoa;
    return 0;
}

static const H5FD_class_t driver = {
#ifdef H5FD_CLASS_VERSION
    .version = H5FD_CLASS_VERSION,
    .value =
        (H5FD_class_value_t)600, /* from the range for drivers that are not registered with The HDF Group */
#endif
    .name = "gan_mpi",
    .maxaddr = (haddr_t)1 << 62,
    .fc_degree = H5F_CLOSE_STRONG, /* H5Fclose closes what a failure path may have left open */
    .fapl_size = sizeof(gan_h5_file *),
    .open = driver_open,
    .close = driver_close,
    .query = driver_query,
    .get_eoa = driver_get_eoa,
    .set_eoa = driver_set_eoa,
    .get_eof = driver_get_eof,
    .read = driver_read,
    .write = driver_write,
    .truncate = driver_truncate,
    .fl_map = H5FD_FLMAP_DICHOTOMY,
};

static int open_flags(gan_h5_mode mode)
{
    if (mode == GAN_H5_READ) return O_RDONLY | O_CLOEXEC;
    return mode == GAN_H5_CHANGE ? O_RDWR | O_CLOEXEC : O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC;
}

/* File format of HDF5 1.8 (2008): checksummed metadata, readable everywhere, and no "open for writing" mark
 * in the file, which would turn readers away and stay behind after a kill. */
static bool set_access(hid_t access, gan_h5_file *f)
{
    hid_t id = H5FDregister(&driver);
    bool ok = id >= 0 && H5Pset_driver(access, id, &f) >= 0 &&
              H5Pset_libver_bounds(access, H5F_LIBVER_V18, H5F_LIBVER_V18) >= 0;
    if (id >= 0) H5FDunregister(id); /* the property list holds it now */
    return ok;
}

static hid_t open_id(gan_h5_file *f, const char *path, gan_h5_mode mode, hid_t creation, int64_t user_block)
{
    hid_t access = H5Pcreate(H5P_FILE_ACCESS), id = -1;
    if (access < 0) return -1;
    if (!set_access(access, f) || H5Pset_userblock(creation, (hsize_t)user_block) < 0)
        id = -1;
    else if (mode == GAN_H5_CREATE)
        id = H5Fcreate(path, H5F_ACC_TRUNC, creation, access);
    else
        id = H5Fopen(path, mode == GAN_H5_READ ? H5F_ACC_RDONLY : H5F_ACC_RDWR, access);
    H5Pclose(access);
    return id;
}

gan_status gan_h5_open(gan_h5_file *f, const char *path, gan_h5_mode mode, int64_t user_block)
{
    *f = (gan_h5_file){0};
    if (mode != GAN_H5_CREATE) GAN_TRY(gan_file_regular(path));
    *f = (gan_h5_file){.fd = open(path, open_flags(mode), 0666)};
    if (f->fd < 0) {
        int error = errno;
        return GAN_FAIL(GAN_EIO, "%.*s: cannot open: %s; %s", gan_file_shown(path), path, strerror(error),
                        gan_file_remedy(error));
    }
    hid_t creation = H5Pcreate(H5P_FILE_CREATE), id = -1;
    if (creation >= 0 && H5Pset_obj_track_times(creation, false) >= 0) /* the same content is the same bytes */
        id = open_id(f, path, mode, creation, user_block);
    if (creation >= 0) H5Pclose(creation);
    if (id >= 0) {
        f->id = id;
        f->error = 0; /* the library tries again, with other flags, when opening has failed once */
        return GAN_OK;
    }
    close(f->fd);
    int error = f->error;
    *f = (gan_h5_file){0};
    if (error == ENOMEM) return GAN_ENOMEM;
    return GAN_FAIL(GAN_EIO, "%s: not a readable HDF5 file: %s", path,
                    error ? strerror(error) : gan_h5_reason());
}

gan_status gan_h5_close(gan_h5_file *f, const char *path)
{
    if (f->id <= 0) return GAN_OK;
    bool closed = H5Fclose(f->id) >= 0;
    if (close(f->fd) != 0 && !f->error) f->error = errno;
    int error = f->error;
    *f = (gan_h5_file){.error = error};
    if (error)
        return GAN_FAIL(GAN_EIO, "%.*s: cannot write: %s; %s", gan_file_shown(path), path, strerror(error),
                        gan_file_remedy(error));
    return closed ? GAN_OK : GAN_FAIL(GAN_EIO, "%.*s: cannot close: %s", gan_file_shown(path), path, gan_h5_reason());
}
