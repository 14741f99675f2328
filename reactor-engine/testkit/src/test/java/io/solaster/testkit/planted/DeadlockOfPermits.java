package io.solaster.testkit.planted;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;

import io.solaster.testkit.planted.World.Node;

/** Calls that need a permit of each of two shards. Wrong: each takes them in the order in which it happens to ask. */
final class DeadlockOfPermits {
    private static final class Permits {
        private final Queue<Runnable> waiting = new ArrayDeque<>();
        private int free = 1;

        void acquire(Runnable then) {
            if (free > 0) {
                free--;
                then.run();
            } else {
                waiting.add(then);
            }
        }

        void release() {
            Runnable next = waiting.poll();
            if (next == null) {
                free++;
            } else {
                next.run();
            }
        }
    }

    static void run(World world, boolean bug) {
        List<Permits> shards = List.of(new Permits(), new Permits(), new Permits());
        List<Integer> ended = new ArrayList<>();
        List<Integer> begun = new ArrayList<>();
        world.draw().repeat(5, i -> {
            Node caller = world.node("caller " + i);
            int from = world.draw().nextInt(shards.size());
            int to = (from + 1 + world.draw().nextInt(shards.size() - 1)) % shards.size();
            Permits first = shards.get(bug ? from : Math.min(from, to));
            Permits second = shards.get(bug ? to : Math.max(from, to));
            begun.add(i);
            world.soon(caller, () -> first.acquire(() -> world.soon(caller, () -> second.acquire(
                    () -> world.soon(caller, () -> {
                        ended.add(i);
                        second.release();
                        first.release();
                    })))));
        });
        world.run();
        assertThat(ended).as("calls that ended").containsExactlyInAnyOrderElementsOf(begun);
    }

    private DeadlockOfPermits() {}
}
