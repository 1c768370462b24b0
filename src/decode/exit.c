/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * decode/exit.c - REC_EXIT: how a process ended and what it cost.
 *
 * Owns:    wait(2)'s status taken apart.
 * Not:     exe and argv of the image that ended (proctable/).
 */
#include "decode/decoder.h"

#include <errno.h>
#include <signal.h>

#include "event/cpu_time.h"

static void decode_status(const struct rec_exit *rec, struct begat_event *ev)
{
	ev->signal = (int32_t)(rec->status & 0x7f);
	decode_add(ev, BEGAT_F_SIGNAL);
	ev->core_dumped = ev->signal && rec->status & 0x80;
	decode_add(ev, BEGAT_F_CORE_DUMPED);
	if (ev->signal)
		return;
	ev->exit_code = (int32_t)(rec->status >> 8 & 0xff);
	decode_add(ev, BEGAT_F_EXIT_CODE);
}

/*
 * The signal that was seen being sent must be the one that it died of. The OOM killer's victim
 * dies of SIGKILL; the process that allocated the last page did not kill it, but the kernel names
 * that one.
 */
static int decode_killer(const struct decoder *decoder, const struct rec_exit *rec,
			 struct begat_event *ev)
{
	bool is_oom = rec->flags & REC_EXIT_OOM && ev->signal == SIGKILL;
	bool has_killer = rec->flags & REC_EXIT_HAS_KILLER && ev->signal &&
			  rec->killer_signal == (uint32_t)ev->signal;

	if (!has_killer && !is_oom)
		return 0;
	ev->killed_by_oom = is_oom;
	ev->killed_by_comm.data = "";
	decode_add(ev, BEGAT_F_KILLED_BY);
	if (!has_killer)
		return 0;
	if (decode_name(rec->killer_comm, sizeof(rec->killer_comm), &ev->killed_by_comm) < 0)
		return -EBADMSG;
	ev->killed_by_tgid = rec->killer_tgid;
	if (rec->killer_tgid && rec->killer_start_ns)
		ev->killed_by_id =
			decode_process_id(decoder, rec->killer_tgid, rec->killer_start_ns);
	return 0;
}

static void decode_cpu_time(const struct rec_exit *rec, struct begat_event *ev)
{
	ev->utime_ns = rec->utime_ns;
	ev->stime_ns = rec->stime_ns;
	cpu_time_split(&ev->utime_ns, &ev->stime_ns, rec->runtime_ns);
	decode_add(ev, BEGAT_F_UTIME);
	decode_add(ev, BEGAT_F_STIME);
}

/* Nothing dies without having run: all zero means that usage was not asked for. */
static void decode_usage(const struct rec_exit *rec, struct begat_event *ev)
{
	if (!rec->runtime_ns && !rec->utime_ns && !rec->stime_ns && !rec->max_rss_bytes &&
	    !rec->minor_faults && !rec->voluntary_switches && !rec->involuntary_switches)
		return;
	decode_cpu_time(rec, ev);
	ev->max_rss_bytes = rec->max_rss_bytes;
	ev->minor_faults = rec->minor_faults;
	ev->major_faults = rec->major_faults;
	ev->voluntary_switches = rec->voluntary_switches;
	ev->involuntary_switches = rec->involuntary_switches;
	ev->children_utime_ns = rec->children_utime_ns;
	ev->children_stime_ns = rec->children_stime_ns;
	ev->children_max_rss_bytes = rec->children_max_rss_bytes;
	decode_add(ev, BEGAT_F_MAX_RSS);
	decode_add(ev, BEGAT_F_MINOR_FAULTS);
	decode_add(ev, BEGAT_F_MAJOR_FAULTS);
	decode_add(ev, BEGAT_F_VOLUNTARY_SWITCHES);
	decode_add(ev, BEGAT_F_INVOLUNTARY_SWITCHES);
	decode_add(ev, BEGAT_F_CHILDREN_UTIME);
	decode_add(ev, BEGAT_F_CHILDREN_STIME);
	decode_add(ev, BEGAT_F_CHILDREN_MAX_RSS);
}

int decode_exit(struct decoder *decoder, const struct decode_in *in, const struct rec_exit *rec,
		struct begat_event *ev)
{
	decode_header(decoder, &rec->header, BEGAT_EXIT, ev);
	if (decode_common(decoder, in, &rec->header, &rec->identity, ev) < 0)
		return -EBADMSG;
	decode_status(rec, ev);
	if (decode_killer(decoder, rec, ev) < 0)
		return -EBADMSG;
	decode_usage(rec, ev);
	if (rec->flags & REC_EXIT_HAS_IO) {
		ev->read_bytes = rec->read_bytes;
		ev->write_bytes = rec->write_bytes;
		decode_add(ev, BEGAT_F_READ_BYTES);
		decode_add(ev, BEGAT_F_WRITE_BYTES);
	}
	if (rec->identity.start_ns <= ev->ts_ns)
		decode_add(ev, BEGAT_F_DURATION);
	ev->short_lived = rec->flags & REC_EXIT_SHORT_LIVED;
	decode_add(ev, BEGAT_F_SHORT_LIVED);
	if (rec->flags & REC_EXIT_WAS_CACHED) {
		ev->execs = rec->execs;
		decode_add(ev, BEGAT_F_EXECS);
	}
	return 1;
}
