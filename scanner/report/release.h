/*
 * release.h: which distribution an image is made of, from its os-release.
 */
#pragma once

#include "scanner/image/image.h"

#define RELEASE_TEXT_MAX 128

struct release {
	char id[RELEASE_TEXT_MAX], version[RELEASE_TEXT_MAX], name[RELEASE_TEXT_MAX]; /* "" if it does not say */
};

void release_read(const struct image *image, struct release *ret);
