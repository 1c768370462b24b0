/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * attach/kernel_btf.h - the part of the kernel's BTF that the relocations of an object look at.
 *
 * Owns:    which types that are.
 * Not:     reading the kernel's BTF (features.c), relocating (libbpf).
 *
 * libbpf looks through each of the kernel's 130,000 types for each type of an object. That was three
 * quarters of the CPU time that a start took; a few hundred types are looked through in no time.
 */
#ifndef BEGAT_ATTACH_KERNEL_BTF_H
#define BEGAT_ATTACH_KERNEL_BTF_H

#include <bpf/btf.h>

/*
 * The types of @kernel that are called like a type of @local, with all that lies within them. What
 * they only point to is left out: a relocation does not look there. NULL without memory.
 */
struct btf *kernel_btf_part(const struct btf *kernel, const struct btf *local);

#endif
