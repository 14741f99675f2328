package io.solaster.engine;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Function;
import java.util.stream.Collectors;

import io.solaster.engine.task.SchedulingGroup;
import io.solaster.engine.trace.Hop;
import io.solaster.engine.trace.Tracing;
import org.jspecify.annotations.Nullable;

/** How calls reach the shards of one engine, and by which way: see {@link Engine#submitTo}. Any thread. */
final class Calls {
    private final Setup setup;
    private final ShardGroup group;
    private final List<Shard> shards;

    Calls(Setup setup, ShardGroup group, List<Shard> shards) {
        this.setup = setup;
        this.group = group;
        this.shards = shards;
    }

    boolean owns(Shard shard) {
        return shard.parent() == group;
    }

    /** @param tracing asked whether the call is traced; null where it is not, or somebody else does it */
    <T extends @Nullable Object> ShardFuture<T> submit(int target, CallOptions options, Callable<T> work,
            @Nullable Tracing tracing) {
        Shard to = shards.get(target);
        Shard home = Shard.current();
        Shard inside = home != null && owns(home) ? home : null;
        SchedulingGroup current = groupOf(inside);
        SchedulingGroup group = options.group() == null ? current : setup.groups().own(options.group());
        ShardFuture<T> future = new ShardFuture<>(home != null ? home : setup.offload());
        boolean atOnce = inside == to && group == current;
        Hop hop = tracing == null || atOnce ? null : tracing.hop(Hop.Kind.SUBMIT, home, to, group);
        Call<T> call = new Call<>(home, to, group, atOnce ? work : setup.carry(in(hop, work)), future, hop);
        if (inside == to) {
            if (atOnce) {
                call.deliver();
            } else {
                to.scheduler().submit(call);
            }
        } else if (inside != null) {
            int permits = group.config().meshPermits();
            if (permits == 0) {
                inside.mesh().send(target, group, call);
            } else {
                inside.permits(to, group).send(call, permits);
            }
        } else {
            to.executeOrElse(call, call::abandon);
        }
        if (options.deadline() != null && !future.isDone()) {
            call.within(options.deadline());
        }
        return future;
    }

    <T extends @Nullable Object> ShardFuture<T> submitStage(int target, CallOptions options,
            Callable<? extends CompletionStage<T>> work) {
        Shard home = Shard.current();
        ShardFuture<T> answer = new ShardFuture<>(home != null ? home : setup.offload());
        Shard to = shards.get(target);
        Tracing tracing = setup.tracing();
        Hop hop = tracing == null
                ? null
                : tracing.hop(Hop.Kind.SUBMIT, home, to, options.group() == null ? groupOf(home) : options.group());
        new StageCall<T>(home, to, answer, hop).begin(this, options, in(hop, work));
        return answer;
    }

    <T extends @Nullable Object> ShardFuture<List<T>> submitToAll(Function<Shard, T> work) {
        Shard home = Shard.current();
        ShardFuture<List<T>> all = new ShardFuture<>(home != null ? home : setup.offload());
        List<ShardFuture<T>> answers = shards.stream().map(
                shard -> submit(shard.id(), CallOptions.DEFAULTS, () -> work.apply(shard), setup.tracing())).toList();
        CompletableFuture.allOf(answers.toArray(CompletableFuture<?>[]::new)).whenComplete((done, failure) -> {
            if (failure != null) {
                all.completeExceptionally(ShardFuture.causeOf(failure));
            } else {
                all.complete(answers.stream().map(CompletableFuture::join)
                        .collect(Collectors.toCollection(ArrayList::new)));
            }
        });
        return all;
    }

    /** What runs there; the default group where that is no shard of this engine. */
    private SchedulingGroup groupOf(@Nullable Shard home) {
        return home != null && owns(home) ? home.scheduler().current() : setup.groups().byDefault();
    }

    private static <T extends @Nullable Object> Callable<T> in(@Nullable Hop hop, Callable<T> work) {
        return hop == null ? work : () -> hop.call(work);
    }
}
