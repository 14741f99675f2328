package io.solaster.engine.memory;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalDouble;
import java.util.OptionalLong;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicLong;

import io.solaster.config.EngineConfig;
import io.solaster.config.EngineConfig.Pinning;
import io.solaster.config.plan.Machine;
import io.solaster.config.value.CpuSet;
import io.solaster.engine.Engine;
import io.solaster.engine.Shard;
import io.solaster.engine.WrongShardException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

class MemoryBudgetTest {
    private final AtomicLong buffers = new AtomicLong();
    private final ArrayDeque<Runnable> turns = new ArrayDeque<>();
    private final MemoryHome home = new MemoryHome() {
        @Override
        public void assertOwner(String what) {}

        @Override
        public void later(Runnable task) {
            turns.add(task);
        }
    };
    private final MemoryBudget budget = new MemoryBudget(100_000, 80, 2, buffers::get);
    private final ShardBudget first = new ShardBudget(home, budget);
    private final ShardBudget second = new ShardBudget(home, budget);

    private void turn() {
        for (Runnable next = turns.poll(); next != null; next = turns.poll()) {
            next.run();
        }
    }

    @Test
    void whatOneShardTakesTheOtherHasNot() {
        MemoryAccount keys = first.account("keys");
        MemoryAccount bodies = second.account("bodies");
        assertThat(keys.take(60_000)).isTrue();
        assertThat(bodies.take(41_000)).isFalse();
        assertThat(bodies.used()).isZero();
        assertThat(bodies.refusals()).isEqualTo(1);
        assertThat(bodies.take(39_000)).isTrue();
        keys.give(60_000);
        assertThat(bodies.take(41_000)).isTrue();
        assertThat(first.account("keys")).isSameAs(keys);
        assertThat(first.accounts()).containsOnlyKeys("keys");
    }

    @Test
    void whatCannotBeRefusedIsCountedBeyondTheLimit() {
        MemoryAccount keys = first.account("keys");
        keys.add(150_000);
        assertThat(budget.level()).isEqualTo(MemoryLevel.FULL);
        assertThat(budget.used()).isGreaterThanOrEqualTo(150_000);
        assertThat(keys.take(1)).isIn(true, false);
        assertThat(second.account("bodies").take(1)).isFalse();
    }

    @Test
    void levelsRiseAndFallWithoutFlutter() {
        List<MemoryLevel> told = new ArrayList<>();
        first.onLevel(told::add);
        MemoryAccount keys = second.account("keys");
        keys.add(79_000);
        turn();
        assertThat(told).isEmpty();
        keys.add(2_000);
        assertThat(told).as("in a turn of its own").isEmpty();
        turn();
        assertThat(told).containsExactly(MemoryLevel.PRESSURE);
        keys.give(4_000);
        turn();
        assertThat(told).as("75 to 80 % belong to what was before").containsExactly(MemoryLevel.PRESSURE);
        keys.add(20_000);
        turn();
        keys.give(97_000);
        turn();
        assertThat(told).containsExactly(MemoryLevel.PRESSURE, MemoryLevel.FULL, MemoryLevel.OK);
    }

    @Test
    void levelsThatComeAndGoBeforeTheShardsTurnAreNotTold() {
        List<MemoryLevel> told = new ArrayList<>();
        first.onLevel(told::add);
        MemoryAccount keys = second.account("keys");
        for (int i = 0; i < 1000; i++) {
            keys.add(99_000);
            keys.give(99_000);
        }
        assertThat(turns).as("one task a shard, however often").hasSizeLessThanOrEqualTo(2);
        turn();
        assertThat(told).isEmpty();
    }

    @Test
    void aListenerThatFailsOrEndsAnotherKeepsNobodyFromBeingTold() {
        List<String> told = new ArrayList<>();
        first.onLevel(level -> {
            told.add("first");
            throw new IllegalStateException("expected by a test");
        });
        Runnable[] end = new Runnable[1];
        first.onLevel(_ -> end[0].run());
        end[0] = first.onLevel(_ -> told.add("ended"));
        first.onLevel(_ -> told.add("last"));
        first.account("keys").add(90_000);
        turn();
        assertThat(told).containsExactly("first", "last");
    }

    @Test
    void oneThatComesLateHearsOfTheLevelThatThereIs() {
        first.account("keys").add(90_000);
        turn();
        List<MemoryLevel> told = new ArrayList<>();
        first.onLevel(told::add);
        Runnable ended = first.onLevel(_ -> told.add(MemoryLevel.FULL));
        ended.run();
        turn();
        assertThat(told).containsExactly(MemoryLevel.PRESSURE);
    }

    @Test
    void whatLiesInNettysBuffersCountsOnce() {
        MemoryAccount bodies = first.bufferAccount("bodies");
        assertThat(bodies.take(30_000)).isTrue();
        buffers.set(40_000);
        assertThat(budget.used()).isBetween(40_000L, 40_000L + budget.slice());
        buffers.set(75_000);
        assertThat(bodies.take(20_000)).isTrue();
        assertThat(budget.used()).isEqualTo(75_000);
        buffers.set(85_000);
        assertThat(second.account("keys").take(20_000)).isFalse();
        assertThat(budget.level()).isEqualTo(MemoryLevel.PRESSURE);
        assertThat(second.account("keys").take(10_000)).isTrue();
    }

    @Test
    void mistakesAreToldByName() {
        MemoryAccount keys = first.account("keys");
        assertThatIllegalArgumentException().isThrownBy(() -> keys.take(-1))
                .withMessage("memory account 'keys' takes no negative amount, and was asked for -1");
        keys.add(10);
        if (MemoryAccount.class.desiredAssertionStatus()) {
            assertThatIllegalStateException().isThrownBy(() -> keys.give(11)).withMessageStartingWith(
                    "memory account 'keys' was given 11 bytes of 10 that were taken; give back what was taken, once");
            assertThat(keys.used()).isEqualTo(10);
            keys.give(10);
        } else {
            keys.give(11);
        }
        assertThat(keys.used()).isZero();
    }

    @Test
    void anyOrderOfTakingAndGivingComesToNothing() {
        for (int seed = 0; seed < 50; seed++) {
            SplittableRandom random = new SplittableRandom(seed);
            MemoryBudget of = new MemoryBudget(random.nextLong(1, 1 << 20), random.nextInt(1, 101), 3, () -> 0);
            MemoryAccount[] accounts = new MemoryAccount[6];
            for (int i = 0; i < accounts.length; i += 2) {
                ShardBudget shard = new ShardBudget(home, of);
                accounts[i] = shard.account("keys");
                accounts[i + 1] = shard.bufferAccount("bodies");
            }
            long[] taken = new long[accounts.length];
            for (int i = 0; i < 2_000; i++) {
                int at = random.nextInt(accounts.length);
                long bytes = random.nextLong(1L << random.nextInt(1, 20));
                switch (random.nextInt(3)) {
                    case 0 -> taken[at] += accounts[at].take(bytes) ? bytes : 0;
                    case 1 -> {
                        if (random.nextInt(10) == 0) {
                            accounts[at].add(bytes);
                            taken[at] += bytes;
                        }
                    }
                    default -> {
                        long given = Math.min(bytes, taken[at]);
                        accounts[at].give(given);
                        taken[at] -= given;
                    }
                }
                assertThat(accounts[at].used()).isEqualTo(taken[at]);
                assertThat(of.lent()).isGreaterThanOrEqualTo(Arrays.stream(taken).sum());
            }
            for (int i = 0; i < accounts.length; i++) {
                accounts[i].give(taken[i]);
                assertThat(accounts[i].used()).isZero();
            }
            assertThat(of.lent()).isBetween(0L, 2 * of.slice() * accounts.length);
            turns.clear();
        }
    }

    @Test
    @Timeout(120)
    void shardsThatTakeAndGiveAtOnceNeverHaveMoreThanThereIs() {
        EngineConfig config = EngineConfig.defaults().withShards(3).withPinning(Pinning.NEVER);
        try (Engine engine = Engine.start(config)) {
            MemoryBudget of = new MemoryBudget(1 << 20, 80, 3, () -> 0);
            List<Integer> told = engine.submitToAll(shard -> {
                ShardBudget own = new ShardBudget(homeOf(shard), of);
                int[] heard = new int[1];
                own.onLevel(_ -> heard[0]++);
                MemoryAccount account = own.account("keys");
                SplittableRandom random = new SplittableRandom(shard.id());
                long taken = 0;
                for (int i = 0; i < 200_000; i++) {
                    long bytes = random.nextLong(100_000);
                    if (random.nextBoolean()) {
                        taken += account.take(bytes) ? bytes : 0;
                    } else {
                        long given = Math.min(bytes, taken);
                        account.give(given);
                        taken -= given;
                    }
                    if (of.lent() < 0 || of.lent() > of.limit()) {
                        throw new AssertionError("lent " + of.lent());
                    }
                }
                account.give(taken);
                return (int) account.used();
            }).join();
            assertThat(told).containsOnly(0);
            assertThat(of.lent()).isBetween(0L, 2 * of.slice() * 3);
            assertThat(of.level()).isEqualTo(MemoryLevel.OK);
        }
    }

    private static MemoryHome homeOf(Shard shard) {
        return new MemoryHome() {
            @Override
            public void assertOwner(String what) {
                shard.assertOwner(what);
            }

            @Override
            public void later(Runnable task) {
                shard.execute(task);
            }
        };
    }

    @Test
    void aShardsMemoryIsInTheBudgetOfItsEngineUntilItIsGivenBack() {
        EngineConfig config = EngineConfig.defaults().withShards(2).withPinning(Pinning.NEVER);
        for (int restarts = 0; restarts < 3; restarts++) {
            try (Engine engine = Engine.start(config)) {
                Slabs slabs = engine.submitTo(1, () -> new Slabs(Shard.current().memory().system("test"))).join();
                MemoryAccount account = engine.submitTo(1, () -> {
                    for (int i = 0; i < 10_000; i++) {
                        slabs.allocate(1000);
                    }
                    return Shard.current().memory().budget().account("test");
                }).join();
                assertThat(account.used()).isGreaterThan(10_000_000);
                assertThat(engine.memory().used()).isGreaterThan(10_000_000);
                assertThat(engine.howMemory()).contains("MiB outside the heap").contains("not bound: ");
                engine.submitTo(1, () -> {
                    slabs.close();
                    return true;
                }).join();
                assertThat(account.used()).isZero();
                assertThat(engine.submitTo(0, () -> {
                    try {
                        account.add(1);
                        return null;
                    } catch (WrongShardException e) {
                        return e.getMessage();
                    }
                }).join()).contains("memory account 'test' belongs to shard 1");
            }
        }
    }

    @Test
    void theLimitIsWhatIsLeftBesideTheHeap() {
        long gib = 1L << 30;
        assertThat(MemoryLimit.beside(gib, machine(OptionalLong.of(4 * gib), 64 * gib)))
                .isEqualTo(3 * gib - (96 << 20));
        assertThat(MemoryLimit.beside(gib, machine(OptionalLong.empty(), 8 * gib))).isEqualTo(7 * gib - (96 << 20));
        assertThat(MemoryLimit.beside(4 * gib, machine(OptionalLong.of(4 * gib), 8 * gib))).isEqualTo(gib);
        assertThat(MemoryLimit.beside(gib, machine(OptionalLong.empty(), 0))).isGreaterThan(1L << 60);
        assertThat(MemoryLimit.buffers()).isGreaterThanOrEqualTo(0);
    }

    private static Machine machine(OptionalLong limit, long memory) {
        CpuSet cpus = CpuSet.of(0);
        return new Machine(cpus, cpus, CpuSet.EMPTY, List.of(), List.of(),
                List.of(new Machine.NumaNode(0, cpus, memory)), OptionalDouble.empty(), limit, 1024, 0);
    }
}
