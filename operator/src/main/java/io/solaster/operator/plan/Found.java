package io.solaster.operator.plan;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

import io.solaster.operator.api.ShardedServiceSpec.Backend;
import io.solaster.operator.inventory.TopologyClass;
import io.solaster.operator.inventory.TopologyClass.Source;
import io.solaster.operator.plan.PodSizer.Fit;
import io.solaster.operator.plan.Room.Count;
import io.solaster.operator.plan.Room.Demand;
import io.solaster.operator.plan.Room.Rule;
import io.solaster.operator.plan.ServicePlan.Size;

/** What one service finds in a topology class: how large its pods are there, and how many fit. For one thread. */
final class Found {
    final TopologyClass topologyClass;
    /** Where its pods may run; other services' too. */
    final Eligible.Rooms rooms;
    /** Those of the rooms that are set aside for the service. */
    final Set<Room> aside = new HashSet<>();
    final List<Count> counts;
    /** How many nodes have room for so many pods. */
    private int[] nodesByPods = new int[8];
    final List<String> reasons = new ArrayList<>();
    Fit fit = Fit.impossible("");
    Demand demand = new Demand(Rule.NEVER, 0, 1, 0, 0, false);
    List<Size> sizes = List.of();
    int certain;
    int possible;
    int counted;
    int most;
    int mostPossible;
    int free;
    int replicas;
    boolean hidden;
    boolean unoccupied;

    Found(TopologyClass topologyClass, Eligible.Rooms rooms) {
        this.topologyClass = topologyClass;
        this.rooms = rooms;
        counts = new ArrayList<>(rooms.list().size());
    }

    /** Adds what a node has room for. */
    void add(Count count) {
        counts.add(count);
        certain += count.certain();
        possible += count.possible();
        counted += count.counted();
        most = Math.max(most, count.certain());
        mostPossible = Math.max(mostPossible, count.possible());
        if (count.possible() >= nodesByPods.length) {
            nodesByPods = Arrays.copyOf(nodesByPods, 2 * count.possible());
        }
        nodesByPods[count.possible()]++;
    }

    int stranded() {
        return demand.cpus() == 0 ? free : Math.max(0, free - possible * demand.cpus());
    }

    /** Adds the arithmetic to the reasons. */
    void explain(Wanted wanted) {
        String source = switch (topologyClass.source()) {
            case Observed -> "observed";
            case Declared -> "declared by a TopologyProfile";
            case Assumed -> "assumed to be one";
        };
        reasons.add("A pod has " + Words.count(demand.cpus(), "CPU") + " for "
                + Words.count(fit.shards(), "shard") + " and " + Words.bytes(wanted.memoryPerShard() * fit.shards())
                + "; NUMA nodes are "
                + source + ".");
        if (demand.besideMilliCpus() > 0 || demand.memory() > wanted.memoryPerShard() * fit.shards()) {
            reasons.add("With its other containers it asks for " + demand.milliCpus() + "m CPUs and "
                    + Words.bytes(demand.memory()) + ", and these share CPUs.");
        }
        StringBuilder pods = new StringBuilder();
        for (int perNode = nodesByPods.length - 1; perNode >= 0; perNode--) {
            if (nodesByPods[perNode] > 0) {
                pods.append(pods.isEmpty() ? "" : ", ").append(Words.count(nodesByPods[perNode], "node"))
                        .append(" with ").append(perNode);
            }
        }
        reasons.add((certain == possible
                ? "Room for " + Words.count(certain, "pod")
                : "Room for " + certain + " to " + Words.count(possible, "pod")) + " (" + pods + "), "
                + Words.count(free, "CPU") + " free, " + stranded() + " stranded"
                + (demand.sharedCpus() > 0 ? ", " + demand.sharedCpus() + " left to share on each" : "") + ".");
        if (counted > certain && demand.certain() && demand.rule() != Rule.COUNTED && !unoccupied) {
            boolean sure = counted > possible;
            reasons.add("Warning: the scheduler counts CPUs alone and sees room for "
                    + Words.count(counted, "pod") + "; beyond " + (sure ? possible : certain)
                    + (topologyClass.dra()
                            ? " none is placed."
                            : " the kubelet " + (sure ? "refuses" : "may refuse") + ", with "
                                    + (demand.rule() == Rule.BY_TOTAL
                                            ? "UnexpectedAdmissionError."
                                            : "TopologyAffinityError.")));
        }
        if (hidden && demand.rule() == Rule.BY_NODE) {
            reasons.add((certain < possible ? "Unproven: w" : "W")
                    + "hich NUMA nodes the running pods' CPUs are on cannot be seen; NodeResourceTopology objects (by Node"
                    + " Feature Discovery) would tell.");
        }
        int planned = rooms.list().stream().mapToInt(Room::planned).sum();
        if (planned > 0) {
            reasons
                    .add(Words.count(planned, "pod") + " of services planned before " + (planned == 1 ? "is" : "are")
                            + " counted in.");
        }
        if (unoccupied) {
            reasons.add("Unproven: what runs on these nodes is not known; give pods (kubectl get pods -A -o yaml)"
                    + (topologyClass.dra() ? " and ResourceClaims" : "") + ", or assume empty nodes.");
        }
        reasons.addAll(topologyClass.notes());
        if (topologyClass.source() == Source.Assumed && wanted.backend() != Backend.None) {
            reasons.add("Warning: nothing describes the CPUs of these nodes; declare a TopologyProfile.");
        }
    }
}
