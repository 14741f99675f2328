package io.solaster.store.shard;

import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.Objects;
import java.util.concurrent.CompletionStage;
import java.util.function.BiConsumer;

import io.solaster.engine.Shard;
import io.solaster.engine.memory.Memory;
import io.solaster.resp.ReplyWriter;
import io.solaster.store.acl.User;
import io.solaster.store.keyspace.Keyspace;
import io.solaster.store.message.RunningCommand;
import io.solaster.store.type.Decimal;
import org.jspecify.annotations.Nullable;

/**
 * One command under way on one shard: its arguments, what it may touch, and where its reply goes. There is one a shard,
 * used again and again; a command's method reads it and keeps nothing of it.
 *
 * <p>
 * Longer than 500 lines because each way in which a command may leave off, or be answered later, is asked for here.
 */
public final class CommandCall implements RunningCommand {
    /** A mask: of so many elements and one that are answered, or of so many bytes, the clock is looked at once. */
    private static final int ANSWERS_UNTIMED = 1023;
    private static final int BYTES_UNTIMED = 256 << 10;
    /** What a command that waits may name: so many keys, and so many bytes of arguments. */
    private static final int MOST_AWAITED = 1024;
    private static final int MOST_AWAITED_BYTES = 1 << 20;
    private static final String TOO_MUCH_AWAITED = "ERR a command that waits may have at most " + MOST_AWAITED
            + " keys and 1 MiB of arguments; it has %d keys and %d bytes";
    /** What a command that waits wants of a key that was written; it is run again only for that. */
    @FunctionalInterface
    public interface Wanted {
        /** As {@link #againAt}: no time is known. */
        long NEVER = Long.MAX_VALUE;

        /** Whether it is there. Changes nothing. The key may be gone, or of another type. */
        boolean isThere(CommandCall call, int key);

        /** Whether others may have it too, so that they need not wait until this one has tried. */
        default boolean isShared() {
            return false;
        }

        /** Unix milliseconds at which it may be there though nobody writes the key; {@link #NEVER} if that is not known. */
        default long againAt(CommandCall call, int key) {
            return NEVER;
        }
    }

    /** As {@link #offered()}: none of the keys is there. */
    private static final int NONE = -1;

    /** Has a client wait for keys. */
    @FunctionalInterface
    public interface Blocker {
        /** As {@link CommandCall#block}. */
        boolean block(CommandCall call, long timeoutMillis, int type, int firstKey, int keys);
    }

    /** A command that has begun, and is answered in a later turn whatever becomes of its client. On its shard. */
    public interface Unfinished {
        /** Whether it can be answered. */
        boolean isDone();

        /** Has somebody told once it can be answered. */
        void whenDone(Runnable told);

        /** Answers it, once it {@link #isDone}: this, or {@link #drop}, is called once. */
        void answer(ReplyWriter reply);

        /** Nobody waits for the answer any more. */
        void drop();

        /** Does a piece of it, until it {@link #isDone}: where it {@link CommandCall#isHeld}, and has no turns of its own. */
        default void proceed() {}
    }

    /** A mask: of so many steps and one, the clock is looked at once. */
    private static final int STEPS_UNTIMED = 63;
    /** A step with so many bytes, as a power of two, counts for one more. */
    private static final int STEP_BYTES_SHIFT = 8;

    private final StoreShard shard;
    private final ReplyWriter reply = new ReplyWriter();
    private long[] addresses = new long[16];
    private int[] lengths = new int[16];
    private int count;
    private long now;
    private long integer;
    private long cursor;
    private boolean leftOff;
    private boolean leavable;
    private int answered;
    private int askedAt;
    private int steps;
    /** Steps that are taken whatever the clock says. */
    private int freeSteps;
    private @Nullable Client client;
    private @Nullable User user;
    private int database;
    private long writer;
    private @Nullable Later held;
    /** Who waits for keys; null where nobody may. */
    private @Nullable Blocker blocker;
    private int offered;
    private @Nullable Wanted wanted;
    private @Nullable ByteStrings taken;
    private boolean mayLeave;
    private boolean mayPause;
    private long weight;
    private boolean ofScript;
    /** The keys that are held for the command, with others that are one step with it; null for none. */
    private @Nullable KeyHold heldKeys;
    private @Nullable Unfinished unfinished;
    private final KeyPositions keys = new KeyPositions();

    CommandCall(StoreShard shard) {
        this.shard = shard;
    }

    /** Begins a command of {@code count} arguments, its name among them. */
    public void begin(int count) {
        if (count > addresses.length || addresses.length > 1024 && count <= 1024) {
            int capacity = Math.max(16, count);
            addresses = new long[capacity];
            lengths = new int[capacity];
        }
        this.count = count;
    }

    public void argument(int i, long address, int length) {
        addresses[i] = address;
        lengths[i] = length;
    }

    public void now(long millis) {
        now = millis;
    }

    /** Whose commands come next; they may not wait for keys until {@link #blocker} says so. */
    public void client(@Nullable Client newClient) {
        client = newClient;
        user = newClient == null ? null : newClient.state().user();
        database = newClient == null ? 0 : newClient.state().database();
        writer = newClient == null ? 0 : newClient.state().writer();
        blocker = null;
        leavable = false;
    }

    /** Lets commands leave off ({@link #isToLeaveOff}), from the first to come on. */
    public void leavable(boolean yes) {
        leavable = yes;
        cursor(0);
    }

    /** Has the next command go on where it has left off. */
    public void goOnFrom(long where) {
        cursor(where);
    }

    /** Where a command goes on that answers much; 0 when it begins. */
    public long leftAt() {
        askedAt = reply.position();
        answered = 0;
        return leavable ? cursor : 0;
    }

    /** As {@link #isToLeaveOff}, after something that takes some microseconds. */
    public boolean isToLeaveOffNow() {
        return leavable && Shard.needPreempt();
    }

    /**
     * Whether a command that answers much is to leave off ({@link #goOn}) before the next element; to be asked at each. Looks
     * at the clock seldom, and not at all for a usual number of elements.
     */
    public boolean isToLeaveOff() {
        if (!leavable || (++answered & ANSWERS_UNTIMED) != 0 && reply.position() - askedAt < BYTES_UNTIMED) {
            return false;
        }
        askedAt = reply.position();
        return Shard.needPreempt();
    }

    /** Lets commands wait for keys: those that a client sent by themselves, not those within a transaction or a script. */
    public void blocker(@Nullable Blocker newBlocker) {
        blocker = newBlocker;
    }

    /**
     * Has the client wait until one of some keys is of a type; then the command is run again with that key
     * {@link #offered()}. Or answers that these are too many.
     *
     * @param timeoutMillis after how long the client waits no more; 0 for never
     * @param firstKey which argument is the first of the keys
     * @return false if the client may not wait: the command answers as after the time
     */
    public boolean block(long timeoutMillis, int type, int firstKey, int awaited) {
        if (blocker == null || isHeld()) {
            return false;
        }
        long bytes = 0;
        for (int i = 0; i < count; i++) {
            bytes += lengths[i];
        }
        if (awaited > MOST_AWAITED || bytes > MOST_AWAITED_BYTES) {
            reply.error(String.format(Locale.ROOT, TOO_MUCH_AWAITED, awaited, bytes));
            return true;
        }
        return blocker.block(this, timeoutMillis, type, firstKey, awaited);
    }

    /** Says what a command wants that is about to {@link #block}: more than that a key is there. Arguments of it may be set anew. */
    public void wanted(Wanted what) {
        wanted = what;
    }

    /** What the command wants that blocks now; null if a key that is there will do. */
    public @Nullable Wanted takeWanted() {
        Wanted its = wanted;
        wanted = null;
        return its;
    }

    /** Which argument is the key that a command which has waited is offered; 0 if it is to look itself, below 0 if none is. */
    public int offered() {
        return offered;
    }

    /**
     * Before a command is run that has waited, or may: what it is offered, and where it notes what it takes.
     *
     * @param newTaken as of {@link #taken()}
     */
    public void offer(int key, @Nullable ByteStrings newTaken) {
        offered = key;
        taken = newTaken;
    }

    /** Has the command say what it would wait for, without looking whether that is there. */
    public void offerNothing() {
        offer(NONE, null);
    }

    /**
     * Where a command notes the key that it takes something from, and then what it takes, so that it can be put back
     * ({@link Spread#putBack}) if its client is gone; null where nobody would.
     */
    @Nullable
    public ByteStrings taken() {
        return taken;
    }

    /** What becomes of commands that answer later, where several commands are one step. */
    public interface Later {
        <T extends @Nullable Object> void later(CompletionStage<T> result, BiConsumer<ReplyWriter, T> answer);
    }

    /** Says that what is run now is one of several commands that are one step; null if it is not. */
    public void held(@Nullable Later whoAnswersLater) {
        held = whoAnswersLater;
    }

    /** Whether this is one of several commands that are one step, so that it may not wait for anybody else. */
    public boolean isHeld() {
        return held != null;
    }

    @Override
    public int count() {
        return count;
    }

    public long address(int i) {
        return addresses[i];
    }

    public int length(int i) {
        return lengths[i];
    }

    /** An argument's bytes; a copy. */
    public byte[] bytes(int i) {
        return bytes(i, lengths[i]);
    }

    private byte[] bytes(int i, int length) {
        byte[] bytes = new byte[length];
        Memory.copy(addresses[i], bytes, 0, length);
        return bytes;
    }

    /** An argument as text; each byte one character, so that nothing is lost. */
    public String text(int i) {
        return new String(bytes(i), StandardCharsets.ISO_8859_1);
    }

    /** The first bytes of an argument as text. */
    public String text(int i, int most) {
        return new String(bytes(i, Math.min(most, lengths[i])), StandardCharsets.ISO_8859_1);
    }

    /** The beginning of an argument, for an error to quote: at most {@code limit} bytes, and up to a NUL, as C does it. */
    public String word(int i, int limit) {
        String text = new String(bytes(i, Math.min(limit, lengths[i])), StandardCharsets.ISO_8859_1);
        int end = text.indexOf('\0');
        return end < 0 ? text : text.substring(0, end);
    }

    /** Whether an argument is a whole number; then {@link #integer} is it. */
    public boolean isInteger(int i) {
        return isInteger(addresses[i], lengths[i]);
    }

    /** Whether a whole number stands there; then {@link #integer} is it. */
    public boolean isInteger(long address, int length) {
        if (!Decimal.isLong(address, length)) {
            return false;
        }
        integer = Decimal.parse(address, length);
        return true;
    }

    /** The number last found by {@link #isInteger}. */
    public long integer() {
        return integer;
    }

    @Override
    public boolean is(int i, String word) {
        if (lengths[i] != word.length()) {
            return false;
        }
        for (int at = 0; at < word.length(); at++) {
            byte c = Memory.getByte(addresses[i] + at);
            if ((c >= 'A' && c <= 'Z' ? c + 32 : c) != word.charAt(at)) {
                return false;
            }
        }
        return true;
    }

    /** Unix time in milliseconds, as the shard knew it when this batch of commands began. */
    public long now() {
        return now;
    }

    /** Where the keys of the command stand that is routed now. */
    public KeyPositions keys() {
        return keys;
    }

    public StoreShard shard() {
        return shard;
    }

    public Keyspace keyspace() {
        return shard.keyspace();
    }

    /**
     * The entry of the key that is an argument, or 0; for commands that write, which count neither hits nor misses. A write
     * of the key is begun: it is over once it is {@link Keyspace#written}, or the command is done.
     */
    public long find(int argument) {
        return keyspace().beginWrite(addresses[argument], lengths[argument], now);
    }

    /** The entry of the key that is an argument, or 0; counted as a hit or a miss. */
    public long read(int argument) {
        return counted(keyspace().find(addresses[argument], lengths[argument], now), argument);
    }

    /** As {@link #read}, but the key does not count as used: for commands that ask for something else than its value. */
    public long look(int argument) {
        return counted(keyspace().peek(addresses[argument], lengths[argument], now), argument);
    }

    private long counted(long entry, int argument) {
        (entry == 0 ? shard.stats().misses : shard.stats().hits).increment();
        if (entry == 0) {
            shard.missed(addresses[argument], lengths[argument]);
        }
        return entry;
    }

    /** Whether an entry, if there is one, is not of a type; then the error is answered. */
    public boolean isWrongType(long entry, int type) {
        if (entry == 0 || keyspace().type(entry) == type) {
            return false;
        }
        reply.error(Errors.WRONG_TYPE);
        return true;
    }

    public ReplyWriter reply() {
        return reply;
    }

    /**
     * Answers a key's value, and ends the command: nothing may fail after this. Where the client is on this shard a large one
     * is sent from where it lies, and is not copied.
     */
    public void lastValue(long entry) {
        Keyspace keys = keyspace();
        int length = keys.valueLength(entry);
        if (length < Client.LENT_FROM || client == null || !client.lend(entry)) {
            reply.bulk(keys.valueAddress(entry), length);
        }
    }

    /** Says for whom and in which database it is run, where the client is of another shard: {@link #client(Client)} goes before. */
    public void as(@Nullable User runner, int itsDatabase) {
        user = runner;
        database = itsDatabase;
    }

    /** Says who writes, as {@link Client.Tracker#writer}; where the client is of another shard. */
    public void writer(long number) {
        writer = number;
    }

    /** As {@link Client.Tracker#writer}; 0 for somebody else. */
    public long writer() {
        return writer;
    }

    /** In which database commands are run. */
    public int database() {
        return database;
    }

    /** Selects the database of the client, or of the script, for what it sends from now on. */
    public void select(int number) {
        database = number;
        if (client != null) {
            client.state().database(number);
        }
    }

    /** For whom it is run; null for code of this process, which may do all. */
    public @Nullable User user() {
        return user;
    }

    /** Whether the client is one of this shard. */
    public boolean hasClient() {
        return client != null;
    }

    /** The client, for commands that run on its own shard only. */
    public Client client() {
        return Objects.requireNonNull(client, "this command runs on the client's shard only");
    }

    /** Whether the client speaks RESP2 and has subscribed, so that it takes replies for messages. */
    public boolean isOfSubscriber() {
        return client != null && client.state().isSubscribed() && !client.state().resp3();
    }

    /** Whether the command that is run may be answered in a later turn. */
    public boolean mayLeave() {
        return mayLeave;
    }

    /** Says whether commands may be answered in a later turn; then {@link #takeUnfinished} is asked after each. */
    public void mayLeave(boolean yes) {
        mayLeave = yes;
    }

    /** Lets commands that are done {@link InTurns} leave off, though others hold their keys; as {@link #mayLeave(boolean)}. */
    public void mayPause(boolean yes) {
        mayPause = yes;
        weight = 0;
    }

    /**
     * Whether a command that is done {@link InTurns} is to leave off before its next step. To be asked behind each: looks at
     * the clock sometimes.
     *
     * @param bytes that the step has looked at or written, about
     */
    public boolean isToPause(long bytes) {
        weight += 1 + (bytes >>> STEP_BYTES_SHIFT);
        if (weight <= STEPS_UNTIMED || !mayLeave && !mayPause) {
            return false;
        }
        weight = 0;
        return Shard.needPreempt();
    }

    /** Whether a script calls the command. */
    public boolean isOfScript() {
        return ofScript;
    }

    /** Says that scripts call all commands; once. */
    public void ofScripts() {
        ofScript = true;
    }

    /** The keys that are held for the command by who runs it, with others that are one step with it; null for none. */
    public @Nullable KeyHold heldKeys() {
        return heldKeys;
    }

    /** Says under which keys the commands that come next are run; null for none. */
    public void heldKeys(@Nullable KeyHold whichAreHeld) {
        heldKeys = whichAreHeld;
    }

    /** Has the command be answered later. Only where it {@link #mayLeave}. */
    public void leave(Unfinished rest) {
        unfinished = rest;
    }

    /** Whether something is left of the command that was run last. */
    public boolean isUnfinished() {
        return unfinished != null;
    }

    /** What is left of the command that was run last; null if it was answered. */
    public @Nullable Unfinished takeUnfinished() {
        Unfinished rest = unfinished;
        unfinished = null;
        return rest;
    }

    /** Where a command goes on that was left off in an earlier turn; 0 when it begins. */
    public long cursor() {
        return cursor;
    }

    /** Before a command is run: where it is to go on. */
    void cursor(long where) {
        cursor = where;
        leftOff = false;
    }

    /** How many steps are taken before a long command is to leave off, however long they take; 0 for as many as there is time. */
    void leastSteps(int least) {
        freeSteps = least;
    }

    /** Whether a long command is to leave off now. To be asked at each small step of it: looks at the clock sometimes. */
    public boolean isToYield() {
        if ((++steps & STEPS_UNTIMED) != 0) {
            return false;
        }
        if (freeSteps > STEPS_UNTIMED) {
            freeSteps -= STEPS_UNTIMED + 1;
            return false;
        }
        return Shard.needPreempt();
    }

    /**
     * Leaves off: the command is run again in a later turn, with this cursor. Its keys are as they were until then.
     *
     * @param where above 0
     */
    public void goOn(long where) {
        cursor = where;
        leftOff = true;
    }

    /** Whether {@link #goOn} was called since the command was run. */
    public boolean isLeftOff() {
        return leftOff;
    }

    /**
     * Answers when a result is there; until then the connection runs nothing else. For commands of
     * {@link Command.Route#CONNECTION} only. One of several commands that are one step is answered like any other.
     *
     * @param result completed on any thread
     * @param answer writes the reply, on the connection's shard
     */
    public <T extends @Nullable Object> void later(CompletionStage<T> result, BiConsumer<ReplyWriter, T> answer) {
        if (held == null) {
            client().later(result, answer);
        } else {
            held.later(result, answer);
        }
    }
}
