/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * decode/decoder.h - what the files of decode/ share; nobody else includes it.
 *
 * Owns:  the decoder's state, the checked way from a record to its bytes.
 * Not:   the public face of the folder (decode.h).
 *
 * Invariants
 *  (1) Only decode_bytes() turns an offset of a record into a pointer.
 *  (2) Every decode_<kind>() gets a record of at least its fixed struct's size, aligned.
 */
#ifndef BEGAT_DECODE_DECODER_H
#define BEGAT_DECODE_DECODER_H

#include "decode/decode.h"
#include "event/identity.h"

#define DECODE_CGROUPS_MAX 16384 /* paths remembered; a power of two */
#define DECODE_JOIN_BYTES_MAX ((size_t)REC_CHUNKS_MAX * REC_CHUNK_BYTES_MAX)
#define DECODE_JOIN_KEEP_BYTES 65536 /* a bigger buffer is given back after use */
#define DECODE_PATH_MARKS_BYTES 64 /* what path.c may write around the names */
#define DECODE_PATH_BYTES (REC_BYTES_MAX + DECODE_PATH_MARKS_BYTES) /* any that a record holds */

/* One record, as long as decode_record() runs. */
struct decode_in {
	const char *base; /* the record's bytes, wherever the transport has them */
	size_t size;
	size_t fixed; /* size of its fixed struct: variable bytes start here or later */
};

/* Chunks of one CPU and one kind, joined as far as they are in a row from offset 0. */
struct decode_join {
	char *data;
	size_t capacity;
	size_t bytes;
	uint64_t ts_ns; /* of all its chunks: they are of one exec */
	uint32_t tgid;
	uint32_t chunks; /* seen, kept or not; 0 = nothing waits */
	bool has_gap; /* a chunk is missing: what comes after it is not kept */
	bool is_doubtful; /* an exec was lost, perhaps the one that it belongs to */
};

struct decode_joins {
	struct decode_join argv, env;
};

struct decode_cgroup {
	uint64_t id;
	char *path;
	uint32_t len;
	uint32_t next; /* in its hash chain: index + 1, 0 = end */
	bool is_used; /* since the hand last came by: not the next to go */
};

/* Paths by cgroup id; when full, the oldest that was not asked for lately makes room. */
struct decode_cgroups {
	struct decode_cgroup *entries; /* DECODE_CGROUPS_MAX, touched as they are used */
	uint32_t *heads; /* DECODE_CGROUPS_MAX chains: index + 1 */
	uint32_t count;
	uint32_t hand;
};

struct decode_env_name {
	const char *name;
	size_t len;
};

struct decoder {
	struct identity identity;
	uint64_t clock_offset_ns;
	uint64_t realtime_offset_ns;
	uint32_t cpus;
	uint64_t orphan_chunks;

	bool has_env_names;
	size_t env_names_count;
	struct decode_env_name *env_names;
	char *env_names_text;

	struct decode_joins *joins; /* one a CPU */
	struct decode_join *used_joins[2]; /* the last event borrows from these */
	struct decode_cgroups cgroups;

	struct rec_lost lost; /* classes not yet reported; header of the record */

	/* what events borrow when the record's own bytes will not do */
	char tty[REC_TTY_BYTES + 1];
	char exe[DECODE_PATH_BYTES];
	char cwd[DECODE_PATH_BYTES];
	char cut_argv[REC_INLINE_BYTES_MAX];
	char scratch[DECODE_PATH_BYTES]; /* env cut or filtered; a cgroup's path in transit */
};

/* One file each. All return 1, 0 or -EBADMSG as decode_record() does; chunk and cgroup -ENOMEM. */
#define EVENT(type, name) OTHER(type, name, )
#define OTHER(type, name, bytes)                                               \
	int decode_##name(struct decoder *decoder, const struct decode_in *in, \
			  const struct rec_##name *rec, struct begat_event *ev);
#include "event/records.def"

/* common.c: the header's fields, and those of every event about a process. */
void decode_header(const struct decoder *decoder, const struct rec_header *header,
		   enum begat_event_type type, struct begat_event *ev);
int decode_common(struct decoder *decoder, const struct decode_in *in,
		  const struct rec_header *header, const struct rec_identity *who,
		  struct begat_event *ev);

/*
 * path.c: writes the path as people read it into @buf. Returns 1, 0 if the path is absent, or
 * -EBADMSG, also if it does not fit.
 */
int decode_path(const struct decode_in *in, const struct rec_path *path, char *buf, size_t size,
		struct begat_str *ret_path);

/* args.c: blocks of NUL-terminated strings; what follows the last NUL is not kept. */
struct begat_strv decode_strings(const char *data, size_t bytes);
/* Of @env only the wanted variables, written to @buf, which may be where @env is. */
struct begat_strv decode_filter_env(const struct decoder *decoder, struct begat_strv env,
				    char *buf);

/* Where the argv or env of an exec is. */
struct decode_block {
	struct rec_span span; /* in the record itself, or */
	uint32_t chunk_bytes; /* if not 0, in chunks before it */
	struct decode_join *join;
	uint32_t tgid;
	uint64_t not_before_ns; /* older chunks are not this exec's; 0 = not known */
	bool is_cut; /* by the user's limit: the last string may lack its end */
	char *buf; /* where a cut block from the record is given one */
	size_t buf_size;
};

/* *ret_is_whole: every byte that was sent is here. Returns 1, 0 (nothing was sent) or -EBADMSG. */
int decode_block(struct decoder *decoder, const struct decode_in *in,
		 const struct decode_block *block, struct begat_strv *ret_strings,
		 bool *ret_is_whole);

/* chunk.c */
struct begat_strv decode_join_take(struct decoder *decoder, const struct decode_block *block,
				   bool *ret_is_whole);
void decode_join_drop(struct decoder *decoder, struct decode_join *join);
void decode_join_done(struct decode_join *join);

/* cgroup.c */
int decode_cgroups_init(struct decode_cgroups *cgroups);
void decode_cgroups_done(struct decode_cgroups *cgroups);
bool decode_cgroups_find(struct decode_cgroups *cgroups, uint64_t id, struct begat_str *ret_path);

/* NULL if the bytes do not lie within the variable part of the record, or are none. */
static inline const char *decode_bytes(const struct decode_in *in, uint32_t offset, uint32_t bytes)
{
	if (!bytes || offset < in->fixed || bytes > in->size || offset > in->size - bytes)
		return NULL;
	return in->base + offset;
}

static inline void decode_add(struct begat_event *ev, enum begat_field field)
{
	begat_fields_add(&ev->has, field);
}

/* A NUL-terminated string in a record; 0 bytes = absent. Returns 1, 0 (absent) or -EBADMSG. */
int decode_string(const struct decode_in *in, struct rec_span span, struct begat_str *ret);

/* A fixed array of the record, which must hold a NUL. Returns 0 or -EBADMSG. */
int decode_name(const char *name, size_t size, struct begat_str *ret);

#endif
