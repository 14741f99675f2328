package io.solaster.operator.plan;

import java.util.HashMap;
import java.util.Map;

/**
 * What runs of a service, by what its workloads are told to run: pods that are gone for a moment count.
 *
 * @param replicas how many replicas by topology class
 * @param shards how many shards a pod has, where autoscaling sets that; 0 for what the spec says
 */
public record Running(Map<String, Integer> replicas, int shards) {
    public Running {
        replicas = Map.copyOf(replicas);
    }

    /** With what another workload runs. */
    public Running and(Running other) {
        Map<String, Integer> all = new HashMap<>(replicas);
        other.replicas.forEach((topologyClass, more) -> all.merge(topologyClass, more, Integer::sum));
        return new Running(all, Math.max(shards, other.shards));
    }
}
