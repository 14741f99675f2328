package io.solaster.test;

import java.time.Duration;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;

import io.solaster.engine.Engine;
import io.solaster.engine.Shard;
import io.solaster.testkit.chaos.Events;
import io.solaster.testkit.left.EngineLeftovers;
import io.solaster.testkit.left.Left;
import io.solaster.testkit.left.Remnant;
import org.jspecify.annotations.Nullable;
import org.springframework.beans.factory.config.BeanPostProcessor;

/** Looks, once all else of a context's engine has ended, for what was left on its shards. On Spring's threads. */
final class EngineWatch implements BeanPostProcessor {
    private static final Duration PATIENCE = Duration.ofSeconds(5);

    private final Events events = new Events();
    private volatile @Nullable Engine engine;
    private volatile Set<Left> ignored = EnumSet.noneOf(Left.class);
    private volatile List<Remnant> left = List.of();
    private volatile String lastStacks = "";

    @Override
    public Object postProcessAfterInitialization(Object bean, String name) {
        if (bean instanceof Engine made) {
            engine = made;
            EngineLeftovers leftovers = EngineLeftovers.watch(made, events::add);
            // First registered, this runs last.
            made.onStop(() -> {
                left = leftovers.remnants(ignored, PATIENCE);
                lastStacks = stacks(made);
            });
        }
        return bean;
    }

    void ignore(Set<Left> newIgnored) {
        ignored = newIgnored;
    }

    Events events() {
        return events;
    }

    List<Remnant> left() {
        return left;
    }

    /** What was done, and where the shards are. */
    String report() {
        Engine present = engine;
        StringBuilder text = new StringBuilder("what was done, the latest of it:");
        List<Events.Event> done = events.list();
        done.subList(Math.max(0, done.size() - 100), done.size())
                .forEach(event -> text.append("\n\t").append(event));
        return text.append(present == null || present.isStopping() ? lastStacks : stacks(present)).toString();
    }

    private static String stacks(Engine engine) {
        StringBuilder text = new StringBuilder();
        for (Shard shard : engine.shards()) {
            text.append("\nshard ").append(shard.id()).append(": ").append(shard.stack());
        }
        return text.toString();
    }
}
