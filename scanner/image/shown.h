/*
 * shown.h: names out of an archive, which its maker chose, made fit for an error message.
 */
#pragma once

#define SHOWN_MAX 160

/* Writes name escaped and cut to fit; returns out. */
const char *shown(const char *name, char out[SHOWN_MAX]);
