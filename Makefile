# gan_mpi. `make help` names the targets.
VARIANT ?= release#                       release | debug | asan: separate object trees
VARIANT := $(strip $(VARIANT))
B       := build/$(VARIANT)
Q       := $(if $(V),,@)
CC      := mpicc
PREFIX  ?= /usr/local

WARN        := -Wall -Wextra -Wpedantic -Wshadow -Wstrict-prototypes -Wmissing-prototypes
OPT_release := -O3 -g
OPT_debug   := -O0 -g3
OPT_asan    := -O1 -g -fsanitize=address,undefined -fno-omit-frame-pointer -fno-sanitize-recover=undefined
PKGS        := hdf5-openmpi openblas inih libpng zlib
CPPFLAGS    := -Iinclude -D_POSIX_C_SOURCE=200809L -D_DEFAULT_SOURCE -DGAN_VERSION='"$(VERSION)"' $(shell pkg-config --cflags $(PKGS) 2>/dev/null)
CFLAGS      := -std=c17 $(WARN) $(OPT_$(VARIANT)) -fno-math-errno -ffp-contract=off -pthread -MMD -MP
LDLIBS      := $(shell pkg-config --libs $(PKGS) 2>/dev/null) -lm -pthread
VERSION     := 0.1.0

# Kernels in src/kernels/simd are compiled once per instruction set; select.c picks at run time.
ISAS          := $(if $(findstring x86_64,$(shell uname -m)),x86_64 avx2 avx512,plain)
ISA_plain     :=
ISA_x86_64    := -march=x86-64
ISA_avx2      := -mavx2 -mfma
ISA_avx512    := -mavx512f -mavx512vl -mavx512dq -mavx512bw -mavx2 -mfma -mprefer-vector-width=512
SIMD          := -ffp-contract=fast -Wno-psabi -Wno-pass-failed

SRC    := $(filter-out src/main.c,$(wildcard src/*/*.c))
SIMDS  := $(wildcard src/kernels/simd/*.c)
LIBOBJ := $(SRC:%.c=$(B)/%.o) $(foreach i,$(ISAS),$(SIMDS:src/%.c=$(B)/$(i)/%.o))
TESTS  := $(patsubst tests/%.c,$(B)/tests/%,$(wildcard tests/test_*.c))

all: $(B)/gan_mpi

$(B)/gan_mpi: $(B)/src/main.o $(B)/libgan.a
	@echo "  LD    $@"
	$(Q)$(CC) $(CFLAGS) -o $@ $^ $(LDLIBS)

$(B)/libgan.a: $(LIBOBJ)
	$(Q)rm -f $@ && ar rcs $@ $^

$(B)/%.o: %.c Makefile
	@mkdir -p $(@D); echo "  CC    $<"
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) -c $< -o $@

define isa_rule
$(B)/$(1)/%.o: src/%.c Makefile
	@mkdir -p $$(@D); echo "  CC    $$< ($(1))"
	$(Q)$$(CC) $$(CPPFLAGS) $$(CFLAGS) $(SIMD) $(ISA_$(1)) -DGAN_ISA=$(1) -c $$< -o $$@
endef
$(foreach i,$(ISAS),$(eval $(call isa_rule,$(i))))

$(B)/tests/%: tests/%.c $(B)/libgan.a
	@mkdir -p $(@D); echo "  TEST  $@"
	$(Q)$(CC) $(CPPFLAGS) -Itests $(CFLAGS) -o $@ $< $(B)/libgan.a $(LDLIBS) -lcmocka

-include $(LIBOBJ:.o=.d) $(B)/src/main.d $(TESTS:=.d)

.PHONY: all
.DELETE_ON_ERROR:
