package io.solaster.store.server;

import java.util.Arrays;
import java.util.concurrent.CancellationException;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.solaster.engine.memory.Memory;
import io.solaster.engine.mesh.Message;
import io.solaster.engine.trace.Hop;
import io.solaster.resp.ReplyWriter;
import io.solaster.store.shard.ByteStrings;
import io.solaster.store.shard.Command;
import io.solaster.store.shard.CommandCall;
import io.solaster.store.shard.Intent;
import io.solaster.store.shard.IntentLocks;
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
    /** What a batch keeps of its replies' memory between uses, in bytes. */
    private static final int KEPT = 64 * 1024;
    /** As many commands as a turn has, unless configured otherwise. */
    private static final int KEPT_COMMANDS = 1024;

    private final StoreShard origin;
    private StoreShard target;
    private @Nullable Assembly assembly;
    private boolean home;
    /** While its next command waits for keys that others use. Made when that happens first. */
    private @Nullable Intent intent;
    private boolean blocked;
    private final Runnable goOn = this::execute;
    private boolean resp3;
    /** Bytes of replies after which it goes home, with commands that are not run yet. */
    private long room;
    private long errors;
    private @Nullable Throwable failure;
    /** Null where the request is not traced, as most are not. */
    private @Nullable Hop hop;

    /** Per command: which of the arguments is its first. */
    private Command[] commands = new Command[16];
    private int[] starts = new int[16];
    private int count;
    private final ByteStrings arguments = new ByteStrings();
    /** Commands that were run, and where the arguments of the next one lie. */
    private int done;
    private int doneSize;

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
        starts[count++] = arguments.count();
    }

    void argument(long address, int length) {
        arguments.add(address, length);
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
        if (hop != null) {
            hop.begun();
        }
        execute();
    }

    /** Runs commands, and goes home unless one has to wait. Whatever is thrown, it goes home: somebody waits for it there. */
    private void execute() {
        blocked = false;
        try {
            run(target.call());
        } catch (Throwable thrown) {
            failure = thrown;
            blocked = false;
            if (intent != null) {
                target.locks().remove(intent);
            }
        }
        if (!blocked) {
            home = true;
            target.shard().mesh().sendFree(origin.shard().id(), this);
        }
    }

    /** Whether the next command has to wait for keys that others use; then it is in their queue. */
    private boolean isBlocked(Command command, CommandCall call) {
        Intent own = intent;
        if (own == null) {
            own = new Intent(this::hasKeys);
            intent = own;
        }
        if (own.isQueued()) {
            // It has waited, and its turn has come.
            return false;
        }
        own.begin(command, call);
        blocked = target.locks().isInTheWay(own);
        if (blocked) {
            target.locks().addHere(own);
        }
        return blocked;
    }

    private void hasKeys() {
        target.shard().execute(goOn);
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
        IntentLocks locks = target.locks();
        long errorsBefore = writer.errors();
        int at = doneSize;
        int i = done;
        do {
            int first = starts[i];
            int behind = i + 1 < count ? starts[i + 1] : arguments.count();
            int next = arguments.load(call, first, behind - first, at);
            if (!locks.isFree() && isBlocked(commands[i], call)) {
                break;
            }
            target.run(commands[i], call);
            if (intent != null) {
                locks.remove(intent);
            }
            at = next;
            replyEnds[i] = writer.position();
            i++;
        } while (i < count && writer.position() <= room);
        done = i;
        doneSize = at;
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
        arguments.clear();
        nextReply = 0;
        replies.clear();
        if (replies.capacity() > KEPT) {
            replies.capacity(256);
        }
    }

    /** Bytes that it keeps between uses. */
    int kept() {
        return arguments.kept() + replies.capacity() + Integer.BYTES * 3 * commands.length;
    }

    void close() {
        clear();
        arguments.close();
        replies.release();
    }
}
