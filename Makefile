# gan_mpi. `make help` names the targets.
VARIANT ?= release#                       release | debug | asan | fuzz: separate object trees
VARIANT := $(strip $(VARIANT))
B       := build/$(VARIANT)
Q       := $(if $(V),,@)
CC      := mpicc
CORES   := $(shell nproc 2>/dev/null || echo 2)
PREFIX  ?= /usr/local
NP      ?= 2
JOB     ?= jobs/quickstart.ini
FUZZ_S  ?= 20

# ---- libraries ----------------------------------------------------------------------------------------------
# Each by the first of its names that pkg-config knows; else below the directories of CMAKE_PREFIX_PATH (Spack,
# modules); else where the compiler looks anyway. HDF5_CFLAGS=..., HDF5_LIBS=... and so on overrule all that.
PREFIXES := $(subst :, ,$(CMAKE_PREFIX_PATH))
define library
$(1)_PKG    := $$(firstword $$(foreach p,$(2),$$(shell pkg-config --exists $$(p) 2>/dev/null && echo $$(p))))
$(1)_PREFIX := $$(patsubst %/include/$(3),%,$$(firstword $$(wildcard $$(addsuffix /include/$(3),$$(PREFIXES)))))
ifndef $(1)_CFLAGS
$(1)_CFLAGS := $$(if $$($(1)_PKG),$$(shell pkg-config --cflags $$($(1)_PKG)),$$($(1)_PREFIX:%=-I%/include))
endif
ifndef $(1)_LIBS
$(1)_LIBS   := $$(if $$($(1)_PKG),$$(shell pkg-config --libs $$($(1)_PKG)),$$(foreach d,$$($(1)_PREFIX),\
               -L$$(d)/lib -Wl,-rpath,$$(d)/lib) $(4))
endif
endef
LIBRARIES := HDF5 PNG JPEG ZLIB INIH RANDOM123
# An HDF5 for the other MPI would bring a second MPI into the program.
FLAVOUR   := $(if $(findstring mpich,$(shell $(CC) -show 2>/dev/null)),mpich,openmpi)
$(eval $(call library,HDF5,hdf5-$(FLAVOUR) hdf5 hdf5-serial,hdf5.h,-lhdf5))
$(eval $(call library,BLAS,openblas flexiblas cblas blas,cblas.h,-lopenblas))
$(eval $(call library,PNG,libpng,png.h,-lpng))
$(eval $(call library,JPEG,libjpeg,jpeglib.h,-ljpeg))
$(eval $(call library,ZLIB,zlib,zlib.h,-lz))
$(eval $(call library,INIH,inih,ini.h,-linih))
$(eval $(call library,RANDOM123,random123,Random123/philox.h,))
$(eval $(call library,CMOCKA,cmocka,cmocka.h,-lcmocka))
LIB_CFLAGS := $(sort $(foreach l,$(LIBRARIES),$($(l)_CFLAGS)))
LIB_LIBS   := $(foreach l,$(LIBRARIES),$($(l)_LIBS))

# ---- how to compile -----------------------------------------------------------------------------------------
VERSION     := 0.1.0$(addprefix +,$(shell git describe --always --dirty --exclude '*' 2>/dev/null))
WARN        := -Wall -Wextra -Wpedantic -Wshadow -Wstrict-prototypes -Wmissing-prototypes
# Members that an initialiser leaves out are 0; this program relies on it.
WARN        += -Wno-missing-field-initializers
# gcc takes MPICH's MPI_STATUSES_IGNORE for an array that is too small.
WARN        += $(if $(filter mpich,$(FLAVOUR)),-Wno-stringop-overflow)
OPT_release := -O3 -g
OPT_debug   := -O0 -g3
OPT_asan    := -O1 -g -fsanitize=address,undefined -fno-omit-frame-pointer -fno-sanitize-recover=undefined
OPT_fuzz    := $(OPT_asan) -fsanitize=fuzzer-no-link
# Threads of a rank; a compiler that comes without OpenMP builds a program of one thread a rank.
OPENMP      := $(if $(shell echo 'int main(void) { return 0; }' | $(CC) -fopenmp -x c -o /dev/null - 2>/dev/null && echo yes),-fopenmp)
FLAGS       := -std=c17 $(WARN) $(OPT_$(VARIANT)) -fno-math-errno -ffp-contract=off -pthread $(OPENMP) -Iinclude \
               -D_POSIX_C_SOURCE=200809L -D_DEFAULT_SOURCE $(LIB_CFLAGS) $(CPPFLAGS) $(CFLAGS)
LDLIBS      := $(LIB_LIBS) -lm -pthread

# Kernels in src/kernels/simd are compiled once per instruction set; select.c picks at run time.
ISAS        := $(if $(findstring x86_64,$(shell uname -m)),x86_64 avx2 avx512,plain)
ISA_plain   :=
ISA_x86_64  := -march=x86-64
ISA_avx2    := -mavx2 -mfma
ISA_avx512  := -mavx512f -mavx512vl -mavx512dq -mavx512bw -mavx2 -mfma -mprefer-vector-width=512
SIMD        := -ffp-contract=fast -Wno-psabi -Wno-pass-failed
# Fuzzers never get there, and clang needs minutes for unrolled kernels with sanitizers.
SIMD        += $(if $(filter fuzz,$(VARIANT)),-O0 -fno-sanitize=all)

SRC       := $(filter-out src/main.c,$(wildcard src/*/*.c src/kernels/ref/*.c))
SIMDS     := $(wildcard src/kernels/simd/*.c)
LIBOBJ    := $(SRC:%.c=$(B)/%.o) $(foreach i,$(ISAS),$(SIMDS:src/%.c=$(B)/$(i)/%.o))
UNIT      := $(patsubst tests/%.c,tests/%,$(wildcard tests/test_*.c))
MPI       := $(patsubst tests/%.c,tests/%,$(wildcard tests/mpi_*.c))
CLI       := $(wildcard tests/cli_*.sh)
TOOLS     := $(patsubst tests/%.c,tests/%,$(wildcard tests/tool_*.c))
FUZZERS   := $(patsubst %.c,%,$(wildcard tests/fuzz/*.c))
VERSIONED := $(B)/src/base/version.o

all: $(B)/gan_mpi

$(B)/gan_mpi: $(B)/src/main.o $(B)/libgan.a
	@echo "  LD    $@"
	$(Q)$(CC) $(FLAGS) -o $@ $^ $(LDFLAGS) $(LDLIBS)

$(B)/libgan.a: $(LIBOBJ)
	$(Q)rm -f $@ && ar rcs $@ $^

$(B)/%.o: %.c $(B)/flags
	@mkdir -p $(@D); echo "  CC    $<"
	$(Q)$(CC) $(FLAGS) $(OWN) -MMD -MP -c $< -o $@

# The scripts that `gan_mpi slurm` fills in, as strings of C, a line each.
$(B)/slurm/%.h: slurm/%
	@mkdir -p $(@D)
	$(Q)sed 's/[\\"]/\\&/g; s/.*/"&",/' $< >$@
$(B)/src/cli/slurm_script.o: OWN := -I$(B)
$(B)/src/cli/slurm_script.o: $(B)/slurm/train.sbatch.h $(B)/slurm/array.sbatch.h

define isa_rule
$(B)/$(1)/%.o: src/%.c $(B)/flags
	@mkdir -p $$(@D); echo "  CC    $$< ($(1))"
	$(Q)$$(CC) $$(FLAGS) $$(SIMD) $$(ISA_$(1)) -DGAN_ISA=$(1) -MMD -MP -c $$< -o $$@
endef
$(foreach i,$(ISAS),$(eval $(call isa_rule,$(i))))

$(VERSIONED): OWN := -DGAN_VERSION='"$(VERSION)"'
$(VERSIONED): $(B)/version

# These two change only when what they hold does; so another compiler or flag compiles everything, and a commit only
# what prints the version.
$(B)/flags: ALWAYS
	@command -v $(CC) >/dev/null || { echo "$(CC) is not there: 'make deps' installs what is missing"; exit 1; }
	@mkdir -p $(B); echo '$(CC) $(OMPI_CC) $(FLAGS) $(SIMD) $(LDLIBS)' | cmp -s - $@ || \
	  echo '$(CC) $(OMPI_CC) $(FLAGS) $(SIMD) $(LDLIBS)' >$@
$(B)/version: ALWAYS
	@mkdir -p $(B); echo '$(VERSION)' | cmp -s - $@ || echo '$(VERSION)' >$@

# ---- tests --------------------------------------------------------------------------------------------------
$(B)/tests/%: tests/%.c $(B)/libgan.a
	@mkdir -p $(@D); echo "  TEST  $@"
	$(Q)$(CC) $(FLAGS) $(CMOCKA_CFLAGS) -Itests -MMD -MP -MF $@.d -o $@ $< $(B)/libgan.a $(LDFLAGS) $(LDLIBS) $(CMOCKA_LIBS)

# Tests *_double: they and what they need with `float` as double, for finite differences.
DOUBLE := $(patsubst %.c,$(B)/double/%.o,$(filter-out src/base/version.c,$(wildcard $(addprefix src/,base/*.c config/*.c graph/*.c ops/*.c nn/*.c optim/*.c systems/*.c kernels/ref/*.c))) \
            src/kernels/scratch.c src/kernels/conv.c src/data/feed.c)
IN_DOUBLE := -include tests/in_double.h
$(DOUBLE): $(B)/double/%.o: %.c tests/in_double.h $(B)/flags
	@mkdir -p $(@D); echo "  CC    $< (double)"
	$(Q)$(CC) $(FLAGS) $(IN_DOUBLE) -MMD -MP -c $< -o $@
$(B)/double/libgan.a: $(DOUBLE) # a test links only what it needs: some have a source of data of their own
	$(Q)rm -f $@ && ar rcs $@ $^
$(B)/tests/%_double: tests/%_double.c tests/in_double.h $(B)/double/libgan.a
	@mkdir -p $(@D); echo "  TEST  $@"
	$(Q)$(CC) $(FLAGS) $(IN_DOUBLE) $(CMOCKA_CFLAGS) -Itests -MMD -MP -MF $@.d -o $@ $< $(B)/double/libgan.a $(LDFLAGS) $(LDLIBS) \
	  $(CMOCKA_LIBS)

# By hand, and the only thing that links a BLAS.
$(B)/tests/bench_kernels: tests/bench_kernels.c $(B)/libgan.a
	@mkdir -p $(@D); echo "  BENCH $@"
	$(Q)$(CC) $(FLAGS) $(BLAS_CFLAGS) -MMD -MP -MF $@.d -o $@ $< $(B)/libgan.a $(LDFLAGS) $(LDLIBS) $(BLAS_LIBS)

$(B)/tests/bench_allreduce: tests/bench_allreduce.c $(B)/libgan.a
	@mkdir -p $(@D); echo "  BENCH $@"
	$(Q)$(CC) $(FLAGS) -MMD -MP -MF $@.d -o $@ $< $(B)/libgan.a $(LDFLAGS) $(LDLIBS)

$(B)/tests/mpi_%: tests/mpi_%.c $(B)/libgan.a
	@mkdir -p $(@D); echo "  TEST  $@"
	$(Q)$(CC) $(FLAGS) -Itests -MMD -MP -MF $@.d -o $@ $< $(B)/libgan.a $(LDFLAGS) $(LDLIBS)

# What the scripts cli_*.sh need.
$(B)/tests/tool_%: tests/tool_%.c $(B)/libgan.a
	@mkdir -p $(@D); echo "  TOOL  $@"
	$(Q)$(CC) $(FLAGS) -Itests -MMD -MP -MF $@.d -o $@ $< $(B)/libgan.a $(LDFLAGS) $(LDLIBS)

$(B)/tests/fuzz/%: tests/fuzz/%.c $(B)/libgan.a
	@mkdir -p $(@D); echo "  FUZZ  $@"
	$(Q)$(CC) $(FLAGS) -fsanitize=fuzzer -Itests -MMD -MP -MF $@.d -o $@ $< $(B)/libgan.a $(LDFLAGS) $(LDLIBS)

unit-tests: $(UNIT:%=$(B)/%)
mpi-tests: $(MPI:%=$(B)/%)
test-tools: $(TOOLS:%=$(B)/%)
fuzzers: $(FUZZERS:%=$(B)/%)
MAKE_IN = $(MAKE) --no-print-directory $(if $(filter -j%,$(MAKEFLAGS)),,-j$(CORES))

check:
	@sh scripts/deps.sh test
	+@$(MAKE_IN) VARIANT=release all unit-tests mpi-tests test-tools
	+@$(MAKE_IN) VARIANT=asan unit-tests
	@sh tests/run.sh $(UNIT:%=build/release/%) $(MPI:%=build/release/%) $(UNIT:%=build/asan/%) $(CLI)

check-net:
	@sh scripts/deps.sh net
	+@$(MAKE_IN) VARIANT=release all
	@sh tests/net/check.sh

unit: unit-tests
	@sh tests/run.sh $(UNIT:%=$(B)/%)
mpi: mpi-tests
	@sh tests/run.sh $(MPI:%=$(B)/%)
cli: all mpi-tests test-tools
	@sh tests/run.sh $(CLI)
asan:
	+@$(MAKE_IN) VARIANT=asan unit
fuzz:
	@sh scripts/deps.sh fuzz
	+@OMPI_CC=clang MPICH_CC=clang $(MAKE_IN) VARIANT=fuzz fuzzers
	@sh tests/fuzz.sh $(FUZZ_S) $(FUZZERS:%=build/fuzz/%)
check-slurm:
	@sh scripts/deps.sh test slurm
	+@$(MAKE_IN) all
	@sh tests/slurm/check.sh
bench: all
	@/usr/bin/python3 tests/bench.py --gan-mpi $(B)/gan_mpi

# By hand: model and simulation of many ranks (SimGrid).
simulate check-sim:
	@sh scripts/deps.sh simulate
	+@$(MAKE_IN) all
	@sh tests/sim/simulate.sh $(B)/gan_mpi $(if $(filter check-sim,$@),--quick)

bench-comm: all
	@sh scripts/deps.sh net
	+@$(MAKE_IN) $(B)/tests/bench_allreduce
	@/usr/bin/python3 tests/bench_comm.py --gan-mpi $(B)/gan_mpi

bench-kernels:
	@sh scripts/deps.sh bench-kernels
	+@$(MAKE_IN) $(B)/tests/bench_kernels
	@env -u OPENBLAS_CORETYPE -u OPENBLAS_L2_SIZE OPENBLAS_NUM_THREADS=1 $(B)/tests/bench_kernels

# ---- use ----------------------------------------------------------------------------------------------------
run:
	@sh scripts/deps.sh
	+@$(MAKE_IN) all
	@sh scripts/run.sh $(B)/gan_mpi $(NP) $(JOB) $(ARGS)

FASHION ?= /usr/share/datasets/fashion-mnist
data: data/fashion-mnist.h5
data/fashion-mnist.h5:
	@sh scripts/deps.sh data
	+@$(MAKE_IN) all
	$(B)/gan_mpi import idx $(FASHION)/train-images-idx3-ubyte.gz $(FASHION)/train-labels-idx1-ubyte.gz \
	  $(FASHION)/t10k-images-idx3-ubyte.gz $(FASHION)/t10k-labels-idx1-ubyte.gz $@

MNIST ?= build/mnist
mnist: data/mnist.h5 data/mnist-train.h5 data/mnist-test.h5
data/mnist.h5 data/mnist-train.h5 data/mnist-test.h5:
	@$(if $(filter build/mnist,$(MNIST)),sh scripts/mnist.sh $(MNIST))
	@sh scripts/deps.sh
	+@$(MAKE_IN) all
	$(B)/gan_mpi import idx $(foreach f,$(MNIST_$(@F)),$(MNIST)/$(f)-images*) $(foreach f,$(MNIST_$(@F)),$(MNIST)/$(f)-labels*) $@
MNIST_mnist.h5       := train t10k
MNIST_mnist-train.h5 := train
MNIST_mnist-test.h5  := t10k

# scripts/tables.sh says what TRIALS, EPOCHS, STEPS, JOBS, NP, POINTS and ACTION are.
TABLE ?= pacgan1
tables:
	@sh scripts/deps.sh tables
	+@$(MAKE_IN) all
	@GAN_MPI=$(B)/gan_mpi bash scripts/tables.sh $(TABLE)
check-tables:
	@sh scripts/deps.sh tables
	+@$(MAKE_IN) all
	@GAN_MPI=$(B)/gan_mpi sh scripts/check_tables.sh
jobs-smoke:
	@sh scripts/deps.sh
	+@$(MAKE_IN) all
	@sh scripts/jobs_smoke.sh $(B)/gan_mpi $(if $(filter command,$(origin JOB)),$(JOB))

SHARE = $(DESTDIR)$(PREFIX)/share/gan_mpi
install: all
	install -d $(DESTDIR)$(PREFIX)/bin $(SHARE)/data $(SHARE)/scripts
	install $(B)/gan_mpi $(DESTDIR)$(PREFIX)/bin/
	cp -R jobs slurm $(wildcard README.md LICENSE) $(SHARE)/
	cp $(addprefix scripts/,run.sh sweep.sh correlate.sh tables.sh tables.py) $(SHARE)/scripts/
	cp $(wildcard data/README.md data/fashion-mnist-10k.*) $(SHARE)/data/
	@echo 'to try it: cp -R $(PREFIX)/share/gan_mpi try && cd try && mpirun -np 2 $(PREFIX)/bin/gan_mpi jobs/quickstart.ini'

deps:
	@sh scripts/deps.sh $(WITH)
clean:
	rm -rf build

help:
	@echo "gan_mpi $(VERSION)"
	@echo
	@echo "  make               build/release/gan_mpi; VARIANT=debug|asan for other trees, V=1 shows commands"
	@echo "  make run           install what is missing, build, train $(JOB) on $(NP) ranks (JOB=, NP=, ARGS=)"
	@echo "  make check         all tests; parts: unit, mpi, cli, asan"
	@echo "  make check-net     four hosts made of network namespaces, and what can happen to them; root only"
	@echo "  make check-slurm   the scripts of slurm/ on a SLURM of 15 nodes that it starts on this machine, and ends; as root"
	@echo "  make fuzz          hostile bytes for the readers, $(FUZZ_S) s each (FUZZ_S=); needs clang"
	@echo "  make bench         the speed table of the README"
	@echo "  make bench-comm    what communication costs and what of it is hidden: four hosts, PyTorch DDP beside us; root only"
	@echo "  make bench-kernels our matrix products beside a BLAS"
	@echo "  make simulate      a step on 64 to 1024 simulated ranks, into docs/simulated.md (SimGrid; a quarter of an hour)"
	@echo "  make check-sim     the same of a small job, against the model; a test"
	@echo "  make data          data/fashion-mnist.h5, all 70,000 images, from Debian's package"
	@echo "  make mnist         data/mnist.h5, the 70,000 digits, and mnist-train, mnist-test, by npm; or from MNIST=DIRECTORY with the IDX files"
	@echo "  make tables        train the points of jobs/tables/\$$TABLE.txt, as far as they are not there, into RESULTS.md (TABLE=, TRIALS=, EPOCHS=)"
	@echo "  make check-tables  a small model of PacGAN's table 1, trained anew: is what it says there so? Some minutes"
	@echo "  make jobs-smoke    each job of jobs/ for three steps on 2 ranks"
	@echo "  make install       binary, jobs and small dataset below PREFIX=$(PREFIX)"
	@echo "  make deps          install what is missing, nothing else"
	@echo "  make clean         remove build/"
	@echo
	@sh scripts/deps.sh --list

# scripts/deps.sh looks for libraries the way the compiler will.
export CC LIB_CFLAGS LIB_LIBS CMOCKA_CFLAGS CMOCKA_LIBS BLAS_CFLAGS FASHION
export FOUND := $(foreach l,$(LIBRARIES) CMOCKA BLAS,$(l)=$($(l)_PKG))

-include $(LIBOBJ:.o=.d) $(DOUBLE:.o=.d) $(B)/src/main.d $(patsubst %,$(B)/%.d,$(UNIT) $(MPI) $(TOOLS) $(FUZZERS))

.PHONY: all tables check-tables jobs-smoke check unit mpi cli asan fuzz bench bench-comm bench-kernels simulate check-sim run data mnist install deps clean help unit-tests mpi-tests test-tools fuzzers ALWAYS check-net check-slurm
.DELETE_ON_ERROR:
