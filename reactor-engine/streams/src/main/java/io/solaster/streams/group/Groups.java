package io.solaster.streams.group;

import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;

import io.solaster.engine.Shard;
import io.solaster.engine.ShardFuture;
import io.solaster.log.ShardLog;
import io.solaster.streams.topic.TopicShard;
import org.jspecify.annotations.Nullable;

/** The groups of one topic on one shard that have members. */
public final class Groups {
    /** So many members may a group have. */
    public static final int MOST_MEMBERS = 1024;

    private final TopicShard topic;
    private final boolean byKey;
    private final Map<String, GroupShard> active = new HashMap<>();

    public Groups(TopicShard topic, boolean byKey) {
        this.topic = topic;
        this.byKey = byKey;
    }

    /** A member's place on this shard. */
    public final class Place {
        private final GroupShard group;
        private final Member member;

        Place(GroupShard group, Member member) {
            this.group = group;
            this.member = member;
        }

        /** Takes nothing more, and leaves once its handlers have ended; after a while, without them. */
        public CompletableFuture<@Nullable Void> leave(Duration patience) {
            if (member.leaving != null) {
                return topic.settled();
            }
            return Shard.timeout(group.leave(member), patience).handle((ended, late) -> {
                group.left(member);
                if (group.isEmpty()) {
                    active.remove(group.name(), group);
                }
                return topic.settled();
            }).thenCompose(settled -> settled);
        }

        /** Entries that are under way to it. */
        public int underWay() {
            return member.entries.size();
        }
    }

    /**
     * Joins a group, which is made if there is none. Completes when the log has it.
     *
     * @throws IllegalStateException if there are too many groups, or members
     */
    public ShardFuture<@Nullable Void> add(String group, boolean fromOldest) {
        topic.addGroup(group, fromOldest);
        return topic.settled();
    }

    public Place join(String name, MemberOptions options, Handler handler) {
        GroupShard group = active.get(name);
        if (group != null && group.members() >= MOST_MEMBERS) {
            throw new IllegalStateException("group '" + name + "' of topic '" + topic.topic() + "' has " + MOST_MEMBERS
                    + " members already; let consumers take more entries at once");
        }
        int number = topic.addGroup(name, true);
        if (group == null) {
            group = new GroupShard(topic, name, byKey);
            active.put(name, group);
        }
        Member member = new Member(options, handler);
        group.join(number, member);
        return new Place(group, member);
    }

    /**
     * Forgets a group, once there is room in the log, for which it waits as an entry does.
     *
     * @throws IllegalStateException if it has members
     */
    public CompletableFuture<@Nullable Void> remove(String name) {
        ShardLog log = topic.log();
        if (log.isWritable() || log.isEnded()) {
            return removeNow(name);
        }
        return Shard.timeout(log.whenWritable(), topic.waitFor()).handle((room, late) -> removeNow(name))
                .thenCompose(settled -> settled);
    }

    private ShardFuture<@Nullable Void> removeNow(String name) {
        GroupShard group = active.get(name);
        if (group != null) {
            throw new IllegalStateException("group '" + name + "' of topic '" + topic.topic() + "' has "
                    + group.members() + " members; close their consumptions first");
        }
        topic.removeGroup(name);
        return topic.settled();
    }

    /**
     * How a group fares here.
     *
     * @param lag entries that it has not acknowledged
     */
    public record State(String name, int members, int underWay, long lag) {}

    /** All groups. */
    public List<State> states() {
        List<State> all = new ArrayList<>();
        for (String name : topic.groups()) {
            GroupShard group = active.get(name);
            all.add(new State(name, group == null ? 0 : group.members(), group == null ? 0 : group.underWay(),
                    topic.lag(topic.group(name))));
        }
        return all;
    }
}
