#include <string.h>

#include "base/utf8.h"
#include "clewline.pb-c.h"
#include "wire/convert.h"
#include "wire/wire.h"

#define PACK_ARENA_MAX (64u << 20)

struct pack {
	struct arena arena;
	bool failed; /* no memory */
};

static void *pack_alloc(struct pack *pack, size_t size)
{
	void *result = arena_alloc(&pack->arena, size);

	if (!result)
		pack->failed = true;
	return result;
}

#define PACK_NEW(pack, type, init)                                                                                   \
	({                                                                                                           \
		type *message_ = pack_alloc((pack), sizeof(type));                                                   \
		if (message_)                                                                                        \
			init(message_);                                                                              \
		message_;                                                                                            \
	})

static ProtobufCBinaryData bytes_of(const char *text)
{
	return (ProtobufCBinaryData){ text ? strlen(text) : 0, (uint8_t *)text };
}

/* A reader refuses a string that is not UTF-8, and with it the batch; so none may leave here. */
static char *string_of(struct pack *pack, const char *text)
{
	size_t size = text ? strlen(text) : 0;
	size_t valid = utf8_prefix(text, size);
	char *copy;

	if (valid == size)
		return text ? (char *)text : (char *)protobuf_c_empty_string;
	copy = pack_alloc(pack, size + 1);
	if (!copy)
		return (char *)protobuf_c_empty_string;
	memcpy(copy, text, size);
	while (valid < size) {
		copy[valid++] = '?';
		valid += utf8_prefix(copy + valid, size - valid);
	}
	return copy;
}

static Clewline__V1__Process *pack_process(struct pack *pack, const struct process *process)
{
	Clewline__V1__Process *out = PACK_NEW(pack, Clewline__V1__Process, clewline__v1__process__init);

	if (!out)
		return NULL;
	out->exec_id = process->exec_id;
	out->parent_exec_id = process->parent_exec_id;
	out->pid = process->pid;
	out->ppid = process->ppid;
	out->vpid = process->vpid;
	out->uid = process->uid;
	out->gid = process->gid;
	out->start_ns = process->start_ns;
	out->user = bytes_of(process->user);
	out->name = bytes_of(process->name);
	out->exe_path = bytes_of(process->exe_path);
	out->cwd = bytes_of(process->cwd);
	out->container = string_of(pack, process->container);
	out->exec_session = string_of(pack, process->exec_session);
	out->args = pack_alloc(pack, process->arg_count * sizeof(*out->args));
	for (size_t i = 0; out->args && i < process->arg_count; i++)
		out->args[out->n_args++] = bytes_of(process->args[i]);
	return out;
}

static Clewline__V1__FileContent *pack_content(struct pack *pack, const struct file_content *content)
{
	Clewline__V1__FileContent *out = PACK_NEW(pack, Clewline__V1__FileContent, clewline__v1__file_content__init);

	if (!out)
		return NULL;
	out->watch = string_of(pack, content->watch);
	out->before = string_of(pack, content->before);
	out->after = string_of(pack, content->after);
	out->size_before = content->size_before;
	out->size_after = content->size_after;
	out->package = bytes_of(content->package);
	out->diff = bytes_of(content->diff);
	out->approval = content->approval;
	return out;
}

static Clewline__V1__FileChange *pack_file(struct pack *pack, const struct file_change *file)
{
	Clewline__V1__FileChange *out = PACK_NEW(pack, Clewline__V1__FileChange, clewline__v1__file_change__init);

	if (!out)
		return NULL;
	out->op = (Clewline__V1__FileOp)file->op;
	out->path = bytes_of(file->path);
	out->target = bytes_of(file->target);
	out->flags = file->flags;
	out->mode = file->mode;
	out->result = file->result;
	out->is_result_unknown = file->is_result_unknown;
	if (file->content)
		out->content = pack_content(pack, file->content);
	return out;
}

static Clewline__V1__CallParam *pack_call_param(struct pack *pack, const struct call_param *param)
{
	Clewline__V1__CallParam *out = PACK_NEW(pack, Clewline__V1__CallParam, clewline__v1__call_param__init);

	if (!out)
		return NULL;
	out->name = string_of(pack, param->name);
	out->value = bytes_of(param->value);
	return out;
}

static Clewline__V1__CallRecord *pack_call(struct pack *pack, const struct call_record *call)
{
	Clewline__V1__CallRecord *out = PACK_NEW(pack, Clewline__V1__CallRecord, clewline__v1__call_record__init);

	if (!out)
		return NULL;
	out->params = pack_alloc(pack, call->param_count * sizeof(*out->params));
	for (size_t i = 0; out->params && i < call->param_count; i++)
		out->params[out->n_params++] = pack_call_param(pack, &call->params[i]);
	out->result = call->result;
	out->is_result_unknown = call->is_result_unknown;
	return out;
}

static Clewline__V1__CloudRecord *pack_cloud(struct pack *pack, const struct cloud_record *cloud)
{
	Clewline__V1__CloudRecord *out = PACK_NEW(pack, Clewline__V1__CloudRecord, clewline__v1__cloud_record__init);

	if (!out)
		return NULL;
	out->id = string_of(pack, cloud->id);
	out->account = string_of(pack, cloud->account);
	out->region = string_of(pack, cloud->region);
	out->json = bytes_of(cloud->json);
	out->object = string_of(pack, cloud->object);
	return out;
}

static Clewline__V1__Heartbeat *pack_heartbeat(struct pack *pack, const struct heartbeat *heartbeat)
{
	Clewline__V1__Heartbeat *out = PACK_NEW(pack, Clewline__V1__Heartbeat, clewline__v1__heartbeat__init);

	if (!out)
		return NULL;
	out->spooled_batches = heartbeat->spooled_batches;
	out->dropped_events = heartbeat->dropped_events;
	out->detail = string_of(pack, heartbeat->detail);
	out->is_origin_new = heartbeat->is_origin_new;
	return out;
}

static Clewline__V1__AlertField *pack_alert_field(struct pack *pack, const struct alert_field *field)
{
	Clewline__V1__AlertField *out = PACK_NEW(pack, Clewline__V1__AlertField, clewline__v1__alert_field__init);

	if (!out)
		return NULL;
	out->name = string_of(pack, field->name);
	out->json = bytes_of(field->json);
	return out;
}

static Clewline__V1__Response *pack_response(struct pack *pack, const struct response *response)
{
	Clewline__V1__Response *out = PACK_NEW(pack, Clewline__V1__Response, clewline__v1__response__init);

	if (!out)
		return NULL;
	out->action = response->action;
	out->outcome = response->outcome;
	out->detail = bytes_of(response->detail);
	return out;
}

static Clewline__V1__Alert *pack_alert(struct pack *pack, const struct alert *alert)
{
	Clewline__V1__Alert *out = PACK_NEW(pack, Clewline__V1__Alert, clewline__v1__alert__init);

	if (!out)
		return NULL;
	out->rule = string_of(pack, alert->rule);
	out->rule_version = string_of(pack, alert->rule_version);
	out->priority = alert->priority;
	out->source = string_of(pack, alert->source);
	out->output = bytes_of(alert->output);
	out->tags = pack_alloc(pack, alert->tag_count * sizeof(*out->tags));
	for (size_t i = 0; out->tags && i < alert->tag_count; i++)
		out->tags[out->n_tags++] = string_of(pack, alert->tags[i]);
	out->policies = pack_alloc(pack, alert->policy_count * sizeof(*out->policies));
	for (size_t i = 0; out->policies && i < alert->policy_count; i++)
		out->policies[out->n_policies++] = string_of(pack, alert->policies[i]);
	out->severity = alert->severity;
	out->responses = pack_alloc(pack, alert->response_count * sizeof(*out->responses));
	for (size_t i = 0; out->responses && i < alert->response_count; i++)
		out->responses[out->n_responses++] = pack_response(pack, &alert->responses[i]);
	out->fields = pack_alloc(pack, alert->field_count * sizeof(*out->fields));
	for (size_t i = 0; out->fields && i < alert->field_count; i++)
		out->fields[out->n_fields++] = pack_alert_field(pack, &alert->fields[i]);
	return out;
}

static void pack_event_lists(struct pack *pack, const struct event *event, Clewline__V1__Event *out)
{
	size_t ancestors = event->lineage_count > LINEAGE_MAX ? LINEAGE_MAX : event->lineage_count;

	out->lineage = pack_alloc(pack, ancestors * sizeof(*out->lineage));
	for (size_t i = 0; out->lineage && i < ancestors; i++)
		out->lineage[out->n_lineage++] = pack_process(pack, &event->lineage[i]);
	out->alerts = pack_alloc(pack, event->alert_count * sizeof(*out->alerts));
	for (size_t i = 0; out->alerts && i < event->alert_count; i++)
		out->alerts[out->n_alerts++] = pack_alert(pack, &event->alerts[i]);
}

static Clewline__V1__Event *pack_event(struct pack *pack, const struct event *event)
{
	Clewline__V1__Event *out = PACK_NEW(pack, Clewline__V1__Event, clewline__v1__event__init);

	if (!out)
		return NULL;
	out->seq = event->seq;
	out->time_ns = event->time_ns;
	out->resolution_ns = event->resolution_ns;
	out->kind = event->kind;
	out->type = string_of(pack, event->type);
	out->exit_status = event->exit_status;
	if (event->process)
		out->process = pack_process(pack, event->process);
	if (event->file)
		out->file = pack_file(pack, event->file);
	if (event->cloud)
		out->cloud = pack_cloud(pack, event->cloud);
	if (event->heartbeat)
		out->heartbeat = pack_heartbeat(pack, event->heartbeat);
	if (event->call)
		out->call = pack_call(pack, event->call);
	pack_event_lists(pack, event, out);
	return out;
}

static Clewline__V1__Container *pack_container(struct pack *pack, const struct container *container)
{
	Clewline__V1__Container *out = PACK_NEW(pack, Clewline__V1__Container, clewline__v1__container__init);

	if (!out)
		return NULL;
	out->id = string_of(pack, container->id);
	out->name = string_of(pack, container->name);
	out->image = string_of(pack, container->image);
	out->image_id = string_of(pack, container->image_id);
	out->arn = string_of(pack, container->arn);
	out->started_at = string_of(pack, container->started_at);
	return out;
}

static Clewline__V1__TaskNetwork *pack_network(struct pack *pack, const struct task_network *network)
{
	Clewline__V1__TaskNetwork *out = PACK_NEW(pack, Clewline__V1__TaskNetwork, clewline__v1__task_network__init);

	if (!out)
		return NULL;
	out->mode = string_of(pack, network->mode);
	out->mac = string_of(pack, network->mac);
	out->private_dns = string_of(pack, network->private_dns);
	out->addresses = pack_alloc(pack, network->address_count * sizeof(*out->addresses));
	for (size_t i = 0; out->addresses && i < network->address_count; i++)
		out->addresses[out->n_addresses++] = string_of(pack, network->addresses[i]);
	out->ipv4_subnet = string_of(pack, network->ipv4_subnet);
	out->ipv6_subnet = string_of(pack, network->ipv6_subnet);
	return out;
}

static Clewline__V1__EcsTask *pack_task(struct pack *pack, const struct ecs_task *task)
{
	Clewline__V1__EcsTask *out = PACK_NEW(pack, Clewline__V1__EcsTask, clewline__v1__ecs_task__init);

	if (!out)
		return NULL;
	out->arn = string_of(pack, task->arn);
	out->cluster = string_of(pack, task->cluster);
	out->family = string_of(pack, task->family);
	out->revision = string_of(pack, task->revision);
	out->service = string_of(pack, task->service);
	out->availability_zone = string_of(pack, task->availability_zone);
	out->launch_type = string_of(pack, task->launch_type);
	out->role_arn = string_of(pack, task->role_arn);
	out->access_key_id = string_of(pack, task->access_key_id);
	out->vpc = string_of(pack, task->vpc);
	out->networks = pack_alloc(pack, task->network_count * sizeof(*out->networks));
	for (size_t i = 0; out->networks && i < task->network_count; i++)
		out->networks[out->n_networks++] = pack_network(pack, &task->networks[i]);
	return out;
}

static Clewline__V1__Origin *pack_origin(struct pack *pack, const struct origin *origin)
{
	Clewline__V1__Origin *out = PACK_NEW(pack, Clewline__V1__Origin, clewline__v1__origin__init);

	if (!out)
		return NULL;
	out->mode = origin->mode;
	out->agent = string_of(pack, origin->agent);
	out->version = string_of(pack, origin->version);
	out->boot_id = string_of(pack, origin->boot_id);
	out->hostname = string_of(pack, origin->hostname);
	if (origin->task)
		out->task = pack_task(pack, origin->task);
	out->containers = pack_alloc(pack, origin->container_count * sizeof(*out->containers));
	for (size_t i = 0; out->containers && i < origin->container_count; i++)
		out->containers[out->n_containers++] = pack_container(pack, &origin->containers[i]);
	return out;
}

static Clewline__V1__Drop *pack_drop(struct pack *pack, const struct drop *drop)
{
	Clewline__V1__Drop *out = PACK_NEW(pack, Clewline__V1__Drop, clewline__v1__drop__init);

	if (!out)
		return NULL;
	out->reason = string_of(pack, drop->reason);
	out->count = drop->count;
	out->from_ns = drop->from_ns;
	out->until_ns = drop->until_ns;
	return out;
}

static Clewline__V1__Batch *pack_batch_head(struct pack *pack, const struct batch *batch)
{
	Clewline__V1__Batch *out = PACK_NEW(pack, Clewline__V1__Batch, clewline__v1__batch__init);

	if (!out)
		return NULL;
	out->proto_version = PROTO_VERSION;
	out->stream_id = (ProtobufCBinaryData){ STREAM_ID_SIZE, (uint8_t *)batch->stream_id };
	out->epoch = batch->epoch;
	out->batch_no = batch->batch_no;
	out->sent_ns = batch->sent_ns;
	out->oldest_waiting = batch->oldest_waiting;
	out->is_last = batch->is_last;
	out->clock_offset_ns = batch->clock_offset_ns;
	out->origin = pack_origin(pack, &batch->origin);
	out->drops = pack_alloc(pack, batch->drop_count * sizeof(*out->drops));
	for (size_t i = 0; out->drops && i < batch->drop_count; i++)
		out->drops[out->n_drops++] = pack_drop(pack, &batch->drops[i]);
	return out;
}

/* Appends the message, unless something before it failed. */
static int finish(const struct pack *pack, const ProtobufCMessage *message, struct strbuf *out, struct err *err)
{
	size_t size = pack->failed ? 0 : protobuf_c_message_get_packed_size(message);
	char *target = pack->failed ? NULL : strbuf_reserve(out, size);

	if (!target)
		return err_set(err, ERR_MEMORY, "no memory for a message");
	protobuf_c_message_pack(message, (uint8_t *)target);
	strbuf_grown(out, size);
	return 0;
}

static void pack_fini(struct pack *pack)
{
	arena_fini(&pack->arena);
}

#define AUTO_PACK CLEANUP(pack_fini) struct pack
#define PACK_INIT                                                                                                    \
	{                                                                                                            \
		.arena = {.max = PACK_ARENA_MAX }                                                                    \
	}

int event_pack(const struct event *event, struct strbuf *out, struct err *err)
{
	AUTO_PACK pack = PACK_INIT;
	const Clewline__V1__Event *message = pack_event(&pack, event);

	return finish(&pack, (const ProtobufCMessage *)message, out, err);
}

int origin_pack(const struct origin *origin, struct strbuf *out, struct err *err)
{
	AUTO_PACK pack = PACK_INIT;
	const Clewline__V1__Origin *message = pack_origin(&pack, origin);

	return finish(&pack, (const ProtobufCMessage *)message, out, err);
}

int batch_head_pack(const struct batch *batch, struct strbuf *out, struct err *err)
{
	AUTO_PACK pack = PACK_INIT;
	const Clewline__V1__Batch *message = pack_batch_head(&pack, batch);

	return finish(&pack, (const ProtobufCMessage *)message, out, err);
}

int reply_pack(const struct reply *reply, struct strbuf *out, struct err *err)
{
	AUTO_PACK pack = PACK_INIT;
	Clewline__V1__Reply message = CLEWLINE__V1__REPLY__INIT;

	message.kind = reply->kind;
	message.batch_no = reply->batch_no;
	message.retry_after_ms = reply->retry_after_ms;
	message.reason = string_of(&pack, reply->reason);
	message.server_ns = reply->server_ns;
	message.trust_digest = reply->trust_digest;
	message.code = reply->code;
	return finish(&pack, &message.base, out, err);
}

int enrol_request_pack(const struct enrol_request *request, struct strbuf *out, struct err *err)
{
	AUTO_PACK pack = PACK_INIT;
	Clewline__V1__EnrolRequest message = CLEWLINE__V1__ENROL_REQUEST__INIT;
	Clewline__V1__AwsProof proof = CLEWLINE__V1__AWS_PROOF__INIT;

	message.csr = (ProtobufCBinaryData){ request->csr_size, (uint8_t *)request->csr };
	message.tenant = request->tenant;
	if (request->has_secret)
		message.secret = (ProtobufCBinaryData){ ENROL_SECRET_SIZE, (uint8_t *)request->secret };
	message.name = string_of(&pack, request->name);
	if (request->aws.host) {
		proof.host = string_of(&pack, request->aws.host);
		proof.date = string_of(&pack, request->aws.date);
		proof.session_token = string_of(&pack, request->aws.session_token);
		proof.authorization = string_of(&pack, request->aws.authorization);
		message.aws = &proof;
	}
	return finish(&pack, &message.base, out, err);
}

int enrol_reply_pack(const struct enrol_reply *reply, struct strbuf *out, struct err *err)
{
	AUTO_PACK pack = PACK_INIT;
	Clewline__V1__EnrolReply message = CLEWLINE__V1__ENROL_REPLY__INIT;

	message.kind = reply->kind;
	message.reason = string_of(&pack, reply->reason);
	message.chain = string_of(&pack, reply->chain);
	message.trust = string_of(&pack, reply->trust);
	message.server_ns = reply->server_ns;
	return finish(&pack, &message.base, out, err);
}
