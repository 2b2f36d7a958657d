/*
 * checks.h: the functions behind checks.def.
 */
#pragma once

#include "base/strbuf.h"
#include "scanner/image/image.h"

/* Each writes its evidence and returns true where it finds something. */
#define CHECK(function, ...) bool function(const struct image *image, struct strbuf *evidence);
#include "scanner/check/checks.def"
#undef CHECK
