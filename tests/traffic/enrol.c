#include "tests/traffic/traffic.h"

int traffic_enrol(const struct enrol_conf *enrol, struct sender_conf *sender, struct enrolment **ret, struct err *err)
{
	if (enrol_from_options(enrol, sender->url, NULL, "traffic", ret, err) < 0)
		return err->code;
	if (!*ret)
		return 0;
	sender->tls = enrolment_tls(*ret);
	sender->heard = enrolment_heard;
	sender->heard_context = *ret;
	return 0;
}
