package io.solaster.boot.actuate.meters;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.function.ToLongFunction;

import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.binder.MeterBinder;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.ByteBufAllocatorMetric;
import io.netty.buffer.ByteBufAllocatorMetricProvider;
import io.netty.buffer.PooledByteBufAllocator;
import io.solaster.engine.Engine;
import io.solaster.engine.Offload.Purpose;
import io.solaster.engine.Shard;
import io.solaster.engine.memory.MemoryAccount;

/** Memory that is not the heap, and the threads off the shards. */
final class MemoryMeters implements MeterBinder {
    /** Those that there are without anybody's doing: an account that is made later has no meter. */
    private static final List<String> ACCOUNTS = List.of("store", "bodies");
    private static final Path STATUS = Path.of("/proc/self/status");

    private final Engine engine;

    MemoryMeters(Engine engine) {
        this.engine = engine;
    }

    @Override
    public void bindTo(MeterRegistry registry) {
        Tags tags = Tags.of("engine", engine.name());
        Gauge.builder("solaster.memory.buffers", () -> buffers(ByteBufAllocatorMetric::usedDirectMemory)).tags(tags)
                .baseUnit("bytes").description("Memory outside the heap taken for network buffers, of all engines")
                .register(registry);
        Gauge.builder("solaster.memory.buffers.heap", () -> buffers(ByteBufAllocatorMetric::usedHeapMemory)).tags(tags)
                .baseUnit("bytes").description("Memory on the heap taken for network buffers, of all engines")
                .register(registry);
        bindBudget(registry, tags);
        Gauge.builder("solaster.memory.resident", MemoryMeters::resident).tags(tags).baseUnit("bytes")
                .description("Memory of the process that is in use, heap and all else").register(registry);
        Gauge.builder("solaster.memory.limit", engine, e -> e.machine().memoryLimit().orElse(0)).tags(tags)
                .baseUnit("bytes").description("Memory that the container may use; 0 without a limit")
                .register(registry);
        for (Purpose purpose : Purpose.values()) {
            Tags ofPurpose = tags.and("purpose", purpose.toString());
            Gauge.builder("solaster.offload.queue", engine, e -> e.offload().queued(purpose)).tags(ofPurpose)
                    .description("Calls that wait for a thread off the shards").register(registry);
            Gauge.builder("solaster.offload.active", engine, e -> e.offload().active(purpose)).tags(ofPurpose)
                    .description("Calls that run off the shards").register(registry);
            FunctionCounter.builder("solaster.offload.rejected", engine, e -> e.offload().rejected(purpose))
                    .tags(ofPurpose).description("Calls off the shards that were refused").register(registry);
        }
    }

    private void bindBudget(MeterRegistry registry, Tags tags) {
        Gauge.builder("solaster.memory.budget", engine, e -> e.memory().limit()).tags(tags).baseUnit("bytes")
                .description("Memory outside the heap that the shards may take").register(registry);
        Gauge.builder("solaster.memory.budget.used", engine, e -> e.memory().used()).tags(tags).baseUnit("bytes")
                .description("What of it is lent to shards, or taken for network buffers").register(registry);
        Gauge.builder("solaster.memory.level", engine, MemoryMeters::level).tags(tags)
                .description("How scarce it is: 0 for OK, 1 for PRESSURE, 2 for FULL").register(registry);
        NodeSampler nodes = new NodeSampler(engine);
        Gauge.builder("solaster.memory.elsewhere", nodes, NodeSampler::elsewhere).strongReference(true).tags(tags)
                .baseUnit("bytes").description("Memory bound to one NUMA node that lies on another").register(registry);
        for (String account : ACCOUNTS) {
            Tags ofAccount = tags.and("account", account);
            for (Shard shard : engine.shards()) {
                Gauge.builder("solaster.memory.account", shard, s -> of(s, account, MemoryAccount::used))
                        .tags(ofAccount.and("shard", Integer.toString(shard.id()))).baseUnit("bytes")
                        .description("What a kind of memory comes to on a shard").register(registry);
            }
            FunctionCounter.builder("solaster.memory.refused", engine,
                    e -> e.shards().stream().mapToLong(s -> of(s, account, MemoryAccount::refusals)).sum())
                    .tags(ofAccount).description("Times that there was no room in the memory budget")
                    .register(registry);
        }
    }

    private static double level(Engine engine) {
        return switch (engine.memory().level()) {
            case OK -> 0;
            case PRESSURE -> 1;
            case FULL -> 2;
        };
    }

    private static long of(Shard shard, String account, ToLongFunction<MemoryAccount> count) {
        MemoryAccount known = shard.memoryBudget().accounts().get(account);
        return known == null ? 0 : count.applyAsLong(known);
    }

    private static double buffers(ToLongFunction<ByteBufAllocatorMetric> kind) {
        return used(ByteBufAllocator.DEFAULT, kind)
                + (ByteBufAllocator.DEFAULT.equals(PooledByteBufAllocator.DEFAULT)
                        ? 0
                        : used(PooledByteBufAllocator.DEFAULT, kind));
    }

    private static double used(ByteBufAllocator allocator, ToLongFunction<ByteBufAllocatorMetric> kind) {
        return allocator instanceof ByteBufAllocatorMetricProvider provider
                ? kind.applyAsLong(provider.metric())
                : Double.NaN;
    }

    private static double resident() {
        try {
            return resident(Files.readString(STATUS, StandardCharsets.UTF_8));
        } catch (IOException | RuntimeException e) {
            return Double.NaN;
        }
    }

    /**
     * As the kernel tells, in kB whatever the size of its pages; not a number where it does not.
     *
     * @param status the text of {@code /proc/self/status}
     */
    static double resident(String status) {
        return status.lines().filter(line -> line.startsWith("VmRSS:"))
                .mapToDouble(line -> 1024 * Double.parseDouble(line.split("\\s+", -1)[1])).findFirst()
                .orElse(Double.NaN);
    }
}
