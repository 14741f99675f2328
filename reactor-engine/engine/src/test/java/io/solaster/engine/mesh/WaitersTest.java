package io.solaster.engine.mesh;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

import io.solaster.config.MeshConfig;
import io.solaster.engine.stats.ShardStats;
import io.solaster.engine.task.GroupScheduler;
import io.solaster.engine.task.SchedulingGroup;
import io.solaster.engine.task.SchedulingGroups;
import org.junit.jupiter.api.Test;

/** Three shards without threads, of which the first sends: who waits for a lane, and who comes while others wait. */
class WaitersTest {
    private static final int MARK = 8;
    private final SchedulingGroups groups = new SchedulingGroups(Map.of());
    private final GroupScheduler[] schedulers = new GroupScheduler[3];
    private final Mesh[] meshes = connect();
    private final Mesh mesh = meshes[0];
    private final List<String> resumed = new ArrayList<>();

    private Mesh[] connect() {
        ShardStats[] stats = {new ShardStats(), new ShardStats(), new ShardStats()};
        Arrays.setAll(schedulers, i -> new GroupScheduler(groups, i, Duration.ofMillis(1), () -> 0, stats[i], null));
        // A lane of two: the receivers take two messages a round.
        return Mesh.connect(new MeshConfig(2, MARK), new Runnable[]{() -> {}, () -> {}, () -> {}}, stats, schedulers);
    }

    private void receivers() {
        mesh.flush();
        for (int shard = 1; shard < 3; shard++) {
            schedulers[shard].begin(0);
            meshes[shard].receive();
            meshes[shard].flush();
        }
    }

    private void round() {
        receivers();
        schedulers[0].begin(0);
        mesh.receive();
        if (schedulers[0].hasTasks()) {
            schedulers[0].run(0);
        }
    }

    private void send(int target) {
        mesh.send(target, new TestMessage(() -> {}));
    }

    private int sendWhileWritable(int target) {
        int sent = 0;
        while (mesh.isWritable(target)) {
            send(target);
            sent++;
        }
        return sent;
    }

    private void sendOnce(String name, int target) {
        if (mesh.isWritable(target)) {
            resumed.add(name);
            send(target);
        } else {
            mesh.whenWritable(target, () -> sendOnce(name, target));
        }
    }

    @Test
    void newcomersDoNotOvertakeThoseWhoWait() {
        assertThat(sendWhileWritable(1)).isEqualTo(MARK);
        List.of("first", "second", "third").forEach(name -> sendOnce(name, 1));
        for (int round = 0; resumed.size() < 3; round++) {
            assertThat(round).as("rounds in which newcomers came first").isLessThan(20);
            round();
            if (resumed.size() < 3) {
                assertThat(sendWhileWritable(1)).isZero();
            }
        }
        assertThat(resumed).containsExactly("first", "second", "third");
        assertThat(mesh.isWritable(1)).as("with nobody who waits").isTrue();
    }

    @Test
    void whoSendsInItsTurnMayFillTheLaneAndWaitsBehindTheOthersThen() {
        sendWhileWritable(1);
        Runnable flood = new Runnable() {
            @Override
            public void run() {
                resumed.add("flood " + sendWhileWritable(1));
                mesh.whenWritable(1, this);
            }
        };
        mesh.whenWritable(1, flood);
        sendOnce("other", 1);
        for (int round = 0; round < 6; round++) {
            round();
        }
        assertThat(resumed).startsWith("flood 4", "other", "flood 5");
    }

    @Test
    void aSenderForTwoLanesGoesOnThoughBothHaveOthersWhoWait() {
        sendWhileWritable(1);
        sendWhileWritable(2);
        // Each sends once and waits again at once, as clients do that have one command under way each.
        for (int client = 0; client < 20; client++) {
            for (int target = 1; target < 3; target++) {
                int lane = target;
                new Runnable() {
                    @Override
                    public void run() {
                        if (mesh.isWritable(lane)) {
                            send(lane);
                        }
                        mesh.whenWritable(lane, this);
                    }
                }.run();
            }
        }
        Runnable gatherer = new Runnable() {
            private int left = 5;

            @Override
            public void run() {
                for (int target = 1; target < 3; target++) {
                    if (!mesh.isWritable(target)) {
                        mesh.whenWritable(target, this);
                        return;
                    }
                }
                send(1);
                send(2);
                resumed.add("both");
                if (--left > 0) {
                    mesh.whenWritable(1, this);
                }
            }
        };
        gatherer.run();
        for (int round = 0; resumed.size() < 5; round++) {
            assertThat(round).as("rounds").isLessThan(5 * 30);
            round();
        }
    }

    @Test
    void aTurnThatItsGroupHasToQueueIsKeptToo() {
        SchedulingGroup group = groups.background();
        while (mesh.isWritable(1, group)) {
            mesh.send(1, group, new TestMessage(() -> {}));
        }
        for (String name : List.of("first", "second")) {
            mesh.whenWritable(1, group, () -> {
                assertThat(schedulers[0].current()).isSameAs(group);
                resumed.add(name + (mesh.isWritable(1) ? "" : ", not writable"));
            });
        }
        // Which has something queued, so nothing of it runs at once.
        schedulers[0].begin(0);
        schedulers[0].execute(group, () -> resumed.add("queued before"));
        for (int round = 0; round < MARK; round++) {
            receivers();
            mesh.receive();
        }
        assertThat(resumed).isEmpty();
        assertThat(mesh.isWritable(1, group)).as("to a newcomer").isFalse();
        assertThat(mesh.hasWork()).as("beside the turn that is queued").isFalse();
        schedulers[0].run(0);
        assertThat(resumed).containsExactly("queued before", "first", "second");
        assertThat(mesh.isWritable(1, group)).isTrue();
        mesh.receive();
        assertThat(mesh.hasWork()).isFalse();
    }

    @Test
    void anotherMarkHoldsForNewcomersToo() {
        sendWhileWritable(1);
        mesh.highWaterMark(2 * MARK);
        assertThat(sendWhileWritable(1)).isEqualTo(MARK);
        sendOnce("waits", 1);
        mesh.highWaterMark(4 * MARK);
        assertThat(mesh.isWritable(1)).as("to a newcomer").isFalse();
        round();
        assertThat(resumed).containsExactly("waits");
        assertThat(mesh.isWritable(1)).isTrue();
    }
}
