/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * enrich/container.c - which container a cgroup path belongs to.
 *
 * The path is read component by component, and the deepest container wins: with one inside
 * another, that is where the process is. Names come from the creator of the cgroup, so nothing
 * but letters, digits and a few signs is taken over.
 *
 *	docker       /docker/<64 hex>            .../docker-<64 hex>.scope
 *	containerd   /k8s.io/<id>  /default/<64 hex>  .../cri-containerd-<id>.scope  nerdctl-<id>.scope
 *	cri-o        .../crio-<id>  .../crio-<id>.scope
 *	podman       .../libpod-<id>[.scope]  .../libpod-payload-<id>
 *	             (libpod-conmon-... and .../libpod-<id>/conmon are its monitor, outside)
 *	nspawn       ....slice/machine-<name>.scope  .../systemd-nspawn@<name>.service
 *	             (/supervisor below it is systemd-nspawn itself, outside)
 *	lxc          /lxc/<name>  /lxc.payload/<name>  /lxc.payload.<name>
 *	kubernetes   .../pod<uid>/<id>  ...-pod<uid with _>.slice/<runtime>-<id>.scope
 */
#include "enrich/enrich.h"

#include <ctype.h>
#include <string.h>

#include "base/byte_set.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define ID_HEX 64 /* what a container engine calls a container */
#define ID_MIN_HEX 12
#define NAME_MAX_BYTES 253
#define POD_UID_BYTES 36
#define POD_HASH_BYTES 32 /* static pods: a hash of their file */

struct part {
	const char *data;
	size_t len;
};

struct found {
	struct part id, pod;
	const char *runtime;
	bool is_escaped; /* id is a systemd unit name's: \x2d means - */
};

static bool starts_with(struct part part, const char *prefix)
{
	size_t len = strlen(prefix);

	return part.len >= len && memcmp(part.data, prefix, len) == 0;
}

static bool is_text(struct part part, const char *text)
{
	return part.len == strlen(text) && memcmp(part.data, text, part.len) == 0;
}

static struct part without_prefix(struct part part, size_t len)
{
	return (struct part){ part.data + len, part.len - len };
}

static bool cut_suffix(struct part *part, const char *suffix)
{
	size_t len = strlen(suffix);

	if (part->len < len || memcmp(part->data + part->len - len, suffix, len) != 0)
		return false;
	part->len -= len;
	return true;
}

static bool is_hex(struct part part, size_t min, size_t max)
{
	if (part.len < min || part.len > max)
		return false;
	for (size_t i = 0; i < part.len; i++) {
		if (!isxdigit((unsigned char)part.data[i]))
			return false;
	}
	return true;
}

static bool is_name(struct part part)
{
	if (!part.len || part.len > NAME_MAX_BYTES)
		return false;
	for (size_t i = 0; i < part.len; i++) {
		unsigned char c = (unsigned char)part.data[i];

		if (!isalnum(c) && !byte_is_one_of((char)c, "-_.:@\\"))
			return false;
	}
	return true;
}

/* pod<uid> at the end of @part, the slice's suffix cut off before. */
static bool find_pod(struct part part, struct found *found)
{
	static const size_t lengths[] = { POD_UID_BYTES, POD_HASH_BYTES };

	cut_suffix(&part, ".slice");
	for (size_t k = 0; k < COUNT(lengths); k++) {
		struct part uid = { part.data + part.len - lengths[k], lengths[k] };

		if (part.len < lengths[k] + 3 || memcmp(uid.data - 3, "pod", 3) != 0)
			continue;
		/* "kubepods-pod...", "pod...", but not "tripod..." */
		if (part.len > lengths[k] + 3 && uid.data[-4] != '-')
			continue;
		for (size_t i = 0; i < uid.len; i++) {
			char c = uid.data[i];
			bool is_dash = uid.len == POD_UID_BYTES &&
				       (i == 8 || i == 13 || i == 18 || i == 23);

			if (is_dash ? c != '-' && c != '_' : !isxdigit((unsigned char)c))
				return false;
		}
		found->pod = uid;
		return true;
	}
	return false;
}

static void set_id(struct found *found, struct part id, const char *runtime, bool is_escaped)
{
	found->id = id;
	found->runtime = runtime;
	found->is_escaped = is_escaped;
}

/* <engine>-<id>.scope, and the same without .scope. */
static bool find_engine(struct part part, struct found *found)
{
	static const struct {
		const char *prefix, *runtime;
	} engines[] = {
		{ "docker-", "docker" },	 { "cri-containerd-", "containerd" },
		{ "nerdctl-", "containerd" },	 { "crio-", "cri-o" },
		{ "libpod-payload-", "podman" }, { "libpod-", "podman" },
	};

	cut_suffix(&part, ".scope");
	for (size_t i = 0; i < COUNT(engines); i++) {
		if (!starts_with(part, engines[i].prefix))
			continue;

		struct part id = without_prefix(part, strlen(engines[i].prefix));

		if (!is_hex(id, ID_MIN_HEX, ID_HEX))
			return false; /* crio-conmon-..., docker-foo.scope */
		set_id(found, id, engines[i].runtime, false);
		return true;
	}
	return false;
}

/* A machine that systemd knows: an nspawn container, or a libvirt guest, which is none. */
static bool find_machine(struct part parent, struct part part, struct found *found)
{
	if (starts_with(part, "systemd-nspawn@") && cut_suffix(&part, ".service")) {
		part = without_prefix(part, strlen("systemd-nspawn@"));
	} else if (cut_suffix(&parent, ".slice") && starts_with(part, "machine-") &&
		   cut_suffix(&part, ".scope")) {
		part = without_prefix(part, strlen("machine-"));
		if (starts_with(part, "qemu\\x2d") || starts_with(part, "lxc\\x2d"))
			return false;
	} else {
		return false;
	}
	if (!is_name(part))
		return false;
	set_id(found, part, "systemd-nspawn", true);
	return true;
}

static bool find_lxc(struct part parent, struct part part, struct found *found)
{
	if (starts_with(part, "lxc.payload."))
		part = without_prefix(part, strlen("lxc.payload."));
	else if (!is_text(parent, "lxc") && !is_text(parent, "lxc.payload"))
		return false;
	if (!is_name(part))
		return false;
	set_id(found, part, "lxc", false);
	return true;
}

/* A component that is nothing but an id: the one before it names the runtime. */
static bool find_bare_id(struct part parent, struct part part, struct found *found)
{
	if (!is_hex(part, ID_HEX, ID_HEX))
		return false;
	if (is_text(parent, "docker"))
		set_id(found, part, "docker", false);
	else if (is_text(parent, "k8s.io") || is_text(parent, "default") || found->pod.len)
		set_id(found, part, "containerd", false);
	else
		set_id(found, part, NULL, false);
	return true;
}

/* slice:runtime:id, as a runtime writes when it is configured with the wrong cgroup driver */
static void find_in_triple(struct part part, struct found *found)
{
	const char *last = memrchr(part.data, ':', part.len);
	const char *first = memchr(part.data, ':', part.len);

	if (!last || first == last)
		return;

	struct part slice = { part.data, (size_t)(first - part.data) };
	struct part runtime = { first + 1, (size_t)(last - first - 1) };
	struct part id = without_prefix(part, (size_t)(last + 1 - part.data));

	find_pod(slice, found);
	if (is_text(runtime, "cri-containerd") && is_hex(id, ID_HEX, ID_HEX))
		set_id(found, id, "containerd", false);
	else
		find_bare_id(runtime, id, found);
}

static void find_in_component(struct part parent, struct part part, struct found *found)
{
	if (find_pod(part, found) || find_engine(part, found) ||
	    find_machine(parent, part, found) || find_lxc(parent, part, found) ||
	    find_bare_id(parent, part, found))
		return;
	find_in_triple(part, found);
}

/* Right below the container that was found: what minds it from outside? */
static bool is_monitor(struct part parent, struct part part, const struct found *found)
{
	if (found->id.data < parent.data || found->id.data >= parent.data + parent.len)
		return false;
	if (is_text(part, "supervisor"))
		return found->is_escaped;
	return is_text(part, "conmon") && found->runtime && !strcmp(found->runtime, "podman");
}

static int hex_value(char c)
{
	return isdigit((unsigned char)c) ? c - '0' : tolower((unsigned char)c) - 'a' + 10;
}

/* Copies @part with a NUL; systemd's \x2d become the byte that they mean, if that is printable. */
static bool copy(struct part part, bool is_escaped, char **at, char *end, struct begat_str *ret)
{
	char *start = *at, *p = start;

	if ((size_t)(end - start) < part.len + 1)
		return false;
	for (size_t i = 0; i < part.len; i++) {
		if (is_escaped && part.len - i >= 4 && part.data[i] == '\\' &&
		    part.data[i + 1] == 'x' && isxdigit((unsigned char)part.data[i + 2]) &&
		    isxdigit((unsigned char)part.data[i + 3])) {
			int c = hex_value(part.data[i + 2]) << 4 | hex_value(part.data[i + 3]);

			if (isprint(c) && c < 0x7f) {
				*p++ = (char)c;
				i += 3;
				continue;
			}
		}
		*p++ = part.data[i];
	}
	*p = '\0';
	*ret = (struct begat_str){ start, (size_t)(p - start) };
	*at = p + 1;
	return true;
}

static bool set_fields(const struct found *found, struct begat_event *ev, char *buf, size_t size)
{
	char *at = buf, *end = buf + size;
	bool any = false;

	if (found->id.len && copy(found->id, found->is_escaped, &at, end, &ev->container_id)) {
		begat_fields_add(&ev->has, BEGAT_F_CONTAINER_ID);
		any = true;
	}
	if (found->id.len && found->runtime) {
		ev->container_runtime =
			(struct begat_str){ found->runtime, strlen(found->runtime) };
		begat_fields_add(&ev->has, BEGAT_F_CONTAINER_RUNTIME);
		any = true;
	}
	if (found->pod.len && copy(found->pod, false, &at, end, &ev->pod_uid)) {
		for (char *p = (char *)ev->pod_uid.data; *p; p++) {
			if (*p == '_') /* a dash means "below" in the name of a slice */
				*p = '-';
		}
		begat_fields_add(&ev->has, BEGAT_F_POD_UID);
		any = true;
	}
	return any;
}

bool enrich_container(const struct begat_str *cgroup, struct begat_event *ev, char *buf,
		      size_t size)
{
	struct found found = { 0 }, outer = { 0 }; /* with what was found before */
	struct part parent = { "", 0 };
	const char *at = cgroup->data;
	const char *end = at ? at + cgroup->len : NULL;

	while (at < end) {
		const char *slash = memchr(at, '/', (size_t)(end - at));
		struct part part = { at, (size_t)((slash ? slash : end) - at) };

		if (part.len) {
			struct found before = found;

			if (is_monitor(parent, part, &found)) {
				found = outer;
			} else {
				find_in_component(parent, part, &found);
				if (found.id.data != before.id.data)
					outer = before;
			}
			parent = part;
		}
		at += part.len + 1;
	}
	return set_fields(&found, ev, buf, size);
}

static void keep(struct enrich_cache *cache, const struct begat_event *ev,
		 const struct begat_fields *before)
{
	cache->is_set = ev->cgroup.len <= sizeof(cache->path);
	if (!cache->is_set)
		return;
	memcpy(cache->path, ev->cgroup.data, ev->cgroup.len);
	cache->len = ev->cgroup.len;
	for (size_t i = 0; i < sizeof(before->bits) / sizeof(before->bits[0]); i++)
		cache->fields.bits[i] = ev->has.bits[i] & ~before->bits[i];
	cache->container_id = ev->container_id;
	cache->container_runtime = ev->container_runtime;
	cache->pod_uid = ev->pod_uid;
}

void enrich_container_cached(struct enrich_cache *cache, struct begat_event *ev)
{
	struct begat_fields before = ev->has;

	if (!cache->is_set || cache->len != ev->cgroup.len ||
	    memcmp(cache->path, ev->cgroup.data, cache->len)) {
		enrich_container(&ev->cgroup, ev, cache->buf, sizeof(cache->buf));
		keep(cache, ev, &before);
		return;
	}
	for (size_t i = 0; i < sizeof(before.bits) / sizeof(before.bits[0]); i++)
		ev->has.bits[i] |= cache->fields.bits[i];
	ev->container_id = cache->container_id;
	ev->container_runtime = cache->container_runtime;
	ev->pod_uid = cache->pod_uid;
}
