package io.solaster.store.multi;

import io.solaster.engine.Slots;
import io.solaster.engine.memory.SystemMemory;
import io.solaster.store.shard.Command;
import io.solaster.store.shard.CommandCall;
import io.solaster.store.shard.KeyPositions;
import io.solaster.store.shard.StoreShard;
import org.jspecify.annotations.Nullable;

/**
 * The commands that a client has sent since MULTI: copies of them, and which keys they are about. Counted as memory, and bounded.
 * A long one is added in several turns. On the shard of the client.
 */
public final class QueuedCommands implements AutoCloseable {
    /** What becomes of a command. */
    public enum Added {
        WHOLE,
        /** {@link #goOn} adds the rest, in a later turn. */
        IN_PART,
        /** All of them would take more than they may; none is kept. */
        TOO_MUCH
    }

    private final StoreShard shard;
    private final SystemMemory memory;
    private final CommandList list = new CommandList();
    private final SlotSet slots = new SlotSet();
    private final KeyPositions keys = new KeyPositions();
    private boolean everyShard;
    private boolean writes;
    private boolean needsMemory;
    private boolean spoiled;
    private int count;
    private long counted;

    // Of the command that is being added.
    private @Nullable Command adding;
    private int arguments;
    private int nextArgument;
    private int nextKey;
    private long most;

    /** @param shard where it is counted what they take */
    public QueuedCommands(StoreShard shard) {
        this.shard = shard;
        this.memory = shard.clientMemory();
        shard.holds(this);
    }

    /**
     * Begins to add a command.
     *
     * @param mostBytes what all of them may take
     */
    public Added add(Command command, CommandCall call, TransactionRequest.Arguments from, long mostBytes) {
        count++;
        if (spoiled) {
            // It will not be run.
            return Added.WHOLE;
        }
        adding = command;
        arguments = call.count();
        nextArgument = 0;
        nextKey = 0;
        most = mostBytes;
        if (command.route() == Command.Route.KEYS) {
            command.keys().find(call, 0, call.keys());
            keys.copy(call.keys());
            everyShard |= keys.isAny() || CommandPlace.isOnAnyKeys(command, call);
        } else {
            keys.clear();
            everyShard |= HeldKeys.areAll(command);
        }
        // Of a script nobody knows whether it writes.
        writes |= command.has(Command.Flag.WRITE)
                || command.has(Command.Flag.NO_MANDATORY_KEYS) && !command.has(Command.Flag.READONLY);
        needsMemory |= command.has(Command.Flag.DENYOOM);
        list.add(command);
        return goOn(from, call);
    }

    /** Whether a command is added in part. */
    public boolean isAdding() {
        return adding != null;
    }

    /** Goes on with the command that is being added. */
    public Added goOn(TransactionRequest.Arguments from, CommandCall turn) {
        try {
            return more(from, turn);
        } catch (Throwable failure) {
            spoil();
            throw failure;
        }
    }

    private Added more(TransactionRequest.Arguments from, CommandCall turn) {
        for (; nextArgument < arguments; nextArgument++) {
            if (turn.isToYield()) {
                return Added.IN_PART;
            }
            if (list.size() + from.length(nextArgument) > most) {
                spoil();
                return Added.TOO_MUCH;
            }
            list.argument(from.address(nextArgument), from.length(nextArgument));
        }
        for (; nextKey < keys.count(); nextKey++) {
            if (turn.isToYield()) {
                return Added.IN_PART;
            }
            int position = keys.at(nextKey);
            slots.add(Slots.of(from.address(position), from.length(position)));
        }
        adding = null;
        charge();
        return Added.WHOLE;
    }

    private void charge() {
        long size = list.size();
        memory.grown(size - counted);
        counted = size;
    }

    /** A command could not be taken: none of them will be run, so none is kept. */
    public void spoil() {
        spoiled = true;
        adding = null;
        list.clear();
        slots.clear();
        charge();
    }

    public boolean isSpoiled() {
        return spoiled;
    }

    /** How many commands were sent. */
    public int count() {
        return count;
    }

    /** Bytes that they take. */
    public long size() {
        return counted;
    }

    /** What is to be run. */
    CommandList list() {
        return list;
    }

    /** Names all keys to who is to take them. */
    void keysTo(CommandSequence sequence) {
        if (everyShard) {
            sequence.everyShard(writes);
        }
        slots.forEach(slot -> sequence.slot(slot, writes));
        if (needsMemory) {
            sequence.needsMemory();
        }
    }

    /** Forgets all of them. */
    public void clear() {
        adding = null;
        list.clear();
        slots.clear();
        everyShard = false;
        writes = false;
        needsMemory = false;
        spoiled = false;
        count = 0;
        charge();
    }

    @Override
    public void close() {
        if (!shard.letsGo(this)) {
            return;
        }
        list.close();
        if (shard.shard().inEventLoop()) {
            clear();
        }
    }
}
