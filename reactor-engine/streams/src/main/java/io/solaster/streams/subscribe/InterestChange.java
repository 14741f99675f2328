package io.solaster.streams.subscribe;

import java.util.ArrayList;
import java.util.List;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.solaster.engine.memory.Memory;
import io.solaster.engine.mesh.Message;
import org.jspecify.annotations.Nullable;

/**
 * Says to the shard of names that another one has more or fewer subscribers for them, or that publishes are to wait for those, and comes
 * home when that is known: behind all that was published there before, and before all that is published after.
 */
final class InterestChange extends Message {
    private static final int HEADER = 12;

    /** Added to a kind: publishes are to wait. */
    private static final int HOLD = 1 << 8;

    private final SubscriptionShard origin;
    private final SubscriptionShard target;
    private final @Nullable Settling settling;
    /** Those that are new, in their order: any shard may ask one. */
    private final List<NamePattern> patterns = new ArrayList<>(1);
    private final ByteBuf bytes = Unpooled.directBuffer(256);
    private boolean home;

    /** @param settling who waits for it; null for nobody */
    InterestChange(SubscriptionShard origin, SubscriptionShard target, @Nullable Settling settling) {
        this.origin = origin;
        this.target = target;
        this.settling = settling;
    }

    SubscriptionShard target() {
        return target;
    }

    void add(int kind, @Nullable NamePattern pattern, long name, int length, boolean more) {
        if (pattern != null) {
            patterns.add(pattern);
        }
        add(more ? kind + 1 : -kind - 1, name, length, 0);
    }

    /** @param millis how long a publish waits at most; 0 if it waits no more */
    void hold(int kind, long name, int length, int millis) {
        add(millis > 0 ? kind + HOLD : -kind - HOLD, name, length, millis);
    }

    private void add(int what, long name, int length, int millis) {
        bytes.ensureWritable(HEADER + length);
        long to = Memory.address(bytes) + bytes.writerIndex();
        Memory.putInt(to, what);
        Memory.putInt(to + 4, length);
        Memory.putInt(to + 8, millis);
        Memory.copy(name, to + HEADER, length);
        bytes.writerIndex(bytes.writerIndex() + HEADER + length);
    }

    @Override
    public void deliver() {
        if (home) {
            end();
            return;
        }
        try {
            long at = Memory.address(bytes);
            long end = at + bytes.writerIndex();
            int nextPattern = 0;
            while (at < end) {
                int what = Memory.getInt(at);
                int length = Memory.getInt(at + 4);
                int by = what > 0 ? 1 : -1;
                int kind = Math.abs(what) - 1;
                if (kind >= HOLD - 1) {
                    target.holdFrom(origin.shard().id(), kind - HOLD + 1, at + HEADER, length, by,
                            Memory.getInt(at + 8));
                } else {
                    NamePattern pattern = by > 0 && kind == Subscriptions.PATTERN ? patterns.get(nextPattern++) : null;
                    target.interest(origin.shard().id(), kind, pattern, at + HEADER, length, by);
                }
                at += HEADER + length;
            }
        } finally {
            home = true;
            target.answer(origin, this);
        }
    }

    private void end() {
        bytes.release();
        if (settling != null) {
            settling.knows(target.shard().id());
        }
    }

    @Override
    public void abandon() {
        bytes.release();
        Settling waiting = settling;
        if (!home && waiting != null) {
            // A shard that has ended publishes nothing. One that died with this in its queue says so on another thread.
            origin.shard().hereOrElse(() -> waiting.knows(target.shard().id()), () -> {
                // Nobody waits any more.
            });
        }
    }
}
