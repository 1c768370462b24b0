/* SPDX-License-Identifier: BSD-2-Clause */
/* attach/embed.S - the compiled BPF objects inside the library: no file to find at run time. */
	.macro embed name, file
	.balign 8
	.global \name\()_start
	.hidden \name\()_start
	.global \name\()_end
	.hidden \name\()_end
\name\()_start:
	.incbin "\file"
\name\()_end:
	.byte 0
	.endm

	.section .rodata
	embed attach_object, BPF_OBJECT
	embed attach_object_preemptible, BPF_OBJECT_PREEMPTIBLE
	.section .note.GNU-stack,"",%progbits
