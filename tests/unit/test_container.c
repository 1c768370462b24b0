/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * unit/test_container.c - cgroup paths of every runtime, as seen on v1 and v2 hosts.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "unit.h"

#include "enrich/enrich.h"

#define ID "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define ID2 "fedcba9876543210fedcba9876543210fedcba9876543210fedcba9876543210"
#define POD "2c48913c-b29f-11e7-9350-020968147796"
#define POD_ "2c48913c_b29f_11e7_9350_020968147796"
#define HASH "0123456789abcdef0123456789abcdef"

static const struct {
	const char *path, *id, *runtime, *pod;
} cases[] = {
	{ "/docker/" ID, ID, "docker", NULL },
	{ "/system.slice/docker-" ID ".scope", ID, "docker", NULL },
	{ "/system.slice/docker-" ID ".scope/init.scope", ID, "docker", NULL },
	{ "/user.slice/user-1000.slice/user@1000.service/user.slice/docker-" ID ".scope", ID,
	  "docker", NULL },
	{ "/docker/" ID "/docker/" ID2, ID2, "docker", NULL },
	{ "/actions_job/" ID, ID, NULL, NULL },
	{ "/ecs/task/" ID, ID, NULL, NULL },
	{ "/k8s.io/" ID, ID, "containerd", NULL },
	{ "/default/" ID, ID, "containerd", NULL },
	{ "/system.slice/nerdctl-" ID ".scope", ID, "containerd", NULL },
	{ "/kubepods/besteffort/pod" POD "/" ID, ID, "containerd", POD },
	{ "/kubepods/pod" POD "/" ID, ID, "containerd", POD },
	{ "/kubepods/burstable/pod" HASH "/" ID, ID, "containerd", HASH },
	{ "/kubepods/burstable/pod" POD "/crio-" ID, ID, "cri-o", POD },
	{ "/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod" POD_
	  ".slice/cri-containerd-" ID ".scope",
	  ID, "containerd", POD },
	{ "/kubepods.slice/kubepods-pod" POD_ ".slice/crio-" ID ".scope", ID, "cri-o", POD },
	{ "/kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-pod" POD_
	  ".slice/docker-" ID ".scope",
	  ID, "docker", POD },
	{ "/kubepods.slice/kubepods-pod" POD_ ".slice", NULL, NULL, POD },
	{ "/docker/" ID "/kubelet.slice/kubelet-kubepods.slice/kubelet-kubepods-pod" POD_
	  ".slice/cri-containerd-" ID2 ".scope",
	  ID2, "containerd", POD },
	{ "/system.slice/containerd.service/kubepods-burstable-pod" POD_
	  ".slice:cri-containerd:" ID,
	  ID, "containerd", POD },
	{ "/kubepods.slice/kubepods-pod" POD_ ".slice/crio-conmon-" ID ".scope", NULL, NULL, POD },
	{ "/machine.slice/libpod-" ID ".scope", ID, "podman", NULL },
	{ "/machine.slice/libpod-" ID ".scope/container", ID, "podman", NULL },
	{ "/machine.slice/machine-libpod_pod_" ID2 ".slice/libpod-" ID ".scope", ID, "podman",
	  NULL },
	{ "/libpod_parent/libpod-" ID, ID, "podman", NULL },
	{ "/machine.slice/libpod-conmon-" ID ".scope", NULL, NULL, NULL },
	{ "/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-" ID ".scope", ID,
	  "podman", NULL },
	{ "/system.slice/web.service/libpod-payload-" ID, ID, "podman", NULL },
	{ "/libpod_parent/libpod-" ID "/conmon", NULL, NULL, NULL },
	{ "/docker/" ID2 "/libpod_parent/libpod-" ID "/conmon", ID2, "docker", NULL },
	{ "/machine.slice/libpod-" ID ".scope/container/conmon", ID, "podman", NULL },
	{ "/tenant.slice/machine-debian.scope/payload", "debian", "systemd-nspawn", NULL },
	{ "/machine.slice/machine-debian.scope/supervisor", NULL, NULL, NULL },
	{ "/machine.slice/systemd-nspawn@web.service/supervisor", NULL, NULL, NULL },
	{ "/machine.slice/machine-debian.scope/payload/supervisor", "debian", "systemd-nspawn",
	  NULL },
	{ "/machine.slice/machine-debian.scope", "debian", "systemd-nspawn", NULL },
	{ "/machine.slice/machine-my\\x2dbox.scope/payload", "my-box", "systemd-nspawn", NULL },
	{ "/machine.slice/machine-a\\x1bb.scope", "a\\x1bb", "systemd-nspawn", NULL },
	{ "/machine.slice/systemd-nspawn@web.service/payload", "web", "systemd-nspawn", NULL },
	{ "/machine.slice/machine-qemu\\x2d1\\x2dvm.scope", NULL, NULL, NULL },
	{ "/lxc/build", "build", "lxc", NULL },
	{ "/lxc/build/system.slice/cron.service", "build", "lxc", NULL },
	{ "/lxc.payload/build", "build", "lxc", NULL },
	{ "/lxc.payload.build/init.scope", "build", "lxc", NULL },
	{ "/lxc.monitor.build", NULL, NULL, NULL },
	{ "/lxc/a b", NULL, NULL, NULL },
	{ "/", NULL, NULL, NULL },
	{ "", NULL, NULL, NULL },
	{ "/user.slice/user-1000.slice/session-3.scope", NULL, NULL, NULL },
	{ "/system.slice/docker.service", NULL, NULL, NULL },
	{ "/system.slice/docker-nothex.scope", NULL, NULL, NULL },
	{ "/system.slice/tripod" POD, NULL, NULL, NULL },
	{ "/docker/0123", NULL, NULL, NULL },
	{ "//docker//" ID "//", ID, "docker", NULL },
};

static void check(const struct begat_event *ev, enum begat_field field, const struct begat_str *str,
		  const char *expected, const char *path)
{
	if (begat_event_has(ev, field) != (expected != NULL))
		fail_msg("%s: field %d: expected %s", path, field, expected ? expected : "none");
	if (!expected)
		return;
	assert_string_equal(str->data, expected);
	assert_int_equal(str->len, strlen(expected));
}

static void paths(void **state)
{
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		/* exactly as long as it is, so that a sanitizer sees a step beyond */
		size_t len = strlen(cases[i].path);
		char *path = malloc(len ? len : 1);
		struct begat_event ev = { .size = sizeof(ev) };
		char buf[ENRICH_CONTAINER_BYTES];

		assert_non_null(path);
		memcpy(path, cases[i].path, len);
		assert_int_equal(
			enrich_container(&(struct begat_str){ path, len }, &ev, buf, sizeof(buf)),
			cases[i].id || cases[i].pod);
		check(&ev, BEGAT_F_CONTAINER_ID, &ev.container_id, cases[i].id, cases[i].path);
		check(&ev, BEGAT_F_CONTAINER_RUNTIME, &ev.container_runtime, cases[i].runtime,
		      cases[i].path);
		check(&ev, BEGAT_F_POD_UID, &ev.pod_uid, cases[i].pod, cases[i].path);
		free(path);
	}
	(void)state;
}

/* A NUL byte is no character of a name, wherever it is. */
static void no_name_has_a_nul(void **state)
{
	static const char *const prefixes[] = { "/lxc/", "/lxc.payload.", "/machine.slice/machine-",
						"/machine.slice/systemd-nspawn@" };
	static const char *const names[] = { "a*b", "*", "a*", "*a" };

	for (size_t i = 0; i < 4 * 4; i++) {
		char path[80], buf[ENRICH_CONTAINER_BYTES];
		const char *prefix = prefixes[i / 4];
		const char *suffix = i / 4 == 2 ? ".scope" : i / 4 == 3 ? ".service" : "";
		size_t len = (size_t)snprintf(path, sizeof(path), "%s%s%s", prefix, names[i % 4],
					      suffix);
		struct begat_event ev = { .size = sizeof(ev) };

		*(char *)memchr(path, '*', len) = '\0';
		if (enrich_container(&(struct begat_str){ path, len }, &ev, buf, sizeof(buf)))
			fail_msg("%s%s%s with * = NUL names a container", prefix, names[i % 4],
				 suffix);
		assert_false(begat_event_has(&ev, BEGAT_F_CONTAINER_ID));
	}
	(void)state;
}

static void no_path_and_no_room(void **state)
{
	struct begat_event ev = { .size = sizeof(ev) };
	struct begat_str path = { "/docker/" ID, 8 + 64 };
	char buf[64];

	assert_false(enrich_container(&(struct begat_str){ NULL, 0 }, &ev, buf, sizeof(buf)));
	assert_true(enrich_container(&path, &ev, buf, sizeof(buf)));
	assert_false(begat_event_has(&ev, BEGAT_F_CONTAINER_ID));
	assert_true(begat_event_has(&ev, BEGAT_F_CONTAINER_RUNTIME));
	(void)state;
}

/* The same path again, another, one too long to keep: as without the cache. */
static void test_cache_says_the_same(void **state)
{
	static char longest[4096];
	const char *paths[] = {
		"/system.slice/docker-0123456789abcdef0123456789abcdef0123456789abcdef0123"
		"456789abcdef.scope",
		"/user.slice", longest, ""
	};
	struct enrich_cache cache = { 0 };

	memset(longest, 'x', sizeof(longest) - 1);
	memcpy(longest, "/machine.slice/", 15);
	for (int i = 0; i < 32; i++) {
		const char *path = paths[i / 2 % 4];
		struct begat_event plain = { .cgroup = { path, strlen(path) } }, cached = plain;
		char buf[ENRICH_CONTAINER_BYTES];

		enrich_container(&plain.cgroup, &plain, buf, sizeof(buf));
		enrich_container_cached(&cache, &cached);
		assert_memory_equal(&plain.has, &cached.has, sizeof(plain.has));
		assert_int_equal(plain.container_id.len, cached.container_id.len);
		if (plain.container_id.len)
			assert_memory_equal(plain.container_id.data, cached.container_id.data,
					    plain.container_id.len);
		assert_int_equal(plain.container_runtime.len, cached.container_runtime.len);
	}
}

UNIT_TESTS()
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cache_says_the_same),
		cmocka_unit_test(paths),
		cmocka_unit_test(no_name_has_a_nul),
		cmocka_unit_test(no_path_and_no_room),
	};

	return cmocka_run_group_tests_name("container", tests, NULL, NULL);
}
