#!/bin/sh
# Builds the story's image on the spot: image.sh WORKDIR REFERENCE
#
# Leaves in WORKDIR: rootfs/ (what the container runs), image.tar (docker-archive), oci/ (OCI layout of the same image) and
# config-digest (the image's id). The image has one layer, busybox, and no USER: it runs as root.
set -eu
work=$1
reference=$2
repository=${reference%:*}
tag=${reference##*:}

root=$work/rootfs
mkdir -p "$root/bin" "$root/usr/bin" "$root/etc" "$root/tmp" "$root/proc" "$root/dev" "$root/clewline"
cp /bin/busybox "$root/bin/busybox"
for applet in sh touch mv rm cat sleep id ls; do ln -sf busybox "$root/bin/$applet"; done
echo 'root:x:0:0:root:/root:/bin/sh' >"$root/etc/passwd"
cat >"$root/etc/os-release" <<'OS'
ID=busybox
NAME="busybox"
OS
cat >"$root/usr/bin/event-generator" <<'WORKLOAD'
#!/bin/sh
# The workload: changes binaries of its own container, as an attacker who wants to stay would.
# Absolute paths: this shell would otherwise run its own applets without executing anything.
uuid=$1
/bin/touch "/usr/bin/$uuid"
/bin/mv "/usr/bin/$uuid" "/usr/bin/$uuid.moved"
/bin/rm "/usr/bin/$uuid.moved"
WORKLOAD
chmod 755 "$root/usr/bin/event-generator"

sha() { sha256sum "$1" | cut -d' ' -f1; }
size() { stat -c %s "$1"; }

tar -C "$root" --sort=name --owner=0 --group=0 --numeric-owner --mtime='2021-05-31 00:00:00Z' -cf "$work/layer.tar" .
layer=$(sha "$work/layer.tar")

jq -cn --arg layer "sha256:$layer" '{
	architecture: "amd64", os: "linux", created: "2021-05-31T00:00:00Z",
	config: {Env: ["PATH=/usr/sbin:/usr/bin:/sbin:/bin"], Entrypoint: ["/usr/bin/event-generator"], WorkingDir: "/"},
	rootfs: {type: "layers", diff_ids: [$layer]},
	history: [{created: "2021-05-31T00:00:00Z", created_by: "COPY rootfs / # buildkit"}]
}' >"$work/config.json"
config=$(sha "$work/config.json")
echo "sha256:$config" >"$work/config-digest"

# docker-archive: manifest.json names the configuration and the layers by file
docker=$work/docker
mkdir -p "$docker/$layer"
cp "$work/config.json" "$docker/$config.json"
cp "$work/layer.tar" "$docker/$layer/layer.tar"
jq -cn --arg config "$config.json" --arg tag "$reference" --arg layer "$layer/layer.tar" \
	'[{Config: $config, RepoTags: [$tag], Layers: [$layer]}]' >"$docker/manifest.json"
tar -C "$docker" -cf "$work/image.tar" .

# OCI layout: index.json names the manifest, everything by digest
oci=$work/oci
mkdir -p "$oci/blobs/sha256"
echo '{"imageLayoutVersion":"1.0.0"}' >"$oci/oci-layout"
cp "$work/config.json" "$oci/blobs/sha256/$config"
gzip -nc "$work/layer.tar" >"$work/layer.tar.gz"
packed=$(sha "$work/layer.tar.gz")
cp "$work/layer.tar.gz" "$oci/blobs/sha256/$packed"
jq -cn --arg config "sha256:$config" --argjson config_size "$(size "$work/config.json")" \
	--arg layer "sha256:$packed" --argjson layer_size "$(size "$work/layer.tar.gz")" '{
	schemaVersion: 2, mediaType: "application/vnd.oci.image.manifest.v1+json",
	config: {mediaType: "application/vnd.oci.image.config.v1+json", digest: $config, size: $config_size},
	layers: [{mediaType: "application/vnd.oci.image.layer.v1.tar+gzip", digest: $layer, size: $layer_size}]
}' >"$work/manifest.json"
manifest=$(sha "$work/manifest.json")
cp "$work/manifest.json" "$oci/blobs/sha256/$manifest"
jq -cn --arg digest "sha256:$manifest" --argjson size "$(size "$work/manifest.json")" --arg name "$repository:$tag" '{
	schemaVersion: 2,
	manifests: [{mediaType: "application/vnd.oci.image.manifest.v1+json", digest: $digest, size: $size,
		annotations: {"io.containerd.image.name": $name, "org.opencontainers.image.ref.name": $name}}]
}' >"$oci/index.json"
