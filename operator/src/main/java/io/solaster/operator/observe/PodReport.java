package io.solaster.operator.observe;

import java.util.BitSet;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

import io.solaster.config.plan.ShardReport;
import io.solaster.config.plan.ShardReport.Shard;
import io.solaster.config.value.CpuSet;
import io.solaster.operator.apply.Manifests;
import org.jspecify.annotations.Nullable;

/**
 * What a pod says of itself, as far as the plan is concerned. It stays equal while the pod runs as it does.
 *
 * @param shards how many shards it has
 * @param cpus the CPUs of its shards
 * @param housekeeping the CPUs that it uses besides
 * @param numaNodes the NUMA nodes of its shards
 * @param pinned whether each shard's thread is bound to its CPU
 * @param config which configuration it goes by; null if it does not tell
 * @param error why there is no report; empty if there is one
 */
public record PodReport(int shards, CpuSet cpus, CpuSet housekeeping, CpuSet numaNodes, boolean pinned,
        @Nullable Config config, String error) {
    private static final String FILE = Manifests.CONFIG_DIRECTORY + Manifests.CONFIG_FILE;

    /**
     * Which configuration a pod goes by.
     *
     * @param fingerprint what its ConfigMap said when the pod read it last; empty if it has not
     * @param refused why that is not in force; empty if it is
     */
    public record Config(String fingerprint, List<String> refused) {
        public Config {
            refused = List.copyOf(refused);
        }
    }

    /**
     * How busy a pod is.
     *
     * @param mean the part of the time that its shards had something to do, from 0 to 1
     * @param max that of its busiest shard
     */
    public record Load(double mean, double max) {}

    /** A pod that does not tell. */
    static PodReport failed(String error) {
        return new PodReport(0, CpuSet.EMPTY, CpuSet.EMPTY, CpuSet.EMPTY, false, null, error);
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
                report.plan().pinned(), config(report.configuration()), "");
    }

    private static @Nullable Config config(ShardReport.@Nullable Configuration told) {
        if (told == null) {
            return null;
        }
        boolean inForce = told.state().equals("unchanged") || told.state().equals("applied");
        List<String> problems = told.problems().isEmpty() ? List.of(told.state()) : told.problems();
        return new Config(told.files().getOrDefault(FILE, ""), inForce ? List.of() : problems);
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
