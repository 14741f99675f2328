package io.solaster.config.plan;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.BitSet;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.OptionalLong;
import java.util.Random;
import java.util.Set;

import io.solaster.config.Changed;
import io.solaster.config.EngineConfig;
import io.solaster.config.EngineConfig.Pinning;
import io.solaster.config.IdleConfig;
import io.solaster.config.IdleConfig.Policy;
import io.solaster.config.InvalidConfigException;
import io.solaster.config.plan.Machine.Core;
import io.solaster.config.plan.Machine.NumaNode;
import io.solaster.config.plan.ShardPlan.PlannedShard;
import io.solaster.config.value.CpuSet;
import io.solaster.config.value.Housekeeping;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What must hold of every plan, over machines and configurations that nobody thought of. */
class ShardPlannerPropertiesTest {

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5})
    void everyPlanHolds(long seed) {
        Random random = new Random(seed);
        int refused = 0;
        for (int i = 0; i < 1_000; i++) {
            Machine machine = machine(random);
            EngineConfig config = config(random, machine);
            ShardPlan plan;
            try {
                plan = ShardPlanner.plan(machine, config);
            } catch (InvalidConfigException e) {
                refused++;
                assertRefusalIsDeserved(machine, config);
                continue;
            }
            assertPlanHolds(machine, config, plan);
            assertThat(ShardPlanner.plan(machine, config)).as("the same plan again").isEqualTo(plan);
        }
        assertThat(refused).as("most configurations are possible").isLessThan(500);
    }

    private static void assertPlanHolds(Machine machine, EngineConfig config, ShardPlan plan) {
        String what = machine + "\n" + config + "\n" + plan;
        CpuSet usable = machine.allowed().and(machine.online());
        int asked = config.shards().count();
        boolean throttled = machine.cpuQuota().orElse(Double.MAX_VALUE) < usable.size();
        CpuSet cpus = CpuSet.of(plan.shards().stream().mapToInt(PlannedShard::cpu).toArray());
        assertThat(plan.shards()).as(what).isNotEmpty();
        assertThat(usable.containsAll(cpus)).as("within the allowed CPUs: %s", what).isTrue();
        assertThat(usable.containsAll(plan.housekeeping())).as("housekeeping too: %s", what).isTrue();
        assertThat(plan.housekeeping().and(cpus)).as("no shard on housekeeping: %s", what).isEqualTo(CpuSet.EMPTY);
        if (cpus.size() < plan.shards().size()) {
            assertThat(config.pinning()).as("only the unpinned share CPUs: %s", what).isEqualTo(Pinning.NEVER);
            assertThat(cpus.size()).as("all CPUs share the load: %s", what)
                    .isEqualTo(usable.minus(plan.housekeeping()).size());
        }
        if (asked > 0) {
            assertThat(plan.shards()).as("as many as asked: %s", what).hasSize(asked);
        } else if (throttled) {
            assertThat(plan.shards().size()).as("within the quota: %s", what)
                    .isLessThanOrEqualTo((int) Math.max(1, machine.cpuQuota().getAsDouble()));
        }
        if (usable.size() < 4 && config.housekeeping().cpus() == null) {
            assertThat(plan.housekeeping()).as(what).isEqualTo(CpuSet.EMPTY);
        }
        assertThat(plan.pinned()).as(what)
                .isEqualTo(config.pinning() == Pinning.ALWAYS || (config.pinning() == Pinning.AUTO && !throttled));
        if (plan.spin() && config.idle().policy() == Policy.AUTO) {
            assertThat(plan.pinned() && machine.isolated().containsAll(cpus)).as(what).isTrue();
        }
        assertThat(plan.reasons()).as(what).hasSizeGreaterThanOrEqualTo(4).allMatch(reason -> reason.endsWith("."));
        assertCoresFirst(machine, plan, what);
        assertNodesTogether(machine, plan, what);
    }

    private static void assertCoresFirst(Machine machine, ShardPlan plan, String what) {
        CpuSet free = machine.allowed().and(machine.online()).minus(plan.housekeeping());
        Map<Core, Integer> shards = new HashMap<>();
        for (Core core : machine.cores()) {
            if (!core.cpus().and(free).isEmpty()) {
                shards.put(core, 0);
            }
        }
        plan.shards().stream().limit(free.size())
                .forEach(shard -> machine.cores().stream().filter(core -> core.cpus().contains(shard.cpu()))
                        .forEach(core -> shards.merge(core, 1, Integer::sum)));
        if (shards.containsValue(0)) {
            assertThat(shards.values()).as("no core has two shards while another has none: %s", what)
                    .allMatch(count -> count <= 1);
        }
    }

    private static void assertNodesTogether(Machine machine, ShardPlan plan, String what) {
        if (plan.shards().stream().map(PlannedShard::cpu).distinct().count() < plan.shards().size()) {
            return;
        }
        Set<Integer> left = new HashSet<>();
        int node = -1;
        for (PlannedShard shard : plan.shards()) {
            if (shard.numaNode() != node) {
                left.add(node);
                node = shard.numaNode();
            }
            assertThat(left).as("a node's shards are numbered together: %s", what).doesNotContain(node);
            int itsNode = node;
            assertThat(machine.numaNodes()).as(what)
                    .anyMatch(n -> n.id() == itsNode && n.cpus().contains(shard.cpu()));
        }
    }

    private static void assertRefusalIsDeserved(Machine machine, EngineConfig config) {
        CpuSet usable = machine.allowed().and(machine.online());
        CpuSet list = config.housekeeping().cpus();
        CpuSet left = list == null ? usable : usable.minus(list);
        assertThat(left.isEmpty() || (list != null && !usable.containsAll(list))
                || (config.shards().count() > left.size() && config.pinning() != Pinning.NEVER))
                .as(machine + "\n" + config).isTrue();
    }

    private static EngineConfig config(Random random, Machine machine) {
        int cpus = machine.online().size();
        EngineConfig config = EngineConfig.defaults().withSmt(random.nextBoolean())
                .withPinning(one(random, Pinning.values()))
                .withIdle(Changed.with(IdleConfig.defaults(), "policy", one(random, Policy.values())));
        if (random.nextBoolean()) {
            config = config.withShards(1 + random.nextInt(cpus + cpus / 4 + 1));
        }
        return switch (random.nextInt(4)) {
            case 0 -> Changed.with(config, "housekeeping", Housekeeping.NONE);
            case 1 -> Changed.with(config, "housekeeping", new Housekeeping(some(random, machine.allowed(), 0.2)));
            default -> config;
        };
    }

    private static Machine machine(Random random) {
        int threads = 1 + random.nextInt(2);
        int nodes = 1 + random.nextInt(4);
        int coresPerNode = 1 + random.nextInt(12);
        List<Core> cores = new ArrayList<>();
        List<CpuSet> caches = new ArrayList<>();
        List<NumaNode> numa = new ArrayList<>();
        int cpu = 0;
        for (int node = 0; node < nodes; node++) {
            CpuSet cache = CpuSet.EMPTY;
            CpuSet all = CpuSet.EMPTY;
            for (int core = 0; core < coresPerNode; core++) {
                CpuSet cpus = CpuSet.range(cpu, cpu + (random.nextInt(5) == 0 ? 1 : threads) - 1);
                cpu += cpus.size();
                cores.add(new Core(node, cpus, random.nextInt(4) == 0 ? 500 + random.nextInt(524) : 1024));
                cache = cache.or(cpus);
                all = all.or(cpus);
                if (random.nextInt(4) == 0) {
                    caches.add(cache);
                    cache = CpuSet.EMPTY;
                }
            }
            if (!cache.isEmpty() && random.nextBoolean()) {
                caches.add(cache);
            }
            numa.add(new NumaNode(node * 2, all, random.nextInt(5) == 0 ? 0 : RecordedMachines.GIB));
        }
        numa.add(new NumaNode(99, CpuSet.EMPTY, RecordedMachines.GIB));
        CpuSet all = CpuSet.range(0, cpu - 1);
        CpuSet online = random.nextBoolean() ? all : some(random, all, 0.8);
        CpuSet allowed = random.nextBoolean() ? all : some(random, all, 0.7);
        if (online.and(allowed).isEmpty()) {
            online = all;
        }
        return new Machine(online, allowed, some(random, all, random.nextDouble()), cores, caches, numa,
                random.nextInt(3) == 0 ? OptionalDouble.of(random.nextDouble() * cpu + 0.1) : OptionalDouble.empty(),
                OptionalLong.empty(), 1024, 1 << 16);
    }

    private static CpuSet some(Random random, CpuSet of, double share) {
        BitSet bits = new BitSet();
        of.stream().filter(cpu -> random.nextDouble() < share).forEach(bits::set);
        return bits.isEmpty() ? CpuSet.of(of.first()) : CpuSet.of(bits);
    }

    private static <T> T one(Random random, T[] of) {
        return of[random.nextInt(of.length)];
    }
}
