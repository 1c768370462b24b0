/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * attach/kernel_btf.c - see kernel_btf.h.
 */
#include "attach/kernel_btf.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"

#define NAME_BUCKETS 4096 /* an object has a few hundred names */

struct part {
	const struct btf *kernel;
	struct btf *to;
	uint32_t *ids; /* by the kernel's id: the id in @to; 0 = not there */
	const char *names[NAME_BUCKETS]; /* of the object's types, without their flavor */
	size_t lengths[NAME_BUCKETS];
	int pointer; /* the id of "void *" in @to, which stands for each pointer */
};

/* libbpf's rule: ___ begins a flavor, which is no part of the name. */
static size_t name_length(const char *name)
{
	const char *flavor = strstr(name, "___");

	return flavor && flavor > name ? (size_t)(flavor - name) : strlen(name);
}

/* The bucket of a name: that which has it, or a free one. */
static size_t bucket_of(const struct part *part, const char *name, size_t len)
{
	size_t at = hash_bytes(HASH_BEGIN, name, len) % NAME_BUCKETS;

	while (part->names[at] && (part->lengths[at] != len || memcmp(part->names[at], name, len)))
		at = (at + 1) % NAME_BUCKETS;
	return at;
}

static bool is_relocated(const struct btf_type *type)
{
	return btf_is_composite(type) || btf_is_any_enum(type) || btf_is_typedef(type);
}

static int list_names(struct part *part, const struct btf *local)
{
	size_t count = 0;

	for (uint32_t id = 1; id < btf__type_cnt(local); id++) {
		const struct btf_type *type = btf__type_by_id(local, id);
		const char *name = btf__name_by_offset(local, type->name_off);
		size_t len, at;

		if (!is_relocated(type) || !name || !*name)
			continue;
		len = name_length(name);
		at = bucket_of(part, name, len);
		count += !part->names[at];
		part->names[at] = name;
		part->lengths[at] = len;
		if (count > NAME_BUCKETS / 2)
			return -E2BIG;
	}
	return 0;
}

static int add(struct part *part, uint32_t id);

/* What lies within a struct or a union: its members get the ids that they have in the part. */
static int add_members(struct part *part, uint32_t id, int to)
{
	const struct btf_type *type = btf__type_by_id(part->kernel, id);

	for (uint16_t i = 0; i < btf_vlen(type); i++) {
		int member = add(part, btf_members(type)[i].type);

		if (member < 0)
			return member;
		/* Each addition may move what is there. */
		btf_members(btf__type_by_id(part->to, (uint32_t)to))[i].type = (uint32_t)member;
	}
	return to;
}

static int add_array(struct part *part, const struct btf_array *array)
{
	int index = add(part, array->index_type), element = add(part, array->type);

	if (index < 0 || element < 0)
		return index < 0 ? index : element;
	return btf__add_array(part->to, index, element, (int)array->nelems);
}

/* The id in the part of the kernel's type @id, or a negative errno. */
static int add(struct part *part, uint32_t id)
{
	const struct btf_type *type = btf__type_by_id(part->kernel, id);
	int to;

	/* Qualifiers and names of types do not matter to a member. */
	while (type && (btf_is_mod(type) || btf_is_typedef(type))) {
		id = type->type;
		type = btf__type_by_id(part->kernel, id);
	}
	if (!type)
		return -EINVAL;
	if (btf_is_void(type) || btf_is_func_proto(type))
		return 0;
	if (btf_is_ptr(type))
		return part->pointer;
	if (part->ids[id])
		return (int)part->ids[id];
	to = btf_is_array(type) ? add_array(part, btf_array(type))
				: btf__add_type(part->to, part->kernel, type);
	if (to < 0)
		return to;
	part->ids[id] = (uint32_t)to;
	return btf_is_composite(type) ? add_members(part, id, to) : to;
}

static int add_named(struct part *part)
{
	for (uint32_t id = 1; id < btf__type_cnt(part->kernel); id++) {
		const struct btf_type *type = btf__type_by_id(part->kernel, id);
		const char *name;
		size_t len;
		int to, added;

		if (!is_relocated(type) || !type->name_off)
			continue;
		name = btf__name_by_offset(part->kernel, type->name_off);
		len = name_length(name);
		if (!part->names[bucket_of(part, name, len)])
			continue;
		to = add(part, id);
		added = to >= 0 && btf_is_typedef(type) ? btf__add_typedef(part->to, name, to) : to;
		if (added < 0)
			return added;
	}
	return 0;
}

struct btf *kernel_btf_part(const struct btf *kernel, const struct btf *local)
{
	struct part *part = calloc(1, sizeof(*part));
	struct btf *to = NULL;

	if (!part)
		return NULL;
	part->kernel = kernel;
	part->ids = calloc(btf__type_cnt(kernel), sizeof(*part->ids));
	part->to = btf__new_empty();
	part->pointer = part->to ? btf__add_ptr(part->to, 0) : -ENOMEM;
	if (part->ids && part->pointer > 0 && !list_names(part, local) && !add_named(part)) {
		to = part->to;
		part->to = NULL;
	}
	btf__free(part->to);
	free(part->ids);
	free(part);
	return to;
}
