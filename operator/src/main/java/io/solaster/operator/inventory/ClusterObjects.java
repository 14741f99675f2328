package io.solaster.operator.inventory;

import java.util.List;
import java.util.Map;
import java.util.function.Function;

import io.fabric8.kubernetes.api.model.GenericKubernetesResource;
import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.resource.v1.ResourceClaim;
import io.fabric8.kubernetes.api.model.resource.v1.ResourceSlice;
import io.solaster.operator.api.ShardedService;
import io.solaster.operator.api.TopologyProfile;
import org.jspecify.annotations.Nullable;

/**
 * What a cluster, or files, say.
 *
 * @param nodes the nodes
 * @param pods all pods; null if they are not known
 * @param topologies NodeResourceTopology objects ({@code topology.node.k8s.io/v1alpha2})
 * @param slices what drivers for dynamic resource allocation have published
 * @param claims what was allocated of it; null if that is not known
 * @param profiles what was declared
 * @param problems what was declared and cannot be read, with the fix; all else is as ever
 * @param whose the service that a pod takes its room for, as namespace/name; null if none
 */
public record ClusterObjects(List<Node> nodes, @Nullable List<Pod> pods, List<GenericKubernetesResource> topologies,
        List<ResourceSlice> slices, @Nullable List<ResourceClaim> claims, List<TopologyProfile> profiles,
        List<String> problems, Function<Pod, @Nullable String> whose) {

    /** Of which all could be read; pods are whose label they bear, as far as files tell. */
    public ClusterObjects(List<Node> nodes, @Nullable List<Pod> pods, List<GenericKubernetesResource> topologies,
            List<ResourceSlice> slices, @Nullable List<ResourceClaim> claims, List<TopologyProfile> profiles) {
        this(nodes, pods, topologies, slices, claims, profiles, List.of(), ClusterObjects::labelled);
    }

    public ClusterObjects {
        nodes = List.copyOf(nodes);
        pods = pods == null ? null : List.copyOf(pods);
        topologies = List.copyOf(topologies);
        slices = List.copyOf(slices);
        claims = claims == null ? null : List.copyOf(claims);
        profiles = List.copyOf(profiles);
        problems = List.copyOf(problems);
    }

    private static @Nullable String labelled(Pod pod) {
        Map<String, String> labels = pod.getMetadata().getLabels();
        String name = labels == null ? null : labels.get(ShardedService.LABEL);
        return name == null ? null : pod.getMetadata().getNamespace() + "/" + name;
    }
}
