package io.solaster.config.plan;

import static io.solaster.config.plan.Wording.count;
import static io.solaster.config.plan.Wording.cpus;
import static io.solaster.config.plan.Wording.print;

import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.TreeMap;
import java.util.stream.Collectors;

import io.solaster.config.EngineConfig;
import io.solaster.config.EngineConfig.Pinning;
import io.solaster.config.IdleConfig.Policy;
import io.solaster.config.InvalidConfigException;
import io.solaster.config.InvalidConfigException.Violation;
import io.solaster.config.plan.ShardPlan.PlannedShard;
import io.solaster.config.plan.ShardPlan.Work;
import io.solaster.config.value.CpuSet;

/**
 * Decides which shard runs on which CPU, in pure code: nothing is read but the arguments, and the same arguments give
 * the same plan. The process asks it about the machine it runs on, the operator about the machines of a cluster; so
 * what was planned is what runs. Any thread may call it.
 *
 * <p>
 * The rules:
 * <ul>
 * <li>A shard per physical core first, faster and isolated cores before others; second hardware threads only where
 * {@code smt} or the number asked for needs them. Two shards on one core would share its execution units and its
 * first-level cache, which is what thread-per-core is there to avoid.
 * <li>A CFS quota below the number of CPUs lowers the count of 'auto' and turns pinning off: a throttled group stands
 * still until its next period, and a thread that may move at least finds another CPU in what is left of this one.
 * <li>Fewer shards than cores are packed: into as few NUMA nodes as hold them, then into as few last-level caches.
 * Messages between shards are the dear part of a request, and they stay cheap within a cache. Numbers follow the same
 * order, so that neighbours by number are neighbours on the chip.
 * <li>Housekeeping ('auto') takes a physical core from each 16, one at least, since the collector's threads, compilers
 * and Spring's need about as much of the machine as shards give them work. It takes the slowest cores, not isolated
 * ones, lowest numbers first (interrupts and the kernel's own work land there anyhow), in turn from each NUMA node. On
 * fewer than 4 cores a whole one is too much to give: one hardware thread of the first core is taken. On fewer than 4
 * CPUs, without pinning, or where the shards asked for need every CPU, none is.
 * <li>Where the shards serve nothing (see {@link Work}), the application's own threads do the work: 'auto' is two shards,
 * and none is pinned, so that no thread is kept off any CPU.
 * <li>What was asked for explicitly wins over what would be better, with a sentence that begins with 'Warning:'. What
 * cannot be is refused.
 * </ul>
 */
public final class ShardPlanner {
    private static final int LEAST_CPUS_FOR_HOUSEKEEPING = 4;
    private static final int LEAST_CORES_FOR_A_HOUSEKEEPING_CORE = 4;
    private static final int CORES_PER_HOUSEKEEPING_CORE = 16;
    /** One would have a slow callback hold up every pool; more would be threads that the application did not ask for. */
    private static final int SHARDS_THAT_SERVE_NOTHING = 2;

    private final Machine machine;
    private final EngineConfig config;
    private final Work work;
    private final Topology topology;
    private final CpuSet allowed;
    private final int asked;
    private final boolean quotaShort;
    private final boolean pinned;
    private final List<String> reasons = new ArrayList<>();

    private ShardPlanner(Machine machine, EngineConfig config, Work work) {
        this.machine = machine;
        this.config = config;
        this.work = work;
        allowed = machine.allowed().and(machine.online());
        if (allowed.isEmpty()) {
            throw new IllegalArgumentException("no CPU to run on: allowed '" + machine.allowed() + "', online '"
                    + machine.online() + "'; give a machine with one that is both");
        }
        topology = Topology.of(machine, allowed);
        asked = config.shards().count();
        quotaShort = machine.cpuQuota().orElse(Double.MAX_VALUE) < allowed.size();
        pinned = switch (config.pinning()) {
            case ALWAYS -> true;
            case NEVER -> false;
            case AUTO -> !quotaShort && work == Work.SERVERS;
        };
    }

    /**
     * Plans the shards of a configuration on a machine, for shards that serve.
     *
     * @throws InvalidConfigException if the configuration asks for what the machine does not have
     * @throws IllegalArgumentException if the machine has no CPU that is both online and allowed
     */
    public static ShardPlan plan(Machine machine, EngineConfig config) {
        return plan(machine, config, Work.SERVERS);
    }

    /**
     * Plans the shards of a configuration on a machine.
     *
     * @param work what the shards are for
     * @throws InvalidConfigException if the configuration asks for what the machine does not have
     * @throws IllegalArgumentException if the machine has no CPU that is both online and allowed
     */
    public static ShardPlan plan(Machine machine, EngineConfig config, Work work) {
        return new ShardPlanner(machine, config, work).plan();
    }

    private ShardPlan plan() {
        refuseTheImpossible();
        CpuSet housekeeping = housekeeping();
        Topology rest = topology.without(housekeeping);
        List<Topology.Place> order = rest.inOrderOfPreference();
        int shards = shards(rest, order.size());
        sayHousekeeping(housekeeping);
        sayPinning();
        List<Topology.Place> places = new ArrayList<>(order.subList(0, Math.min(shards, order.size())));
        places.sort(Topology.NEIGHBOURS_TOGETHER);
        List<PlannedShard> planned = new ArrayList<>(shards);
        for (int id = 0; id < shards; id++) {
            Topology.Place place = places.get(id % places.size());
            planned.add(new PlannedShard(id, place.cpu(), place.core().node()));
        }
        boolean spin = spin(planned);
        sayPlacement(planned, places);
        return new ShardPlan(planned, housekeeping, pinned, spin, reasons);
    }

    private void refuseTheImpossible() {
        List<Violation> violations = new ArrayList<>();
        CpuSet list = config.housekeeping().cpus();
        CpuSet left = allowed;
        String cpus = "(cpuset " + allowed;
        if (list != null && !allowed.containsAll(list)) {
            violations.add(new Violation("solaster.engine.housekeeping", list.toString(),
                    list + " asked, " + list.minus(allowed) + " not among the " + count(allowed.size(), "CPU")
                            + " allowed " + cpus + ")",
                    list.and(allowed).isEmpty() || list.containsAll(allowed)
                            ? "set 'auto'"
                            : "set '" + list.and(allowed) + "' or 'auto'"));
        } else if (list != null && allowed.minus(list).isEmpty()) {
            violations.add(new Violation("solaster.engine.housekeeping", list.toString(),
                    list + " asked, which leaves shards none of the CPUs allowed " + cpus + ")",
                    "leave out at least one, or set 'auto'"));
        } else if (list != null && !list.isEmpty()) {
            left = allowed.minus(list);
            cpus += " without housekeeping " + list;
        }
        if (asked > left.size() && config.pinning() != Pinning.NEVER) {
            violations.add(new Violation("solaster.engine.shards", String.valueOf(asked),
                    asked + " asked, " + count(left.size(), "CPU") + " allowed " + cpus + ")",
                    "set " + left.size() + " or 'auto'"));
        }
        if (!violations.isEmpty()) {
            throw new InvalidConfigException(violations);
        }
        if (!machine.online().containsAll(machine.allowed())) {
            reasons.add("Allowed but offline, so not used: " + cpus(machine.allowed().minus(machine.online())) + ".");
        }
    }

    private CpuSet housekeeping() {
        CpuSet list = config.housekeeping().cpus();
        if (list != null) {
            return list;
        }
        if (!pinned || allowed.size() < LEAST_CPUS_FOR_HOUSEKEEPING) {
            return CpuSet.EMPTY;
        }
        List<CpuSet> takes = new ArrayList<>();
        int cores = topology.cores().size();
        if (cores >= LEAST_CORES_FOR_A_HOUSEKEEPING_CORE) {
            for (int take = Math.max(1, cores / CORES_PER_HOUSEKEEPING_CORE); take > 0; take--) {
                takes.add(topology.leastMissed(take));
            }
        }
        topology.spareThread().ifPresent(thread -> takes.add(CpuSet.of(thread)));
        for (CpuSet take : takes) {
            Topology rest = topology.without(take);
            int room = asked > cores || (config.smt() && asked == 0) ? rest.cpus().size() : rest.cores().size();
            if (room >= Math.max(asked, 1)) {
                return take;
            }
        }
        return CpuSet.EMPTY;
    }

    private int shards(Topology rest, int cpus) {
        int cores = rest.cores().size();
        if (asked == 0) {
            int whole = config.smt() ? cpus : cores;
            if (work == Work.CLIENTS) {
                int shards = Math.min(SHARDS_THAT_SERVE_NOTHING, whole);
                reasons.add(count(shards, "shard") + ": no server runs on the shards, so the CPUs are left to the"
                        + " application's own threads; solaster.engine.shards sets another number.");
                return shards;
            }
            if (quotaShort && Math.max(1, quota()) < whole) {
                int shards = (int) Math.max(1, quota());
                reasons.add(count(shards, "shard") + ": a CFS quota of " + describeQuota() + " allows no more on "
                        + describe(rest) + ".");
                return shards;
            }
            reasons.add(count(whole, "shard") + ": one per "
                    + (cpus == cores
                            ? "CPU (" + rest.cpus()
                            : config.smt()
                                    ? "hardware thread (" + rest.cpus()
                                    : "physical core (" + cpus + " hardware threads: " + rest.cpus())
                    + ").");
            return whole;
        }
        if (asked > cpus) {
            reasons.add("Warning: " + count(asked, "shard") + " on " + count(cpus, "CPU")
                    + ", as asked with pinning 'never': they take turns on " + cpus(rest.cpus()) + ".");
        } else if (asked > cores) {
            reasons.add(count(asked, "shard") + ", as asked: more than " + count(cores, "physical core")
                    + ", so second hardware threads are used too.");
        } else {
            reasons.add(count(asked, "shard") + ", as asked, each on a physical core of its own, of "
                    + describe(rest) + ".");
        }
        if (quotaShort && asked > quota()) {
            reasons.add("Warning: a CFS quota allows " + describeQuota() + ", " + count(asked, "shard")
                    + " may be stopped together until its next period; set " + (int) Math.max(1, quota())
                    + " or 'auto'.");
        }
        return asked;
    }

    private static String describe(Topology rest) {
        int cores = rest.cores().size();
        int cpus = rest.cpus().size();
        return (cpus == cores ? count(cpus, "CPU") : count(cores, "core") + " with " + cpus + " hardware threads")
                + " ("
                + rest.cpus() + ")";
    }

    private void sayHousekeeping(CpuSet housekeeping) {
        CpuSet list = config.housekeeping().cpus();
        if (list != null) {
            reasons.add(list.isEmpty()
                    ? "No housekeeping CPUs, as asked."
                    : "Housekeeping on " + cpus(list) + ", as asked"
                            + (pinned ? "." : "; shards are not pinned, so the kernel may still run them there."));
        } else if (!housekeeping.isEmpty()) {
            int cores = topology.cores().size() - topology.without(housekeeping).cores().size();
            reasons.add("Housekeeping on " + cpus(housekeeping) + ": "
                    + (cores == 0
                            ? "one hardware thread, since a whole core is more than shards can spare."
                            : count(cores, "core") + " of " + topology.cores().size()
                                    + " for everything that is no shard."));
        } else {
            reasons.add("No housekeeping CPUs: "
                    + (!pinned
                            ? "shards are not pinned, so none would stay free of them."
                            : allowed.size() < LEAST_CPUS_FOR_HOUSEKEEPING
                                    ? count(allowed.size(), "CPU") + " allowed, too few to set any aside."
                                    : "the shards asked for need every CPU."));
        }
    }

    private void sayPinning() {
        String quota = quotaShort
                ? "a CFS quota of " + describeQuota() + " is below the " + allowed.size() + " allowed"
                : "";
        reasons.add(switch (config.pinning()) {
            case AUTO -> pinned
                    ? "Pinned: each shard has a CPU of its own."
                    : "Not pinned: "
                            + (work == Work.CLIENTS
                                    ? "no server runs on the shards; solaster.engine.pinning 'always' pins them all the same"
                                    : quota)
                            + ".";
            case NEVER -> "Not pinned, as asked.";
            case ALWAYS -> quotaShort
                    ? "Warning: pinned, as asked, though " + quota + ": a shard that is stopped cannot move."
                    : "Pinned, as asked.";
        });
    }

    private boolean spin(List<PlannedShard> planned) {
        CpuSet cpus = CpuSet.of(planned.stream().mapToInt(PlannedShard::cpu).toArray());
        boolean isolated = machine.isolated().containsAll(cpus);
        boolean spin = config.idle().policy() == Policy.SPIN
                || (config.idle().policy() == Policy.AUTO && pinned && isolated);
        reasons.add(switch (config.idle().policy()) {
            case PARK -> "Idle shards sleep at once, as asked.";
            case AUTO -> spin
                    ? "Idle shards spin before they sleep: their CPUs are isolated."
                    : "Idle shards sleep at once: "
                            + (pinned ? "their CPUs are not isolated." : "they are not pinned.");
            case SPIN -> quotaShort
                    ? "Warning: idle shards spin, as asked, and use up a CFS quota of " + describeQuota()
                            + " while they do nothing."
                    : pinned
                            ? "Idle shards spin before they sleep, as asked."
                            : "Warning: idle shards spin, as asked, though they are not pinned: they take time from"
                                    + " whatever shares their CPU.";
        });
        return spin;
    }

    private void sayPlacement(List<PlannedShard> planned, Collection<Topology.Place> places) {
        TreeMap<Integer, CpuSet> byNode = new TreeMap<>();
        for (PlannedShard shard : planned) {
            byNode.merge(shard.numaNode(), CpuSet.of(shard.id()), CpuSet::or);
        }
        long nodes = topology.cores().stream().mapToInt(Topology.Core::node).distinct().count();
        if (byNode.size() > 1) {
            reasons.add("Shards by NUMA node, neighbours together: " + byNode.entrySet().stream()
                    .map(e -> e.getValue() + " on node " + e.getKey()).collect(Collectors.joining(", ")) + ".");
        } else if (nodes > 1) {
            reasons.add("Packed on NUMA node " + byNode.firstKey() + " of " + nodes
                    + ", so that shards are near each other and their memory.");
        }
        machine.numaNodes().stream().filter(node -> node.memory() == 0 && byNode.containsKey(node.id()))
                .forEach(node -> reasons.add("Warning: NUMA node " + node.id()
                        + " has no memory: what its shards allocate lies on another node."));
        int fastest = places.stream().mapToInt(place -> place.core().capacity()).max().orElseThrow();
        CpuSet slow = places.stream().filter(place -> place.core().speedClass() > 0)
                .map(place -> CpuSet.of(place.cpu()))
                .reduce(CpuSet.EMPTY, CpuSet::or);
        if (!slow.isEmpty() && slow.size() < places.size()) {
            int slowest = places.stream().mapToInt(place -> place.core().capacity()).min().orElseThrow();
            reasons.add("Warning: cores differ in speed (capacity " + fastest + " to " + slowest
                    + "): shards on " + cpus(slow) + " serve less.");
        }
    }

    private String describeQuota() {
        return print(quota()) + (quota() == 1 ? " CPU" : " CPUs");
    }

    private double quota() {
        return machine.cpuQuota().orElseThrow();
    }
}
