/* SPDX-License-Identifier: BSD-2-Clause */
/* decode/identity.c - the id of a process, with the decoder's boot and its unit of start times. */
#include "decode/decoder.h"

uint64_t decode_process_id(const struct decoder *decoder, uint32_t tgid, uint64_t start_ns)
{
	return identity_of(&decoder->identity, tgid, start_ns);
}
