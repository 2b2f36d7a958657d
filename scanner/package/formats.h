/*
 * formats.h: the package databases that are understood, one row each.
 */
#pragma once

#include "scanner/package/packages.h"

/* Reads one database's text (NUL-terminated) and adds its packages. */
int dpkg_read(struct packages *packages, const struct tree_file *file, size_t layer, struct err *err);
int apk_read(struct packages *packages, const struct tree_file *file, size_t layer, struct err *err);
