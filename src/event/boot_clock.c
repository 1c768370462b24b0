/* SPDX-License-Identifier: BSD-2-Clause */
/* event/boot_clock.c - see boot_clock.h. */
#include "event/boot_clock.h"

int64_t clock_boot_ahead_ns;
