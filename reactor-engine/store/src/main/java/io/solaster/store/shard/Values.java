package io.solaster.store.shard;

import org.jspecify.annotations.Nullable;

/**
 * What a part of a {@link Transaction} has found in a hop, or is given for the next one: a number, strings in the order of
 * its keys, or an error. Off the heap; used again and again. On the shard where the part is.
 */
public final class Values {
    private final ByteStrings strings = new ByteStrings();
    private long number;
    private int type;
    private @Nullable String error;
    private long room;
    private boolean exceeded;

    /** @param bytes beyond which no more strings are taken */
    void begin(long bytes) {
        clear();
        room = bytes;
    }

    /** Forgets what was found. */
    public void clear() {
        strings.clear();
        number = 0;
        type = 0;
        error = null;
        exceeded = false;
    }

    /** Adds a copy of a string that the client is answered; false once that is too much, and no more need be found. */
    public boolean answer(long address, int length) {
        if (strings.size() + (long) length > room) {
            exceeded = true;
            return false;
        }
        strings.add(address, length);
        return true;
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
        strings.close();
    }
}
