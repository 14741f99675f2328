package io.solaster.operator.reconcile;

import java.time.Instant;
import java.time.InstantSource;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.Predicate;

import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.Pod;
import io.solaster.operator.api.ShardedServiceSpec;
import io.solaster.operator.api.ShardedServiceSpec.OnAffinityError;
import io.solaster.operator.reconcile.nodes.AffinityErrors;
import io.solaster.operator.reconcile.nodes.NodeMarks;
import io.solaster.operator.reconcile.nodes.RecentRefusals;
import io.solaster.operator.reconcile.plans.PlanBoard;
import io.solaster.operator.reconcile.status.EventLog;
import io.solaster.operator.reconcile.watch.Cluster;

/** What becomes of nodes whose kubelets refuse pods, and of the pods. Any thread, for each service one at a time. */
final class Refusals {
    private final AffinityErrors affinity;
    private final NodeMarks marks;
    private final EventLog events;
    private final Cluster cluster;
    private final PlanBoard board;
    private final InstantSource clock;
    private final Consumer<Pod> delete;
    private final RecentRefusals recent = new RecentRefusals();

    /** @param delete collects a pod that was refused */
    Refusals(AffinityErrors affinity, NodeMarks marks, EventLog events, Cluster cluster, PlanBoard board,
            InstantSource clock, Consumer<Pod> delete) {
        this.affinity = affinity;
        this.marks = marks;
        this.events = events;
        this.cluster = cluster;
        this.board = board;
        this.clock = clock;
        this.delete = delete;
    }

    /** Forgets services. */
    void forget(Predicate<String> gone) {
        recent.forget(gone);
        affinity.forget(gone);
    }

    /** Nodes whose kubelets refused pods are left out for a while, and the refused pods are collected. */
    void look(Look look, String key) {
        String namespace = look.service.getMetadata().getNamespace();
        String name = look.service.getMetadata().getName();
        for (Pod pod : AffinityErrors.failed(look.pods)) {
            affinity.look(pod);
        }
        ShardedServiceSpec spec = look.service.getSpec();
        boolean stop = spec.placement() != null && spec.placement().onAffinityError() == OnAffinityError.Stop;
        affinity.of(key).forEach((node, message) -> {
            if (marks.allowed()) {
                aside(look, node, stop, message);
            } else {
                recent.add(key, node, clock.instant());
                events.warning(look.service, "TopologyAffinityError", "Node " + node
                        + " refuses pods, and this operator may not set nodes aside: " + message);
            }
            // What fails before is done by the next look, though the pod may be gone by then.
            affinity.done(key, node, message);
        });
        AffinityErrors.failed(look.pods).forEach(delete);
        Set<String> aside = NodeMarks.aside(cluster.nodes(), namespace, name);
        Set<String> refusing = recent.nodes(key, clock.instant());
        if (!refusing.isEmpty()) {
            look.degrade("TopologyAffinityError", "Kubelets refuse pods for their CPUs, and this operator may not set"
                    + " nodes aside: " + String.join(", ", refusing)
                    + "; keep pods from them, or ask for fewer shards.");
        }
        if (!aside.isEmpty()) {
            look.degrade("TopologyAffinityError",
                    "Kubelets refused pods for their CPUs; set aside for a while: " + String.join(", ", aside) + ".");
        }
    }

    private void aside(Look look, String node, boolean stop, String message) {
        Set<String> aside = stop ? allOf(node) : Set.of(node);
        Instant until = null;
        for (String each : aside) {
            Node there = cluster.node(each);
            if (there != null) {
                until = marks.setAside(there, look.service.getMetadata().getNamespace(),
                        look.service.getMetadata().getName());
            }
        }
        events.warning(look.service, "NodeSetAside", (stop
                ? "No further pods are made"
                : "Node " + node
                        + " is set aside")
                + (until == null ? "" : " until " + until) + ": " + message);
    }

    /** The nodes of a node's class. */
    private Set<String> allOf(String node) {
        Map<String, String> classes = board.classes();
        String topologyClass = classes.get(node);
        Set<String> all = new HashSet<>(Set.of(node));
        classes.forEach((each, its) -> {
            if (its.equals(topologyClass)) {
                all.add(each);
            }
        });
        return all;
    }
}
