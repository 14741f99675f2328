package io.solaster.streams.group;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;

import io.solaster.config.EngineConfig;
import io.solaster.config.topic.TopicConfig;
import io.solaster.engine.Engine;
import io.solaster.streams.topic.TopicShard;
import io.solaster.streams.topic.Topics;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** How a group on one shard shares out partitions among its members. */
final class GroupShardTest {
    @TempDir
    Path directory;
    private @Nullable Engine engine;

    private TopicShard open(int partitions) {
        Engine started = Engine.start(EngineConfig.defaults().withShards(1)
                .withPinning(EngineConfig.Pinning.NEVER));
        engine = started;
        return Topics.open(started, "orders", TopicConfig.in(directory.toString()).withPartitions(partitions),
                (target, key, headers, value, hops, heard) -> {
                    throw new IllegalStateException("nothing is routed");
                }).part(0);
    }

    @AfterEach
    void stop() {
        Engine started = engine;
        if (started != null) {
            started.close();
        }
    }

    private <T> T onShard(Callable<T> work) {
        try {
            return Objects.requireNonNull(engine).submitTo(0, work).get(1, TimeUnit.MINUTES);
        } catch (Exception e) {
            throw new AssertionError(e);
        }
    }

    private static Member member(int number) {
        return new Member(new MemberOptions("m" + number, 16, 1 << 20, false, true, Duration.ofMillis(1),
                Duration.ofMillis(10)), entry -> {});
    }

    @Test
    @Timeout(30)
    void manyMembersShareManyPartitions() {
        int count = Groups.MOST_MEMBERS;
        TopicShard topic = open(64);
        GroupShard group = new GroupShard(topic, "g", true);
        List<Member> members = new ArrayList<>();
        int number = onShard(() -> topic.addGroup("g", true));
        for (int i = 0; i < count; i++) {
            Member member = member(i);
            members.add(member);
            onShard(() -> {
                group.join(number, member);
                return true;
            });
        }
        assertThat(group.members()).isEqualTo(count);
        for (Member each : members) {
            onShard(() -> {
                var ignored = group.leave(each);
                group.left(each);
                return true;
            });
        }
        assertThat(group.isEmpty()).isTrue();
    }
}
