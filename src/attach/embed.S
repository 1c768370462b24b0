/* SPDX-License-Identifier: BSD-2-Clause */
/* attach/embed.S - the compiled BPF object inside the library: no file to find at run time. */
	.section .rodata
	.balign 8
	.global attach_object_start
	.hidden attach_object_start
	.global attach_object_end
	.hidden attach_object_end
attach_object_start:
	.incbin BPF_OBJECT
attach_object_end:
	.byte 0
	.section .note.GNU-stack,"",%progbits
