package io.solaster.operator.api;

import java.util.List;

import io.fabric8.kubernetes.api.model.Condition;
import io.fabric8.kubernetes.model.annotation.LabelSelector;
import io.fabric8.kubernetes.model.annotation.StatusReplicas;
import org.jspecify.annotations.Nullable;

/**
 * How a {@link ShardedService} stands.
 *
 * @param observedGeneration the spec that this is about
 * @param appliedGeneration the spec that is in force: the last one that was applied and rolled out whole
 * @param replicas how many pods its workloads have
 * @param selector the labels of its pods, as a selector
 * @param plan the plan in short
 * @param pods what pods say of themselves: those that are not as planned first, 64 at most
 * @param rollout the change that is put in force, or was taken back; left out where there is none
 * @param conditions what holds
 */
public record ShardedServiceStatus(@Nullable Long observedGeneration, @Nullable Long appliedGeneration,
        @StatusReplicas @Nullable Integer replicas, @LabelSelector @Nullable String selector, @Nullable PlanStatus plan,
        @Nullable List<PodStatus> pods,
        @Nullable RolloutStatus rollout, @Nullable List<Condition> conditions) {

    /**
     * The plan in short.
     *
     * @param hash changes with what would be applied, and with nothing else
     * @param verdict Feasible, Infeasible or Unproven
     * @param afterNodeLoss whether all pods fit when any one node is lost: Feasible, Infeasible or Unproven
     * @param replicas how many pods are planned
     * @param capacity how many pods there is certainly room for
     * @param strandedCPUs free CPUs that no further pod of this size can use
     * @param reasons the arithmetic
     * @param classes what each topology class is for
     */
    public record PlanStatus(@Nullable String hash, @Nullable String verdict, @Nullable String afterNodeLoss,
            @Nullable Integer replicas, @Nullable Integer capacity, @Nullable Integer strandedCPUs,
            @Nullable List<String> reasons, @Nullable List<ClassStatus> classes) {}

    /**
     * What a topology class is for.
     *
     * @param name the class
     * @param source what its CPUs are known from: Observed, Declared or Assumed
     * @param replicas how many pods are planned there
     * @param podCPUs CPUs of a pod
     * @param podMemory memory of a pod
     * @param shards shards of a pod
     * @param capacity how many pods there is certainly room for
     * @param possible how many there may be room for
     * @param strandedCPUs free CPUs that no further pod of this size can use
     * @param reasons the arithmetic
     */
    public record ClassStatus(@Nullable String name, @Nullable String source, @Nullable Integer replicas,
            @Nullable Integer podCPUs, @Nullable String podMemory, @Nullable Integer shards,
            @Nullable Integer capacity, @Nullable Integer possible, @Nullable Integer strandedCPUs,
            @Nullable List<String> reasons) {}

    /**
     * A change that is put in force, or was taken back.
     *
     * @param phase Canary, Observing, Rolling or Reloading; RolledBack once it was taken back; Suspended while the
     * service is paused or does not fit
     * @param generation the spec that it is of
     * @param since since when it is in that phase, or when it went on last
     * @param message how far it is; where it was taken back, why
     */
    public record RolloutStatus(@Nullable String phase, @Nullable Long generation, @Nullable String since,
            @Nullable String message) {

        /** An empty message is left out: not every API server takes a patch to an empty text. */
        public RolloutStatus {
            message = message == null || message.isEmpty() ? null : message;
        }
    }

    /**
     * What a pod says of itself.
     *
     * @param name the pod
     * @param node the node that it runs on
     * @param cpus the CPUs of its shards, as Linux writes them
     * @param numaNodes their NUMA nodes, in the same way
     * @param shards how many shards it has
     * @param problem what is not as planned; left out if all is
     */
    public record PodStatus(@Nullable String name, @Nullable String node, @Nullable String cpus,
            @Nullable String numaNodes, @Nullable Integer shards, @Nullable String problem) {}
}
