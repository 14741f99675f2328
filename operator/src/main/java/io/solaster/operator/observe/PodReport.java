package io.solaster.operator.observe;

import java.util.BitSet;
import java.util.HashSet;
import java.util.Set;

import io.solaster.config.CpuSet;
import io.solaster.config.ShardReport;
import io.solaster.config.ShardReport.Shard;

/**
 * What a pod says of itself, as far as the plan is concerned. It stays equal while the pod runs as it does.
 *
 * @param shards how many shards it has
 * @param cpus the CPUs of its shards
 * @param housekeeping the CPUs that it uses besides
 * @param numaNodes the NUMA nodes of its shards
 * @param pinned whether each shard's thread is bound to its CPU
 * @param error why there is no report; empty if there is one
 */
public record PodReport(int shards, CpuSet cpus, CpuSet housekeeping, CpuSet numaNodes, boolean pinned, String error) {

    /**
     * How busy a pod is.
     *
     * @param mean the part of the time that its shards had something to do, from 0 to 1
     * @param max that of its busiest shard
     */
    public record Load(double mean, double max) {}

    /** A pod that does not tell. */
    static PodReport failed(String error) {
        return new PodReport(0, CpuSet.EMPTY, CpuSet.EMPTY, CpuSet.EMPTY, false, error);
    }

    /** What stands in a report. */
    static PodReport of(ShardReport report) {
        BitSet cpus = new BitSet();
        Set<Integer> nodes = new HashSet<>();
        for (Shard shard : report.shards()) {
            cpus.set(shard.cpu());
            nodes.add(shard.numaNode());
        }
        BitSet numa = new BitSet();
        nodes.forEach(numa::set);
        String housekeeping = report.plan().housekeeping();
        return new PodReport(report.shards().size(), CpuSet.of(cpus),
                housekeeping.isBlank() ? CpuSet.EMPTY : CpuSet.parse(housekeeping), CpuSet.of(numa),
                report.plan().pinned(), "");
    }

    /** How busy it is. */
    static Load load(ShardReport report) {
        double sum = 0;
        double max = 0;
        for (Shard shard : report.shards()) {
            sum += shard.utilization();
            max = Math.max(max, shard.utilization());
        }
        return new Load(report.shards().isEmpty() ? 0 : sum / report.shards().size(), max);
    }
}
