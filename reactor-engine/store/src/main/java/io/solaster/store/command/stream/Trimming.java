package io.solaster.store.command.stream;

import java.util.Objects;

import io.solaster.store.keyspace.Encodings.Size;
import io.solaster.store.shard.CommandCall;
import io.solaster.store.shard.Errors;
import io.solaster.store.stream.Streams;
import org.jspecify.annotations.Nullable;

/** The options of {@code XADD} and {@code XTRIM}: what is to go, and the id of what is added. On the owning shard. */
final class Trimming {
    private static final String BOTH = "ERR syntax error, MAXLEN and MINID options at the same time are not compatible";
    private static final String NO_STRATEGY = "ERR syntax error, LIMIT cannot be used without specifying a trimming strategy";
    private static final String NOT_SPECIFIED = "ERR syntax error, XTRIM must be called with a trimming strategy";
    private static final String NOT_ABOUT = "ERR syntax error, LIMIT cannot be used without the special ~ option";
    private static final int MOST = 1_000_000;

    private final IdArgument id = new IdArgument();

    private boolean isLength;
    private boolean byId;
    private boolean about;
    private long length;
    private long minMs;
    private long minSeq;
    private long limit;
    private References references = References.KEEPREF;
    private boolean referencesGiven;
    // Of XADD.
    boolean onlyIfThere;
    boolean made;
    boolean madeSeq;
    long ms;
    long seq;
    /** The first argument behind. */
    int behind;

    /** Whether anything is to go. */
    boolean trims() {
        return isLength || byId;
    }

    /** Reads the options from the third argument on; null, or what is wrong with them. */
    @Nullable
    String read(CommandCall call, boolean add) {
        isLength = false;
        byId = false;
        about = false;
        limit = 0;
        onlyIfThere = false;
        boolean limited = false;
        int i = 2;
        for (; i < call.count(); i++) {
            int more = call.count() - 1 - i;
            if (add && call.length(i) == 1 && call.is(i, "*")) {
                made = true;
                madeSeq = false;
                break;
            } else if ((call.is(i, "maxlen") || call.is(i, "minid")) && more > 0) {
                boolean isLen = call.is(i, "maxlen");
                if (trims()) {
                    return BOTH;
                }
                about = false;
                if (more >= 2 && (call.is(i + 1, "~") || call.is(i + 1, "="))) {
                    about = call.is(i + 1, "~");
                    i++;
                }
                i++;
                if (isLen) {
                    if (!call.isInteger(i)) {
                        return Errors.NOT_INTEGER;
                    }
                    length = call.integer();
                    if (length < 0) {
                        return "ERR The MAXLEN argument must be >= 0.";
                    }
                    isLength = true;
                } else {
                    if (!id.read(call, i, 0)) {
                        return IdArgument.INVALID;
                    }
                    minMs = id.ms;
                    minSeq = id.seq;
                    byId = true;
                }
            } else if (call.is(i, "limit") && more > 0) {
                i++;
                if (!call.isInteger(i)) {
                    return Errors.NOT_INTEGER;
                }
                limit = call.integer();
                if (limit < 0) {
                    return "ERR The LIMIT argument must be >= 0.";
                }
                limited = true;
            } else if (!referencesGiven && References.named(call, i) != null) {
                references = Objects.requireNonNull(References.named(call, i));
                referencesGiven = true;
            } else if (add && call.is(i, "nomkstream")) {
                onlyIfThere = true;
            } else if (add) {
                if (!id.readForAdd(call, i)) {
                    return IdArgument.INVALID;
                }
                made = false;
                madeSeq = id.madeSeq;
                ms = id.ms;
                seq = id.seq;
                break;
            } else {
                return Errors.SYNTAX;
            }
        }
        behind = i + 1;
        if (limit > 0 && !trims()) {
            return NO_STRATEGY;
        }
        if (!add && !trims()) {
            return NOT_SPECIFIED;
        }
        if (limited && !about) {
            return NOT_ABOUT;
        }
        if (!limited && about) {
            long entries = call.keyspace().encodings().get(Size.STREAM_ENTRIES);
            limit = entries <= 0 ? 10_000 : Math.min(MOST, 100 * entries);
        }
        return null;
    }

    /** Trims a stream that is open; how many entries went. */
    long trim(Streams stream) {
        if (!trims()) {
            return 0;
        }
        long count = toGo(stream);
        if (!looksInGroups(stream)) {
            stream.dropFirst(count);
            return count;
        }
        return references == References.DELREF
                ? References.dropFirst(stream, count)
                : References.dropAcknowledged(stream, count, toLookAt(stream));
    }

    /** Whether each entry that goes is looked for in the groups of a stream that is open, so that it takes long. */
    boolean looksInGroups(Streams stream) {
        return references != References.KEEPREF && stream.exists() && stream.groups().count() > 0;
    }

    /** How many of the first entries are looked at: where that is about a length, entries behind go instead of those kept. */
    long toLookAt(Streams stream) {
        return references == References.ACKED && isLength && !about ? stream.length() : toGo(stream);
    }

    /** How many of the first entries may go. */
    long toGo(Streams stream) {
        return isLength ? stream.above(length, about, limit) : stream.below(minMs, minSeq, about, limit);
    }

    References references() {
        return references;
    }
}
