package io.solaster.testkit.junit;

import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Inherited;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import java.util.function.UnaryOperator;

import io.solaster.config.EngineConfig;
import org.junit.jupiter.api.ClassTemplate;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * Tests on shards. A constructor, a test, and what runs before and after it may take as parameters an
 * {@link io.solaster.engine.Engine}, a {@link io.solaster.engine.Shard} (number 0, or the one that {@link OnShard} names
 * before the parameter), a {@link io.solaster.engine.timer.ManualClock}, a
 * {@link io.solaster.testkit.chaos.FaultProxy} (a new one for each), a {@link io.solaster.testkit.check.History} (a new
 * one for each), the {@link io.solaster.testkit.chaos.Events} of the test, and a long with {@link Seed}. A test that
 * takes a {@link io.solaster.testkit.sim.Simulation} runs within one by its seed, with engines of its own. Such
 * methods with {@link OnShard} run in a fork of that shard.
 *
 * <p>
 * An engine lives as long as the instance of the test: each test has its own, unless the class has JUnit's lifecycle
 * PER_CLASS. It starts when first asked for. After each test the kit looks for what was left: forks, calls off the shards,
 * timers, buffers, sockets, other descriptors, threads; {@link Leaves} excuses. What stands on the engine and ends with it
 * has not been left. Where tests run at the same time, the kit looks at the shards only.
 *
 * <p>
 * A failure tells the seed, what was done, and where every shard was. {@code -Dsolaster.testkit.seed} sets the seed.
 */
@Documented
@Inherited
@Target(ElementType.TYPE)
@Retention(RetentionPolicy.RUNTIME)
@ClassTemplate
@ExtendWith(SolasterExtension.class)
public @interface SolasterTest {

    /** How many shards an engine has; they are not pinned, and may be more than the machine has CPUs. */
    int shards() default 2;

    /** What the engine's timers go by. */
    Clock clock() default Clock.SYSTEM;

    /** How sockets are served; with {@link Transport#ALL} the class runs once for each transport that is there. */
    Transport transport() default Transport.AUTO;

    /** What chance is drawn from; 0 for another seed each time. */
    long seed() default 0;

    /** Changes what else there is to configure; has a constructor without parameters. */
    Class<? extends UnaryOperator<EngineConfig>> config() default AsItIs.class;

    /** What timers go by. */
    enum Clock {
        /** The machine's. */
        SYSTEM,
        /** One that stands until the test advances it. */
        MANUAL
    }

    /** How sockets are served. */
    enum Transport {
        /** The first that works here. */
        AUTO,
        /** Each that works here. */
        ALL,
        /** Linux io_uring; the tests are skipped where it does not work. */
        IO_URING,
        /** Linux epoll; the tests are skipped where it does not work. */
        EPOLL,
        /** The JDK's selector. */
        NIO
    }

    /** Leaves the configuration as it is. */
    final class AsItIs implements UnaryOperator<EngineConfig> {
        @Override
        public EngineConfig apply(EngineConfig config) {
            return config;
        }
    }
}
