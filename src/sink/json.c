/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sink/json.c - one JSON object a line, always valid UTF-8, keys in the order of fields.def.
 *
 * A string with bytes that are not UTF-8 is followed by <name>_b64 with its exact bytes.
 * Speed: keys are ready-made text, only the bits set in ev->has are visited, no printf.
 */
#include <begat/begat.h>
#include <errno.h>
#include <stdlib.h>

#include "event/fields.h"
#include "sink/json_summary.h"
#include "base/json.h"
#include "event/strv.h"
#include "sink/ops.h"

#define SCALAR_ROOM 512 /* a key and any value of fixed size, pids apart */
#define PIDS_PIECE 32

struct json_state {
	struct json_clock clock;
};

static int json_open(struct begat_sink *sink)
{
	struct json_state *state = malloc(sizeof(*state));

	if (!state)
		return -ENOMEM;
	state->clock.second = UINT64_MAX;
	sink->state = state;
	return 0;
}

static void json_close(struct begat_sink *sink)
{
	free(sink->state);
}

static void json_fields(const struct begat_sink *sink, struct begat_fields *ret_fields)
{
	(void)sink;
	for (int i = 0; i < BEGAT_FIELD_COUNT; i++) {
		if (i != BEGAT_F_ENV && i != BEGAT_F_ENV_TRUNCATED)
			begat_fields_add(ret_fields, (enum begat_field)i);
	}
}

static char *put_key(char *at, const struct field *field)
{
	memcpy(at, field->json_key, FIELD_KEY_BYTES);
	return at + field->json_key_len;
}

/* ,"name_b64": - the part of the key before its closing quote and colon is the field's own. */
static void put_b64_key(struct outbuf *out, const struct field *field)
{
	outbuf_put(out, field->json_key, field->json_key_len - 2);
	outbuf_puts(out, "_b64\":");
}

static void put_str(struct outbuf *out, const struct field *field, const struct begat_str *str)
{
	size_t len = str->data ? str->len : 0;

	outbuf_end(out, put_key(outbuf_room(out, SCALAR_ROOM), field));
	if (!json_string(out, len ? str->data : "", len)) {
		put_b64_key(out, field);
		json_base64(out, str->data, len);
	}
}

static void write_base64s(struct outbuf *out, const struct begat_strv *strv)
{
	struct strv_iter it = strv_begin(strv);
	struct begat_str str;
	char separator = '[';

	while (strv_next(&it, &str)) {
		outbuf_put(out, &separator, 1);
		separator = ',';
		json_base64(out, str.data, str.len);
	}
	outbuf_puts(out, separator == '[' ? "[]" : "]");
}

static void put_strv(struct outbuf *out, const struct field *field, const struct begat_strv *strv)
{
	outbuf_end(out, put_key(outbuf_room(out, SCALAR_ROOM), field));
	if (!json_strings(out, strv->data, strv->bytes, strv->count)) {
		put_b64_key(out, field);
		write_base64s(out, strv);
	}
}

static void put_pids(struct outbuf *out, const struct field *field, const struct begat_event *ev)
{
	uint32_t count = ev->pids ? ev->pids_count : 0;

	outbuf_end(out, put_key(outbuf_room(out, SCALAR_ROOM), field));
	for (uint32_t i = 0; i < count;) {
		char *at = outbuf_room(out, PIDS_PIECE * (JSON_U64_MAX + 1));

		for (int n = 0; n < PIDS_PIECE && i < count; n++, i++) {
			*at++ = i ? ',' : '[';
			at = json_u64(at, ev->pids[i]);
		}
		outbuf_end(out, at);
	}
	outbuf_puts(out, count ? "]" : "[]");
}

static char *put_ns(char *at, const struct begat_event *ev)
{
	static const char keys[BEGAT_NS_COUNT][16] = {
		[BEGAT_NS_PID] = ",\"pid\":",	    [BEGAT_NS_MNT] = ",\"mnt\":",
		[BEGAT_NS_NET] = ",\"net\":",	    [BEGAT_NS_USER] = ",\"user\":",
		[BEGAT_NS_UTS] = ",\"uts\":",	    [BEGAT_NS_IPC] = ",\"ipc\":",
		[BEGAT_NS_CGROUP] = ",\"cgroup\":",
	};
	char *start = at;

	for (int i = 0; i < BEGAT_NS_COUNT; i++) {
		if (!ev->ns[i])
			continue; /* this kernel is built without it */
		memcpy(at, keys[i], sizeof(keys[i]));
		at = json_u64(at + strlen(keys[i]), ev->ns[i]);
	}
	if (at == start)
		at++;
	*start = '{';
	*at++ = '}';
	return at;
}

static void put_killed_by(struct outbuf *out, const struct field *field,
			  const struct begat_event *ev)
{
	const struct begat_str *comm = &ev->killed_by_comm;
	char *at = put_key(outbuf_room(out, SCALAR_ROOM), field);

	*at++ = '{';
	if (ev->killed_by_id) {
		at = JSON_LITERAL(at, "\"id\":");
		at = json_hex(at, ev->killed_by_id);
		*at++ = ',';
	}
	at = JSON_LITERAL(at, "\"pid\":");
	at = json_u64(at, ev->killed_by_tgid);
	outbuf_end(out, at);
	if (comm->data && comm->len) {
		outbuf_puts(out, ",\"comm\":");
		if (!json_string(out, comm->data, comm->len)) {
			outbuf_puts(out, ",\"comm_b64\":");
			json_base64(out, comm->data, comm->len);
		}
	}
	at = JSON_LITERAL(outbuf_room(out, SCALAR_ROOM), ",\"oom\":");
	at = json_bool(at, ev->killed_by_oom);
	*at++ = '}';
	outbuf_end(out, at);
}

static char *put_name(char *at, const char *name)
{
	if (!name)
		return JSON_LITERAL(at, "null");
	*at++ = '"';
	at = json_literal(at, name, strlen(name));
	*at++ = '"';
	return at;
}

/* An error without a name has its number only: what cannot be said is absent. */
static char *put_errno(char *at, const struct field *field, int32_t error)
{
	const char *name = begat_errno_name(error);

	if (name)
		at = put_name(put_key(at, field), name);
	at = JSON_LITERAL(at, ",\"errno_number\":");
	return json_i64(at, error);
}

static char *put_forked_by(char *at, const struct begat_event *ev)
{
	*at++ = '{';
	if (ev->forked_by_id) {
		at = JSON_LITERAL(at, "\"id\":");
		at = json_hex(at, ev->forked_by_id);
		*at++ = ',';
	}
	at = JSON_LITERAL(at, "\"pid\":");
	at = json_u64(at, ev->forked_by_tgid);
	*at++ = '}';
	return at;
}

/* Key and value of a field of bounded length. */
static char *put_scalar(char *at, struct json_state *state, const struct field *field,
			const struct begat_event *ev)
{
	if (field->kind == FIELD_ERRNO)
		return put_errno(at, field, ev->error);
	at = put_key(at, field);
	switch ((enum field_kind)field->kind) {
	case FIELD_TIME:
		return json_time(at, &state->clock, ev->time_ns);
	case FIELD_U32:
		return json_u64(at, field_u32(ev, field));
	case FIELD_U64:
	case FIELD_DURATION:
	case FIELD_BYTES:
		return json_u64(at, field_u64(ev, field));
	case FIELD_I32:
		return json_i64(at, (int32_t)field_u32(ev, field));
	case FIELD_CPU:
		return json_u64(at, ev->type == BEGAT_LOST ? ev->lost_cpu : ev->cpu);
	case FIELD_ID:
	case FIELD_CAPS:
		return json_hex(at, field_u64(ev, field));
	case FIELD_LOGINUID:
		return ev->loginuid == UINT32_MAX ? JSON_LITERAL(at, "null")
						  : json_u64(at, ev->loginuid);
	case FIELD_BOOL:
		return json_bool(at, *(const bool *)field_at(ev, field));
	case FIELD_NS:
		return put_ns(at, ev);
	case FIELD_FORKED_BY:
		return put_forked_by(at, ev);
	case FIELD_SIGNAL:
		return put_name(at, begat_signal_name(ev->signal));
	case FIELD_CLASS:
		return put_name(at, begat_event_name((enum begat_event_type)ev->class_type));
	default:
		return JSON_LITERAL(at, "null");
	}
}

static void put_field(struct outbuf *out, struct json_state *state, const struct field *field,
		      const struct begat_event *ev)
{
	switch ((enum field_kind)field->kind) {
	case FIELD_EVENT:
		return;
	case FIELD_STR:
		put_str(out, field, field_str(ev, field));
		return;
	case FIELD_STRV:
		put_strv(out, field, field_at(ev, field));
		return;
	case FIELD_PIDS:
		put_pids(out, field, ev);
		return;
	case FIELD_KILLED_BY:
		put_killed_by(out, field, ev);
		return;
	default:
		outbuf_end(out, put_scalar(outbuf_room(out, SCALAR_ROOM), state, field, ev));
	}
}

static int json_write(struct begat_sink *sink, const struct begat_event *ev)
{
	const char *name = begat_event_name((enum begat_event_type)ev->type);
	struct outbuf *out = &sink->out;
	char *at = outbuf_room(out, SCALAR_ROOM);

	if (!name)
		return -EINVAL;
	at = JSON_LITERAL(at, "{\"event\":");
	outbuf_end(out, put_name(at, name));
	for (int word = 0; word < 2; word++) {
		for (uint64_t bits = ev->has.bits[word]; bits; bits &= bits - 1) {
			int number = word * 64 + __builtin_ctzll(bits);

			if (number < BEGAT_FIELD_COUNT)
				put_field(out, sink->state, &fields[number], ev);
		}
	}
	if (ev->type == BEGAT_SUMMARY && ev->stats)
		json_summary(out, ev->stats);
	outbuf_put(out, "}\n", 2);
	return 0;
}

const struct sink_ops sink_json = {
	.name = "json",
	.open = json_open,
	.close = json_close,
	.fields = json_fields,
	.write = json_write,
};
