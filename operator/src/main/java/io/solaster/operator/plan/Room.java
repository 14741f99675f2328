package io.solaster.operator.plan;

import static java.util.Objects.requireNonNull;

import java.util.Arrays;
import java.util.Comparator;

import io.solaster.config.value.CpuSet;
import io.solaster.operator.inventory.NodeState;
import io.solaster.operator.inventory.NodeState.OwnPods;
import io.solaster.operator.inventory.TopologyClass;
import io.solaster.operator.kubelet.KubeletNode;
import org.jspecify.annotations.Nullable;

/**
 * What is free on a node while plans are made: each plan takes its pods' share. How many pods fit follows by arithmetic
 * from the free CPUs of each NUMA node, since for pods of one container that is all the kubelet looks at; a test holds
 * the arithmetic against the simulated kubelet. For one thread.
 */
final class Room {

    /** By what rule a kubelet lets pods in. */
    enum Rule {
        /** A NUMA node must hold the pod. */
        BY_NODE,
        /** The node must hold it. */
        BY_TOTAL,
        /** By what sets of NUMA nodes hold it: there is no short cut. */
        SIMULATED,
        /** The pod gets no CPUs for itself: what the scheduler counts is all. */
        COUNTED,
        /** None fits ever. */
        NEVER
    }

    /**
     * What a pod asks for.
     *
     * @param cpus its CPUs
     * @param besideMilliCpus thousandths of CPUs that its other containers make the scheduler count beside these
     * @param memory bytes of all of its containers
     * @param sharedCpus CPUs to be left on the node
     * @param certain whether what the rule lets in stays as it should be; if not, no room is certain
     */
    record Demand(Rule rule, int cpus, long besideMilliCpus, long memory, long hugePages, int sharedCpus,
            boolean certain) {
        Demand(Rule rule, int cpus, long memory, long hugePages, int sharedCpus, boolean certain) {
            this(rule, cpus, 0, memory, hugePages, sharedCpus, certain);
        }

        /** Thousandths of CPUs, as the scheduler counts them. */
        long milliCpus() {
            return cpus * 1000L + besideMilliCpus;
        }
    }

    /**
     * How many pods of a service there is room for on a node, those that run there counted in.
     *
     * @param certain at least so many
     * @param possible at most so many
     * @param counted so many by what the scheduler counts
     */
    record Count(int certain, int possible, int counted) {
        /** No more than those that run. */
        Count only(int running) {
            return new Count(Math.min(certain, running), Math.min(possible, running), Math.min(counted, running));
        }
    }

    private static final Count NONE = new Count(0, 0, 0);

    private final NodeState node;
    private final int[] cpus;
    private int hidden;
    private final @Nullable PinnedMemory pinned;
    private long milliCpus;
    private long memory;
    private long hugePages;
    private int pods;
    private int planned;

    Room(NodeState node) {
        this.node = node;
        cpus = node.cpus().clone();
        hidden = node.hidden();
        pinned = node.topologyClass().pinned().isEmpty() ? null : new PinnedMemory(node);
        milliCpus = node.milliCpus();
        memory = node.memory();
        hugePages = node.hugePages();
        pods = node.pods();
    }

    NodeState node() {
        return node;
    }

    /** CPUs that are free by NUMA node, hidden ones counted in; not to be changed. */
    int[] cpus() {
        return cpus;
    }

    /** How many pods were planned here. */
    int planned() {
        return planned;
    }

    /** CPUs taken on NUMA nodes that nothing tells. */
    int hidden() {
        return hidden;
    }

    /**
     * CPUs that a service's pods could have for themselves here, theirs counted in. None where pods that run and others
     * that are planned come to more than there is, as while services change their size.
     */
    int free(@Nullable OwnPods own) {
        int theirs = theirs(own);
        return Math.max(0, total() + (node.observed() ? theirs - hidden : -Math.max(0, hidden - theirs)));
    }

    private static int theirs(@Nullable OwnPods own) {
        int theirs = 0;
        if (own != null) {
            for (int cpus : own.cpus()) {
                theirs += cpus;
            }
        }
        return theirs;
    }

    private int total() {
        int total = 0;
        for (int free : cpus) {
            total += free;
        }
        return total;
    }

    /** How many of a service's pods here are of the size that is asked for. */
    static int same(Demand demand, @Nullable OwnPods own) {
        if (own == null) {
            return 0;
        }
        if (demand.rule() == Rule.COUNTED) {
            return own.cpus().size();
        }
        int same = 0;
        for (int cpus : own.cpus()) {
            same += cpus == demand.cpus() ? 1 : 0;
        }
        return same;
    }

    Count count(Demand demand, @Nullable OwnPods own) {
        if (demand.rule() == Rule.NEVER) {
            // The scheduler knows nothing of NUMA nodes, and sends pods all the same.
            return demand.cpus() == 0 ? NONE : new Count(0, 0, counted(demand, own));
        }
        int asked = demand.cpus();
        int same = same(demand, own);
        int theirs = theirs(own);
        int counted = counted(demand, own);
        int possible;
        int certain;
        // What its own pods have is among what is hidden; or, where that is observed, on NUMA nodes that nothing tells.
        int others = node.observed() ? hidden : Math.max(0, hidden - theirs);
        int given = node.observed() ? theirs : 0;
        int free = total() - others + given;
        switch (demand.rule()) {
            case COUNTED -> {
                return new Count(counted, counted, counted);
            }
            case BY_TOTAL -> {
                possible = free / asked;
                certain = possible;
            }
            case BY_NODE -> {
                if (cpus.length == 1) {
                    possible = free / asked;
                    certain = possible;
                } else {
                    possible = packed(asked, others, given);
                    certain = Math.max(scattered(asked, others), Math.min(same, possible));
                    if (given > 0) {
                        certain = Math.max(certain, Math.min(scattered(asked, others) + same, possible));
                    }
                }
            }
            default -> {
                possible = simulated(asked);
                certain = others + given == 0 ? possible : Math.min(same, possible);
            }
        }
        int room = (free - demand.sharedCpus()) / asked;
        if (node.topologyClass().wholeCoresOnly()) {
            room = Math.min(room, (free - node.topologyClass().halfCores()) / asked);
        }
        if (pinned != null) {
            Count bound = pinned.count(demand, own, cpus,
                    demand.rule() == Rule.BY_NODE ? total(asked) - scattered(asked, others) : -1);
            possible = Math.min(possible, given > 0 ? Integer.MAX_VALUE : bound.possible());
            certain = Math.min(certain, Math.max(bound.certain(), Math.min(same, possible)));
        }
        possible = Math.max(0, Math.min(Math.min(possible, room), counted));
        certain = Math.max(0, Math.min(Math.min(certain, room), counted));
        return new Count(demand.certain() && node.occupied() ? certain : 0, possible, counted);
    }

    private int total(int asked) {
        int pods = 0;
        for (int free : cpus) {
            pods += free / asked;
        }
        return pods;
    }

    /** How many the scheduler takes the node to have room for. */
    private int counted(Demand demand, @Nullable OwnPods own) {
        long count = pods;
        count += own == null ? 0 : own.cpus().size();
        count = Math.min(count, (milliCpus + (own == null ? 0 : own.milliCpus())) / demand.milliCpus());
        count = Math.min(count, (memory + (own == null ? 0 : own.memory())) / demand.memory());
        if (demand.hugePages() > 0) {
            count = Math.min(count, (hugePages + (own == null ? 0 : own.hugePages())) / demand.hugePages());
        }
        return (int) Math.max(0, count);
    }

    /** If what is hidden lies where it harms least: in what no pod can use anyway. */
    private int packed(int asked, int others, int given) {
        int pods = 0;
        int rest = given - others;
        for (int free : cpus) {
            pods += free / asked;
            rest += free % asked;
        }
        return Math.max(0, pods + Math.floorDiv(rest, asked) * (rest < 0 || given > 0 ? 1 : 0));
    }

    /** If what is hidden lies where it harms most: on each NUMA node first what makes one pod less. */
    private int scattered(int asked, int others) {
        int pods = total(asked);
        if (others == 0) {
            return pods;
        }
        int[] firsts = new int[cpus.length];
        int count = 0;
        for (int free : cpus) {
            if (free >= asked) {
                firsts[count++] = free % asked + 1;
            }
        }
        Arrays.sort(firsts, 0, count);
        int left = others;
        for (int i = 0; i < count && firsts[i] <= left; i++) {
            left -= firsts[i];
            pods--;
        }
        return Math.max(0, pods - left / asked);
    }

    private int simulated(int asked) {
        KubeletNode kubelet = new KubeletNode(node.topologyClass().topology(),
                requireNonNull(node.topologyClass().kubelet()), taken());
        int pods = 0;
        while (kubelet.admit(asked).admitted()) {
            pods++;
        }
        return pods;
    }

    /** CPUs that make the free ones as many as they are: whole cores, the highest first. */
    private CpuSet taken() {
        TopologyClass topologyClass = node.topologyClass();
        KubeletNode fresh = topologyClass.freshNode();
        int[] nodes = topologyClass.topology().nodes();
        CpuSet taken = CpuSet.EMPTY;
        for (int i = 0; i < nodes.length; i++) {
            CpuSet free = fresh.free().and(topologyClass.topology().cpusOfNode(nodes[i]));
            int[] byCore = free.stream().boxed()
                    .sorted(Comparator.comparingInt(topologyClass.topology()::coreOf).reversed())
                    .mapToInt(Integer::intValue).toArray();
            taken = taken.or(CpuSet.of(Arrays.copyOf(byCore, Math.max(0, byCore.length - cpus[i]))));
        }
        return taken;
    }

    /** Takes what a pod gets: from the lowest NUMA node that holds it, as the kubelet does. */
    void take(Demand demand) {
        milliCpus -= demand.milliCpus();
        memory -= demand.memory();
        hugePages -= demand.hugePages();
        pods--;
        planned++;
        if (demand.rule() == Rule.COUNTED) {
            return;
        }
        if (demand.rule() == Rule.BY_NODE && hidden == 0) {
            for (int i = 0; i < cpus.length; i++) {
                if (cpus[i] >= demand.cpus() && (pinned == null || pinned.take(i, demand))) {
                    cpus[i] -= demand.cpus();
                    return;
                }
            }
        }
        hidden += demand.cpus();
        if (pinned != null) {
            pinned.hide(demand);
        }
    }
}
