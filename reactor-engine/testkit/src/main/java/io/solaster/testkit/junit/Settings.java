package io.solaster.testkit.junit;

import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalLong;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;

import io.solaster.config.EngineConfig;
import io.solaster.config.EngineConfig.OwnerChecks;
import io.solaster.config.EngineConfig.Pinning;
import io.solaster.config.InvalidConfigException;
import io.solaster.config.OffloadConfig;
import io.solaster.config.StallConfig;
import io.solaster.config.plan.Machine;
import io.solaster.config.value.CpuSet;
import io.solaster.engine.transport.TransportChoice;
import org.junit.jupiter.api.extension.ExtensionConfigurationException;
import org.junit.platform.commons.support.ReflectionSupport;

/** What a {@link SolasterTest} asks for, as the engine takes it. */
final class Settings {
    /** Connections that a test has left open are closed then. */
    private static final Duration DRAINS = Duration.ofSeconds(1);
    private static final OffloadConfig FEW_THREADS = OffloadConfig.of(2, 1024);

    private Settings() {}

    /** The transports that a class runs on, one after the other. */
    static List<EngineConfig.Transport> transports(SolasterTest asked) {
        return switch (asked.transport()) {
            case AUTO -> List.of(EngineConfig.Transport.AUTO);
            case IO_URING -> List.of(EngineConfig.Transport.IO_URING);
            case EPOLL -> List.of(EngineConfig.Transport.EPOLL);
            case NIO -> List.of(EngineConfig.Transport.NIO);
            case ALL -> Arrays.stream(EngineConfig.Transport.values())
                    .filter(each -> each != EngineConfig.Transport.AUTO && refusal(each).isEmpty()).toList();
        };
    }

    /** Why a transport is not to be had here; empty if it is. */
    static Optional<String> refusal(EngineConfig.Transport transport) {
        try {
            TransportChoice.choose(transport);
            return Optional.empty();
        } catch (InvalidConfigException e) {
            return Optional.of(String.valueOf(e.getMessage()));
        }
    }

    static EngineConfig config(SolasterTest asked, EngineConfig.Transport transport) {
        EngineConfig plain = EngineConfig.defaults();
        // Tests share few CPUs, and a stall there is mostly another test's doing.
        StallConfig stalls = new StallConfig(false, plain.stalls().threshold(), plain.stalls().reportsPerMinute(),
                plain.stalls().grace());
        EngineConfig config = new EngineConfig(plain.shards(), plain.smt(), Pinning.NEVER, plain.housekeeping(),
                transport, plain.idle(), plain.taskQuota(), plain.mesh(), FEW_THREADS, plain.files(), plain.memory(),
                OwnerChecks.FULL,
                DRAINS,
                plain.groups(), stalls).withShards(asked.shards());
        UnaryOperator<EngineConfig> change;
        try {
            change = ReflectionSupport.newInstance(asked.config());
        } catch (RuntimeException e) {
            throw new ExtensionConfigurationException("config = " + asked.config().getName()
                    + ".class cannot be made; it needs a constructor without parameters", e);
        }
        return change.apply(config);
    }

    /** A machine with as many CPUs as there are shards, whatever this one has: they are not pinned. */
    static Machine machine(int cpus) {
        CpuSet all = CpuSet.of(IntStream.range(0, cpus).toArray());
        return new Machine(all, all, CpuSet.EMPTY,
                IntStream.range(0, cpus).mapToObj(cpu -> new Machine.Core(0, CpuSet.of(cpu), 1024)).toList(),
                List.of(all), List.of(new Machine.NumaNode(0, all, 1L << 30)), OptionalDouble.empty(),
                OptionalLong.empty(), 1024, Long.MAX_VALUE);
    }
}
