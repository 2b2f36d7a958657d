/*
 * Asks for a certificate for a new key with a proof of a role that somebody else may have signed.
 * usage: prover URL INVITATION HOST DATE SESSION-TOKEN|- AUTHORIZATION
 */
#include <stdio.h>
#include <string.h>

#include "enrol/ask.h"
#include "pki/token.h"

int main(int argc, char **argv)
{
	struct credentials credentials = { .has_pin = true };
	struct enrol_request request = { .name = "prover" };
	AUTO_ARENA arena = { .max = 1u << 20 };
	struct enrol_reply reply;
	struct token invitation;
	AUTO_KEY key = { 0 };
	struct err err = { 0 };

	if (argc != 7 || invitation_parse(argv[2], &invitation, &err) < 0 || key_new(&key, &err) < 0) {
		fprintf(stderr, "prover: %s\n", err.message[0] ? err.message : "usage");
		return 2;
	}
	memcpy(credentials.pin, invitation.pin, sizeof(credentials.pin));
	request.tenant = invitation.tenant;
	request.aws = (struct aws_proof){ argv[3], argv[4], strcmp(argv[5], "-") != 0 ? argv[5] : NULL, argv[6] };
	if (ask_for_certificate(argv[1], &credentials, &key, &request, &arena, &reply, &err) < 0)
		printf("failed %s\n", err.message);
	else
		printf("granted\n");
	return 0;
}
