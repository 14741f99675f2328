package io.solaster.store.multi;

import java.util.Arrays;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.solaster.engine.memory.Memory;
import io.solaster.store.shard.ByteStrings;
import io.solaster.store.shard.Command;
import io.solaster.store.shard.CommandCall;
import org.jspecify.annotations.Nullable;

/**
 * Commands that are run later or elsewhere, with copies of their arguments, and the replies of those that were run. Off the
 * heap but for two numbers a command; used again and again. Belongs to one shard at a time.
 */
public final class CommandList {
    /** What is kept of the replies' memory between uses, in bytes. */
    private static final int KEPT = 64 * 1024;
    /** As many commands as a turn has, unless configured otherwise. */
    private static final int KEPT_COMMANDS = 1024;
    private static final int FIRST_REPLIES = 256;

    private Command[] commands = new Command[8];
    /** Per command: which of the arguments is its first. */
    private int[] starts = new int[8];
    private int count;
    private final ByteStrings arguments = new ByteStrings();
    /** The next command to be run, and where its arguments lie. */
    private int next;
    private int at;
    private int behind;

    private @Nullable ByteBuf replies;
    private int[] replyEnds = new int[8];
    private int reply;
    private long errors;

    /** Adds a command; {@link #argument} follows once for each of its arguments, its name among them. */
    public void add(Command command) {
        if (count == commands.length) {
            starts = Arrays.copyOf(starts, count * 2);
            commands = Arrays.copyOf(commands, count * 2);
        }
        commands[count] = command;
        starts[count++] = arguments.count();
    }

    public void argument(long address, int length) {
        arguments.add(address, length);
    }

    /** Adds a command with the arguments of a call. */
    public void add(Command command, CommandCall call) {
        add(command);
        for (int i = 0; i < call.count(); i++) {
            argument(call.address(i), call.length(i));
        }
    }

    public int count() {
        return count;
    }

    /** Whether a command is left that was not run. */
    public boolean hasNext() {
        return next < count;
    }

    /** Whether the command that {@link #next} gives is the last one. */
    boolean isAtLast() {
        return next == count - 1;
    }

    /** The next command, whose arguments are given to a call. */
    public Command next(CommandCall call) {
        int first = starts[next];
        int end = next + 1 < count ? starts[next + 1] : arguments.count();
        behind = arguments.load(call, first, end - first, at);
        return commands[next];
    }

    /** The command that {@link #next} gave is done. */
    public void took() {
        next++;
        at = behind;
    }

    /** Where replies are written to; made when that is asked for first. */
    public ByteBuf replies() {
        ByteBuf made = replies;
        if (made == null) {
            made = Unpooled.directBuffer(FIRST_REPLIES);
            replies = made;
        }
        return made;
    }

    /** The reply of the command that {@link #next} gave ends here, once that is done. */
    public void replied(int position) {
        if (next >= replyEnds.length) {
            replyEnds = Arrays.copyOf(replyEnds, commands.length);
        }
        replyEnds[next] = position;
    }

    /** How many of the replies are errors, as {@link #addErrors} was told. */
    long errors() {
        return errors;
    }

    void addErrors(long more) {
        errors += more;
    }

    /** Bytes of the replies so far. */
    public int replyBytes() {
        return replies == null ? 0 : replies.readableBytes();
    }

    /** Moves to the next reply; then {@link #replyAddress} and {@link #replyLength} say where it is. */
    public void nextReply() {
        reply++;
    }

    public long replyAddress() {
        return Memory.address(replies()) + replyStart();
    }

    public int replyLength() {
        return replyEnds[reply - 1] - replyStart();
    }

    private int replyStart() {
        return reply == 1 ? 0 : replyEnds[reply - 2];
    }

    /** Makes it ready for other commands. */
    public void clear() {
        Arrays.fill(commands, 0, count, null);
        if (commands.length > KEPT_COMMANDS) {
            commands = new Command[8];
            starts = new int[8];
            replyEnds = new int[8];
        }
        count = 0;
        next = 0;
        at = 0;
        behind = 0;
        reply = 0;
        errors = 0;
        arguments.clear();
        if (replies != null) {
            replies.clear();
            if (replies.capacity() > KEPT) {
                replies.release();
                replies = null;
            }
        }
    }

    /** Bytes of its commands and their arguments, and of what is noted of them. */
    public long size() {
        return arguments.size() + (long) Integer.BYTES * (arguments.count() + 3L * count);
    }

    /** Bytes that it keeps between uses. */
    public int kept() {
        return arguments.kept() + (replies == null ? 0 : replies.capacity()) + Integer.BYTES * 3 * commands.length;
    }

    public void close() {
        clear();
        arguments.close();
        if (replies != null) {
            replies.release();
            replies = null;
        }
    }
}
