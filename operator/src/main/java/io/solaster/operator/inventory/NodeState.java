package io.solaster.operator.inventory;

import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

import io.fabric8.kubernetes.api.model.Taint;
import io.fabric8.kubernetes.api.model.Toleration;

/**
 * A node and what is free on it. What the scheduler counts is in {@code free…} figures, what the kubelet hands out is in
 * {@code cpus}. Immutable.
 *
 * @param name its name
 * @param topologyClass the class that it belongs to
 * @param labels its labels
 * @param taints its taints
 * @param away why pods are not sent there (not ready, cordoned); empty if they are
 * @param milliCpus thousandths of CPUs that no pod has asked for
 * @param daemonMilliCpus those of its allocatable ones that DaemonSets' pods have asked for
 * @param allocatableMilliCpus all of them
 * @param memory bytes that no pod has asked for
 * @param hugePages bytes of 2 MiB pages that no pod has asked for
 * @param takenMemory bytes that pods have asked for
 * @param takenHugePages bytes of 2 MiB pages that pods have asked for
 * @param pods how many more pods there may be
 * @param cpus CPUs that pods can have for themselves, by NUMA node; without {@code hidden} ones
 * @param hidden CPUs that pods have for themselves on NUMA nodes that nothing tells; they are counted in {@code cpus}
 * @param occupied whether it is known what is taken at all
 * @param observed whether {@code cpus} are observed, and so without those of {@code own}
 * @param own pods of sharded services, by namespace/name of the service
 */
@SuppressWarnings("ArrayRecordComponent")
public record NodeState(String name, TopologyClass topologyClass, Map<String, String> labels, List<Taint> taints,
        String away, long milliCpus, long daemonMilliCpus, long allocatableMilliCpus, long memory, long hugePages,
        long takenMemory, long takenHugePages, int pods, int[] cpus, int hidden, boolean occupied, boolean observed,
        Map<String, OwnPods> own) {

    /**
     * Pods of one service on a node.
     *
     * @param cpus the CPUs that each has for itself
     * @param milliCpus thousandths of CPUs that they have asked for together
     * @param memory bytes that they have asked for together
     * @param hugePages bytes of 2 MiB pages that they have asked for together
     */
    public record OwnPods(List<Integer> cpus, long milliCpus, long memory, long hugePages) {
        OwnPods and(OwnPods other) {
            return new OwnPods(Stream.concat(cpus.stream(), other.cpus.stream()).toList(),
                    milliCpus + other.milliCpus, memory + other.memory, hugePages + other.hugePages);
        }
    }

    /** Why a pod may not be sent here, as far as labels and taints go; empty if it may. */
    public String unfit(Map<String, String> selector, List<Toleration> tolerations) {
        for (Map.Entry<String, String> wanted : selector.entrySet()) {
            if (!wanted.getValue().equals(labels.get(wanted.getKey()))) {
                return "other labels than spec.placement.nodeSelector";
            }
        }
        for (Taint taint : taints) {
            if (!"PreferNoSchedule".equals(taint.getEffect())
                    && tolerations.stream().noneMatch(toleration -> tolerates(toleration, taint))) {
                return "taint " + taint.getKey() + " is not among spec.placement.tolerations";
            }
        }
        return "";
    }

    private static boolean tolerates(Toleration toleration, Taint taint) {
        if (toleration.getEffect() != null && !toleration.getEffect().isEmpty()
                && !toleration.getEffect().equals(taint.getEffect())) {
            return false;
        }
        boolean exists = "Exists".equals(toleration.getOperator());
        if (toleration.getKey() == null || toleration.getKey().isEmpty()) {
            return exists;
        }
        String value = taint.getValue() == null ? "" : taint.getValue();
        return toleration.getKey().equals(taint.getKey())
                && (exists || value.equals(toleration.getValue() == null ? "" : toleration.getValue()));
    }
}
