package io.solaster.store.shard;

import java.util.Objects;
import java.util.concurrent.atomic.AtomicLongArray;

import io.solaster.store.rdb.Pieces;
import org.jspecify.annotations.Nullable;

/**
 * What a part of a {@link Transaction} has found in a hop, or is given for the next one: a number, strings in the order of
 * its keys, or an error. Off the heap; used again and again. On the shard where the part is.
 */
public final class Values {
    /** What a part makes over several turns and hops; it goes with the values from shard to shard. */
    public interface Work extends AutoCloseable {
        /** Nobody needs it any more. On the shard where the values are; where one has died, on whatever thread. */
        @Override
        void close();
    }

    private final ByteStrings strings = new ByteStrings();
    private @Nullable Pieces pieces;
    private @Nullable Work work;
    private long number;
    private int type;
    private @Nullable String error;
    private long answered;
    private @Nullable Room room;
    private int part;
    /** Bytes from which on the others are asked again. */
    private long askedAt;
    private boolean exceeded;

    /**
     * What all parts of one command may have found for its client, counted together. Each tells how much it has, and looks at
     * what the others have told, at every 1/64 of its share.
     */
    public static final class Room {
        private static final int ASKED = 64;

        private final AtomicLongArray told;
        private long most;

        public Room(int parts) {
            told = new AtomicLongArray(parts);
        }

        /** On the client's shard, while no part is away. */
        public void begin(long bytes) {
            most = bytes;
            for (int i = 0; i < told.length(); i++) {
                told.lazySet(i, 0);
            }
        }

        long most() {
            return most;
        }

        private long step() {
            return most / told.length() / ASKED;
        }

        /** Tells how much a part has found; false if that is too much together. On the part's shard. */
        public boolean takes(int part, long bytes) {
            told.lazySet(part, bytes);
            long all = 0;
            for (int i = 0; i < told.length(); i++) {
                all += told.get(i);
            }
            return all <= most;
        }
    }

    /** @param ofAll what is shared by all parts of the command, of which this is one */
    void begin(Room ofAll, int number) {
        room = ofAll;
        part = number;
        clear();
    }

    /** Forgets what was found. */
    public void clear() {
        strings.clear();
        if (pieces != null) {
            pieces.close();
            pieces = null;
        }
        number = 0;
        type = 0;
        error = null;
        answered = 0;
        exceeded = false;
        if (room != null) {
            room.told.lazySet(part, 0);
            askedAt = room.step();
        }
        closeWork();
    }

    private void closeWork() {
        Work done = work;
        work = null;
        if (done != null) {
            done.close();
        }
    }

    /** What was given to {@link #work(Work)}; null if nothing was. */
    public @Nullable Work work() {
        return work;
    }

    /** Keeps something until the command has ended, and closes it then. */
    public void work(Work begun) {
        work = begun;
    }

    /** Adds a copy of a string that the client is answered; false once that is too much, and no more need be found. */
    public boolean answer(long address, int length) {
        long more = answered + length;
        if (more > askedAt) {
            Room ofAll = Objects.requireNonNull(room);
            if (!ofAll.takes(part, more)) {
                exceeded = true;
                return false;
            }
            askedAt = more + ofAll.step();
        }
        answered = more;
        strings.add(address, length);
        return true;
    }

    /** Bytes of the strings that the client is answered. */
    long answered() {
        return answered;
    }

    /** Adds a copy of a string that is for another shard. */
    public void add(long address, int length) {
        strings.add(address, length);
    }

    /** Adds the place of a string that does not exist. */
    public void addNone() {
        strings.addNone();
    }

    /** The strings; {@link ByteStrings#next} goes through them. */
    public ByteStrings strings() {
        return strings;
    }

    /** A value, or a part of one, as bytes. */
    public Pieces pieces() {
        Pieces made = pieces;
        if (made == null) {
            made = new Pieces();
            pieces = made;
        }
        return made;
    }

    /** Whether the client may be answered so many bytes, with what other parts have found for it. */
    public boolean mayAnswer(long bytes) {
        return Objects.requireNonNull(room).takes(part, bytes);
    }

    /** Whether there was more than the client may be answered. */
    boolean isExceeded() {
        return exceeded;
    }

    public long number() {
        return number;
    }

    public void number(long found) {
        number = found;
    }

    /** Of what type the value is that is for another shard. */
    public int type() {
        return type;
    }

    public void type(int ofValue) {
        type = ofValue;
    }

    /** Says why the part could not do what it was to, in Redis's words. The command answers that. */
    public void error(@Nullable String message) {
        error = message;
    }

    @Nullable
    String error() {
        return error;
    }

    int kept() {
        return strings.kept();
    }

    void close() {
        clear();
        strings.close();
    }
}
