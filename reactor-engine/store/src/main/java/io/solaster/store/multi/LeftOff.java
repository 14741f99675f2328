package io.solaster.store.multi;

import io.solaster.engine.Slots;
import io.solaster.store.keyspace.KeyspaceListener;
import io.solaster.store.shard.Command;
import io.solaster.store.shard.CommandCall;
import io.solaster.store.shard.Intent;
import io.solaster.store.shard.StoreShard;
import org.jspecify.annotations.Nullable;

/**
 * A command on one shard that answers much, and goes on with that in a later turn where its share of this one is used up
 * ({@link CommandCall#isToLeaveOff}). Meanwhile nobody writes its key, which it has by an {@link Intent}; where the key changes
 * nevertheless, since something of it is due or for want of memory, the command begins anew. So it is one step. Its reply is
 * kept until it is whole. Used again and again, on that shard.
 */
public final class LeftOff implements KeyspaceListener {
    /** After so many beginnings it is run to its end in one turn. */
    private static final int MOST_BEGINNINGS = 4;

    private final StoreShard shard;
    private @Nullable Runnable endOfListening;
    private boolean on;
    private long cursor;
    private long now;
    /** Whether its time is the step's that it is a part of. */
    private boolean ofStep;
    private int slot;
    private int replyStart;
    private boolean changed;
    private int beginnings;

    public LeftOff(StoreShard shard) {
        this.shard = shard;
    }

    /** Whether a command is to go on. */
    public boolean isOn() {
        return on;
    }

    /**
     * A command has left off that has just begun.
     *
     * @param own takes its key, unless it has that already; null where others hold it for the command
     * @param start where in the buffer its reply begins
     */
    public void begin(Command command, CommandCall call, @Nullable Intent own, int start) {
        if (own != null && !own.isQueued()) {
            own.begin(command, call);
            shard.locks().addHere(own);
        }
        int key = command.keys().first();
        slot = Slots.of(call.address(key), call.length(key));
        now = call.now();
        ofStep = own == null;
        replyStart = start;
        beginnings = 1;
        leave(call);
    }

    private void leave(CommandCall call) {
        on = true;
        cursor = call.cursor();
        changed = false;
        call.leavable(true);
        endOfListening = shard.keyspace().listen(this);
    }

    /** Where in the buffer its reply begins. */
    int start() {
        return replyStart;
    }

    /** Goes on, with the same arguments and the reply as it was left; false if it is to go on once more in a later turn. */
    public boolean goOn(Command command, CommandCall call) {
        end();
        if (changed) {
            call.reply().rewind(replyStart);
            cursor = 0;
            now = ofStep ? now : shard.now();
            beginnings++;
        }
        call.now(now);
        call.leavable(beginnings < MOST_BEGINNINGS);
        call.goOnFrom(cursor);
        shard.runAgain(command, call);
        if (call.isLeftOff()) {
            leave(call);
            return false;
        }
        call.leavable(true);
        return true;
    }

    /** Goes on no more. Its key is given back by whoever has given the intent. */
    public void end() {
        on = false;
        if (endOfListening != null) {
            endOfListening.run();
            endOfListening = null;
        }
    }

    @Override
    public void written(long key, int keyLength, long entry) {
        changed |= Slots.of(key, keyLength) == slot;
    }

    @Override
    public void expired(long entry) {
        gone(entry);
    }

    @Override
    public void evicted(long entry) {
        gone(entry);
    }

    private void gone(long entry) {
        changed |= Slots.of(shard.keyspace().keyAddress(entry), shard.keyspace().keyLength(entry)) == slot;
    }

    @Override
    public void cleared() {
        changed = true;
    }

    @Override
    public void emptied() {
        changed = true;
    }

    @Override
    public void swapped(int one, int other) {
        changed = true;
    }
}
