package io.solaster.operator.observe;

import java.util.BitSet;
import java.util.List;

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
    private static final int MOST_NODES = 1024;
    private static final int MOST_PROBLEMS = 8;
    /** Characters of a sentence of its own; it goes into the status, and into events. */
    private static final int LONGEST = 300;
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

    /**
     * What stands in a report.
     *
     * @throws IllegalArgumentException if no machine is so
     */
    static PodReport of(ShardReport report) {
        BitSet cpus = new BitSet();
        BitSet numa = new BitSet();
        for (Shard shard : report.shards()) {
            if (shard.cpu() < 0 || shard.cpu() > CpuSet.MAX_CPU || shard.numaNode() < 0
                    || shard.numaNode() >= MOST_NODES) {
                throw new IllegalArgumentException("CPU " + shard.cpu() + " on NUMA node " + shard.numaNode());
            }
            cpus.set(shard.cpu());
            numa.set(shard.numaNode());
        }
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
        return new Config(bounded(told.files().getOrDefault(FILE, "")), inForce
                ? List.of()
                : problems.stream().limit(MOST_PROBLEMS).map(PodReport::bounded).toList());
    }

    /** Its own words, as far as there is room for them in a line. */
    private static String bounded(String words) {
        return words.substring(0, Math.min(words.length(), LONGEST)).replaceAll("\\p{Cntrl}", " ");
    }

    /** How busy it is. */
    static Load load(ShardReport report) {
        double sum = 0;
        double max = 0;
        for (Shard shard : report.shards()) {
            double busy = Math.clamp(shard.utilization(), 0.0, 1.0);
            sum += busy;
            max = Math.max(max, busy);
        }
        return new Load(report.shards().isEmpty() ? 0 : sum / report.shards().size(), max);
    }
}
