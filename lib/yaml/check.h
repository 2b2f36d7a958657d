/*
 * check.h: whether a text is made of the characters that YAML allows; libfyaml may loop on others.
 */
#pragma once

#include "yaml/yaml.h"

/* Errors: ERR_SYNTAX at the first byte that is not UTF-8, or is a control character other than tab and line ends. */
int yaml_check(const char *text, size_t length, struct yaml_place *ret_place, struct err *err);
