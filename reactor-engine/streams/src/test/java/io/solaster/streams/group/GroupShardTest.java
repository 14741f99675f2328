package io.solaster.streams.group;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;

import io.solaster.config.EngineConfig;
import io.solaster.config.topic.TopicConfig;
import io.solaster.engine.Engine;
import io.solaster.streams.topic.Published;
import io.solaster.streams.topic.TopicShard;
import io.solaster.streams.topic.Topics;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** How a group on one shard shares out what is there among its members, and reads it. */
final class GroupShardTest {
    @TempDir
    Path directory;
    private @Nullable Engine engine;
    private @Nullable Topics topics;

    private Topics opened() {
        return Objects.requireNonNull(topics);
    }

    private TopicShard open(int partitions) {
        Engine started = Engine.start(EngineConfig.defaults().withShards(1)
                .withPinning(EngineConfig.Pinning.NEVER));
        engine = started;
        Topics made = Topics.open(started, "orders", TopicConfig.in(directory.toString()).withPartitions(partitions),
                (target, key, headers, value, hops, heard) -> {
                    throw new IllegalStateException("nothing is routed");
                });
        topics = made;
        started.onStop(made::close);
        return made.part(0);
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

    @Test
    void aGroupReadsOnAfterAnError() {
        TopicShard topic = open(1);
        List<Long> got = Collections.synchronizedList(new ArrayList<>());
        List<Member> members = new ArrayList<>() {
            private static final long serialVersionUID = 1;
            private boolean failed;

            @Override
            public Member get(int index) {
                if (!failed) {
                    failed = true;
                    throw new OutOfMemoryError("planted");
                }
                return super.get(index);
            }
        };
        members.add(new Member(new MemberOptions("m", 16, 1 << 20, false, true, Duration.ofMillis(1),
                Duration.ofMillis(10)), entry -> got.add(entry.entry().sequence())));
        onShard(() -> {
            topic.addGroup("g", true);
            Puller puller = new Puller(new GroupShard(topic, "g", false), topic, members);
            puller.owned()[0] = true;
            puller.start();
            return true;
        });
        opened().publish(null, new byte[0], new byte[1], new Published() {
            @Override
            public void published(int partition, long sequence) {}

            @Override
            public void failed(Throwable why) {}
        });
        long deadline = System.nanoTime() + Duration.ofMinutes(1).toNanos();
        while (got.isEmpty()) {
            assertThat(System.nanoTime()).as("waited for a minute").isLessThan(deadline);
            Thread.onSpinWait();
        }
        assertThat(got).containsExactly(1L);
        assertThat(topic.stats().readFailures.get()).isEqualTo(1);
    }
}
