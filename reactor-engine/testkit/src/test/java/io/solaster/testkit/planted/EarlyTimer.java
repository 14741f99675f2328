package io.solaster.testkit.planted;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;

import io.solaster.testkit.planted.World.Node;

/** Leases that end by a timer of whole milliseconds. Wrong: it rounds down, so a lease ends before its time. */
final class EarlyTimer {
    static void run(World world, boolean bug) {
        Node shard = world.shards("shard").getFirst();
        world.draw().repeat(5, i -> world.after(shard, Duration.ofNanos(world.draw().nextInt(2_000_000)), () -> {
            Duration lease = Duration.ofNanos(world.draw().nextInt(3_000_000));
            long end = world.now() + lease.toNanos();
            Duration delay = bug ? Duration.ofMillis(lease.toMillis()) : Duration.ofMillis(lease.toMillis() + 1);
            world.after(shard, delay, () -> assertThat(world.now()).as("a lease's end").isGreaterThanOrEqualTo(end));
        }));
        world.run();
    }

    private EarlyTimer() {}
}
