package io.solaster.operator.plan;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

import io.solaster.operator.api.ShardedServiceSpec.Backend;
import io.solaster.operator.inventory.TopologyClass;
import io.solaster.operator.inventory.TopologyClass.Source;
import io.solaster.operator.plan.PodSizer.Fit;
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
    /** How many of its pods fit on each node. */
    Tally tally;
    final List<String> reasons = new ArrayList<>();
    Fit fit = Fit.impossible("");
    Demand demand = new Demand(Rule.NEVER, 0, 1, 0, 0, false);
    List<Size> sizes = List.of();
    int replicas;

    Found(TopologyClass topologyClass, Eligible.Rooms rooms) {
        this.topologyClass = topologyClass;
        this.rooms = rooms;
        tally = new Tally(List.of(), demand);
    }

    /** At least so many pods fit. */
    int certain() {
        return tally.certain();
    }

    /** At most so many pods fit. */
    int possible() {
        return tally.possible();
    }

    int stranded() {
        return demand.cpus() == 0
                ? tally.free()
                : Math.max(0, tally.free() - tally.possible() * demand.cpus());
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
        int certain = tally.certain();
        int possible = tally.possible();
        int counted = tally.counted();
        int[] nodesByPods = tally.nodesByPods();
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
                + Words.count(tally.free(), "CPU") + " free, " + stranded() + " stranded"
                + (demand.sharedCpus() > 0 ? ", " + demand.sharedCpus() + " left to share on each" : "") + ".");
        if (counted > certain && demand.certain() && demand.rule() != Rule.COUNTED && !rooms.unoccupied()) {
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
        if (tally.hidden() && demand.rule() == Rule.BY_NODE) {
            reasons.add((certain < possible ? "Unproven: w" : "W")
                    + "hich NUMA nodes the running pods' CPUs are on cannot be seen; NodeResourceTopology objects (by Node"
                    + " Feature Discovery) would tell.");
        }
        int planned = tally.planned();
        if (planned > 0) {
            reasons
                    .add(Words.count(planned, "pod") + " of services planned before " + (planned == 1 ? "is" : "are")
                            + " counted in.");
        }
        if (rooms.unoccupied()) {
            reasons.add("Unproven: what runs on these nodes is not known; give pods (kubectl get pods -A -o yaml)"
                    + (topologyClass.dra() ? " and ResourceClaims" : "") + ", or assume empty nodes.");
        }
        reasons.addAll(topologyClass.notes());
        if (topologyClass.source() == Source.Assumed && wanted.backend() != Backend.None) {
            reasons.add("Warning: nothing describes the CPUs of these nodes; declare a TopologyProfile.");
        }
    }
}
