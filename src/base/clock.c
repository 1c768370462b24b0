/* SPDX-License-Identifier: BSD-2-Clause */
/* base/clock.c - see clock.h. */
#include "base/clock.h"

int64_t clock_boot_ahead_ns;
