package io.solaster.operator.plan;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;

import io.solaster.operator.api.ShardedServiceSpec.ShardMode;
import io.solaster.operator.plan.Room.Rule;
import io.solaster.operator.plan.ServicePlan.Size;

/** Sizes of pods near the planned one that leave fewer CPUs over, from how many CPUs are free on how many NUMA nodes. */
final class OtherSizes {
    private static final int ADVICE = 3;

    private OtherSizes() {}

    private record Candidate(int cpus, int pods, int stranded) {}

    /** The best of them, best first; what they leave over is added to the reasons. */
    static List<Size> of(Found there, Wanted wanted, PodSizer sizer) {
        if (wanted.mode() != ShardMode.Fixed) {
            return List.of();
        }
        int[] nodesByFree = new int[there.topologyClass.topology().size() + 1];
        int most = 0;
        for (Room room : there.rooms.list()) {
            if (!there.aside.isEmpty() && there.aside.contains(room)) {
                continue;
            }
            int[] cpus = room.cpus();
            boolean whole = there.demand.rule() == Rule.BY_TOTAL || cpus.length == 1;
            if (!whole && room.hidden() > 0) {
                // Nothing tells what is free on its NUMA nodes.
                return List.of();
            }
            int total = -room.hidden();
            for (int free : cpus) {
                total += free;
                if (!whole) {
                    nodesByFree[free]++;
                    most = Math.max(most, free);
                }
            }
            if (whole) {
                nodesByFree[Math.max(0, total)]++;
                most = Math.max(most, total);
            }
        }
        int asked = there.demand.cpus();
        int step = there.topologyClass.topology().threadsPerCore();
        int[] frees = IntStream.rangeClosed(1, most).filter(free -> nodesByFree[free] > 0).toArray();
        int[] now = strand(nodesByFree, frees, asked);
        List<Candidate> better = new ArrayList<>();
        for (int cpus = Math.max(step, (asked + 1) / 2 / step * step); cpus <= Math.min(most,
                2 * asked); cpus += step) {
            int[] strand = strand(nodesByFree, frees, cpus);
            if (strand[1] < now[1]) {
                better.add(new Candidate(cpus, strand[0], strand[1]));
            }
        }
        better.sort(Comparator.comparingInt(Candidate::stranded)
                .thenComparingInt(candidate -> Math.abs(candidate.cpus() - asked)).thenComparingInt(Candidate::cpus));
        List<Size> sizes = new ArrayList<>();
        for (Candidate candidate : better) {
            int shards = sizer.shards(there.topologyClass, wanted, candidate.cpus());
            if (shards > 0) {
                sizes.add(new Size(candidate.cpus(), shards, candidate.pods(), candidate.stranded()));
            }
            if (sizes.size() == ADVICE) {
                break;
            }
        }
        if (!sizes.isEmpty()) {
            StringBuilder strand = new StringBuilder();
            sizes.forEach(size -> strand.append(size.cpus()).append("-CPU pods (")
                    .append(Words.count(size.shards(), "shard")).append(") strand ").append(size.strandedCpus())
                    .append("; "));
            there.reasons.add(strand.append(asked).append("-CPU pods strand ").append(now[1]).append('.').toString());
        }
        return sizes;
    }

    /** How many pods of a size fit, and how many CPUs are left over. */
    private static int[] strand(int[] nodesByFree, int[] frees, int cpus) {
        int pods = 0;
        int stranded = 0;
        for (int free : frees) {
            int here = free / cpus;
            pods += nodesByFree[free] * here;
            stranded += nodesByFree[free] * (free - here * cpus);
        }
        return new int[]{pods, stranded};
    }
}
