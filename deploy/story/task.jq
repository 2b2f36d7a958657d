# The task document of the ECS metadata endpoint, version 4, as Fargate gives it (shape: AWS documentation).
def now_text: (now | strftime("%Y-%m-%dT%H:%M:%S.000000000Z"));
def base($name; $image; $image_id; $docker_id; $index): {
	DockerId: $docker_id, Name: $name, DockerName: $name, Image: $image, ImageID: $image_id,
	Labels: {
		"com.amazonaws.ecs.cluster": $cluster_arn,
		"com.amazonaws.ecs.container-name": $name,
		"com.amazonaws.ecs.task-arn": $task_arn,
		"com.amazonaws.ecs.task-definition-family": $family,
		"com.amazonaws.ecs.task-definition-version": "3"
	},
	DesiredStatus: "RUNNING", KnownStatus: "RUNNING", Limits: {CPU: 128},
	CreatedAt: now_text, StartedAt: now_text, Type: "NORMAL",
	ContainerARN: "\($task_arn | sub(":task/"; ":container/"))/\($docker_id[0:8])-\($index)",
	Networks: [{
		NetworkMode: "awsvpc", IPv4Addresses: ["10.0.1.23"], AttachmentIndex: 0, MACAddress: "06:96:91:3b:20:5f",
		IPv4SubnetCIDRBlock: "10.0.1.0/24", DomainNameServers: ["10.0.0.2"], SubnetGatewayIpv4Address: "10.0.1.1/24"
	}],
	Snapshotter: "overlayfs"
};
{
	Cluster: $cluster_arn, TaskARN: $task_arn, Family: $family, Revision: "3",
	DesiredStatus: "RUNNING", KnownStatus: "RUNNING", Limits: {CPU: 0.25, Memory: 512},
	PullStartedAt: now_text, PullStoppedAt: now_text, AvailabilityZone: ($region + "a"), LaunchType: "FARGATE",
	Containers: [
		base("QASecureEventGenerator"; $image; $image_id; $workload_id; 1),
		base("clewline-agent"; "clewline/secagent:0.1.0"; "sha256:" + ("0" * 64); $agent_id; 2)
	],
	EphemeralStorageMetrics: {Utilized: 261, Reserved: 20496}
}
