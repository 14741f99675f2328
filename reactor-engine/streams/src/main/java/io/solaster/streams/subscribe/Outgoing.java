package io.solaster.streams.subscribe;

import java.util.ArrayDeque;

import io.solaster.engine.mesh.Mesh;
import io.solaster.engine.task.Abandonable;
import io.solaster.engine.task.SchedulingGroup;
import org.jspecify.annotations.Nullable;

/** What one shard has published in this turn for others, and which of them do not keep up. On the owning shard. */
final class Outgoing {
    private final SubscriptionShard part;
    private final Subscriptions all;
    private final SchedulingGroup group;
    private final @Nullable PublishBatch[] open;
    /** Those that are full, and leave before the open one of the same shard. */
    private final ArrayDeque<PublishBatch> full = new ArrayDeque<>();
    private final ArrayDeque<PublishBatch>[] free;
    private final boolean[] isMarked;
    private final int[] marked;
    private int markedCount;
    private final boolean[] isHeld;
    private int held;
    private final ArrayDeque<Runnable> waiting = new ArrayDeque<>();

    @SuppressWarnings({"unchecked", "rawtypes"})
    Outgoing(SubscriptionShard part, Subscriptions all, SchedulingGroup group) {
        this.part = part;
        this.all = all;
        this.group = group;
        int shards = all.shards();
        this.open = new PublishBatch[shards];
        this.free = new ArrayDeque[shards];
        for (int i = 0; i < shards; i++) {
            free[i] = new ArrayDeque<>();
        }
        this.isMarked = new boolean[shards];
        this.marked = new int[shards];
        this.isHeld = new boolean[shards];
    }

    /** No shard is marked from here on, not even by a message before that found no memory. */
    void beginMarking() {
        for (int i = 0; i < markedCount; i++) {
            isMarked[marked[i]] = false;
        }
        markedCount = 0;
    }

    /** A shard is to get what is published now. */
    void mark(int target) {
        if (!isMarked[target]) {
            isMarked[target] = true;
            marked[markedCount++] = target;
        }
    }

    void addMarked(int kind, long name, int nameLength, long payload, int payloadLength) {
        for (int i = 0; i < markedCount; i++) {
            add(marked[i], kind, false, name, nameLength, payload, payloadLength);
        }
    }

    void add(int target, int kind, boolean forwarded, long name, int nameLength, long payload, int payloadLength) {
        PublishBatch batch = open[target];
        if (batch == null) {
            batch = free[target].poll();
            if (batch == null) {
                batch = new PublishBatch(part, all.part(target));
            }
            open[target] = batch;
            part.askTurnEnd();
        }
        batch.add(kind, forwarded, name, nameLength, payload, payloadLength);
        if (batch.isFull()) {
            full.add(batch);
            open[target] = null;
        }
    }

    /** At the end of the turn: everything leaves. */
    void send() {
        sendFull();
        for (int target = 0; target < open.length; target++) {
            sendOpen(target);
        }
    }

    /** What is there for one shard leaves, since something else goes there that is to come after. */
    void send(int target) {
        sendFull();
        sendOpen(target);
    }

    private void sendFull() {
        for (PublishBatch batch = full.poll(); batch != null; batch = full.poll()) {
            send(batch);
        }
    }

    private void sendOpen(int target) {
        PublishBatch batch = open[target];
        if (batch != null) {
            open[target] = null;
            send(batch);
        }
    }

    private void send(PublishBatch batch) {
        Mesh mesh = part.shard().mesh();
        int target = batch.target().shard().id();
        mesh.send(target, group, batch, batch.credits());
        if (!isHeld[target] && !mesh.isWritable(target, group)) {
            isHeld[target] = true;
            held++;
            mesh.whenWritable(target, group, () -> writable(target));
        }
    }

    boolean isHeldUp() {
        return held > 0;
    }

    void whenFree(Runnable action) {
        waiting.add(action);
    }

    private void writable(int target) {
        isHeld[target] = false;
        held--;
        while (held == 0 && !waiting.isEmpty()) {
            waiting.remove().run();
        }
    }

    void give(PublishBatch batch, int kept) {
        ArrayDeque<PublishBatch> others = free[batch.target().shard().id()];
        if (others.size() < kept) {
            others.add(batch);
        } else {
            batch.close();
        }
    }

    void close() {
        for (int target = 0; target < open.length; target++) {
            PublishBatch batch = open[target];
            if (batch != null) {
                open[target] = null;
                batch.close();
            }
            free[target].forEach(PublishBatch::close);
            free[target].clear();
        }
        full.forEach(PublishBatch::close);
        full.clear();
        for (Runnable next = waiting.poll(); next != null; next = waiting.poll()) {
            if (next instanceof Abandonable abandoned) {
                abandoned.abandon();
            }
        }
    }
}
