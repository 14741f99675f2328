package io.solaster.engine.sync;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;

import io.solaster.engine.Engines;
import io.solaster.engine.Shard;
import io.solaster.engine.ShardFuture;
import io.solaster.engine.task.SchedulingGroup;
import org.junit.jupiter.api.Test;

/** Whoever wakes them, those who wait go on in their own scheduling group. */
class GroupsTest extends OnShard {

    @Test
    void aWaiterGoesOnInItsOwnGroup() {
        List<SchedulingGroup> seen = new ArrayList<>();
        SchedulingGroup background = engine.groups().background();
        Semaphore semaphore = onShard(() -> new Semaphore(0, 1));
        CompletableFuture<CompletableFuture<Void>> acquired = new CompletableFuture<>();
        engine.shard(0).execute(background, () -> acquired.complete(semaphore.acquire().thenRun(() -> {
            seen.add(engine.shard(0).currentGroup());
            semaphore.release();
        })));
        Engines.get(acquired);
        onShard(() -> {
            semaphore.release();
            assertThat(seen).as("not in the group that released").isEmpty();
        });
        Engines.get(Engines.get(acquired));
        assertThat(onShard(semaphore::available)).isEqualTo(1);
        assertThat(seen).containsExactly(background);
    }

    @Test
    void whatIsDoneAtOnceContinuesInTheGroupThatAsked() {
        SchedulingGroup background = engine.groups().background();
        Semaphore semaphore = onShard(() -> new Semaphore(2));
        onShard(() -> semaphore.acquire());
        CompletableFuture<SchedulingGroup> seen = new CompletableFuture<>();
        engine.shard(0).execute(background, () -> semaphore.acquire()
                .thenRunAsync(() -> seen.complete(engine.shard(0).currentGroup())));
        assertThat(Engines.get(seen)).isSameAs(background);
    }

    @Test
    void aLoopStaysInItsGroupWhoeverCompletesItsSteps() {
        SchedulingGroup background = engine.groups().background();
        List<SchedulingGroup> seen = new ArrayList<>();
        CompletableFuture<Void> first = new CompletableFuture<>();
        CompletableFuture<ShardFuture<Void>> loop = new CompletableFuture<>();
        engine.shard(0).execute(background, () -> loop.complete(Loops.doUntil(() -> seen.size() == 3, () -> {
            seen.add(Shard.current().currentGroup());
            return seen.size() == 1 ? first : Shard.yield();
        })));
        Engines.get(loop);
        onShard(() -> assertThat(first.complete(null)).isTrue());
        Engines.get(Engines.get(loop));
        assertThat(onShard(() -> List.copyOf(seen))).containsExactly(background, background, background);
    }
}
