package io.solaster.store.multi;

import java.util.Arrays;
import java.util.Objects;
import java.util.concurrent.CompletionStage;
import java.util.function.BiConsumer;

import io.solaster.engine.Shard;
import io.solaster.resp.ReplyWriter;
import io.solaster.store.shard.Command;
import io.solaster.store.shard.CommandCall;
import io.solaster.store.shard.KeyHold;
import io.solaster.store.shard.StoreShard;
import io.solaster.store.shard.Values;
import org.jspecify.annotations.Nullable;

/**
 * One hop of a {@link CommandSequence}: a list of commands for each shard that runs some, and in which order they were given.
 * On the shard of the client, but for {@link #run}.
 */
final class BatchHop {
    /** What one hop takes at most: commands, and bytes of their arguments. */
    private static final int MOST_COMMANDS = 1024;
    private static final long MOST_BYTES = 1 << 20;
    /** A mask: of so many commands and one, the clock is looked at once. */
    static final int UNTIMED = 7;
    /** Bytes of replies after which a shard looks at what the others have. */
    private static final int TOLD = 64 * 1024;

    private final KeyHold hold;
    private final @Nullable CommandList[] batches;
    private final Values.Room room;
    /** The owner of each command. */
    private short[] order = new short[16];
    private int ordered;

    // By shard, written there.
    private final boolean[] exceeded;
    private final @Nullable Throwable[] thrown;
    private final @Nullable LeftOff[] leftOff;
    private final CommandCall.@Nullable Unfinished[] unfinished;
    private final boolean[] heldUp;

    BatchHop(KeyHold hold, int shards) {
        this.hold = hold;
        this.batches = new @Nullable CommandList[shards];
        this.room = new Values.Room(shards);
        this.exceeded = new boolean[shards];
        this.thrown = new @Nullable Throwable[shards];
        this.leftOff = new @Nullable LeftOff[shards];
        this.unfinished = new CommandCall.@Nullable Unfinished[shards];
        this.heldUp = new boolean[shards];
    }

    /** Takes the next commands that one shard each can run, for all these shards at once. */
    void fill(CommandList list, CommandCall call, long outputRoom) {
        room.begin(outputRoom);
        ordered = 0;
        long bytes = 0;
        while (list.hasNext() && ordered < MOST_COMMANDS && bytes < MOST_BYTES) {
            Command command = list.next(call);
            int owner = CommandPlace.inSequence(command, call);
            if (owner < 0) {
                break;
            }
            CommandList batch = batches[owner];
            if (batch == null) {
                batch = new CommandList();
                batches[owner] = batch;
            }
            long before = batch.size();
            batch.add(command, call);
            bytes += batch.size() - before;
            if (ordered == order.length) {
                order = Arrays.copyOf(order, ordered * 2);
            }
            order[ordered++] = (short) owner;
            if (!hold.takesPart(owner)) {
                // It needs no key there.
                hold.keysOf(owner, false);
            }
            hold.busy(owner, true);
            list.took();
        }
    }

    /** A shard's part, on that shard; false if it is to be gone on with in a later turn. */
    boolean run(StoreShard target, CommandCall call, boolean resp3) {
        int id = target.shard().id();
        CommandList batch = Objects.requireNonNull(batches[id]);
        ReplyWriter writer = call.reply();
        writer.to(batch.replies());
        writer.resp3(resp3);
        int told = writer.position();
        long errorsBefore = writer.errors();
        int done = 0;
        call.held(BatchHop::refuseLater);
        call.mayPause(true);
        call.heldKeys(hold);
        heldUp[id] = false;
        try {
            do {
                int before = isLeftOff(id) ? Objects.requireNonNull(leftOff[id]).start() : writer.position();
                try {
                    if (!runNext(target, batch, call)) {
                        return false;
                    }
                } catch (OutOfMemoryError none) {
                    // Not even for an error. The others are run nevertheless.
                    thrown[id] = none;
                }
                if (exceeded[id] || thrown[id] != null) {
                    writer.rewind(before);
                } else if (writer.position() - told > TOLD) {
                    told = writer.position();
                    exceeded[id] = !room.takes(id, told);
                }
                batch.replied(writer.position());
                batch.took();
            } while (batch.hasNext() && ((++done & UNTIMED) != 0 || !Shard.needPreempt()));
        } finally {
            call.held(null);
            call.mayPause(false);
            call.heldKeys(null);
            call.leavable(false);
            batch.addErrors(writer.errors() - errorsBefore);
            writer.finish();
        }
        return !batch.hasNext();
    }

    private boolean isLeftOff(int shard) {
        LeftOff left = leftOff[shard];
        return left != null && left.isOn();
    }

    /** Runs the next command, or goes on with it; false if it is to be gone on with in a later turn. */
    private boolean runNext(StoreShard target, CommandList batch, CommandCall call) {
        int id = target.shard().id();
        Command command = batch.next(call);
        if (isLeftOff(id)) {
            return Objects.requireNonNull(leftOff[id]).goOn(command, call);
        }
        CommandCall.Unfinished rest = unfinished[id];
        if (rest != null) {
            // Whatever it throws, the next command does not go on with it.
            unfinished[id] = null;
            try {
                rest.proceed();
            } catch (Throwable broken) {
                rest.drop();
                throw broken;
            }
            if (!rest.isDone()) {
                unfinished[id] = rest;
                return false;
            }
            rest.answer(call.reply());
            return true;
        }
        if (target.isHeldUp(command)) {
            heldUp[id] = true;
            return false;
        }
        int start = call.reply().position();
        call.leavable(true);
        target.runAnyhow(command, call);
        rest = call.takeUnfinished();
        if (rest != null) {
            unfinished[id] = rest;
            return false;
        }
        if (!call.isLeftOff()) {
            return true;
        }
        LeftOff left = leftOff[id];
        if (left == null) {
            left = new LeftOff(target);
            leftOff[id] = left;
        }
        left.begin(command, call, null, start);
        return false;
    }

    /** Whether a shard's part waits for room for what its next command tells subscribers; on that shard. */
    boolean isHeldUp(StoreShard target) {
        return heldUp[target.shard().id()];
    }

    private static <T extends @Nullable Object> void refuseLater(CompletionStage<T> result,
            BiConsumer<ReplyWriter, T> answer) {
        throw new IllegalStateException("a command on keys answers at once");
    }

    /** A shard's part has thrown something; on that shard. */
    void failed(StoreShard target, Throwable broken) {
        thrown[target.shard().id()] = broken;
    }

    /** Takes the replies; false if a shard could not run its part. */
    boolean gather(SequenceReplies replies) {
        boolean whole = true;
        for (int i = 0; i < batches.length; i++) {
            Throwable broken = thrown[i];
            CommandList batch = batches[i];
            if (exceeded[i]) {
                replies.exceeded();
            }
            if (broken != null) {
                replies.fail(broken);
                whole &= batch == null || !batch.hasNext();
            }
        }
        replies.answer(writer -> {
            for (int i = 0; i < ordered; i++) {
                CommandList batch = Objects.requireNonNull(batches[order[i]]);
                batch.nextReply();
                writer.raw(batch.replyAddress(), batch.replyLength());
            }
        });
        for (int i = 0; i < batches.length; i++) {
            CommandList batch = batches[i];
            if (batch != null && batch.count() > 0) {
                replies.addErrors(batch.errors());
                batch.clear();
                hold.busy(i, false);
            }
        }
        return whole;
    }

    void clear() {
        for (CommandList batch : batches) {
            if (batch != null) {
                batch.clear();
            }
        }
        Arrays.fill(exceeded, false);
        Arrays.fill(thrown, null);
        ordered = 0;
    }

    int kept() {
        int kept = 0;
        for (CommandList batch : batches) {
            kept += batch == null ? 0 : batch.kept();
        }
        return kept;
    }

    void close() {
        for (CommandList batch : batches) {
            if (batch != null) {
                batch.close();
            }
        }
    }
}
