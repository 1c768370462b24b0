/* SPDX-License-Identifier: BSD-2-Clause */
/* transport/transport.c - the table of transports, and the choice among them. */
#include "transport/transport.h"

#include <begat/begat.h>
#include <bpf/bpf.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/api.h"
#include "base/names.h"

#define TRANSPORT(name) extern const struct transport_ops transport_##name;
#include "transport/transports.def"
#undef TRANSPORT

const struct transport_ops *const transports[] = {
#define TRANSPORT(name) &transport_##name,
#include "transport/transports.def"
#undef TRANSPORT
	NULL,
};

BEGAT_API const char *const *begat_transport_names(void)
{
	static const char *const names[] = {
#define TRANSPORT(name) #name,
#include "transport/transports.def"
#undef TRANSPORT
		NULL,
	};

	return names;
}

static const struct transport_ops *find(const char *name)
{
	for (const struct transport_ops *const *t = transports; *t; t++)
		if (!strcmp((*t)->name, name))
			return *t;
	return NULL;
}

/* Where there is none at all, the last: to open it says why. */
static const struct transport_ops *best(void)
{
	const struct transport_ops *const *t = transports;

	while (t[1] && !(*t)->is_available())
		t++;
	return *t;
}

int transport_choose(const char *asked, struct error *error, const struct transport_ops **ret)
{
	const struct transport_ops *found = asked ? find(asked) : best();
	char names[128];

	if (!found)
		return error_set(
			error, -EINVAL, "unknown transport '%s': there are %s", asked,
			names_listed(names, sizeof(names), begat_transport_names(), "and"));
	if (found != best() && !found->is_available())
		return error_set(error, -ENOTSUP, "this kernel has %s: use --transport %s",
				 found->absence, best()->name);
	*ret = found;
	return 0;
}

bool transport_can_create_map(enum bpf_map_type type, uint32_t key, uint32_t value,
			      uint32_t entries)
{
	int fd = bpf_map_create(type, "begat_probe", key, value, entries, NULL);

	if (fd < 0)
		return false;
	close(fd);
	return true;
}

size_t transport_round(size_t bytes)
{
	size_t rounded = sysconf(_SC_PAGESIZE);

	while (rounded < bytes && rounded < (size_t)1 << 30)
		rounded <<= 1;
	return rounded;
}
