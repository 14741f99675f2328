package io.solaster.http.wire;

/**
 * What the heads of a request and its response take the most memory for, and which may be used again when the rest of an
 * exchange may not, since somebody might still hold it. On the owning shard.
 */
public final class HeadMemory {
    public static final int[] NO_FIELDS = {};
    static final CharSequence[] NO_TEXT = {};

    /** Where the headers of a request lie in its head. */
    public int[] fields = NO_FIELDS;
    /** Of the headers of a response. */
    CharSequence[] names = NO_TEXT;
    CharSequence[] values = NO_TEXT;
}
