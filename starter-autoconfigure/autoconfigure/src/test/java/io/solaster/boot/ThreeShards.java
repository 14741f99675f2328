package io.solaster.boot;

import java.time.Duration;
import java.util.List;
import java.util.OptionalDouble;
import java.util.OptionalLong;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.stream.IntStream;

import io.solaster.config.EngineConfig;
import io.solaster.config.EngineConfig.Pinning;
import io.solaster.config.EngineConfig.Transport;
import io.solaster.config.SolasterConfig;
import io.solaster.config.plan.Machine;
import io.solaster.config.value.CpuSet;
import io.solaster.engine.Engine;
import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/** An engine of three unpinned shards on however many CPUs. */
@Configuration(proxyBeanMethods = false)
public final class ThreeShards {
    static final Duration PATIENCE = Duration.ofSeconds(60);

    @Bean
    Engine engine(SolasterConfig config) {
        return start(config.engine());
    }

    /** Three shards, whatever the machine has. */
    public static Engine start(EngineConfig config) {
        CpuSet all = CpuSet.range(0, 2);
        Machine machine = new Machine(all, all, CpuSet.EMPTY,
                IntStream.range(0, 3).mapToObj(cpu -> new Machine.Core(0, CpuSet.of(cpu), 1024)).toList(), List.of(all),
                List.of(new Machine.NumaNode(0, all, 1L << 30)), OptionalDouble.empty(), OptionalLong.empty(), 1024,
                Long.MAX_VALUE);
        return Engine.start(config.withShards(3).withPinning(Pinning.NEVER).withTransport(Transport.NIO),
                machine);
    }

    /** With the engine, and what there is for beans on its shards. */
    static ApplicationContextRunner runner() {
        return new ApplicationContextRunner()
                .withConfiguration(AutoConfigurations.of(SolasterAutoConfiguration.class,
                        SolasterBeansAutoConfiguration.class, SolasterReactorAutoConfiguration.class,
                        SolasterContextAutoConfiguration.class))
                .withUserConfiguration(ThreeShards.class);
    }

    public static void until(String what, BooleanSupplier condition) {
        long end = System.nanoTime() + PATIENCE.toNanos();
        while (!condition.getAsBoolean()) {
            if (System.nanoTime() > end) {
                throw new AssertionError("within " + PATIENCE + " not so: " + what);
            }
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(1));
        }
    }
}
