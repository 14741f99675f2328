package io.solaster.store.command.stream;

import io.solaster.engine.memory.Memory;
import io.solaster.resp.ReplyWriter;
import io.solaster.store.keyspace.Keyspace;
import io.solaster.store.shard.CommandCall;
import io.solaster.store.shard.Errors;
import io.solaster.store.shard.InTurns;
import io.solaster.store.stream.Streams;
import org.jspecify.annotations.Nullable;

/** Commands on streams without groups. On the owning shard. */
public final class StreamCommands {
    private static final String ADD_ARGUMENTS = "ERR wrong number of arguments for 'xadd' command";
    private static final String ZERO = "ERR The ID specified in XADD must be greater than 0-0";
    private static final String SMALLER = "ERR The ID specified in XADD is equal or smaller than the target stream top item";
    private static final String EXHAUSTED = "ERR The stream has exhausted the last possible ID, unable to add more items";
    private static final String TOO_LARGE = "ERR Elements are too large to be stored";
    private static final String BAD_START = "ERR invalid start ID for the interval";
    private static final String BAD_END = "ERR invalid end ID for the interval";
    private static final String SMALLER_THAN_TOP = "ERR The ID specified in XSETID is smaller than the target stream top item";
    private static final String SMALLER_THAN_DELETED = "ERR The ID specified in XSETID is smaller than the provided max_deleted_entry_id";
    private static final String NEGATIVE_ADDED = "ERR entries_added must be positive";
    private static final String FEWER_ADDED = "ERR The entries_added specified in XSETID is smaller than the target stream length";

    private StreamCommands() {}

    /** The stream of the first key, opened; null if the key is something else, and then that is answered. */
    static @Nullable Streams stream(CommandCall call, int key, boolean reads) {
        long entry = reads ? call.read(key) : call.find(key);
        if (call.isWrongType(entry, Keyspace.TYPE_STREAM)) {
            return null;
        }
        Streams streams = call.shard().streams();
        streams.open(call.address(key), call.length(key), entry);
        return streams;
    }

    static void id(ReplyWriter reply, long ms, long seq) {
        reply.bulk(Long.toUnsignedString(ms) + '-' + Long.toUnsignedString(seq));
    }

    /** Answers the entry that was found. */
    static void entry(ReplyWriter reply, Streams stream) {
        entry(reply, stream, -1, 0);
    }

    /** As {@link #entry(ReplyWriter, Streams)}, with how long it was idle, unless that is below 0, and how often it was delivered. */
    static void entry(ReplyWriter reply, Streams stream, long idle, long times) {
        reply.arrayHeader(idle < 0 ? 2 : 4);
        id(reply, stream.ms(), stream.seq());
        int fields = stream.fields();
        reply.arrayHeader(2 * fields);
        for (int i = 0; i < fields; i++) {
            stream.nextField();
            reply.bulk(stream.nameAddress(), stream.nameLength());
            reply.bulk(stream.valueAddress(), stream.valueLength());
        }
        if (idle >= 0) {
            reply.integer(idle);
            reply.integer(times);
        }
    }

    // ---- XADD

    public static void xadd(CommandCall call) {
        Trimming options = new Trimming();
        String error = options.read(call, true);
        if (error == null) {
            int fields = call.count() - options.behind;
            if (fields < 2 || fields % 2 != 0) {
                error = ADD_ARGUMENTS;
            } else if (!options.made && !options.madeSeq && options.ms == 0 && options.seq == 0) {
                error = ZERO;
            }
        }
        if (error != null) {
            call.reply().error(error);
            return;
        }
        Streams stream = stream(call, 1, false);
        if (stream == null) {
            return;
        }
        if (!stream.exists() && options.onlyIfThere) {
            call.reply().nullValue();
            return;
        }
        error = number(call, stream, options);
        if (error == null) {
            error = append(call, stream, options);
        }
        if (error != null) {
            call.reply().error(error);
            return;
        }
        long ms = options.ms;
        long seq = options.seq;
        options.trim(stream);
        id(call.reply(), ms, seq);
    }

    /** Gives the entry its id; null, or why there is none. */
    private static @Nullable String number(CommandCall call, Streams stream, Trimming options) {
        long lastMs = stream.lastMs();
        long lastSeq = stream.lastSeq();
        if (lastMs == -1 && lastSeq == -1) {
            return EXHAUSTED;
        }
        if (options.made) {
            options.ms = call.now();
            options.seq = 0;
            if (Streams.compare(options.ms, 0, lastMs, lastSeq) <= 0) {
                // The clock was set back, or this is the same millisecond.
                options.ms = lastMs;
                options.seq = lastSeq + 1;
                if (options.seq == 0) {
                    options.ms++;
                }
            }
        } else if (options.madeSeq) {
            options.seq = options.ms == lastMs ? lastSeq + 1 : 0;
            if (options.ms == lastMs && lastSeq == -1) {
                return SMALLER;
            }
        }
        return Streams.compare(options.ms, options.seq, lastMs, lastSeq) <= 0 ? SMALLER : null;
    }

    private static @Nullable String append(CommandCall call, Streams stream, Trimming options) {
        int first = options.behind;
        long bytes = 9;
        for (int i = first; i < call.count(); i++) {
            bytes += Streams.numberBytes(call.length(i)) + (long) call.length(i);
        }
        if (bytes > Keyspace.MAX_LENGTH) {
            return TOO_LARGE;
        }
        long fields = Memory.allocate(bytes);
        try {
            long at = Streams.putNumber(fields, (call.count() - first) / 2);
            for (int i = first; i < call.count(); i++) {
                at = Streams.putNumber(at, call.length(i));
                Memory.copy(call.address(i), at, call.length(i));
                at += call.length(i);
            }
            stream.append(options.ms, options.seq, fields, (int) (at - fields));
        } finally {
            Memory.free(fields);
        }
        return null;
    }

    // ---- lengths, ranges

    public static void xlen(CommandCall call) {
        Streams stream = stream(call, 1, true);
        if (stream != null) {
            call.reply().integer(stream.length());
        }
    }

    public static void xrange(CommandCall call) {
        range(call, false);
    }

    public static void xrevrange(CommandCall call) {
        range(call, true);
    }

    private static void range(CommandCall call, boolean backwards) {
        IdArgument from = new IdArgument();
        IdArgument to = new IdArgument();
        String error = bounds(call, backwards ? 3 : 2, backwards ? 2 : 3, from, to);
        long most = -1;
        for (int i = 4; i < call.count() && error == null; i += 2) {
            if (i + 1 == call.count() || !call.is(i, "count")) {
                error = Errors.SYNTAX;
            } else if (!call.isInteger(i + 1)) {
                error = Errors.NOT_INTEGER;
            } else {
                most = Math.max(0, call.integer());
            }
        }
        if (error != null) {
            call.reply().error(error);
            return;
        }
        Streams stream = stream(call, 1, true);
        if (stream == null) {
            return;
        }
        if (!stream.exists()) {
            call.reply().arrayHeader(0);
        } else if (most == 0) {
            call.reply().nullArray();
        } else {
            answer(call, 1, stream, new Range(from, to, backwards, most < 0 ? Long.MAX_VALUE : most));
        }
    }

    /** Reads both ends of a range; null, or what is wrong. */
    static @Nullable String bounds(CommandCall call, int start, int end, IdArgument from, IdArgument to) {
        if (!from.readBound(call, start, true) || !to.readBound(call, end, false)) {
            return IdArgument.INVALID;
        }
        if (IdArgument.isExcluded(call, start) && !from.increment()) {
            return BAD_START;
        }
        return IdArgument.isExcluded(call, end) && !to.decrement() ? BAD_END : null;
    }

    /** Answers the entries of a range, in turns if they are many. */
    static void answer(CommandCall call, int key, Streams stream, Range range) {
        long count = stream.count(range.fromMs, range.fromSeq, range.toMs, range.toSeq, range.most);
        range.left = count;
        range.key = key;
        InTurns.run(call, key, range);
    }

    /** A range of entries that is answered. */
    static final class Range implements InTurns.Steps {
        /** What is gathered of one answer, whoever may leave more than that unread. */
        static final int MOST_REPLY_BYTES = 64 << 20;
        private static final String TOO_LONG = "ERR the entries of the range take more than " + MOST_REPLY_BYTES
                + " bytes; give COUNT, and ask again from behind the last";
        final long fromMs;
        final long fromSeq;
        final long toMs;
        final long toSeq;
        private final boolean backwards;
        final long most;
        long left;
        int key;
        private boolean begun;
        private int start;
        private long atMs;
        private long atSeq;

        Range(IdArgument from, IdArgument to, boolean backwards, long most) {
            this(from.ms, from.seq, to.ms, to.seq, backwards, most);
        }

        Range(long fromMs, long fromSeq, long toMs, long toSeq, boolean backwards, long most) {
            this.fromMs = fromMs;
            this.fromSeq = fromSeq;
            this.toMs = toMs;
            this.toSeq = toSeq;
            this.backwards = backwards;
            this.most = most;
        }

        @Override
        public boolean goOn(CommandCall call) {
            if (!begun) {
                start = call.reply().position();
                call.reply().arrayHeader((int) left);
            } else {
                // What was written is in a buffer of its own by now.
                start = 0;
            }
            if (left == 0) {
                return true;
            }
            Streams stream = call.shard().streams();
            long entry = call.keyspace().peek(call.address(key), call.length(key), call.now());
            stream.open(call.address(key), call.length(key), entry);
            if (!begun) {
                begun = true;
                atMs = backwards ? toMs : fromMs;
                atSeq = backwards ? toSeq : fromSeq;
            }
            if (backwards) {
                stream.seekTo(atMs, atSeq);
            } else {
                stream.seekFrom(atMs, atSeq);
            }
            while (true) {
                int before = call.reply().position();
                entry(call.reply(), stream);
                if (call.reply().position() - start > MOST_REPLY_BYTES) {
                    call.reply().rewind(start);
                    call.reply().error(TOO_LONG);
                    return true;
                }
                if (--left == 0) {
                    return true;
                }
                if (backwards) {
                    stream.previous();
                } else {
                    stream.next();
                }
                if (call.isToPause(call.reply().position() - before)) {
                    atMs = stream.ms();
                    atSeq = stream.seq();
                    return false;
                }
            }
        }
    }

    // ---- deleting

    public static void xdel(CommandCall call) {
        Streams stream = stream(call, 1, false);
        if (stream == null) {
            return;
        }
        IdArgument id = new IdArgument();
        for (int i = 2; i < call.count() && stream.exists(); i++) {
            if (!id.read(call, i, 0)) {
                call.reply().error(IdArgument.INVALID);
                return;
            }
        }
        long deleted = 0;
        for (int i = 2; i < call.count() && stream.exists(); i++) {
            id.read(call, i, 0);
            deleted += stream.delete(id.ms, id.seq) ? 1 : 0;
        }
        call.reply().integer(deleted);
    }

    public static void xtrim(CommandCall call) {
        Trimming options = new Trimming();
        String error = options.read(call, false);
        if (error != null) {
            call.reply().error(error);
            return;
        }
        Streams stream = stream(call, 1, false);
        if (stream == null) {
            return;
        }
        if (options.looksInGroups(stream)) {
            InTurns.run(call, 1, new LongTrim(options));
        } else {
            call.reply().integer(options.trim(stream));
        }
    }

    public static void xsetid(CommandCall call) {
        IdArgument id = new IdArgument();
        IdArgument deleted = new IdArgument();
        long added = -1;
        boolean deletedGiven = false;
        if (!id.read(call, 2, 0)) {
            call.reply().error(IdArgument.INVALID);
            return;
        }
        String error = null;
        for (int i = 3; i < call.count() && error == null; i += 2) {
            if (i + 1 < call.count() && call.is(i, "entriesadded")) {
                if (!call.isInteger(i + 1)) {
                    error = Errors.NOT_INTEGER;
                } else if (call.integer() < 0) {
                    error = NEGATIVE_ADDED;
                }
                added = call.integer();
            } else if (i + 1 < call.count() && call.is(i, "maxdeletedid")) {
                if (!deleted.read(call, i + 1, 0)) {
                    error = IdArgument.INVALID;
                } else if (Streams.compare(id.ms, id.seq, deleted.ms, deleted.seq) < 0) {
                    error = SMALLER_THAN_DELETED;
                }
                deletedGiven = true;
            } else {
                error = Errors.SYNTAX;
            }
        }
        if (error != null) {
            call.reply().error(error);
            return;
        }
        Streams stream = stream(call, 1, false);
        if (stream == null) {
            return;
        }
        if (!stream.exists()) {
            call.reply().error(Errors.NO_SUCH_KEY);
            return;
        }
        if (stream.length() > 0) {
            stream.seekTo(-1, -1);
            if (Streams.compare(id.ms, id.seq, stream.ms(), stream.seq()) < 0) {
                call.reply().error(SMALLER_THAN_TOP);
                return;
            }
            if (added != -1 && stream.length() > added) {
                call.reply().error(FEWER_ADDED);
                return;
            }
        }
        boolean isSet = deletedGiven && (deleted.ms != 0 || deleted.seq != 0);
        stream.state(id.ms, id.seq, isSet ? deleted.ms : stream.deletedMs(), isSet ? deleted.seq : stream.deletedSeq(),
                added == -1 ? stream.added() : added);
        call.reply().ok();
    }
}
