#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "agent/ecs/metadata.h"
#include "base/strbuf.h"

#define ID "f1d2d2f924e986ac86fdf7b36c94bcdf"

/* In the shape that the AWS documentation gives for version 4 on Fargate. */
static const char task_text[] =
	"{\"Cluster\":\"production\","
	"\"TaskARN\":\"arn:aws:ecs:eu-central-1:111122223333:task/production/0123456789abcdef0123456789abcdef\","
	"\"Family\":\"shop\",\"Revision\":\"17\",\"ServiceName\":\"web\",\"DesiredStatus\":\"RUNNING\","
	"\"AvailabilityZone\":\"eu-central-1b\",\"LaunchType\":\"FARGATE\","
	"\"Containers\":[{\"DockerId\":\"" ID "-1265927825\",\"Name\":\"app\",\"DockerName\":\"app\","
	"\"Image\":\"111122223333.dkr.ecr.eu-central-1.amazonaws.com/shop:2.1\",\"ImageID\":\"sha256:aa\","
	"\"ContainerARN\":\"arn:aws:ecs:eu-central-1:111122223333:container/"
	"x\",\"StartedAt\":\"2026-11-23T12:00:00Z\"},"
	"{\"Name\":\"no id\"},7,"
	"{\"DockerId\":\"cccccccccccccccccccccccccccccccc-0000000001\",\"Name\":\"sidecar\",\"Image\":\"agent\"}]}";

/* Both containers of a task have the same interface; the members are those of version 4. */
#define NETWORKS                                                                                                     \
	"\"Networks\":[{\"NetworkMode\":\"awsvpc\",\"IPv4Addresses\":[\"10.0.2.106\"],\"IPv6Addresses\":[\"2001:"    \
	"db8::6a\",7],"                                                                                              \
	"\"AttachmentIndex\":0,\"MACAddress\":\"0e:9e:32:c7:48:85\",\"IPv4SubnetCIDRBlock\":\"10.0.2.0/24\","        \
	"\"IPv6SubnetCIDRBlock\":\"2001:db8::/64\",\"DomainNameServers\":[\"10.0.0.2\"],"                            \
	"\"PrivateDNSName\":\"ip-10-0-2-106.eu-central-1.compute.internal\",\"SubnetGatewayIpv4Address\":\"10.0.2."  \
	"1/24\"}]"

static struct metadata *parse(const char *text, bool is_task)
{
	struct metadata *metadata = NULL;
	struct err err = { 0 };

	assert_int_equal(metadata_parse("test", text, strlen(text), is_task, &metadata, &err), 0);
	return metadata;
}

static void a_task_is_read_and_its_cluster_made_an_arn(void **state)
{
	struct metadata *metadata = parse(task_text, true);

	(void)state;
	assert_true(metadata->has_task);
	assert_string_equal(metadata->task.cluster_arn, "arn:aws:ecs:eu-central-1:111122223333:cluster/production");
	assert_string_equal(metadata->task.task.cluster, metadata->task.cluster_arn);
	assert_string_equal(metadata->task.id, "0123456789abcdef0123456789abcdef");
	assert_string_equal(metadata->task.account, "111122223333");
	assert_string_equal(metadata->task.region, "eu-central-1");
	assert_string_equal(metadata->task.task.family, "shop");
	assert_string_equal(metadata->task.task.revision, "17");
	assert_string_equal(metadata->task.task.service, "web");
	assert_int_equal(metadata->container_count, 2);
	assert_string_equal(metadata->containers[0].short_id, "f1d2d2f924e9");
	assert_string_equal(metadata->containers[0].repository,
			    "111122223333.dkr.ecr.eu-central-1.amazonaws.com/shop");
	assert_string_equal(metadata->containers[0].tag, "2.1");
	assert_string_equal(metadata->containers[0].digest, "sha256:aa");
	assert_string_equal(metadata->plain[1].name, "sidecar");
	assert_null(metadata->containers[1].tag);
	metadata_free(metadata);
}

static void networks_are_read_once(void **state)
{
	static const char text[] =
		"{\"TaskARN\":\"arn:aws:ecs:eu-central-1:1:task/c/0\",\"VPCID\":\"vpc-0abc\",\"Containers\":["
		"{\"DockerId\":\"" ID "\"," NETWORKS "},{\"DockerId\":\"x\"," NETWORKS "},"
		"{\"DockerId\":\"y\",\"Networks\":[7,{},{\"NetworkMode\":\"bridge\",\"IPv4Addresses\":[\"172.17.0."
		"2\"]},"
		"{\"IPv4Addresses\":[\"172.17.0.2\"]}]}]}";
	struct metadata *metadata = parse(text, true);
	const struct ecs_task *task = &metadata->task.task;

	(void)state;
	assert_string_equal(task->vpc, "vpc-0abc");
	assert_int_equal(task->network_count, 2);
	assert_string_equal(task->networks[0].mode, "awsvpc");
	assert_string_equal(task->networks[0].mac, "0e:9e:32:c7:48:85");
	assert_string_equal(task->networks[0].private_dns, "ip-10-0-2-106.eu-central-1.compute.internal");
	assert_int_equal(task->networks[0].address_count, 2);
	assert_string_equal(task->networks[0].addresses[0], "10.0.2.106");
	assert_string_equal(task->networks[0].addresses[1], "2001:db8::6a");
	assert_string_equal(task->networks[0].ipv4_subnet, "10.0.2.0/24");
	assert_string_equal(task->networks[0].ipv6_subnet, "2001:db8::/64");
	assert_string_equal(task->networks[1].addresses[0], "172.17.0.2");
	assert_null(task->networks[1].mac);
	metadata_free(metadata);
	metadata = parse("{\"DockerId\":\"" ID "\"," NETWORKS "}", false);
	assert_int_equal(metadata->task.task.network_count, 1);
	metadata_free(metadata);
}

static void more_networks_than_fit_are_left_out(void **state)
{
	AUTO_STRBUF text = STRBUF_INIT;
	struct metadata *metadata;

	(void)state;
	strbuf_adds(&text, "{\"Containers\":[{\"DockerId\":\"" ID "\",\"Networks\":[");
	for (int i = 0; i < 2 * TASK_NETWORKS_MAX; i++) {
		strbuf_addf(&text, "%s{\"MACAddress\":\"%d\",\"IPv4Addresses\":[", i ? "," : "", i);
		for (int k = 0; k < 2 * NETWORK_ADDRESSES_MAX; k++)
			strbuf_addf(&text, "%s\"10.0.%d.%d\"", k ? "," : "", i, k);
		strbuf_adds(&text, "]}");
	}
	strbuf_adds(&text, "]}]}");
	metadata = parse(text.data, true);
	assert_int_equal(metadata->task.task.network_count, TASK_NETWORKS_MAX);
	assert_int_equal(metadata->task.task.networks[0].address_count, NETWORK_ADDRESSES_MAX);
	metadata_free(metadata);
}

static void containers_are_found_by_the_address_they_were_given(void **state)
{
	struct metadata *metadata = parse(task_text, true);
	const struct container_identity *app = &metadata->containers[0];

	(void)state;
	assert_ptr_equal(metadata_find_uri(metadata, "http://169.254.170.2/v4/" ID "-1265927825"), app);
	assert_ptr_equal(metadata_find_uri(metadata, "http://169.254.170.2/v4/" ID), app);
	assert_null(metadata_find_uri(metadata, "http://169.254.170.2/v4/f1d2"));
	assert_null(metadata_find_uri(metadata, "http://169.254.170.2/v4/"));
	assert_null(metadata_find_uri(metadata, ""));
	assert_ptr_equal(metadata_find_id(metadata, ID "-1265927825"), app);
	metadata_free(metadata);
}

static void a_container_names_its_task_in_labels(void **state)
{
	struct metadata *metadata =
		parse("{\"DockerId\":\"" ID "\",\"Name\":\"app\",\"Labels\":{"
		      "\"com.amazonaws.ecs.cluster\":\"default\","
		      "\"com.amazonaws.ecs.task-arn\":\"arn:aws-cn:ecs:cn-north-1:111122223333:task/default/ab\","
		      "\"com.amazonaws.ecs.task-definition-family\":\"shop\"}}",
		      false);

	(void)state;
	assert_true(metadata->has_task);
	assert_string_equal(metadata->task.cluster_arn, "arn:aws-cn:ecs:cn-north-1:111122223333:cluster/default");
	assert_ptr_equal(metadata->containers[0].task, &metadata->task);
	metadata_free(metadata);
}

static void missing_members_are_no_error(void **state)
{
	static const char *const texts[] = {
		"{}",
		"{\"Containers\":null}",
		"{\"TaskARN\":7}",
		"{\"TaskARN\":\"x\",\"Cluster\":\"y\"}",
		"{\"Cluster\":\"only\"}",
		"{\"TaskARN\":\"arn:aws:ecs\",\"Cluster\":\"y\"}",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct metadata *metadata = parse(texts[i], true);

		assert_null(metadata->task.cluster_arn);
		assert_int_equal(metadata->container_count, 0);
		metadata_free(metadata);
	}
}

static void what_is_not_json_is_refused_with_its_name(void **state)
{
	struct metadata *metadata = NULL;
	struct err err = { 0 };

	(void)state;
	assert_int_equal(metadata_parse("http://x/task", "{\"a\":", 5, true, &metadata, &err), ERR_SYNTAX);
	assert_non_null(strstr(err.message, "http://x/task"));
	assert_int_equal(metadata_parse("y", "[1]", 3, true, &metadata, &err), ERR_SYNTAX);
	assert_null(metadata);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_task_is_read_and_its_cluster_made_an_arn),
		cmocka_unit_test(networks_are_read_once),
		cmocka_unit_test(more_networks_than_fit_are_left_out),
		cmocka_unit_test(containers_are_found_by_the_address_they_were_given),
		cmocka_unit_test(a_container_names_its_task_in_labels),
		cmocka_unit_test(missing_members_are_no_error),
		cmocka_unit_test(what_is_not_json_is_refused_with_its_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
