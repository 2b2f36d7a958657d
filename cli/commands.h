/*
 * commands.h: the commands of secctl, one file each; main.c puts them into its table.
 */
#pragma once

#include "conf/command.h"

extern const struct command up_command;
extern const struct command down_command;
extern const struct command status_command;
extern const struct command doctor_command;
extern const struct command alerts_list_command;
extern const struct command investigate_command;
extern const struct command events_list_command;
extern const struct command events_get_command;
extern const struct command rules_check_command;
extern const struct command rules_list_command;
extern const struct command rules_explain_command;
extern const struct command rules_test_command;
extern const struct command agents_enrol_command;
extern const struct command agents_list_command;
extern const struct command agents_revoke_command;
extern const struct command agents_roles_command;
extern const struct command agents_allow_role_command;
extern const struct command agents_forbid_role_command;
extern const struct command authority_show_command;
extern const struct command authority_rotate_command;
extern const struct command admin_rebuild_command;
extern const struct command db_retention_command;
extern const struct command db_archive_command;
extern const struct command db_restore_command;
extern const struct command db_migrate_command;
extern const struct command db_distribute_command;
