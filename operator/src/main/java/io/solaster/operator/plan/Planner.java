package io.solaster.operator.plan;

import static java.util.Objects.requireNonNull;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.PriorityQueue;

import io.solaster.operator.api.Labels;
import io.solaster.operator.api.ShardedService;
import io.solaster.operator.api.ShardedServiceSpec.Backend;
import io.solaster.operator.api.ShardedServiceSpec.Numa;
import io.solaster.operator.api.ShardedServiceSpec.ShardMode;
import io.solaster.operator.inventory.Inventory;
import io.solaster.operator.inventory.NodeState.OwnPods;
import io.solaster.operator.inventory.TopologyClass;
import io.solaster.operator.kubelet.CpuTopology;
import io.solaster.operator.kubelet.KubeletConfig;
import io.solaster.operator.kubelet.KubeletConfig.CpuManager;
import io.solaster.operator.kubelet.KubeletConfig.Option;
import io.solaster.operator.kubelet.KubeletConfig.Scope;
import io.solaster.operator.kubelet.KubeletConfig.TopologyPolicy;
import io.solaster.operator.kubelet.NumaNodes;
import io.solaster.operator.plan.PodSizer.Fit;
import io.solaster.operator.plan.Room.Count;
import io.solaster.operator.plan.Room.Demand;
import io.solaster.operator.plan.Room.Rule;
import io.solaster.operator.plan.ServicePlan.ClassPlan;
import org.jspecify.annotations.Nullable;

/**
 * Plans the pods of services on what a cluster has: how large they are, where they fit, and whether that can be
 * promised. The same arguments give the same plans. Services are planned one after the other, and each leaves to the
 * next what it did not take; its pods are spread over nodes as the scheduler does by default, which is one way in which
 * they may come to lie. Any thread may call it.
 */
public final class Planner {
    private static final int NAMED = 8;

    private final Eligible eligible;
    private final List<String> problems;
    private final Map<String, Running> running;
    private final PodSizer sizer = PodSizer.take();

    private Planner(Inventory inventory, Map<String, Running> running) {
        eligible = new Eligible(inventory.nodes().stream().map(Room::new).toList(), inventory.leftOut());
        this.running = running;
        problems = inventory.problems();
    }

    /**
     * Plans services, in the order in which they are given. Replicas stay in the classes that their pods run in.
     *
     * @throws io.solaster.operator.inventory.InvalidObjectException if a service wants what cannot be, naming the key,
     * the value and the fix
     */
    public static List<ServicePlan> plan(Inventory inventory, List<ShardedService> services) {
        return plan(inventory, services, Map.of());
    }

    /**
     * Plans services, in the order in which they are given.
     *
     * @param running what runs of them, by namespace/name: replicas stay in their classes as far as they fit there. Of
     * services that it does not name, the pods of the inventory tell
     * @throws io.solaster.operator.inventory.InvalidObjectException if a service wants what cannot be, naming the key,
     * the value and the fix
     */
    public static List<ServicePlan> plan(Inventory inventory, List<ShardedService> services,
            Map<String, Running> running) {
        List<Wanted> wanted = services.stream().map(service -> Wanted.of(service, running)).toList();
        Planner planner = new Planner(inventory, running);
        List<ServicePlan> plans = wanted.stream().map(planner::plan).toList();
        planner.sizer.leave();
        return plans;
    }

    private ServicePlan plan(Wanted wanted) {
        String key = wanted.namespace() + "/" + wanted.name();
        String mark = Labels.aside(wanted.namespace(), wanted.name());
        Eligible.Choice choice = eligible.of(wanted);
        List<Found> found = new ArrayList<>();
        choice.rooms().forEach((topologyClass, rooms) -> found.add(new Found(topologyClass, rooms)));
        int aside = 0;
        if (eligible.isMarked(mark)) {
            for (Found there : found) {
                there.rooms.list().stream().filter(room -> room.node().labels().containsKey(mark))
                        .forEach(there.aside::add);
                aside += there.aside.size();
            }
        }
        boolean runsSome = !eligible.running(key).isEmpty();
        found.forEach(there -> measure(there, wanted, runsSome ? key : null));
        Map<String, Integer> runs = runs(key);
        found.sort(Comparator.comparingInt((Found there) -> -runs.getOrDefault(there.topologyClass.name(), 0))
                .thenComparingInt(there -> -there.certain()).thenComparingInt(there -> -there.possible())
                .thenComparing(there -> there.topologyClass.name()));
        List<String> reasons = new ArrayList<>();
        int asked = Assignment.assign(found, wanted, runs, reasons);
        Verdict verdict = verdict(found, wanted, asked, reasons);
        Verdict afterLoss = endless(wanted) ? verdict : afterLoss(found, verdict, reasons);
        if (wanted.surviveNodeLoss() && verdict != Verdict.Infeasible && afterLoss != Verdict.Feasible) {
            verdict = afterLoss;
        }
        if (verdict != Verdict.Infeasible) {
            found.forEach(there -> take(there, runsSome ? key : null));
        }
        if (wanted.scaled()) {
            reasons.add("Planned for the most replicas that autoscaling may ask for.");
        }
        if (aside > 0) {
            reasons.add(Words.count(aside, "node") + (aside == 1 ? " is" : " are")
                    + " set aside after its kubelet refused a pod: only what runs there counts.");
        }
        leftOut(choice.leftOut(), reasons);
        problems.stream().limit(NAMED).forEach(each -> reasons.add(sentence("Left out: " + each)));
        List<ClassPlan> classes = found.stream()
                .sorted(Comparator.comparingInt((Found there) -> there.replicas > 0 ? 0 : 1)
                        .thenComparing(there -> there.topologyClass.name()))
                .map(there -> classPlan(there, wanted)).toList();
        int nodes = found.stream().mapToInt(there -> there.rooms.list().size()).sum();
        return new ServicePlan(wanted.namespace(), wanted.name(), verdict, PlanHash.of(wanted, classes), asked,
                wanted.surge(), nodes, eligible.size() - nodes, afterLoss, reasons, classes);
    }

    /** Each node that cannot be read has a reason of its own: of many, a few are named. */
    private static void leftOut(Map<String, Integer> leftOut, List<String> reasons) {
        int others = 0;
        int told = 0;
        for (Map.Entry<String, Integer> each : leftOut.entrySet()) {
            if (told++ < NAMED) {
                reasons.add(sentence(Words.count(each.getValue(), "node") + " left out: " + each.getKey()));
            } else {
                others += each.getValue();
            }
        }
        if (others > 0) {
            reasons.add(Words.count(others, "node") + " left out for other reasons.");
        }
    }

    /** @param key the service, if any node runs some of it; null if none does */
    private void measure(Found there, Wanted wanted, @Nullable String key) {
        TopologyClass topologyClass = there.topologyClass;
        String problem = problem(topologyClass, wanted);
        int shared = sharedCpus(topologyClass, wanted);
        if (problem.isEmpty()) {
            there.fit = sizer.size(topologyClass, wanted, shared, mostCpus(there, wanted));
            problem = there.fit.problem();
        }
        if (!problem.isEmpty()) {
            there.reasons.add(sentence("No pod fits on nodes of class " + topologyClass.name() + ": " + problem));
        } else {
            there.demand = demand(topologyClass, wanted, there.fit, shared, there.reasons);
        }
        there.tally = there.rooms.tally(there.demand);
        List<Room> running = key == null ? List.of() : eligible.running(key);
        if (!running.isEmpty() || !there.aside.isEmpty()) {
            there.tally = there.tally.copy();
            running.forEach(room -> ofItsOwn(there, room, key));
            there.aside.forEach(room -> ofItsOwn(there, room, key));
        }
        if (there.demand.rule() != Rule.NEVER) {
            there.explain(wanted);
        }
        if (there.demand.rule() == Rule.BY_NODE || there.demand.rule() == Rule.BY_TOTAL) {
            there.sizes = OtherSizes.of(there, wanted, sizer);
        }
    }

    /** What room a service has where its own pods run, or where it is to have no more. */
    private static void ofItsOwn(Found there, Room room, @Nullable String key) {
        int place = there.rooms.place(room);
        if (place < 0) {
            return;
        }
        OwnPods own = key == null ? null : room.node().own().get(key);
        Count count = room.count(there.demand, own);
        if (there.aside.contains(room)) {
            count = count.only(Room.same(there.demand, own));
            there.tally.set(place, count, count.possible() * there.demand.cpus());
        } else {
            there.tally.set(place, count, room.free(own));
        }
    }

    private static String problem(TopologyClass topologyClass, Wanted wanted) {
        if (!topologyClass.problem().isEmpty()) {
            return topologyClass.problem();
        }
        KubeletConfig kubelet = topologyClass.kubelet();
        return switch (wanted.backend()) {
            case DRA -> topologyClass.dra()
                    ? ""
                    : "no ResourceSlice of the driver dra.cpu is published there;"
                            + " install dra-driver-cpu, or set spec.placement.backend CPUManager";
            case CPUManager -> topologyClass.dra()
                    ? "the driver dra.cpu hands out its CPUs; set spec.placement.backend DRA"
                    : kubelet != null && kubelet.cpuManager() == CpuManager.NONE
                            ? "the kubelet's cpuManagerPolicy is none, so no pod gets CPUs for itself; set it to static,"
                                    + " or spec.placement.backend None"
                            : defect(topologyClass);
            case None -> "";
        };
    }

    private static String defect(TopologyClass topologyClass) {
        return topologyClass.defect().isEmpty() || topologyClass.defectsAllowed()
                ? ""
                : handsOutTwice(topologyClass) + "; bring its CPUs online, or set spec.allowKubeletDefects in its"
                        + " TopologyProfile";
    }

    private static String handsOutTwice(TopologyClass topologyClass) {
        return "the kubelet may hand out reserved and taken CPUs there, since " + topologyClass.defect()
                + " and it reckons with the average";
    }

    /** CPUs to be left on each node: what was asked, or a core where nothing may run on reserved CPUs. */
    private static int sharedCpus(TopologyClass topologyClass, Wanted wanted) {
        if (wanted.sharedCpus() >= 0) {
            return wanted.sharedCpus();
        }
        KubeletConfig kubelet = topologyClass.kubelet();
        return wanted.backend() == Backend.CPUManager && kubelet != null && kubelet.has(Option.STRICT_CPU_RESERVATION)
                ? topologyClass.topology().threadsPerCore()
                : 0;
    }

    /** What the scheduler lets a pod ask for beside DaemonSets' pods, on the node of the class with least to give. */
    private static int mostCpus(Found there, Wanted wanted) {
        long least = there.rooms.leastMilliCpus();
        long beside = wanted.companions().milliCpus(least) - least;
        return (int) ((least - beside) / 1000);
    }

    /** What a pod asks for with all of its containers. */
    private static Demand demand(TopologyClass topologyClass, Wanted wanted, Fit fit, int shared,
            List<String> reasons) {
        Demand service = service(topologyClass, wanted, fit, shared, reasons);
        Companions beside = wanted.companions();
        boolean certain = service.certain();
        if (wanted.otherPods()) {
            reasons.add(
                    "Unproven: spec.pod.affinity requires pods to be beside others, or away from them, and where those"
                            + " go no plan knows.");
            certain = false;
        }
        return new Demand(service.rule(), service.cpus(),
                beside.milliCpus(service.milliCpus()) - service.milliCpus(), beside.memory(service.memory()),
                beside.hugePages(service.hugePages()), service.sharedCpus(), certain);
    }

    private static Demand service(TopologyClass topologyClass, Wanted wanted, Fit fit, int shared,
            List<String> reasons) {
        long memory = wanted.memoryPerShard() * fit.shards();
        long hugePages = wanted.hugePagesPerShard() * fit.shards();
        CpuTopology topology = topologyClass.topology();
        KubeletConfig kubelet = topologyClass.kubelet();
        boolean several = topology.nodeCount() > 1;
        if (wanted.numa() == Numa.Single && several && topologyClass.numaMemory() > 0
                && wanted.companions().memory(memory)
                        + wanted.companions().hugePages(hugePages) > topologyClass.numaMemory()) {
            reasons.add("No pod fits on nodes of class " + topologyClass.name() + ": "
                    + Words.bytes(wanted.companions().memory(memory) + wanted.companions().hugePages(hugePages))
                    + " asked, a NUMA node has " + Words.bytes(topologyClass.numaMemory())
                    + "; set spec.memory.perShard to at most "
                    + Words.bytes(topologyClass.numaMemory() / fit.shards() >> 20 << 20) + ".");
            return new Demand(Rule.NEVER, fit.cpus(), memory, hugePages, shared, false);
        }
        if (wanted.backend() == Backend.None) {
            return new Demand(Rule.COUNTED, fit.cpus(), memory, hugePages, shared, true);
        }
        if (kubelet == null) {
            reasons.add("Unproven: nothing says how the kubelet of class " + topologyClass.name()
                    + " hands out CPUs; declare a TopologyProfile for its nodes.");
            return new Demand(Rule.BY_TOTAL, fit.cpus(), memory, hugePages, shared, false);
        }
        Rule rule = rule(topology, kubelet, fit.cpus());
        long allMemory = wanted.companions().memory(memory);
        String pinning = pinning(topologyClass, allMemory, wanted.companions().hugePages(hugePages));
        if (!pinning.isEmpty() && rule == Rule.BY_NODE) {
            reasons.add("No pod fits on nodes of class " + topologyClass.name() + ": " + pinning + ".");
            return new Demand(Rule.NEVER, fit.cpus(), memory, hugePages, shared, false);
        }
        boolean apart = rule == Rule.SIMULATED || kubelet.topologyManager() == TopologyPolicy.BEST_EFFORT
                || (allMemory > memory && kubelet.scope() == Scope.CONTAINER);
        if (!pinning.isEmpty() || (apart && several && !topologyClass.pinned().isEmpty())) {
            reasons.add(
                    "Unproven: memoryManagerPolicy Static refuses pods whose memory and CPUs come to lie apart, which"
                            + " topologyManagerPolicy " + kubelet.topologyManager().spelled()
                            + " does not keep them from; set single-numa-node, in scope pod.");
            return new Demand(rule, fit.cpus(), memory, hugePages, shared, false);
        }
        boolean held = wanted.numa() != Numa.Single || !several || rule == Rule.BY_NODE;
        if (!held && rule == Rule.SIMULATED) {
            reasons.add("No pod fits on nodes of class " + topologyClass.name() + " as asked: " + fit.cpus()
                    + " CPUs lie on " + fit.numaNodes()
                    + " NUMA nodes; set spec.placement.numa Split, or fewer shards.");
            return new Demand(Rule.NEVER, fit.cpus(), memory, hugePages, shared, false);
        }
        if (!held) {
            reasons.add("Unproven: topologyManagerPolicy " + kubelet.topologyManager().spelled()
                    + " may split a pod over NUMA nodes and says nothing; set single-numa-node, or"
                    + " spec.placement.numa Any.");
            return new Demand(Rule.BY_NODE, fit.cpus(), memory, hugePages, shared, false);
        }
        if (!topologyClass.defect().isEmpty()) {
            reasons.add("Unproven: " + handsOutTwice(topologyClass) + "; spec.allowKubeletDefects allows for it.");
            return new Demand(rule, fit.cpus(), memory, hugePages, shared, false);
        }
        return new Demand(rule, fit.cpus(), memory, hugePages, shared, true);
    }

    /** Why the Memory Manager has no NUMA node for a pod, even on an empty node; empty if it has one. */
    private static String pinning(TopologyClass topologyClass, long memory, long hugePages) {
        List<NumaNodes.Node> nodes = topologyClass.pinned();
        if (nodes.isEmpty()
                || nodes.stream().anyMatch(node -> node.memory() >= memory && node.hugePages() >= hugePages)) {
            return "";
        }
        NumaNodes.Node most = nodes.stream().max(Comparator.comparingLong(NumaNodes.Node::memory)).orElseThrow();
        return Words.bytes(memory) + " and " + Words.bytes(hugePages)
                + " of huge pages asked, the NUMA node with most has "
                + Words.bytes(most.memory()) + " and " + Words.bytes(most.hugePages())
                + " to give beside what is reserved; set spec.memory.perShard or hugePages lower";
    }

    static Rule rule(CpuTopology topology, KubeletConfig kubelet, int cpus) {
        return switch (kubelet.topologyManager()) {
            case NONE, BEST_EFFORT -> Rule.BY_TOTAL;
            case SINGLE_NUMA_NODE -> Rule.BY_NODE;
            case RESTRICTED -> {
                int largest = 0;
                for (int node : topology.nodes()) {
                    largest = Math.max(largest, topology.cpusOfNode(node).size());
                }
                yield cpus <= largest && !kubelet.has(Option.ALIGN_BY_SOCKET) ? Rule.BY_NODE : Rule.SIMULATED;
            }
        };
    }

    /** How many replicas run in which class: what workloads have, else what pods there are. */
    private Map<String, Integer> runs(String key) {
        Running known = running.get(key);
        if (known != null && !known.replicas().isEmpty()) {
            return known.replicas();
        }
        Map<String, Integer> runs = new HashMap<>();
        for (Room room : eligible.running(key)) {
            OwnPods own = requireNonNull(room.node().own().get(key));
            runs.merge(room.node().topologyClass().name(), own.cpus().size(), Integer::sum);
        }
        return runs;
    }

    /** As many replicas as fit: those of a lost node are lost with it. */
    static boolean endless(Wanted wanted) {
        return wanted.replicas() == 0 && wanted.mode() != ShardMode.Fixed;
    }

    private static Verdict verdict(List<Found> found, Wanted wanted, int asked, List<String> reasons) {
        if (found.isEmpty()) {
            reasons.add("Infeasible: no node may run its pods; see spec.placement.nodeSelector and tolerations.");
            return Verdict.Infeasible;
        }
        if (endless(wanted) && asked == 0) {
            reasons.add("Infeasible: no node has room for a pod.");
            return Verdict.Infeasible;
        }
        Verdict verdict = Verdict.Feasible;
        for (Found there : found) {
            if (there.replicas == 0) {
                continue;
            }
            int needed = there.replicas + wanted.surge();
            String arithmetic = Words.count(there.replicas, "replica")
                    + (wanted.surge() > 0 ? " and a surge of " + wanted.surge() : "") + " of "
                    + Words.count(there.demand.cpus(), "CPU") + " on class " + there.topologyClass.name()
                    + ", room for "
                    + (there.certain() == there.possible() ? "" : there.certain() + " to ") + there.possible();
            if (needed > there.possible()) {
                reasons.add("Infeasible: " + arithmetic + ", " + (needed - there.possible()) + " short.");
                verdict = Verdict.Infeasible;
            } else if (needed > there.certain()) {
                reasons.add("Unproven: " + arithmetic + ".");
                verdict = verdict == Verdict.Infeasible ? verdict : Verdict.Unproven;
            } else {
                reasons.add("Fits: " + arithmetic + ".");
            }
        }
        return verdict;
    }

    private static Verdict afterLoss(List<Found> found, Verdict now, List<String> reasons) {
        Verdict verdict = now;
        for (Found there : found) {
            if (there.replicas == 0) {
                continue;
            }
            int certain = there.certain() - there.tally.mostCertain();
            int possible = there.possible() - there.tally.mostPossible();
            Verdict here = there.replicas > possible
                    ? Verdict.Infeasible
                    : there.replicas > certain ? Verdict.Unproven : Verdict.Feasible;
            verdict = here == Verdict.Infeasible || verdict == Verdict.Infeasible
                    ? Verdict.Infeasible
                    : here == Verdict.Unproven ? here : verdict;
            reasons.add((here == Verdict.Feasible
                    ? "Fits"
                    : "Warning: " + (here == Verdict.Infeasible
                            ? "does not fit"
                            : "may not fit"))
                    + " after the loss of a node: of class " + there.topologyClass.name()
                    + " remains room for " + (certain == possible ? "" : certain + " to ") + possible + ", "
                    + Words.count(there.replicas, "replica") + " planned.");
        }
        return verdict;
    }

    /**
     * Spreads a service's pods over nodes: the next goes where most would still fit, then to the first by name.
     *
     * @param key the service, if any node runs some of it; null if none does
     */
    private static void take(Found there, @Nullable String key) {
        if (there.replicas == 0 || there.demand.rule() == Rule.NEVER) {
            return;
        }
        // How many still fit, the most first, then the node's place among the others, which are in order.
        PriorityQueue<Long> places = new PriorityQueue<>();
        int running = 0;
        for (int i = 0; i < there.rooms.list().size(); i++) {
            int same = key == null
                    ? 0
                    : Room.same(there.demand, there.rooms.list().get(i).node().own().get(key));
            running += same;
            int left = there.tally.possible(i) - same;
            if (left > 0) {
                places.add(((long) -left << 32) + i);
            }
        }
        for (int pods = running; pods < there.replicas && !places.isEmpty(); pods++) {
            long place = places.remove();
            there.rooms.list().get((int) place).take(there.demand);
            int left = (int) -(place >> 32);
            if (left > 1) {
                places.add(place + (1L << 32));
            }
        }
    }

    private ClassPlan classPlan(Found there, Wanted wanted) {
        TopologyClass topologyClass = there.topologyClass;
        Demand demand = there.demand;
        return new ClassPlan(topologyClass.name(), topologyClass.source().name(), there.rooms.list().size(),
                demand.cpus(),
                wanted.memoryPerShard() * there.fit.shards(), wanted.hugePagesPerShard() * there.fit.shards(),
                there.fit.shards(),
                there.fit.numaNodes(), there.replicas, there.certain(), there.possible(), there.tally.counted(),
                there.stranded(),
                there.sizes, there.replicas == 0 ? List.of() : sizer.reasons(topologyClass, wanted, there.fit),
                there.reasons);
    }

    private static String sentence(String text) {
        return text.endsWith(".") ? text : text + ".";
    }
}
