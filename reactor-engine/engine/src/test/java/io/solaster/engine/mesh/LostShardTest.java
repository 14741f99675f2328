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
import io.solaster.engine.task.SchedulingGroups;
import org.junit.jupiter.api.Test;

/** Two shards without threads, of which the second has died: what the first one hears of that. */
class LostShardTest {
    private final SchedulingGroups groups = new SchedulingGroups(Map.of());
    private final GroupScheduler[] schedulers = new GroupScheduler[2];
    private final Mesh[] meshes = connect();

    private Mesh[] connect() {
        ShardStats[] stats = {new ShardStats(), new ShardStats()};
        Arrays.setAll(schedulers, i -> new GroupScheduler(groups, i, Duration.ofMillis(1), System::nanoTime, stats[i],
                null));
        Runnable[] wakers = {() -> {}, () -> {}};
        return Mesh.connect(new MeshConfig(4, 8), wakers, stats, schedulers);
    }

    private void turn(int shard) {
        schedulers[shard].begin(System.nanoTime());
        meshes[shard].receive();
        while (schedulers[shard].hasTasks()) {
            schedulers[shard].run(schedulers[shard].serve());
        }
        meshes[shard].flush();
    }

    @Test
    void whatIsSentAgainFromItsFailureFailsAgainAndWhoWaitsGoesOn() {
        List<Integer> failures = new ArrayList<>();
        for (int i = 0; i < 10; i++) {
            int number = i;
            new RoundTrip() {
                private boolean again;

                @Override
                protected void serve() {}

                @Override
                protected void answered() {}

                @Override
                protected void failed(Throwable cause) {
                    failures.add(number);
                    if (!again) {
                        again = true;
                        send(meshes[0], 1);
                    }
                }
            }.send(meshes[0], 1);
        }
        List<String> resumed = new ArrayList<>();
        meshes[0].whenWritable(1, () -> resumed.add("resumed"));
        meshes[0].abandonPeer(1);
        turn(0);
        assertThat(failures).containsExactly(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9);
        assertThat(resumed).hasSize(1);
    }

    @Test
    void itsLastAnswersArriveAlsoThoseThatItsLaneCouldNotHold() {
        List<Integer> answered = new ArrayList<>();
        for (int i = 0; i < 10; i++) {
            int number = i;
            new RoundTrip() {
                @Override
                protected void serve() {}

                @Override
                protected void answered() {
                    answered.add(number);
                }

                @Override
                protected void failed(Throwable cause) {}
            }.send(meshes[0], 1);
        }
        // Four fit the lane at a time; nobody at home takes the answers.
        for (int i = 0; i < 3; i++) {
            meshes[0].flush();
            turn(1);
        }
        meshes[0].abandonPeer(1);
        turn(0);
        assertThat(answered).containsExactly(0, 1, 2, 3, 4, 5, 6, 7, 8, 9);
    }
}
