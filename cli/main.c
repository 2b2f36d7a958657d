#include "base/log.h"
#include "cli/commands.h"
#include "conf/program.h"

/* As git lists its commands: by what people do with them. */
static const struct command *const all[] = {
	&up_command,
	&down_command,
	&status_command,
	&doctor_command,
	&alerts_list_command,
	&investigate_command,
	&events_list_command,
	&events_get_command,
	&rules_check_command,
	&rules_list_command,
	&rules_explain_command,
	&rules_test_command,
	&agents_enrol_command,
	&agents_list_command,
	&agents_revoke_command,
	&agents_roles_command,
	&agents_allow_role_command,
	&agents_forbid_role_command,
	&authority_show_command,
	&authority_rotate_command,
	&admin_rebuild_command,
	&db_retention_command,
	&db_archive_command,
	&db_restore_command,
	&db_migrate_command,
	&db_distribute_command,
};

int main(int argc, char **argv)
{
	struct command commands[ARRAY_SIZE(all) + 1] = { 0 };
	const struct program program = {
		.name = "secctl",
		.summary = "investigate and operate a Clewline installation",
		.commands = commands,
	};

	for (size_t i = 0; i < ARRAY_SIZE(all); i++)
		commands[i] = *all[i];
	log_setup("secctl", LOG_LEVEL_WARN);
	return program_main(&program, argc, argv);
}
