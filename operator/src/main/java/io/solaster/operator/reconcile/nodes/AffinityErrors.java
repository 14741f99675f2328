package io.solaster.operator.reconcile.nodes;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Predicate;

import io.fabric8.kubernetes.api.model.Pod;
import io.solaster.operator.reconcile.watch.Cluster;

/**
 * Pods that a kubelet has refused for their CPUs. A StatefulSet makes such a pod again at once, so that it is gone before
 * anybody has looked: they are noted as they are seen. Any thread.
 */
public final class AffinityErrors {
    private static final Set<String> REASONS = Set.of("TopologyAffinityError", "SMTAlignmentError",
            "UnexpectedAdmissionError");
    private static final int MOST = 1000;

    /** Nodes by service, each with the last words of its kubelet. */
    private final Map<String, TreeMap<String, String>> refused = new HashMap<>();

    /** Whether a kubelet has refused a pod for its CPUs. */
    public static boolean refused(Pod pod) {
        return pod.getStatus() != null && "Failed".equals(pod.getStatus().getPhase())
                && pod.getStatus().getReason() != null && REASONS.contains(pod.getStatus().getReason())
                && pod.getSpec().getNodeName() != null;
    }

    /** Notes a pod if it was refused. */
    public synchronized void look(Pod pod) {
        String service = Cluster.service(pod);
        if (service != null && refused(pod) && pod.getMetadata().getDeletionTimestamp() == null
                && (refused.size() < MOST || refused.containsKey(service))) {
            String message = pod.getStatus().getMessage();
            refused.computeIfAbsent(service, key -> new TreeMap<>()).put(pod.getSpec().getNodeName(),
                    pod.getStatus().getReason() + (message == null || message.isBlank() ? "" : ": " + message.strip()));
        }
    }

    /** The nodes that have refused pods of a service, and of which nobody has said that they are {@link #done}. */
    public synchronized Map<String, String> of(String service) {
        TreeMap<String, String> nodes = refused.get(service);
        return nodes == null ? Map.of() : new TreeMap<>(nodes);
    }

    /** Says that what a node has refused is looked after, unless it has refused something else since. */
    public synchronized void done(String service, String node, String message) {
        TreeMap<String, String> nodes = refused.get(service);
        if (nodes != null && nodes.remove(node, message) && nodes.isEmpty()) {
            refused.remove(service);
        }
    }

    /** Forgets services: nobody looks after their pods any more, and what is noted has a bound. */
    public synchronized void forget(Predicate<String> gone) {
        refused.keySet().removeIf(gone);
    }

    /** Those of a service's pods that were refused and lie about. */
    public static List<Pod> failed(List<Pod> pods) {
        return pods.stream().filter(pod -> refused(pod) && pod.getMetadata().getDeletionTimestamp() == null).toList();
    }
}
