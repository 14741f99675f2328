package io.solaster.operator.command;

import java.util.List;

import io.fabric8.kubernetes.api.model.GenericKubernetesResource;
import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.resource.v1.ResourceClaim;
import io.fabric8.kubernetes.api.model.resource.v1.ResourceSlice;
import io.solaster.operator.api.ShardedService;
import io.solaster.operator.api.TopologyProfile;
import io.solaster.operator.inventory.ClusterObjects;
import io.solaster.operator.inventory.Inventory;
import io.solaster.operator.plan.Planner;
import io.solaster.operator.plan.ServicePlan;
import io.solaster.operator.plan.Verdict;
import org.slf4j.Logger;

/** The README's Java, so that it compiles; {@link ReadmeTest} holds it to the README. */
final class ReadmeExample {

    private ReadmeExample() {}

    static void plan(List<Node> nodes, List<Pod> pods, List<GenericKubernetesResource> topologies,
            List<ResourceSlice> slices, List<ResourceClaim> claims, List<TopologyProfile> profiles,
            ShardedService service, Logger log) {
        Inventory inventory = Inventory.of(new ClusterObjects(nodes, pods, topologies, slices, claims, profiles));
        ServicePlan plan = Planner.plan(inventory, List.of(service)).getFirst();
        if (plan.verdict() != Verdict.Feasible) {
            plan.reasons().forEach(log::warn);
        }
    }
}
