# SPDX-License-Identifier: BSD-2-Clause
# Virtual machines: other kernels, under emulation. docs/howto-add-kernel.md explains.

# A command of this machine, on this machine's own root (read-only), under another kernel.
guest:
	@test -n '$(KERNEL)' || { echo "usage: make guest KERNEL=6.1 CMD='uname -r'" >&2; exit 2; }
	@BUILD=$(BUILD) tests/vm/run-guest.sh -r -m 2G $(if $(APPEND),-a '$(APPEND)') $(KERNEL) -- $(if $(CMD),'$(subst ','\'',$(CMD))',uname -a)

.PHONY: guest
