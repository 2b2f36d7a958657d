/*
 * user.h: who acted in a CloudTrail record, as the rules' ct.user says it.
 */
#pragma once

#include <jansson.h>

/*
 * By userIdentity.type: the user's, role's or service's name, or the type itself where a record of that type names nobody
 * (AWSAccount, FederatedUser, a role without issuer). NULL where nothing is known. Borrowed from the record.
 */
const char *user_name(const json_t *record);
