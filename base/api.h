/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * base/api.h - marks a function as public: the library hides every other symbol.
 */
#ifndef BASE_API_H
#define BASE_API_H

#define BEGAT_API __attribute__((visibility("default")))

#endif
