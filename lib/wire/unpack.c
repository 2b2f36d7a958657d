#include <inttypes.h>
#include <string.h>

#include "clewline.pb-c.h"
#include "wire/convert.h"
#include "wire/read.h"
#include "wire/scan.h"
#include "wire/wire.h"

#define BATCH_EVENTS_FIELD 8

static const char *text(ProtobufCBinaryData bytes)
{
	return bytes.len ? (const char *)bytes.data : "";
}

static const char *text_or_null(ProtobufCBinaryData bytes)
{
	return bytes.len ? (const char *)bytes.data : NULL;
}

static const char *string_or_null(const char *string)
{
	return string[0] ? string : NULL;
}

static int no_room(struct err *err)
{
	return err_set(err, ERR_LIMIT, "no room for the texts of a message");
}

static int unpack_process(struct arena *arena, const Clewline__V1__Process *in, struct process *ret, struct err *err)
{
	const char **args = arena_array(arena, const char *, in->n_args);

	if (!args)
		return no_room(err);
	for (size_t i = 0; i < in->n_args; i++)
		args[i] = text(in->args[i]);
	*ret = (struct process){
		.exec_id = in->exec_id,
		.parent_exec_id = in->parent_exec_id,
		.pid = in->pid,
		.ppid = in->ppid,
		.vpid = in->vpid,
		.uid = in->uid,
		.gid = in->gid,
		.start_ns = in->start_ns,
		.user = text_or_null(in->user),
		.name = text(in->name),
		.exe_path = text_or_null(in->exe_path),
		.cwd = text_or_null(in->cwd),
		.container = string_or_null(in->container),
		.exec_session = string_or_null(in->exec_session),
		.args = args,
		.arg_count = in->n_args,
	};
	return 0;
}

static int unpack_content(struct arena *arena, const Clewline__V1__FileContent *in, const struct file_content **ret,
			  struct err *err)
{
	struct file_content *content = arena_new(arena, struct file_content);

	if (!content)
		return no_room(err);
	if (in->approval > FILE_NOT_APPROVED)
		return err_set(err, ERR_SYNTAX, "file.content.approval is %u", in->approval);
	*content = (struct file_content){ .watch = string_or_null(in->watch),
					  .before = string_or_null(in->before),
					  .after = string_or_null(in->after),
					  .size_before = in->size_before,
					  .size_after = in->size_after,
					  .package = text_or_null(in->package),
					  .diff = text_or_null(in->diff),
					  .approval = (enum file_approval)in->approval };
	*ret = content;
	return 0;
}

static int unpack_file(struct arena *arena, const Clewline__V1__FileChange *in, const struct file_change **ret,
		       struct err *err)
{
	struct file_change *file = arena_new(arena, struct file_change);

	if (!file)
		return no_room(err);
	if (in->op < (int)FILE_OP_OPEN || in->op > (int)FILE_OP_WRITE)
		return err_set(err, ERR_SYNTAX, "file.op is %d", (int)in->op);
	*file = (struct file_change){ .op = (enum file_op)in->op,
				      .path = text(in->path),
				      .target = text_or_null(in->target),
				      .flags = in->flags,
				      .mode = in->mode,
				      .result = in->result,
				      .is_result_unknown = in->is_result_unknown };
	*ret = file;
	return in->content ? unpack_content(arena, in->content, &file->content, err) : 0;
}

static int unpack_call(struct arena *arena, const Clewline__V1__CallRecord *in, const struct call_record **ret,
		       struct err *err)
{
	struct call_record *call = arena_new(arena, struct call_record);
	struct call_param *params = arena_array(arena, struct call_param, in->n_params);

	if (!call || !params)
		return no_room(err);
	if (in->n_params > CALL_PARAMS_MAX)
		return err_set(err, ERR_LIMIT, "call has %zu parameters, but may have %d at the most", in->n_params,
			       CALL_PARAMS_MAX);
	for (size_t i = 0; i < in->n_params; i++)
		params[i] = (struct call_param){ in->params[i]->name, text(in->params[i]->value) };
	*call = (struct call_record){ params, in->n_params, in->result, in->is_result_unknown };
	*ret = call;
	return 0;
}

static int unpack_cloud(struct arena *arena, const Clewline__V1__CloudRecord *in, const struct cloud_record **ret,
			struct err *err)
{
	struct cloud_record *cloud = arena_new(arena, struct cloud_record);

	if (!cloud)
		return no_room(err);
	*cloud = (struct cloud_record){ in->id, in->account, in->region, text(in->json), in->object };
	*ret = cloud;
	return 0;
}

static int unpack_heartbeat(struct arena *arena, const Clewline__V1__Heartbeat *in, const struct heartbeat **ret,
			    struct err *err)
{
	struct heartbeat *heartbeat = arena_new(arena, struct heartbeat);

	if (!heartbeat)
		return no_room(err);
	*heartbeat = (struct heartbeat){ in->spooled_batches, in->dropped_events, string_or_null(in->detail),
					 in->is_origin_new };
	*ret = heartbeat;
	return 0;
}

static int unpack_responses(struct arena *arena, const Clewline__V1__Alert *in, struct alert *ret, struct err *err)
{
	struct response *responses = arena_array(arena, struct response, in->n_responses);

	if (!responses)
		return no_room(err);
	for (size_t i = 0; i < in->n_responses; i++) {
		const Clewline__V1__Response *one = in->responses[i];

		if (one->action < ACTION_NOTIFY || one->action > ACTION_LAST)
			return err_set(err, ERR_SYNTAX, "alert.response.action is %u", one->action);
		if (one->outcome < OUTCOME_DONE || one->outcome > OUTCOME_LAST)
			return err_set(err, ERR_SYNTAX, "alert.response.outcome is %u", one->outcome);
		responses[i] = (struct response){ (enum response_action)one->action, (enum outcome)one->outcome,
						  text(one->detail) };
	}
	ret->responses = responses;
	ret->response_count = in->n_responses;
	return 0;
}

static int unpack_alert(struct arena *arena, const Clewline__V1__Alert *in, struct alert *ret, struct err *err)
{
	struct alert_field *fields = arena_array(arena, struct alert_field, in->n_fields);

	if (!fields)
		return no_room(err);
	if (in->priority > PRIORITY_DEBUG)
		return err_set(err, ERR_SYNTAX, "alert.priority is %u", in->priority);
	if (in->severity > SEVERITY_HIGH)
		return err_set(err, ERR_SYNTAX, "alert.severity is %u", in->severity);
	for (size_t i = 0; i < in->n_fields; i++)
		fields[i] = (struct alert_field){ in->fields[i]->name, text(in->fields[i]->json) };
	*ret = (struct alert){
		.rule = in->rule,
		.rule_version = in->rule_version,
		.priority = (enum priority)in->priority,
		.source = in->source,
		.output = text(in->output),
		.tags = (const char *const *)in->tags,
		.tag_count = in->n_tags,
		.fields = fields,
		.field_count = in->n_fields,
		.policies = (const char *const *)in->policies,
		.policy_count = in->n_policies,
		.severity = (enum severity)in->severity,
	};
	return unpack_responses(arena, in, ret, err);
}

static int unpack_lists(struct arena *arena, const Clewline__V1__Event *in, struct event *ret, struct err *err)
{
	struct process *lineage = arena_array(arena, struct process, in->n_lineage);
	struct alert *alerts = arena_array(arena, struct alert, in->n_alerts);
	int code = lineage && alerts ? 0 : no_room(err);

	for (size_t i = 0; code == 0 && i < in->n_lineage; i++)
		code = unpack_process(arena, in->lineage[i], &lineage[i], err);
	for (size_t i = 0; code == 0 && i < in->n_alerts; i++)
		code = unpack_alert(arena, in->alerts[i], &alerts[i], err);
	ret->lineage = lineage;
	ret->lineage_count = in->n_lineage;
	ret->alerts = alerts;
	ret->alert_count = in->n_alerts;
	return code;
}

static int check_event(const Clewline__V1__Event *in, struct err *err)
{
	if (in->kind < EVENT_EXEC || in->kind > EVENT_CALL)
		return err_set(err, ERR_SYNTAX, "kind is %u", in->kind);
	if (in->time_ns < 0)
		return err_set(err, ERR_SYNTAX, "time_ns is %" PRId64, in->time_ns);
	if (in->resolution_ns < 0)
		return err_set(err, ERR_SYNTAX, "resolution_ns is %" PRId64, in->resolution_ns);
	if (in->kind == EVENT_CLOUD && !in->cloud)
		return err_set(err, ERR_SYNTAX, "kind is cloud, but cloud is missing");
	if (in->kind == EVENT_FILE && !in->file)
		return err_set(err, ERR_SYNTAX, "kind is file, but file is missing");
	if (in->kind == EVENT_CALL && !in->call)
		return err_set(err, ERR_SYNTAX, "kind is call, but call is missing");
	return 0;
}

static int unpack_event(struct arena *arena, const Clewline__V1__Event *in, struct event *ret, struct err *err)
{
	int code = check_event(in, err);

	*ret = (struct event){
		.seq = in->seq,
		.time_ns = in->time_ns,
		.resolution_ns = in->resolution_ns,
		.kind = (enum event_kind)in->kind,
		.type = in->type,
		.exit_status = in->exit_status,
	};
	if (code == 0 && in->process) {
		struct process *process = arena_new(arena, struct process);

		code = process ? unpack_process(arena, in->process, process, err) : no_room(err);
		ret->process = process;
	}
	if (code == 0 && in->file)
		code = unpack_file(arena, in->file, &ret->file, err);
	if (code == 0 && in->cloud)
		code = unpack_cloud(arena, in->cloud, &ret->cloud, err);
	if (code == 0 && in->heartbeat)
		code = unpack_heartbeat(arena, in->heartbeat, &ret->heartbeat, err);
	if (code == 0 && in->call)
		code = unpack_call(arena, in->call, &ret->call, err);
	return code < 0 ? code : unpack_lists(arena, in, ret, err);
}

int event_unpack(const struct message *message, struct arena *arena, struct event *ret, struct err *err)
{
	void *in = NULL;
	int code = message_read(message, &clewline__v1__event__descriptor, arena, &in, err);

	if (code == 0)
		code = unpack_event(arena, in, ret, err);
	if (code < 0)
		return err_wrap(err, "event");
	ret->encoded = message->data;
	ret->encoded_size = message->size;
	return 0;
}

static struct task_network unpack_network(const Clewline__V1__TaskNetwork *in)
{
	return (struct task_network){ .mode = string_or_null(in->mode),
				      .mac = string_or_null(in->mac),
				      .private_dns = string_or_null(in->private_dns),
				      .addresses = (const char *const *)in->addresses,
				      .address_count = in->n_addresses,
				      .ipv4_subnet = string_or_null(in->ipv4_subnet),
				      .ipv6_subnet = string_or_null(in->ipv6_subnet) };
}

static int unpack_task(struct arena *arena, const Clewline__V1__EcsTask *in, const struct ecs_task **ret,
		       struct err *err)
{
	struct task_network *networks = arena_array(arena, struct task_network, in->n_networks);
	struct ecs_task *task = arena_new(arena, struct ecs_task);

	if (!task || !networks)
		return no_room(err);
	for (size_t i = 0; i < in->n_networks; i++)
		networks[i] = unpack_network(in->networks[i]);
	*task = (struct ecs_task){ in->arn,
				   string_or_null(in->cluster),
				   string_or_null(in->family),
				   string_or_null(in->revision),
				   string_or_null(in->service),
				   string_or_null(in->availability_zone),
				   string_or_null(in->launch_type),
				   string_or_null(in->role_arn),
				   string_or_null(in->access_key_id),
				   string_or_null(in->vpc),
				   networks,
				   in->n_networks };
	*ret = task;
	return 0;
}

static int unpack_origin(struct arena *arena, const Clewline__V1__Origin *in, struct origin *ret, struct err *err)
{
	struct container *containers = arena_array(arena, struct container, in->n_containers);
	int code = containers ? 0 : no_room(err);

	if (in->mode < ORIGIN_RUN || in->mode > ORIGIN_CLOUDTRAIL)
		return err_set(err, ERR_SYNTAX, "origin: mode is %u", in->mode);
	for (size_t i = 0; code == 0 && i < in->n_containers; i++) {
		const Clewline__V1__Container *container = in->containers[i];

		containers[i] = (struct container){ .id = container->id,
						    .name = string_or_null(container->name),
						    .image = string_or_null(container->image),
						    .image_id = string_or_null(container->image_id),
						    .arn = string_or_null(container->arn),
						    .started_at = string_or_null(container->started_at) };
	}
	*ret = (struct origin){
		.mode = (enum origin_mode)in->mode,
		.agent = in->agent,
		.version = in->version,
		.boot_id = string_or_null(in->boot_id),
		.hostname = string_or_null(in->hostname),
		.containers = containers,
		.container_count = in->n_containers,
	};
	if (code == 0 && in->task)
		code = unpack_task(arena, in->task, &ret->task, err);
	return code;
}

int origin_unpack(const struct message *message, struct arena *arena, struct origin *ret, struct err *err)
{
	void *in = NULL;
	int code = message_read(message, &clewline__v1__origin__descriptor, arena, &in, err);

	return code < 0 ? err_wrap(err, "origin") : unpack_origin(arena, in, ret, err);
}

static int check_batch(const Clewline__V1__Batch *in, struct err *err)
{
	if (in->proto_version != PROTO_VERSION)
		return err_set(err, ERR_SYNTAX, "batch: proto_version is %u, but must be %d", in->proto_version,
			       PROTO_VERSION);
	if (in->stream_id.len != STREAM_ID_SIZE)
		return err_set(err, ERR_SYNTAX, "batch: stream_id has %zu bytes, but must have %d", in->stream_id.len,
			       STREAM_ID_SIZE);
	if (!in->epoch || in->epoch > INT64_MAX)
		return err_set(err, ERR_SYNTAX, "batch: epoch is %" PRIu64, in->epoch);
	if (!in->batch_no || in->batch_no > INT64_MAX)
		return err_set(err, ERR_SYNTAX, "batch: batch_no is %" PRIu64, in->batch_no);
	if (!in->origin)
		return err_set(err, ERR_SYNTAX, "batch: origin is missing");
	return 0;
}

/* The fields of a message come in any order, but those of one number keep theirs: the i-th slice is event i. */
static void find_encoded(const struct message *message, struct event *events, size_t count)
{
	struct scan scan = { .data = message->data, .size = message->size };
	struct scan_field field;
	size_t found = 0;

	while (found < count && scan_next(&scan, &field) > 0) {
		if (field.number != BATCH_EVENTS_FIELD)
			continue;
		events[found].encoded = field.data;
		events[found++].encoded_size = field.size;
	}
}

static int unpack_events(const struct message *message, struct arena *arena, const Clewline__V1__Batch *in,
			 struct batch *ret, struct err *err)
{
	struct event *events = arena_array(arena, struct event, in->n_events);

	if (!events)
		return no_room(err);
	for (size_t i = 0; i < in->n_events; i++) {
		int code = unpack_event(arena, in->events[i], &events[i], err);

		if (code == 0 && (!events[i].seq || events[i].seq > INT64_MAX))
			code = err_set(err, ERR_SYNTAX, "seq is %" PRIu64, events[i].seq);
		if (code < 0)
			return err_wrap(err, "event %zu", i);
	}
	find_encoded(message, events, in->n_events);
	ret->events = events;
	ret->event_count = in->n_events;
	return 0;
}

int batch_unpack(const struct message *message, struct arena *arena, struct batch *ret, struct err *err)
{
	const Clewline__V1__Batch *in;
	struct drop *drops;
	void *unpacked = NULL;
	int code = message_read(message, &clewline__v1__batch__descriptor, arena, &unpacked, err);

	if (code == 0)
		code = check_batch(unpacked, err);
	if (code < 0)
		return code;
	in = unpacked;
	*ret = (struct batch){ .epoch = in->epoch,
			       .batch_no = in->batch_no,
			       .sent_ns = in->sent_ns,
			       .oldest_waiting = in->oldest_waiting,
			       .is_last = in->is_last,
			       .clock_offset_ns = in->clock_offset_ns };
	memcpy(ret->stream_id, in->stream_id.data, STREAM_ID_SIZE);
	code = unpack_origin(arena, in->origin, &ret->origin, err);
	if (code < 0)
		return code;
	drops = arena_array(arena, struct drop, in->n_drops);
	if (!drops)
		return no_room(err);
	for (size_t i = 0; i < in->n_drops; i++)
		drops[i] = (struct drop){ in->drops[i]->reason, in->drops[i]->count, in->drops[i]->from_ns,
					  in->drops[i]->until_ns };
	ret->drops = drops;
	ret->drop_count = in->n_drops;
	return unpack_events(message, arena, in, ret, err);
}

int reply_unpack(const struct message *message, struct arena *arena, struct reply *ret, struct err *err)
{
	const Clewline__V1__Reply *in;
	void *unpacked = NULL;
	int code = message_read(message, &clewline__v1__reply__descriptor, arena, &unpacked, err);

	if (code < 0)
		return err_wrap(err, "reply");
	in = unpacked;
	if (in->kind < REPLY_ACK || in->kind > REPLY_REJECT)
		return err_set(err, ERR_SYNTAX, "reply: kind is %u", in->kind);
	*ret = (struct reply){ .kind = (enum reply_kind)in->kind,
			       .batch_no = in->batch_no,
			       .retry_after_ms = in->retry_after_ms,
			       .reason = string_or_null(in->reason),
			       .server_ns = in->server_ns,
			       .trust_digest = in->trust_digest,
			       .code = in->code == REJECT_FOREIGN_STREAM ? REJECT_FOREIGN_STREAM : REJECT_UNSAID };
	return 0;
}

int enrol_request_unpack(const struct message *message, struct arena *arena, struct enrol_request *ret,
			 struct err *err)
{
	const Clewline__V1__EnrolRequest *in;
	void *unpacked = NULL;
	int code = message_read(message, &clewline__v1__enrol_request__descriptor, arena, &unpacked, err);

	if (code < 0)
		return err_wrap(err, "enrolment");
	in = unpacked;
	if (in->secret.len && in->secret.len != ENROL_SECRET_SIZE)
		return err_set(err, ERR_SYNTAX, "enrolment: secret has %zu bytes", in->secret.len);
	*ret = (struct enrol_request){ .csr = in->csr.data,
				       .csr_size = in->csr.len,
				       .tenant = in->tenant,
				       .has_secret = in->secret.len > 0,
				       .name = string_or_null(in->name) };
	if (ret->has_secret)
		memcpy(ret->secret, in->secret.data, ENROL_SECRET_SIZE);
	if (in->aws)
		ret->aws = (struct aws_proof){ .host = string_or_null(in->aws->host),
					       .date = string_or_null(in->aws->date),
					       .session_token = string_or_null(in->aws->session_token),
					       .authorization = string_or_null(in->aws->authorization) };
	return 0;
}

int enrol_reply_unpack(const struct message *message, struct arena *arena, struct enrol_reply *ret, struct err *err)
{
	const Clewline__V1__EnrolReply *in;
	void *unpacked = NULL;
	int code = message_read(message, &clewline__v1__enrol_reply__descriptor, arena, &unpacked, err);

	if (code < 0)
		return err_wrap(err, "reply to an enrolment");
	in = unpacked;
	if (in->kind < ENROL_GRANTED || in->kind > ENROL_LATER)
		return err_set(err, ERR_SYNTAX, "reply to an enrolment: kind is %u", in->kind);
	*ret = (struct enrol_reply){ .kind = (enum enrol_kind)in->kind,
				     .reason = string_or_null(in->reason),
				     .chain = string_or_null(in->chain),
				     .trust = string_or_null(in->trust),
				     .server_ns = in->server_ns };
	return 0;
}
