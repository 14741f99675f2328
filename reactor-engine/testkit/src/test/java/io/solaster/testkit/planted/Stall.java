package io.solaster.testkit.planted;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;

import io.solaster.testkit.planted.World.Node;

/** A shard that removes what has expired between requests. Wrong: all at once, however much there is. */
final class Stall {
    private static final Duration EACH = World.micros(1);
    private static final Duration LONGEST = World.micros(1_000);
    private static final Duration PAUSE = World.micros(200);
    private static final int BATCH = 100;

    private final World world;
    private final boolean bug;
    private final Node shard;

    private Stall(World world, boolean bug) {
        this.world = world;
        this.bug = bug;
        shard = world.shards("shard").getFirst();
    }

    static void run(World world, boolean bug) {
        Stall service = new Stall(world, bug);
        world.draw().repeat(10, i -> {
            Duration delay = World.micros(world.draw().nextInt(20_000));
            long due = world.now() + delay.toNanos();
            world.after(service.shard, delay, () -> {
                assertThat(Duration.ofNanos(world.now() - due)).as("a request's wait").isLessThan(LONGEST);
                world.spend(service.shard, EACH);
            });
        });
        int expired = world.draw().nextInt(10_000);
        world.after(service.shard, Duration.ofMillis(world.draw().nextInt(20)), () -> service.remove(expired));
        world.run();
    }

    private void remove(int left) {
        int now = bug ? left : Math.min(left, BATCH);
        world.spend(shard, EACH.multipliedBy(now));
        if (now < left) {
            world.after(shard, PAUSE, () -> remove(left - now));
        }
    }
}
