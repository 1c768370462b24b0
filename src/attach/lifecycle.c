/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * attach/lifecycle.c - forks, execs, exits and signals: what every backend sees; and the backend of
 * that name, which sees nothing else. It needs neither tracefs nor perf events.
 *
 * The order is that of the programs in the object: see bpf/hooks/lifecycle.bpf.c.
 */
#include <string.h>

#include "attach/internal.h"

int lifecycle_attach(struct probes *probes, struct error *error)
{
	struct bpf_program *program = NULL;

	while ((program = programs_next(probes, "lifecycle", program))) {
		int err = probes_keep(probes, bpf_program__attach(program));

		if (err)
			return error_set(error, err, "%s: %s does not attach: %s",
					 probes->backend->name, bpf_program__name(program),
					 strerror(-err));
	}
	return 0;
}

extern const struct backend backend_lifecycle;
const struct backend backend_lifecycle = { .name = "lifecycle" };
