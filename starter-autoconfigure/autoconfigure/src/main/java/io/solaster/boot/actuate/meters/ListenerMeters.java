package io.solaster.boot.actuate.meters;

import java.util.function.Supplier;
import java.util.function.ToLongFunction;

import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.binder.MeterBinder;
import io.solaster.spring.topic.TopicListeners;
import io.solaster.spring.topic.TopicListeners.Count;

/** What listeners of topics have done, summed over the shards; the tags {@code listener}, {@code topic} and {@code group} name each. */
final class ListenerMeters implements MeterBinder {
    private final TopicListeners listeners;

    ListenerMeters(TopicListeners listeners) {
        this.listeners = listeners;
    }

    @Override
    public void bindTo(MeterRegistry registry) {
        listeners.onListener(listener -> {
            Count its = listener.get();
            Tags tags = Tags.of("listener", its.method(), "topic", its.topic(), "group", its.group());
            count(registry, listener, tags, "taken", "Attempts that a listener has begun", Count::taken);
            count(registry, listener, tags, "acknowledged", "Entries that a listener has done with",
                    Count::acknowledged);
            count(registry, listener, tags, "failures", "Attempts of a listener that failed", Count::failures);
            count(registry, listener, tags, "dead.letters", "Entries that went to the dead-letter topic",
                    Count::deadLetters);
            Gauge.builder("solaster.streams.listener.active", listener, of -> of.get().underWay()).tags(tags)
                    .strongReference(true).description("Entries that a listener has under way").register(registry);
        });
    }

    private static void count(MeterRegistry registry, Supplier<Count> listener, Tags tags, String name,
            String description, ToLongFunction<Count> value) {
        FunctionCounter.builder("solaster.streams.listener." + name, listener, of -> value.applyAsLong(of.get()))
                .tags(tags).description(description).register(registry);
    }
}
