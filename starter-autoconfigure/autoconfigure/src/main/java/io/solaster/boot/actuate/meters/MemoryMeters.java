package io.solaster.boot.actuate.meters;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.binder.MeterBinder;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.ByteBufAllocatorMetricProvider;
import io.solaster.engine.Engine;
import io.solaster.engine.Offload.Purpose;

/** Memory that is not the heap, and the threads off the shards. */
final class MemoryMeters implements MeterBinder {
    private static final Path STATUS = Path.of("/proc/self/status");

    private final Engine engine;

    MemoryMeters(Engine engine) {
        this.engine = engine;
    }

    @Override
    public void bindTo(MeterRegistry registry) {
        Tags tags = Tags.of("engine", engine.name());
        Gauge.builder("solaster.memory.buffers", ByteBufAllocator.DEFAULT, MemoryMeters::buffers).tags(tags)
                .baseUnit("bytes").description("Memory outside the heap taken for network buffers, of all engines")
                .register(registry);
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

    private static double buffers(ByteBufAllocator allocator) {
        return allocator instanceof ByteBufAllocatorMetricProvider provider
                ? provider.metric().usedDirectMemory()
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
