/*
 * options.h: the options of every program that delivers over TLS, and an enrolment made from them.
 */
#pragma once

#include "conf/command.h"
#include "enrol/enrolment.h"

struct enrol_conf {
	const char *token;
	const char *token_file;
	const char *invitation;
	const char *folder;
};

#define ENROL_OPTS(conf, member, default_folder)                                                                     \
	OPT(conf, member.token, "enrol-token", 0, OPT_TEXT, "TOKEN", NULL,                                           \
	    "with tls+tcp://: what secctl agents enrol gave, to ask for a first certificate with; a file keeps it "  \
	    "from other users' eyes"),                                                                               \
		OPT(conf, member.token_file, "enrol-token-file", 0, OPT_TEXT, "FILE", NULL,                          \
		    "the same, read from a file"),                                                                   \
		OPT(conf, member.invitation, "enrol-aws", 0, OPT_TEXT, "INVITATION", NULL,                           \
		    "with tls+tcp://, instead of a token: what secctl agents allow-role gave; the role of the task " \
		    "in AWS proves who asks"),                                                                       \
		OPT(conf, member.folder, "identity", 0, OPT_TEXT, "DIR", NULL,                                       \
		    "with tls+tcp://: folder for key and certificate; default: " default_folder                      \
		    " in the state folder")

/*
 * *ret is NULL where url needs no enrolment. folder_name is the default's, within the state folder (NULL = the default one). Logs
 * what becomes of it. Errors: ERR_USAGE, ERR_FAILED.
 */
int enrol_from_options(const struct enrol_conf *conf, const char *url, const char *state, const char *folder_name,
		       struct enrolment **ret, struct err *err);
