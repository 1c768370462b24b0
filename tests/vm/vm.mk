# SPDX-License-Identifier: BSD-2-Clause
# Virtual machines: other kernels, under emulation; included by tests/tests.mk.
# docs/howto-add-kernel.md explains.

TESTS ?= $(BUILD)/tests
VM_TOOLS := $(TESTS)/vm
VM_FOREIGN := $(filter-out $(shell uname -m),$(ARCH))
COMPAT32_CFLAGS := -std=gnu11 -O1 -Wall -Wextra -ffreestanding -fno-builtin -fno-pie -nostdlib -static \
	-fno-stack-protector -fno-asynchronous-unwind-tables
# gcc makes i386 programs without any 32-bit library; where it cannot, clang and lld do.
COMPAT32_X86 = $(CC) -m32 -no-pie $(COMPAT32_CFLAGS) $< -o $@ 2>/dev/null || \
	$(CLANG) --target=i386-linux-gnu -fuse-ld=lld $(COMPAT32_CFLAGS) $< -o $@
COMPAT32_ARM = $(CLANG) --target=arm-linux-gnueabi -march=armv7-a -fuse-ld=lld $(COMPAT32_CFLAGS) $< -o $@

$(VM_TOOLS)/compat32: tests/vm/compat32.c
	@mkdir -p $(@D)
	$(if $(filter x86_64,$(ARCH)),$(COMPAT32_X86),$(COMPAT32_ARM))

$(VM_TOOLS)/with-caps: tests/vm/with-caps.c
	@mkdir -p $(@D)
	$(CC) -static -std=gnu11 -D_GNU_SOURCE -O1 $(WARNINGS) $(if $(WERROR),-Werror) $< -o $@

$(TESTS)/begat-verify: tests/vm/verify.c $(BUILD)/libbegat.a
	@mkdir -p $(@D)
	$(CC) $(BASE_CPPFLAGS) $(CPPFLAGS) $(BASE_CFLAGS) $(CFLAGS) $(BASE_LDFLAGS) $(LDFLAGS) $< $(BUILD)/libbegat.a $(LDLIBS_BPF) -o $@

##@ Other kernels, under emulation
## vm-programs: all that a guest of the matrix runs
vm-programs: $(BUILD)/begat integration-build $(TESTS)/begat-verify $(VM_TOOLS)/compat32 \
		$(VM_TOOLS)/with-caps

## test-vm: the integration tests on every kernel of tests/vm/kernels.txt; KERNEL='5.10 6.1' these; ONLY=name
## test-vm ARCH=arm64: built by clang for arm64, on the arm64 kernels
ifeq ($(VM_FOREIGN),)
test-vm: vm-programs
	@BUILD=$(BUILD) ONLY='$(ONLY)' tests/vm/test-vm.sh $(KERNEL)
else
test-vm:
	@BUILD=$(BUILD) ONLY='$(ONLY)' MAKE='$(MAKE)' tests/vm/test-vm.sh -A $(ARCH) $(KERNEL)
endif

## verifier-baseline: accept the verifier's instruction counts of today
verifier-baseline: vm-programs
	@BUILD=$(BUILD) VM_PARTS=verifier tests/vm/test-vm.sh -u $(KERNEL)
	@BUILD=$(BUILD) VM_PARTS=verifier MAKE='$(MAKE)' tests/vm/test-vm.sh -u -A arm64

## check-floor: nothing newer than kernel 5.5 in the least configuration; without root it says so
check-floor: $(TESTS)/begat-verify
	@scripts/check-floor.sh $< || [ $$? = 77 ]

## guest KERNEL=6.1 CMD='...': a command of this machine, on its own root (read-only), under that kernel
guest:
	@test -n '$(KERNEL)' || { echo "usage: make guest KERNEL=6.1 CMD='uname -r'" >&2; exit 2; }
	@test -z '$(VM_FOREIGN)' || { echo "make guest: this machine's programs do not run on $(ARCH); for that: make test-vm ARCH=$(ARCH)" >&2; exit 2; }
	@BUILD=$(BUILD) tests/vm/run-guest.sh -r -m 2G $(if $(APPEND),-a '$(APPEND)') $(KERNEL) -- \
		$(if $(CMD),'$(subst ','\'',$(CMD))','uname -a')

.PHONY: vm-programs test-vm verifier-baseline check-floor guest
