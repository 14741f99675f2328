package io.solaster.store.stream;

/** How many entries a group has read, and how many are before it, as far as that can be known. On the owning shard. */
public final class Lag {
    /** It is not known. */
    public static final long UNKNOWN = -1;

    private Lag() {}

    /** Whether one was deleted behind an id, so that counting from there is wrong. */
    private static boolean isPatchy(Streams stream, long ms, long seq) {
        return stream.length() > 0 && (stream.deletedMs() != 0 || stream.deletedSeq() != 0)
                && Streams.compare(ms, seq, stream.deletedMs(), stream.deletedSeq()) <= 0;
    }

    /** How many entries were ever added up to an id. */
    public static long upTo(Streams stream, long ms, long seq) {
        long added = stream.added();
        if (added == 0) {
            return 0;
        }
        int toLast = Streams.compare(ms, seq, stream.lastMs(), stream.lastSeq());
        if (stream.length() == 0 && toLast <= 0 || toLast == 0) {
            return added;
        }
        if (toLast > 0) {
            return UNKNOWN;
        }
        if ((ms != 0 || seq != 0) && Streams.compare(ms, seq, stream.deletedMs(), stream.deletedSeq()) < 0) {
            return UNKNOWN;
        }
        stream.seekFrom(0, 0);
        int toFirst = Streams.compare(ms, seq, stream.ms(), stream.seq());
        boolean whole = Streams.compare(stream.deletedMs(), stream.deletedSeq(), stream.ms(), stream.seq()) < 0;
        if (whole && toFirst <= 0) {
            return added - stream.length() + (toFirst == 0 ? 1 : 0);
        }
        return UNKNOWN;
    }

    /** How many entries a group has read once it was given some more. */
    public static long readAfter(Streams stream, long read, long fromMs, long fromSeq, long ms, long seq, long count) {
        stream.seekFrom(0, 0);
        boolean isBefore = stream.length() > 0 && Streams.compare(fromMs, fromSeq, stream.ms(), stream.seq()) < 0;
        if (read != UNKNOWN && !isPatchy(stream, fromMs, fromSeq) && !isBefore) {
            return read + count;
        }
        long known = upTo(stream, ms, seq);
        if (known != UNKNOWN || !isBefore) {
            return known;
        }
        boolean whole = Streams.compare(stream.deletedMs(), stream.deletedSeq(), stream.ms(), stream.seq()) < 0;
        return whole ? stream.added() - stream.length() + count : UNKNOWN;
    }

    /** How many entries a group has yet to read; {@link #UNKNOWN} if that is not known. */
    public static long of(Streams stream, long group) {
        long ms = Groups.lastMs(group);
        long seq = Groups.lastSeq(group);
        if (stream.added() == 0 || stream.length() == 0) {
            return 0;
        }
        stream.seekFrom(0, 0);
        boolean whole = Streams.compare(stream.deletedMs(), stream.deletedSeq(), stream.ms(), stream.seq()) < 0;
        if (whole && Streams.compare(ms, seq, stream.ms(), stream.seq()) < 0) {
            return stream.length();
        }
        long read = Groups.read(group);
        if (read != UNKNOWN && !isPatchy(stream, ms, seq)) {
            return stream.added() - read;
        }
        long known = upTo(stream, ms, seq);
        return known == UNKNOWN ? UNKNOWN : stream.added() - known;
    }
}
