#include "conf/command.h"

#include <ctype.h>
#include <stdio.h>

const char *opt_env_name(const struct opt *opt, char out[ENV_NAME_MAX])
{
	size_t used;

	if (opt->env)
		return opt->env;
	used = (size_t)snprintf(out, ENV_NAME_MAX, "CLEWLINE_%s", opt->name);
	for (size_t i = 0; i < used && i < ENV_NAME_MAX; i++)
		out[i] = out[i] == '-' ? '_' : (char)toupper((unsigned char)out[i]);
	return out;
}
