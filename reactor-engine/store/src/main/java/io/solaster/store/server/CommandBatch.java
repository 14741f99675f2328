package io.solaster.store.server;

import java.util.Arrays;
import java.util.concurrent.CancellationException;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.solaster.engine.memory.Memory;
import io.solaster.engine.mesh.Message;
import io.solaster.engine.trace.Hop;
import io.solaster.resp.ReplyWriter;
import io.solaster.store.shard.Command;
import io.solaster.store.shard.CommandCall;
import io.solaster.store.shard.StoreShard;
import org.jspecify.annotations.Nullable;

/**
 * Commands of one read batch that belong to one other shard: they travel there together, are run, and come back with
 * their replies. Used again and again by the shard that made it, so that a foreign command allocates nothing.
 *
 * <p>
 * It belongs to one shard at a time: to its origin, on the way out to the target, on the way back to the origin.
 */
final class CommandBatch extends Message {
    /** What a batch keeps of its memory between uses, in bytes. */
    private static final int KEPT = 64 * 1024;
    /** As many commands as a turn has, unless configured otherwise. */
    private static final int KEPT_COMMANDS = 1024;

    private final StoreShard origin;
    private StoreShard target;
    private @Nullable Assembly assembly;
    private boolean home;
    private boolean resp3;
    /** Bytes of replies after which it goes home, with commands that are not run yet. */
    private long room;
    private long errors;
    private @Nullable Throwable failure;
    /** Null where the request is not traced, as most are not. */
    private @Nullable Hop hop;

    /** Per command: its place in {@link #starts}, its arguments one after the other in memory. */
    private Command[] commands = new Command[16];
    private int[] starts = new int[16];
    private int count;
    /** Commands that were run, and where the arguments of the next one lie. */
    private int done;
    private int doneSize;
    private int[] lengths = new int[64];
    private int argumentCount;
    private long memory;
    private int capacity;
    private int size;

    private final ByteBuf replies = Unpooled.directBuffer(256);
    private int[] replyEnds = new int[16];
    private int nextReply;

    CommandBatch(StoreShard origin) {
        this.origin = origin;
        this.target = origin;
    }

    void begin(StoreShard target, Assembly assembly, boolean resp3) {
        this.target = target;
        this.assembly = assembly;
        this.resp3 = resp3;
    }

    void trace(@Nullable Hop newHop) {
        hop = newHop;
    }

    StoreShard target() {
        return target;
    }

    /** Adds a command; {@link #argument} follows once for each of its arguments. */
    void command(Command command) {
        if (count == commands.length) {
            commands = Arrays.copyOf(commands, count * 2);
            starts = Arrays.copyOf(starts, count * 2);
        }
        commands[count] = command;
        starts[count++] = argumentCount;
    }

    void argument(long address, int length) {
        if (argumentCount == lengths.length) {
            lengths = Arrays.copyOf(lengths, argumentCount * 2);
        }
        lengths[argumentCount++] = length;
        reserve(length);
        Memory.copy(address, memory + size, length);
        size += length;
    }

    private void reserve(int bytes) {
        if (size + bytes <= capacity) {
            return;
        }
        int larger = (int) Math.min(Integer.MAX_VALUE, Math.max(2L * capacity, Math.max(1024, (long) size + bytes)));
        long block = Memory.allocate(larger);
        if (size > 0) {
            Memory.copy(memory, block, size);
        }
        if (memory != 0) {
            Memory.free(memory);
        }
        memory = block;
        capacity = larger;
    }

    /**
     * Lets it run commands until its replies are longer than this, but one at least.
     *
     * @param bytes of replies, those of earlier runs among them
     */
    void room(long bytes) {
        room = bytes;
        home = false;
    }

    /** On the target: runs the commands and goes home. Back on the origin: hands the replies to who waits for them. */
    @Override
    public void deliver() {
        if (home) {
            end(failure);
            returned();
            return;
        }
        execute();
        target.shard().mesh().sendFree(origin.shard().id(), this);
    }

    /** Runs commands. Whatever is thrown, it can go home: somebody waits for it there. */
    void execute() {
        home = true;
        try {
            if (hop != null) {
                hop.begun();
            }
            run(target.call());
        } catch (Throwable thrown) {
            failure = thrown;
        }
    }

    private void run(CommandCall call) {
        ReplyWriter writer = call.reply();
        writer.to(replies);
        writer.resp3(resp3);
        call.client(null);
        call.now(target.now());
        if (replyEnds.length < count) {
            replyEnds = new int[commands.length];
        }
        long errorsBefore = writer.errors();
        long at = memory + doneSize;
        int i = done;
        do {
            int first = starts[i];
            int arguments = (i + 1 < count ? starts[i + 1] : argumentCount) - first;
            call.begin(arguments);
            for (int argument = 0; argument < arguments; argument++) {
                int length = lengths[first + argument];
                call.argument(argument, at, length);
                at += length;
            }
            target.run(commands[i], call);
            replyEnds[i] = writer.position();
            i++;
        } while (i < count && writer.position() <= room);
        done = i;
        doneSize = (int) (at - memory);
        errors += writer.errors() - errorsBefore;
        writer.finish();
    }

    /** Whether commands are left that were not run, for want of room for their replies. */
    boolean isUnfinished() {
        return done < count;
    }

    /** What went wrong beside its commands, which are answered whatever they throw. */
    @Nullable
    Throwable failure() {
        return failure;
    }

    /** Bytes of its replies so far. */
    int replyBytes() {
        return replies.readableBytes();
    }

    /** How many of the replies are errors. */
    long errors() {
        return errors;
    }

    private void end(@Nullable Throwable reason) {
        if (hop != null) {
            hop.ended(reason);
            hop = null;
        }
    }

    void returned() {
        java.util.Objects.requireNonNull(assembly).returned();
    }

    @Override
    public void abandon() {
        end(new CancellationException("the shard stopped"));
        if (assembly != null) {
            assembly.abandon();
        }
    }

    /** Moves to the next reply; then {@link #replyAddress} and {@link #replyLength} say where it is. */
    void next() {
        nextReply++;
    }

    long replyAddress() {
        return Memory.address(replies) + replyStart();
    }

    int replyLength() {
        return replyEnds[nextReply - 1] - replyStart();
    }

    private int replyStart() {
        return nextReply == 1 ? 0 : replyEnds[nextReply - 2];
    }

    /** Makes it ready for other commands; on the origin. */
    void clear() {
        assembly = null;
        home = false;
        failure = null;
        errors = 0;
        Arrays.fill(commands, 0, count, null);
        if (commands.length > KEPT_COMMANDS) {
            commands = new Command[16];
            starts = new int[16];
            replyEnds = new int[16];
        }
        count = 0;
        done = 0;
        doneSize = 0;
        argumentCount = 0;
        size = 0;
        nextReply = 0;
        if (capacity > KEPT) {
            Memory.free(memory);
            memory = 0;
            capacity = 0;
        }
        if (lengths.length > 4 * KEPT_COMMANDS) {
            lengths = new int[64];
        }
        replies.clear();
        if (replies.capacity() > KEPT) {
            replies.capacity(256);
        }
    }

    /** Bytes that it keeps between uses. */
    int kept() {
        return capacity + replies.capacity() + Integer.BYTES * (3 * commands.length + lengths.length);
    }

    void close() {
        clear();
        if (memory != 0) {
            Memory.free(memory);
            memory = 0;
            capacity = 0;
        }
        replies.release();
    }
}
