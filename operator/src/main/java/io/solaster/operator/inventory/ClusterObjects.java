package io.solaster.operator.inventory;

import java.util.List;

import io.fabric8.kubernetes.api.model.GenericKubernetesResource;
import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.resource.v1.ResourceClaim;
import io.fabric8.kubernetes.api.model.resource.v1.ResourceSlice;
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
 */
public record ClusterObjects(List<Node> nodes, @Nullable List<Pod> pods, List<GenericKubernetesResource> topologies,
        List<ResourceSlice> slices, @Nullable List<ResourceClaim> claims, List<TopologyProfile> profiles) {

    public ClusterObjects {
        nodes = List.copyOf(nodes);
        pods = pods == null ? null : List.copyOf(pods);
        topologies = List.copyOf(topologies);
        slices = List.copyOf(slices);
        claims = claims == null ? null : List.copyOf(claims);
        profiles = List.copyOf(profiles);
    }
}
