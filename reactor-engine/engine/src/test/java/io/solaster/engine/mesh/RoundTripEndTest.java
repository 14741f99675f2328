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

class RoundTripEndTest {

    /** Its answer is on the way when the shards end: what is for its home runs nowhere else. */
    @Test
    void anAnswerThatFindsNobodyIsAFailure() {
        SchedulingGroups groups = new SchedulingGroups(Map.of());
        ShardStats[] stats = {new ShardStats(), new ShardStats()};
        GroupScheduler[] schedulers = new GroupScheduler[2];
        Arrays.setAll(schedulers, i -> new GroupScheduler(groups, i, Duration.ofMillis(1), System::nanoTime, stats[i],
                null));
        Runnable[] wakers = {() -> {}, () -> {}};
        Mesh[] meshes = Mesh.connect(MeshConfig.defaults(), wakers, stats, schedulers);
        List<String> heard = new ArrayList<>();
        new RoundTrip() {
            @Override
            protected void serve() {
                heard.add("served");
            }

            @Override
            protected void answered() {
                heard.add("answered");
            }

            @Override
            protected void failed(Throwable cause) {
                heard.add(cause.getMessage());
            }
        }.send(meshes[0], 1);
        meshes[0].flush();
        schedulers[1].begin(System.nanoTime());
        meshes[1].receive();
        schedulers[1].run(schedulers[1].serve());
        meshes[1].flush();
        for (Mesh mesh : meshes) {
            mesh.abandonAll();
        }
        assertThat(heard).containsExactly("served", "the answer of shard 1 found nobody any more");
    }
}
