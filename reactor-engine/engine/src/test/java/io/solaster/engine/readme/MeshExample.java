package io.solaster.engine.readme;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;

import io.solaster.config.GroupConfig;
import io.solaster.engine.CallOptions;
import io.solaster.engine.Engine;
import io.solaster.engine.Fork;
import io.solaster.engine.ShardFuture;
import io.solaster.engine.task.SchedulingGroup;

/** Calls between shards: with a bound, a deadline, cancelled, failed. */
final class MeshExample {

    private MeshExample() {}

    static Fork<String> run(Engine engine) {
        // Of this group's calls, 8 are under way from one shard to another; others wait for a mesh permit.
        SchedulingGroup reports = engine.groups().create("reports",
                GroupConfig.defaults().withMeshPermits(8).withQueueTimeout(Duration.ofSeconds(20)));
        CallOptions options = CallOptions.in(reports).withDeadline(Duration.ofSeconds(30));

        return engine.shard(0).fork(() -> {
            List<ShardFuture<Integer>> answers = new ArrayList<>();
            for (int i = 0; i < 100; i++) {
                int number = i;
                answers.add(engine.submitTo(1, options, () -> number * number));
            }
            // Work that has not begun when its caller gives up, or the deadline comes, does not begin.
            answers.removeLast().cancel(false);
            int sum = 0;
            for (ShardFuture<Integer> answer : answers) {
                sum += answer.get();
            }
            try {
                return engine.submitTo(1, () -> "sum " + Integer.parseInt("of squares")).get();
            } catch (ExecutionException e) {
                // Type, message and stack are those of the shard that threw; which that was stands beside them.
                Throwable thrown = e.getCause();
                return sum + "; " + thrown.getMessage() + ", " + thrown.getSuppressed()[0].getMessage();
            }
        });
    }
}
