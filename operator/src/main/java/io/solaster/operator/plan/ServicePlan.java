package io.solaster.operator.plan;

import java.util.List;

/**
 * The pods that a service needs, and whether they fit.
 *
 * @param namespace the service's namespace
 * @param name its name
 * @param verdict whether all pods fit, and the surge
 * @param hash changes with what would be applied, and with nothing else
 * @param replicas how many pods
 * @param surge how many more while they are replaced; per workload
 * @param nodes how many nodes may run them
 * @param nodesLeftOut how many may not
 * @param afterNodeLoss whether all pods fit when any one node is lost: Feasible, Infeasible or Unproven
 * @param reasons the arithmetic, a sentence each
 * @param classes what each topology class is for; those with pods first
 */
public record ServicePlan(String namespace, String name, Verdict verdict, String hash, int replicas, int surge,
        int nodes, int nodesLeftOut, Verdict afterNodeLoss, List<String> reasons, List<ClassPlan> classes) {

    public ServicePlan {
        reasons = List.copyOf(reasons);
        classes = List.copyOf(classes);
    }

    /** The same with other classes. */
    public ServicePlan withClasses(List<ClassPlan> others) {
        return new ServicePlan(namespace, name, verdict, hash, replicas, surge, nodes, nodesLeftOut, afterNodeLoss,
                reasons, others);
    }

    /**
     * What a topology class is for.
     *
     * @param name the class
     * @param source Observed, Declared or Assumed
     * @param nodes how many of its nodes may run pods
     * @param podCpus CPUs of a pod; 0 if none can be planned
     * @param podMemory bytes of a pod
     * @param podHugePages bytes of 2 MiB pages of a pod
     * @param shards shards of a pod
     * @param numaNodes on how many NUMA nodes a pod lies on an empty node
     * @param replicas how many pods it gets
     * @param capacity how many pods there is certainly room for, those that run now counted in
     * @param possible how many there may be room for
     * @param schedulerSees how many the scheduler would send there, who knows nothing of NUMA nodes
     * @param strandedCpus free CPUs that no further pod of this size can use
     * @param sizes what other sizes would strand, the best first
     * @param shardReasons why the shards lie as they do, from the engine's own planner; empty without replicas
     * @param reasons the arithmetic
     */
    public record ClassPlan(String name, String source, int nodes, int podCpus, long podMemory, long podHugePages,
            int shards, int numaNodes, int replicas, int capacity, int possible, int schedulerSees, int strandedCpus,
            List<Size> sizes, List<String> shardReasons, List<String> reasons) {

        public ClassPlan {
            sizes = List.copyOf(sizes);
            shardReasons = List.copyOf(shardReasons);
            reasons = List.copyOf(reasons);
        }

        /** The same with other replicas. */
        public ClassPlan withReplicas(int others) {
            return new ClassPlan(name, source, nodes, podCpus, podMemory, podHugePages, shards, numaNodes, others,
                    capacity, possible, schedulerSees, strandedCpus, sizes, shardReasons, reasons);
        }
    }

    /**
     * Another size of pods.
     *
     * @param cpus CPUs of a pod
     * @param shards shards of a pod
     * @param pods how many would fit
     * @param strandedCpus free CPUs that would be left over
     */
    public record Size(int cpus, int shards, int pods, int strandedCpus) {}
}
