package io.solaster.boot.actuate.meters;

import java.util.function.ToLongFunction;

import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.binder.MeterBinder;
import io.solaster.engine.Engine;
import io.solaster.spring.shard.ShardSchedules;
import io.solaster.spring.shard.ShardSchedules.Count;

/** How often {@code @ShardScheduled} methods ran and failed, over all shards: those of beans made later too. */
final class ScheduleMeters implements MeterBinder {
    private final Engine engine;
    private final ShardSchedules schedules;

    ScheduleMeters(Engine engine, ShardSchedules schedules) {
        this.engine = engine;
        this.schedules = schedules;
    }

    @Override
    public void bindTo(MeterRegistry registry) {
        schedules.onMethod(method -> {
            bind(registry, method, "runs", "Times that a scheduled method has begun", Count::runs);
            bind(registry, method, "failures", "Times that a scheduled method has failed", Count::failures);
        });
    }

    private void bind(MeterRegistry registry, String method, String name, String description,
            ToLongFunction<Count> value) {
        FunctionCounter.builder("solaster.scheduled." + name, schedules, all -> total(all, method, value))
                .tags(Tags.of("engine", engine.name(), "method", method)).description(description).register(registry);
    }

    private static double total(ShardSchedules schedules, String method, ToLongFunction<Count> value) {
        return schedules.counts().stream().filter(count -> count.method().equals(method)).mapToLong(value).sum();
    }
}
