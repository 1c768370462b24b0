/* SPDX-License-Identifier: BSD-2-Clause */
/* transport/transport.c - the registry. */
#include "transport/transport.h"

#include <string.h>
#include <unistd.h>

#define TRANSPORT(name, meaning) extern const struct transport_ops transport_##name;
#include "transport/transports.def"
#undef TRANSPORT

#define TRANSPORT(name, meaning) &transport_##name,
static const struct transport_ops *const transports[] = {
#include "transport/transports.def"
};
#undef TRANSPORT

const struct transport_ops *transport_by_name(const char *name)
{
	for (size_t i = 0; i < sizeof(transports) / sizeof(transports[0]); i++)
		if (!strcmp(transports[i]->name, name))
			return transports[i];
	return NULL;
}

size_t transport_round(size_t bytes)
{
	size_t rounded = sysconf(_SC_PAGESIZE);

	while (rounded < bytes && rounded < (size_t)1 << 30)
		rounded <<= 1;
	return rounded;
}
