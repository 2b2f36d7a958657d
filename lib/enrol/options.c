#include "enrol/options.h"

#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"
#include "bus/address.h"
#include "conf/state.h"
#include "pki/token.h"

#define NAME_MAX_LENGTH 256
#define TOKEN_VARIABLE	"CLEWLINE_ENROL_TOKEN"

static void log_news(void *context UNUSED, enum enrolment_news news, const char *sentence)
{
	if (news == ENROLMENT_FAILED)
		log_warn("not-enrolled", "%s; this is tried again, and batches wait until then", sentence);
	else
		log_info(news == ENROLMENT_GRANTED ? "enrolled" : "renewed", "%s", sentence);
}

/* *ret points at the option's text or into file. */
static int find_token(const struct enrol_conf *conf, struct strbuf *file, const char **ret, struct err *err)
{
	int code;

	*ret = conf->token;
	if (!conf->token_file)
		return 0;
	if (conf->token)
		return err_set(err, ERR_USAGE, "--enrol-token and --enrol-token-file exclude each other");
	code = file_read(conf->token_file, TOKEN_TEXT_MAX + 2, file, err);
	if (code < 0)
		return err_wrap(err, "could not read the enrolment token");
	strbuf_truncate(file, strcspn(file->data, " \r\n"));
	*ret = file->data;
	return 0;
}

static int find_folder(const struct enrol_conf *conf, const char *state, const char *name, char out[STATE_PATH_MAX],
		       struct err *err)
{
	char folder[STATE_PATH_MAX];

	if (conf->folder)
		return state_folder(conf->folder, out, err);
	if (state_folder(state, folder, err) < 0)
		return err->code;
	return state_path(folder, name, out, err);
}

int enrol_from_options(const struct enrol_conf *conf, const char *url, const char *state, const char *folder_name,
		       struct enrolment **ret, struct err *err)
{
	char path[STATE_PATH_MAX], name[NAME_MAX_LENGTH] = "";
	struct enrolment_conf enrolment = { .url = url, .folder = path, .name = name, .tell = log_news };
	AUTO_STRBUF file = STRBUF_INIT;
	int code;

	*ret = NULL;
	if (!url || !address_is_tls(url)) {
		if (conf->token || conf->token_file || conf->invitation || conf->folder)
			return err_set(err, ERR_USAGE, "an enrolment needs --collector tls+tcp://HOST:PORT");
		return 0;
	}
	gethostname(name, sizeof(name) - 1);
	enrolment.invitation = conf->invitation;
	if (conf->invitation && (conf->token || conf->token_file))
		return err_set(err, ERR_USAGE, "--enrol-aws and a token exclude each other");
	code = find_token(conf, &file, &enrolment.token, err);
	if (code == 0)
		code = find_folder(conf, state, folder_name, path, err);
	if (code == 0)
		code = enrolment_open(&enrolment, ret, err);
	OPENSSL_cleanse(file.data, file.length);
	/* What is watched inherits the environment, and must not enrol in its turn. */
	unsetenv(TOKEN_VARIABLE);
	return code;
}
