package io.solaster.boot;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

import io.solaster.engine.Engine;
import io.solaster.engine.Shard;
import io.solaster.engine.Sharded;
import io.solaster.spring.ShardScheduled;
import io.solaster.spring.ShardScope;
import io.solaster.spring.shard.ShardSchedules;
import io.solaster.spring.shard.ShardSchedules.Count;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.springframework.beans.factory.DisposableBean;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Scope;
import reactor.core.publisher.Mono;

@Timeout(value = 180, unit = TimeUnit.SECONDS)
@ExtendWith(OutputCaptureExtension.class)
final class ShardScheduledTest {
    private final ApplicationContextRunner runner = ThreeShards.runner();

    private static final Map<Integer, AtomicInteger> AFTER_END = new ConcurrentHashMap<>();

    @ShardScope
    static class Sweeper implements DisposableBean {
        private final Shard home;
        int sweeps;
        String group = "";
        boolean gone;

        Sweeper(Shard home) {
            this.home = home;
        }

        @ShardScheduled(fixedRate = "${sweep.every:2ms}", initialDelay = "1ms")
        void sweep() {
            assertThat(Shard.current()).isSameAs(home);
            group = home.currentGroup().name();
            sweeps++;
            if (gone) {
                AFTER_END.computeIfAbsent(home.id(), id -> new AtomicInteger()).incrementAndGet();
            }
        }

        int sweeps() {
            return sweeps;
        }

        String group() {
            return group;
        }

        @Override
        public void destroy() {
            gone = true;
        }
    }

    @SuppressWarnings("unchecked")
    private static Sharded<Sweeper> sweepers(org.springframework.context.ApplicationContext context) {
        return (Sharded<Sweeper>) context.getBean("sharded.shardScheduledTest.Sweeper");
    }

    private static void untilAll(Sharded<Sweeper> sweepers, int more) {
        List<Integer> before = sweepers.onAll(Sweeper::sweeps).join();
        ThreeShards.until("each instance sweeps", () -> {
            List<Integer> now = sweepers.onAll(Sweeper::sweeps).join();
            return now.get(0) >= before.get(0) + more && now.get(1) >= before.get(1) + more
                    && now.get(2) >= before.get(2) + more;
        });
    }

    @Test
    void each_instance_runs_on_its_own_shard_until_the_end() {
        AFTER_END.clear();
        runner.withUserConfiguration(Sweeper.class).run(context -> {
            assertThat(context).hasNotFailed();
            Sharded<Sweeper> sweepers = sweepers(context);
            untilAll(sweepers, 3);
            assertThat(sweepers.onAll(Sweeper::group).join()).containsOnly("background");
            assertThat(context.getBean(ShardSchedules.class).counts()).hasSize(3)
                    .allSatisfy(count -> assertThat(count.method()).isEqualTo("Sweeper.sweep()"))
                    .allSatisfy(count -> assertThat(count.runs()).isPositive())
                    .allSatisfy(count -> assertThat(count.failures()).isZero());
        });
        assertThat(AFTER_END).isEmpty();
    }

    @Test
    void a_restart_begins_anew() {
        runner.withUserConfiguration(Sweeper.class).run(context -> {
            ConfigurableApplicationContext source = context
                    .getSourceApplicationContext(ConfigurableApplicationContext.class);
            source.stop();
            assertThat(context.getBean(ShardSchedules.class).counts()).isEmpty();
            source.start();
            assertThat(context.getBean(ShardSchedules.class).counts()).hasSize(3);
            untilAll(sweepers(context), 2);
            // Paused, the instances stay and rest.
            source.pause();
            List<Integer> paused = sweepers(context).onAll(Sweeper::sweeps).join();
            assertThat(sweepers(context).onAll(Sweeper::sweeps).join()).isEqualTo(paused);
            source.start();
            untilAll(sweepers(context), 2);
        });
    }

    static class Singletons {
        final List<Integer> everywhere = new CopyOnWriteArrayList<>();
        final List<Integer> once = new CopyOnWriteArrayList<>();
        final List<Boolean> forks = new CopyOnWriteArrayList<>();
        final AtomicInteger underWay = new AtomicInteger();
        final AtomicInteger most = new AtomicInteger();
        final AtomicInteger stages = new AtomicInteger();
        final AtomicInteger monos = new AtomicInteger();

        @ShardScheduled(fixedRate = "1ms", group = "maintenance")
        void everywhere(Shard shard) {
            assertThat(Shard.current()).isSameAs(shard);
            assertThat(shard.currentGroup().name()).isEqualTo("maintenance");
            everywhere.add(shard.id());
        }

        @ShardScheduled(fixedDelay = "1ms", shards = "1, 7")
        private void once(Shard shard) {
            once.add(shard.id());
        }

        @ShardScheduled(fixedDelay = "PT0.001S", shards = "0", fork = true)
        public void waits() throws InterruptedException {
            Thread.sleep(1);
            forks.add(Thread.currentThread().isVirtual());
        }

        @ShardScheduled(fixedRate = "1ms", shards = "2")
        public CompletableFuture<Void> stage() {
            most.accumulateAndGet(underWay.incrementAndGet(), Math::max);
            return CompletableFuture.runAsync(() -> {
                stages.incrementAndGet();
                underWay.decrementAndGet();
            }, CompletableFuture.delayedExecutor(5, TimeUnit.MILLISECONDS));
        }

        @ShardScheduled(fixedDelay = "1ms", shards = "2")
        public Mono<Integer> mono() {
            return Mono.fromCallable(monos::incrementAndGet);
        }
    }

    @Test
    void a_singleton_runs_on_every_shard_or_on_those_named() {
        runner.withUserConfiguration(Singletons.class).run(context -> {
            assertThat(context).hasNotFailed();
            Singletons singletons = context.getBean(Singletons.class);
            ThreeShards.until("all have run", () -> singletons.everywhere.containsAll(List.of(0, 1, 2))
                    && singletons.once.size() > 2 && singletons.forks.size() > 2 && singletons.stages.get() > 2
                    && singletons.monos.get() > 2);
            assertThat(new ArrayList<>(singletons.once)).containsOnly(1);
            assertThat(new ArrayList<>(singletons.forks)).containsOnly(true);
            assertThat(singletons.most).as("at once").hasValue(1);
        });
    }

    static class Failing {
        @ShardScheduled(fixedRate = "1ms", shards = "0")
        void fails() {
            throw new UnsupportedOperationException("at every time");
        }

        @ShardScheduled(fixedDelay = "1ms", shards = "1")
        CompletableFuture<Void> failsLater() {
            return CompletableFuture.failedFuture(new IllegalArgumentException("a little later"));
        }
    }

    @Test
    void a_failure_is_told_once_counted_and_harms_no_later_run(CapturedOutput output) {
        runner.withUserConfiguration(Failing.class).run(context -> {
            ShardSchedules schedules = context.getBean(ShardSchedules.class);
            ThreeShards.until("both failed a few times", () -> schedules.counts().stream()
                    .allMatch(count -> count.failures() > 5));
            assertThat(schedules.counts()).extracting(Count::method).containsExactlyInAnyOrder("Failing.fails()",
                    "Failing.failsLater()");
        });
        assertThat(output.getAll().split("Failing.fails\\(\\) failed on shard 0, and goes on", -1)).hasSize(2);
        assertThat(output.getAll().split("Failing.failsLater\\(\\) failed on shard 1, and goes on", -1)).hasSize(2);
    }

    // What is refused

    static class NoPeriod {
        @ShardScheduled
        void run() {}
    }

    static class TwoPeriods {
        @ShardScheduled(fixedRate = "1s", fixedDelay = "1s")
        void run() {}
    }

    static class ZeroPeriod {
        @ShardScheduled(fixedRate = "0s")
        void run() {}
    }

    static class NoDuration {
        @ShardScheduled(fixedRate = "often")
        void run() {}
    }

    static class NoGroup {
        @ShardScheduled(fixedRate = "1s", group = "backgrund")
        void run() {}
    }

    static class NoShards {
        @ShardScheduled(fixedRate = "1s", shards = "first")
        void run() {}
    }

    static class Parameters {
        @ShardScheduled(fixedRate = "1s")
        void run(String what) {}
    }

    static class Returns {
        @ShardScheduled(fixedRate = "1s")
        int run() {
            return 1;
        }
    }

    @Scope("prototype")
    static class Prototype {
        @ShardScheduled(fixedRate = "1s")
        void run() {}
    }

    static class UsesPrototype {
        UsesPrototype(Prototype prototype) {}
    }

    private void refused(String message, Class<?>... beans) {
        runner.withUserConfiguration(beans).run(context -> assertThat(context).getFailure().rootCause()
                .isInstanceOf(IllegalStateException.class).hasMessageContaining(message));
    }

    @Test
    void what_cannot_be_run_is_refused_at_the_start() {
        refused("@ShardScheduled: NoPeriod.run(): give either fixedRate or fixedDelay", NoPeriod.class);
        refused("TwoPeriods.run(): give either fixedRate or fixedDelay", TwoPeriods.class);
        refused("ZeroPeriod.run(): PT0S is no period; give more than 0", ZeroPeriod.class);
        refused("NoDuration.run(): 'often' is no duration", NoDuration.class);
        refused("NoGroup.run(): 'backgrund' is no scheduling group; write one of", NoGroup.class);
        refused("NoShards.run(): 'first' names no shards; write 0 or 0-3,8", NoShards.class);
        refused("Parameters.run(String) must take nothing, or the Shard", Parameters.class);
        refused("Returns.run() returns int", Returns.class);
        refused("has scope 'prototype'", Prototype.class, UsesPrototype.class);
    }

    @Test
    void methods_run_on_the_shards_of_their_own_context() {
        runner.withUserConfiguration(Singletons.class).run(first -> {
            runner.withUserConfiguration(Singletons.class).run(second -> assertThat(second.getBean(Engine.class))
                    .isNotSameAs(first.getBean(Engine.class)));
            Singletons singletons = first.getBean(Singletons.class);
            int before = singletons.once.size();
            ThreeShards.until("it goes on", () -> singletons.once.size() > before + 2);
        });
    }
}
