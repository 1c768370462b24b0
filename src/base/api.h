/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * base/api.h - marks a function as public: the library hides every other symbol.
 */
#ifndef BEGAT_BASE_API_H
#define BEGAT_BASE_API_H

#define BEGAT_API __attribute__((visibility("default")))

#endif
