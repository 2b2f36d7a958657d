/*
 * doors.h: the addresses the collector takes batches on, and a thread that keeps them open and free of who was revoked.
 */
#pragma once

#include <stddef.h>

#include "base/err.h"

#define DOORS_MAX 2

struct doors;
struct office;

/* Listens on every address; those of tls+tcp with the office's certificate. urls are copied. Errors: as receiver_open(). */
int doors_open(const char *const *urls, size_t count, struct office *office, struct doors **ret, struct err *err);
void doors_close(struct doors *doors); /* accepts NULL */
