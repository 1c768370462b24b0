/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * report/page.S - the built page inside the library.
 *
 * REPORT_PAGE is the path of web/dist/report.html, which scripts/build-report.sh makes.
 */
	.section .rodata
	.global report_page, report_page_end
	.hidden report_page, report_page_end
	.balign 16
report_page:
	.incbin REPORT_PAGE
report_page_end:
	.byte 0
	.section .note.GNU-stack, "", %progbits
