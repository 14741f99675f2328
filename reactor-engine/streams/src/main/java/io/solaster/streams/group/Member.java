package io.solaster.streams.group;

import java.util.LinkedHashSet;
import java.util.Set;

import io.solaster.engine.ShardFuture;
import org.jspecify.annotations.Nullable;

/** One of those who take a group's entries on a shard. */
final class Member {
    final MemberOptions options;
    final Handler handler;
    /** What is under way to it, in the order in which it was given. */
    final Set<InFlight> entries = new LinkedHashSet<>();
    long bytes;
    int running;
    /** Completes once its handlers have ended; null while it takes entries. */
    @Nullable
    ShardFuture<@Nullable Void> leaving;

    Member(MemberOptions options, Handler handler) {
        this.options = options;
        this.handler = handler;
    }

    boolean hasRoom(int size) {
        return leaving == null
                && (entries.isEmpty() || entries.size() < options.entries() && bytes + size <= options.bytes());
    }

    /** Half of its window is free: less is not worth reading for. */
    boolean isHungry() {
        return leaving == null && entries.size() <= options.entries() / 2 && bytes <= options.bytes() / 2;
    }

    void add(InFlight entry) {
        entry.member = this;
        entries.add(entry);
        bytes += entry.entry.size();
    }

    void remove(InFlight entry) {
        if (entries.remove(entry)) {
            bytes -= entry.entry.size();
        }
    }
}
