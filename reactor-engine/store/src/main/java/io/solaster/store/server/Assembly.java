package io.solaster.store.server;

import java.util.Arrays;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.solaster.engine.memory.Memory;
import io.solaster.engine.trace.RequestTrace;
import io.solaster.resp.ReplyWriter;
import io.solaster.store.multi.CommandList;
import io.solaster.store.shard.ClientState;
import io.solaster.store.shard.StoreShard;
import org.jspecify.annotations.Nullable;

/**
 * How the replies of one read batch become one stream again when some of its commands ran elsewhere: runs of bytes that
 * this shard wrote, and between them the next reply of a batch. Used again and again by one shard, on that shard only.
 */
final class Assembly implements AutoCloseable {
    private static final int KEPT_AT_FIRST = 256;
    private static final int KEPT = 64 * 1024;

    private final ServerShard server;
    private final StoreShard shard;
    private final @Nullable CommandBatch[] batches;
    private @Nullable CommandRouting routing;
    /** At least 0: so many bytes of our own. Below 0: the next reply of shard {@code ~segment}. */
    private int[] segments = new int[32];
    private int count;
    private int pending;
    private long room;
    private boolean abandoned;
    private final ByteBuf own = Unpooled.directBuffer(KEPT_AT_FIRST);

    Assembly(ServerShard server, int shards) {
        this.server = server;
        this.shard = server.part();
        this.batches = new CommandBatch[shards];
        shard.holds(this);
    }

    void begin(CommandRouting newRouting) {
        routing = newRouting;
    }

    /** Notes that {@code bytes} of this shard's own replies come next. */
    void own(int bytes) {
        if (bytes > 0) {
            add(bytes);
        }
    }

    /** Notes that a reply of another shard comes next, and gives the list to put the command into. */
    CommandList foreign(int target, ClientState client) {
        add(~target);
        CommandBatch batch = batches[target];
        if (batch == null) {
            batch = server.takeBatch();
            batch.begin(shard.peer(target), this, client);
            batches[target] = batch;
        }
        return batch.commands();
    }

    private void add(int segment) {
        if (count == segments.length) {
            segments = Arrays.copyOf(segments, count * 2);
        }
        segments[count++] = segment;
    }

    /** Keeps this shard's own replies until the others are there. */
    void keep(ByteBuf replies) {
        own.writeBytes(replies);
    }

    /**
     * Sends the batches on their way.
     *
     * @param trace told of the request that they belong to; null where that is not traced
     * @param outputRoom bytes of replies, those of this shard and of all others together, beyond which no more commands
     *        are begun
     */
    void send(@Nullable RequestTrace trace, long outputRoom) {
        room = outputRoom - own.readableBytes();
        for (CommandBatch batch : batches) {
            if (batch != null && trace != null) {
                batch.trace(trace.hop(batch.target().shard()));
            }
        }
        sendUnfinished(Math.max(0, room));
    }

    /**
     * Sends the batches that have commands to run. Each may fill its part of the room that is left: none of them can know
     * what the others' replies take.
     */
    private void sendUnfinished(long roomLeft) {
        int unfinished = 0;
        for (CommandBatch batch : batches) {
            unfinished += batch != null && batch.isUnfinished() ? 1 : 0;
        }
        for (CommandBatch batch : batches) {
            if (batch == null || !batch.isUnfinished()) {
                continue;
            }
            batch.room(batch.replyBytes() + roomLeft / unfinished);
            pending++;
            shard.shard().mesh().send(batch.target().shard().id(), batch);
        }
    }

    /** Whether some commands were not run, since their client is to be closed for what it leaves unread. */
    boolean overflowed() {
        for (CommandBatch batch : batches) {
            if (batch != null && batch.isUnfinished()) {
                return true;
            }
        }
        return false;
    }

    /** What went wrong on the way, beside commands that failed; null if nothing did. */
    @Nullable
    Throwable failure() {
        for (CommandBatch batch : batches) {
            if (batch != null && batch.failure() != null) {
                return batch.failure();
            }
        }
        return null;
    }

    /** How many of the replies that came back are errors. */
    long errors() {
        long errors = 0;
        for (CommandBatch batch : batches) {
            errors += batch == null ? 0 : batch.errors();
        }
        return errors;
    }

    /** Whether replies are waited for still; goes on with commands for which there was no room before. */
    private boolean isPending() {
        if (pending == 0 && overflowed() && failure() == null) {
            long roomLeft = room;
            for (CommandBatch batch : batches) {
                roomLeft -= batch == null ? 0 : batch.replyBytes();
            }
            if (roomLeft <= 0) {
                return false;
            }
            sendUnfinished(roomLeft);
        }
        return pending > 0;
    }

    void returned() {
        pending--;
        if (!isPending()) {
            java.util.Objects.requireNonNull(routing).assembled();
        }
    }

    /** A batch will not return, as its shard or this one has stopped. The last one takes what is kept here with it. */
    void abandon() {
        pending--;
        if (!abandoned && routing != null) {
            abandoned = true;
            routing.abandoned();
        }
        if (pending == 0) {
            clear();
            server.giveAssembly(this);
        }
    }

    /** Writes all replies in the order of the requests. */
    void write(ReplyWriter to) {
        long at = Memory.address(own);
        for (int i = 0; i < count; i++) {
            int segment = segments[i];
            if (segment >= 0) {
                to.raw(at, segment);
                at += segment;
            } else {
                CommandList from = java.util.Objects.requireNonNull(batches[~segment]).commands();
                from.nextReply();
                to.raw(from.replyAddress(), from.replyLength());
            }
        }
    }

    /** Gives the batches back and makes this ready for another read batch. */
    void clear() {
        for (int i = 0; i < batches.length; i++) {
            CommandBatch batch = batches[i];
            if (batch != null) {
                batch.clear();
                server.giveBatch(batch);
                batches[i] = null;
            }
        }
        routing = null;
        abandoned = false;
        own.clear();
        if (own.capacity() > KEPT) {
            own.capacity(KEPT_AT_FIRST);
        }
        count = 0;
        if (segments.length > 4096) {
            segments = new int[32];
        }
    }

    /** Bytes that it keeps between uses. */
    int kept() {
        return own.capacity() + Integer.BYTES * segments.length;
    }

    @Override
    public void close() {
        if (!shard.letsGo(this)) {
            return;
        }
        clear();
        own.release();
    }
}
