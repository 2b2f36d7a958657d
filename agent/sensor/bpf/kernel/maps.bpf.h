/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * What all programs share. Each program is compiled for itself and linked afterwards; weak symbols of the same name
 * become one.
 */
#pragma once

#include "agent/sensor/bpf/kernel/types.bpf.h"
#include "agent/sensor/bpf/wire.h"

#include <bpf/bpf_helpers.h>

/* A record is put together here and copied into the ring at its exact size. The tail is room for the bound checks. */
struct draft {
	struct wire_head head;
	char text[WIRE_TEXTS_MAX + WIRE_TEXT_MAX];
};

/* Each program has a draft of its own: on preemptible kernels one may interrupt another. */
enum draft_of { DRAFT_CALL, DRAFT_EXEC, DRAFT_FORK, DRAFT_EXIT, DRAFT_RING, DRAFT_COUNT };

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, WIRE_RING_SIZE);
} ring SEC(".maps") __weak;

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, DRAFT_COUNT);
	__type(key, __u32);
	__type(value, struct draft);
} drafts SEC(".maps") __weak;

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct wire_counts);
} counts SEC(".maps") __weak;

/* The agent as the kernel numbers it, and its pid namespace; written by program "self". */
__u32 self_pid __weak = 0;
__u32 self_level __weak = 0;
__u32 self_namespace __weak = 0;

/* Opens that can change something; others only if the agent wants reads. */
#define OPEN_WRITES (01u | 02u | 0100u | 01000u | 02000u | 020000000u) /* writes, creates, cuts, appends, TMPFILE */
const volatile bool wants_reads __weak = false;
