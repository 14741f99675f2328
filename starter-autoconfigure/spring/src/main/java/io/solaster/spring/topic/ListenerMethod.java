package io.solaster.spring.topic;

import java.lang.reflect.Method;
import java.util.Arrays;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicReferenceArray;
import java.util.function.Supplier;

import io.solaster.engine.Shard;
import io.solaster.streams.Consumption;
import org.jspecify.annotations.Nullable;
import org.springframework.aop.support.AopUtils;
import org.springframework.messaging.handler.invocation.InvocableHandlerMethod;

/** One listener: a method of a bean, or of the instances of a bean on each shard. */
final class ListenerMethod {
    private final ListenerPlan plan;
    private final TopicListeners.Needs needs;
    private final Arguments arguments;
    /** By shard; the same for all of a singleton. */
    private final AtomicReferenceArray<@Nullable InvocableHandlerMethod> methods;
    private final ListenerShard[] shards;
    /** For meters, which hold it no faster than this does. */
    final Supplier<TopicListeners.Count> counts = this::count;
    private @Nullable Consumption consumption;

    ListenerMethod(ListenerPlan plan, TopicListeners.Needs needs) {
        this.plan = plan;
        this.needs = needs;
        this.arguments = new Arguments(needs.converter());
        int count = needs.engine().shards().size();
        this.methods = new AtomicReferenceArray<>(count);
        this.shards = needs.engine().shards().stream()
                .map(shard -> new ListenerShard(plan, needs, shard, () -> here(shard))).toArray(ListenerShard[]::new);
    }

    /** Has the method of a bean called: on one shard, or on all. */
    void of(Object bean, @Nullable Shard own) {
        Method method = AopUtils.selectInvocableMethod(plan.method(), bean.getClass());
        for (int shard = 0; shard < methods.length(); shard++) {
            if (own == null || own.id() == shard) {
                methods.set(shard, arguments.method(bean, method));
            }
        }
    }

    private InvocableHandlerMethod here(Shard shard) {
        return Objects.requireNonNull(methods.get(shard.id()),
                () -> plan.name() + " has no instance on shard " + shard.id());
    }

    /** Does nothing where it runs already. */
    synchronized void start() {
        if (consumption == null) {
            for (ListenerShard shard : shards) {
                shard.begin();
            }
            consumption = needs.streams().consume(plan.topic(), plan.group(), plan.options(),
                    delivery -> shards[delivery.shard().id()].take(delivery));
        }
    }

    /** Begins no attempt any more; completes when those under way have ended. */
    CompletableFuture<?> end() {
        return CompletableFuture
                .allOf(Arrays.stream(shards).map(ListenerShard::end).toArray(CompletableFuture<?>[]::new));
    }

    /** Leaves the group, after {@link #end}: who leaves before has what it handles delivered again. */
    synchronized CompletableFuture<?> leave() {
        Consumption leaving = consumption;
        consumption = null;
        return leaving == null ? CompletableFuture.completedFuture(null) : leaving.stop();
    }

    void interrupt() {
        for (ListenerShard shard : shards) {
            shard.interrupt();
        }
    }

    /** Any thread. */
    TopicListeners.Count count() {
        long taken = 0;
        long acknowledged = 0;
        long failures = 0;
        long dead = 0;
        long underWay = 0;
        for (ListenerShard shard : shards) {
            taken += shard.taken.get();
            acknowledged += shard.acknowledged.get();
            failures += shard.failures.get();
            dead += shard.deadLetters.get();
            underWay += shard.underWay.get();
        }
        return new TopicListeners.Count(plan.name(), plan.topic(), plan.group(), taken, acknowledged, failures, dead,
                underWay);
    }

    @Override
    public String toString() {
        return plan.name() + " takes " + plan.topic() + " for " + plan.group();
    }
}
