package io.solaster.testkit.planted;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Supplier;

import io.solaster.engine.CallOptions;
import io.solaster.engine.sync.Semaphore;
import io.solaster.testkit.planted.World.Node;

/** Calls that need a permit of each of two shards. Wrong: each takes them in the order in which it happens to ask. */
final class DeadlockOfPermits {
    private final List<Node> shards;
    private final Semaphore[] permits;
    private final List<Integer> ended = new ArrayList<>();

    private DeadlockOfPermits(World world) {
        shards = world.shards("a", "b", "c");
        permits = new Semaphore[shards.size()];
        for (int i = 0; i < permits.length; i++) {
            int shard = i;
            world.soon(shards.get(i), () -> permits[shard] = new Semaphore(1));
        }
    }

    static void run(World world, boolean bug) {
        DeadlockOfPermits service = new DeadlockOfPermits(world);
        world.run();
        List<Integer> begun = new ArrayList<>();
        world.draw().repeat(5, i -> {
            begun.add(i);
            int from = world.draw().nextInt(service.permits.length);
            int to = (from + 1 + world.draw().nextInt(service.permits.length - 1)) % service.permits.length;
            world.soon(service.shards.get(from), () -> {
                int first = bug ? from : Math.min(from, to);
                int second = bug ? to : Math.max(from, to);
                service.with(first, () -> service.with(second, () -> CompletableFuture.runAsync(
                        () -> service.ended.add(i), service.shards.get(from).shard())));
            });
        });
        world.run();
        assertThat(service.ended).as("calls that ended").containsExactlyInAnyOrderElementsOf(begun);
    }

    private CompletionStage<Void> with(int shard, Supplier<CompletionStage<Void>> work) {
        return shards.getFirst().engine().submitStageTo(shard, CallOptions.DEFAULTS,
                () -> permits[shard].with(1, work));
    }
}
