# The story's CloudTrail records, as {region, record} lines: badlugo signs in without MFA (recorded in the sign-in region), deletes the
# cluster and then the trail, between ordinary noise. Shapes: AWS documentation and API models; times from $login, $delete_cluster,
# $delete_trail (RFC 3339).
def common($time; $region; $source; $name; $id): {
	eventVersion: "1.09", eventTime: $time, awsRegion: $region, eventSource: $source, eventName: $name, eventID: $id,
	eventType: "AwsApiCall", managementEvent: true, recipientAccountId: $account, eventCategory: "Management", readOnly: false
};
def user($name; $principal; $key): {
	type: "IAMUser", principalId: $principal, arn: "arn:aws:iam::\($account):user/\($name)", accountId: $account,
	accessKeyId: $key, userName: $name,
	sessionContext: {attributes: {creationDate: $login, mfaAuthenticated: "false"}}
};
def badlugo: user("badlugo"; "AIDAQ3EGRTSEXAMPLEQ7"; "ASIAQ3EGRTSEXAMPLEK2");
def service($name): {type: "AWSService", invokedBy: $name};
def id($n): $run_id + ("000000000000" + ($n | tostring) | .[-12:]);
def browser: "Mozilla/5.0 (X11; Linux x86_64; rv:89.0) Gecko/20100101 Firefox/89.0";

{region: "us-east-1", record: (common($login; "us-east-1"; "signin.amazonaws.com"; "ConsoleLogin"; id(1)) + {
	eventType: "AwsConsoleSignIn",
	userIdentity: {type: "IAMUser", principalId: "AIDAQ3EGRTSEXAMPLEQ7", arn: "arn:aws:iam::\($account):user/badlugo",
		accountId: $account, userName: "badlugo"},
	sourceIPAddress: "203.0.113.7", userAgent: browser, requestParameters: null,
	responseElements: {ConsoleLogin: "Success"},
	additionalEventData: {LoginTo: "https://console.aws.amazon.com/console/home", MobileVersion: "No", MFAUsed: "No"}
})},
{region: $region, record: (common($delete_cluster; $region; "ecs.amazonaws.com"; "DeleteCluster"; id(2)) + {
	userIdentity: badlugo, sourceIPAddress: "203.0.113.7", userAgent: browser,
	requestParameters: {cluster: $cluster},
	responseElements: {cluster: {clusterArn: $cluster_arn, clusterName: $cluster, status: "INACTIVE",
		registeredContainerInstancesCount: 0, runningTasksCount: 0, pendingTasksCount: 0, activeServicesCount: 0}},
	requestID: id(102), sessionCredentialFromConsole: "true"
})},
{region: $region, record: (common($delete_trail; $region; "cloudtrail.amazonaws.com"; "DeleteTrail"; id(3)) + {
	userIdentity: badlugo, sourceIPAddress: "203.0.113.7", userAgent: browser,
	requestParameters: {name: "arn:aws:cloudtrail:\($region):\($account):trail/\($trail)"},
	responseElements: null, requestID: id(103), sessionCredentialFromConsole: "true"
})},

# noise: reading, a service's own calls, somebody else who is refused, the same action on another cluster of another region
(range(10; 30) as $n | {region: $region, record: (common($login; $region; "ecs.amazonaws.com"; "DescribeTasks"; id($n)) + {
	readOnly: true, userIdentity: user("deploy-bot"; "AIDAQ3EGRTSEXAMPLED1"; "AKIAQ3EGRTSEXAMPLED1"),
	sourceIPAddress: "198.51.100.20", userAgent: "aws-cli/2.15.0 Python/3.11.6 Linux/6.1.0 exe/x86_64 prompt/off command/ecs.describe-tasks",
	requestParameters: {cluster: $cluster, tasks: [$task_id]}, responseElements: null, requestID: id(100 + $n)
})}),
(range(30; 40) as $n | {region: $region, record: (common($login; $region; "sts.amazonaws.com"; "AssumeRole"; id($n)) + {
	readOnly: true, userIdentity: service("ecs-tasks.amazonaws.com"), sourceIPAddress: "ecs-tasks.amazonaws.com",
	userAgent: "ecs-tasks.amazonaws.com",
	requestParameters: {roleArn: "arn:aws:iam::\($account):role/ecsTaskRole", roleSessionName: $task_id},
	responseElements: {credentials: {accessKeyId: "ASIAQ3EGRTSEXAMPLET\($n)", expiration: $delete_trail, sessionToken: "EXAMPLETOKEN"},
		assumedRoleUser: {assumedRoleId: "AROAQ3EGRTSEXAMPLER1:\($task_id)", arn: "arn:aws:sts::\($account):assumed-role/ecsTaskRole/\($task_id)"}},
	requestID: id(100 + $n)
})}),
{region: $region, record: (common($delete_cluster; $region; "ecs.amazonaws.com"; "DeleteCluster"; id(50)) + {
	userIdentity: user("deploy-bot"; "AIDAQ3EGRTSEXAMPLED1"; "AKIAQ3EGRTSEXAMPLED1"), sourceIPAddress: "198.51.100.20",
	userAgent: "aws-cli/2.15.0", errorCode: "AccessDeniedException",
	errorMessage: "User: arn:aws:iam::\($account):user/deploy-bot is not authorized to perform: ecs:DeleteCluster on resource: \($cluster_arn)",
	requestParameters: {cluster: $cluster}, responseElements: null, requestID: id(150)
})},
{region: "eu-west-1", record: (common($delete_cluster; "eu-west-1"; "ecs.amazonaws.com"; "DeleteCluster"; id(51)) + {
	userIdentity: user("badlug"; "AIDAQ3EGRTSEXAMPLEX9"; "AKIAQ3EGRTSEXAMPLEX9"), sourceIPAddress: "198.51.100.77",
	userAgent: "aws-cli/2.15.0", requestParameters: {cluster: $cluster},
	responseElements: {cluster: {clusterArn: ($cluster_arn | sub($region; "eu-west-1")), clusterName: $cluster, status: "INACTIVE"}},
	requestID: id(151)
})}
