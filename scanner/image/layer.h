/*
 * layer.h: one layer's bytes: unpacked, hashed on the way, and applied to the tree.
 */
#pragma once

#include "scanner/image/image.h"

/*
 * Reads layer number index from member and applies it. Errors: ERR_SYNTAX naming the layer for damage or a digest that differs,
 * ERR_LIMIT.
 */
int layer_apply(struct image *image, size_t index, struct member *member, struct err *err);
