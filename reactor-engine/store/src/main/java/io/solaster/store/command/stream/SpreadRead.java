package io.solaster.store.command.stream;

import java.nio.charset.StandardCharsets;

import io.solaster.engine.Slots;
import io.solaster.engine.memory.Memory;
import io.solaster.resp.ReplyWriter;
import io.solaster.store.shard.ByteStrings;
import io.solaster.store.shard.CommandCall;
import io.solaster.store.shard.Spread;
import io.solaster.store.shard.Transaction;
import io.solaster.store.shard.Values;
import io.solaster.store.stream.Streams;
import org.jspecify.annotations.Nullable;

/**
 * {@code XREAD} and {@code XREADGROUP} over several shards. Each part looks at the streams of its shard. Without a group it reads
 * them there and then; in a group it does so in a second hop, once all parts have found their streams and groups. For each key it
 * adds the key's name and how many entries follow, and for each entry a record of its numbers, its fields and their values.
 */
public final class SpreadRead implements Spread {
    /** {@code XREAD}. */
    public static final Spread XREAD = new SpreadRead(false);
    /** {@code XREADGROUP}. */
    public static final Spread XREADGROUP = new SpreadRead(true);

    private static final int MS = 0;
    private static final int SEQ = 8;
    private static final int IDLE = 16;
    private static final int TIMES = 24;
    private static final int FIELDS = 32;
    private static final int RECORD = 36;
    /** In the place of fields: the entry was deleted. */
    private static final int GONE = -1;

    private final boolean inGroup;

    private SpreadRead(boolean inGroup) {
        this.inGroup = inGroup;
    }

    /** What a part has found, which goes with its values. */
    private static final class Part implements Values.Work, StreamReading.Sink {
        final StreamReading reading;
        /** By key: where its stream ends. */
        final long[] lastMs;
        final long[] lastSeq;
        private final Values values;
        private final long scratch = Memory.allocate(RECORD);
        int looked;
        boolean hasRead;
        @Nullable
        String error;
        /** The key of the error. */
        int wrong;
        /** Entries of the key that is answered that are not written yet; below 0 where none has begun. */
        long left = -1;

        Part(ReadRequest request, Values values) {
            this.reading = new StreamReading(request);
            this.values = values;
            this.error = request.error;
            this.lastMs = new long[request.keys];
            this.lastSeq = new long[request.keys];
        }

        @Override
        public void key(CommandCall call, int key, long entries) {
            int argument = reading.request.firstKey + key;
            values.answer(call.address(argument), call.length(argument));
            Memory.putLong(scratch, entries);
            values.answer(scratch, Long.BYTES);
        }

        @Override
        public boolean entry(CommandCall call, Streams stream, long idle, long times) {
            int fields = stream.fields();
            Memory.putLong(scratch + MS, stream.ms());
            Memory.putLong(scratch + SEQ, stream.seq());
            Memory.putLong(scratch + IDLE, idle);
            Memory.putLong(scratch + TIMES, times);
            Memory.putInt(scratch + FIELDS, fields);
            boolean room = values.answer(scratch, RECORD);
            for (int i = 0; i < fields && room; i++) {
                stream.nextField();
                room = values.answer(stream.nameAddress(), stream.nameLength())
                        && values.answer(stream.valueAddress(), stream.valueLength());
            }
            return room;
        }

        @Override
        public void gone(long ms, long seq) {
            Memory.putLong(scratch + MS, ms);
            Memory.putLong(scratch + SEQ, seq);
            Memory.putInt(scratch + FIELDS, GONE);
            values.answer(scratch, RECORD);
        }

        @Override
        public boolean isToPause(CommandCall call, long bytes) {
            return call.isToYield();
        }

        @Override
        public void close() {
            Memory.free(scratch);
        }
    }

    private static @Nullable Part part(Transaction transaction, int key) {
        return (Part) transaction.values(transaction.owner(key)).work();
    }

    /** Who asks for all entries at once may be answered very many: so they are read in turns, and counted while they are. */
    @Override
    public boolean isLong(CommandCall call) {
        // Without keys, as where the arguments make no sense, there is no shard to say so.
        for (int i = 1; i < call.count() && call.keys().count() > 0; i++) {
            if (call.is(i, "count") || call.is(i, "block")) {
                return false;
            }
            if (call.is(i, "streams")) {
                return true;
            }
        }
        return false;
    }

    @Override
    public int hops() {
        return inGroup ? 2 : 1;
    }

    @Override
    public void run(CommandCall call, Values values, int hop) {
        Part part = (Part) values.work();
        if (part == null) {
            part = new Part(new ReadRequest(call, inGroup), values);
            values.work(part);
        }
        StreamReading reading = part.reading;
        reading.request.call = call;
        if (hop == 0 && !look(call, part)) {
            call.goOn(1);
            return;
        }
        if (hop == hops() - 1 && part.error == null) {
            part.hasRead = true;
            if (reading.served() > 0 && !reading.goOn(call, part)) {
                call.goOn(1);
            }
        }
    }

    /** Looks at the streams of this shard; false if it has left off. */
    private static boolean look(CommandCall call, Part part) {
        StreamReading reading = part.reading;
        int shards = call.shard().parts().count();
        for (; part.looked < reading.request.keys && part.error == null; part.looked++) {
            int argument = reading.request.firstKey + part.looked;
            if (Slots.shardOf(Slots.of(call.address(argument), call.length(argument)), shards) == call.shard().shard()
                    .id()) {
                if (!reading.look(part.looked)) {
                    part.error = reading.request.error;
                    part.wrong = part.looked;
                    return true;
                }
                Streams stream = call.shard().streams();
                part.lastMs[part.looked] = stream.lastMs();
                part.lastSeq[part.looked] = stream.lastSeq();
                if (call.isToYield()) {
                    part.looked++;
                    return false;
                }
            }
        }
        return true;
    }

    /** The error of the first key that has one; null for none. */
    private static @Nullable String error(Transaction transaction) {
        Part first = null;
        for (int key = 0; key < transaction.keys(); key++) {
            Part part = part(transaction, key);
            if (part != null && part.error != null && (first == null || part.wrong < first.wrong)) {
                first = part;
            }
        }
        return first == null ? null : first.error;
    }

    /** How many streams have something; counted by their keys. */
    private static int served(Transaction transaction) {
        int served = 0;
        for (int key = 0; key < transaction.keys(); key++) {
            Part part = part(transaction, key);
            served += part != null && part.hasRead && part.reading.serves[key] ? 1 : 0;
        }
        return served;
    }

    @Override
    public boolean goesOn(Transaction transaction, int hop) {
        boolean any = false;
        for (int key = 0; key < transaction.keys(); key++) {
            Part part = part(transaction, key);
            any |= part != null && part.reading.serves[key];
        }
        // Nothing is delivered to a client that is gone.
        return any && error(transaction) == null && transaction.isWanted();
    }

    @Override
    public boolean isToWait(Transaction transaction) {
        Part part = transaction.keys() == 0 ? null : part(transaction, 0);
        return part != null && part.reading.request.waits && error(transaction) == null && served(transaction) == 0;
    }

    @Override
    public boolean settle(Transaction transaction, CommandCall call, ByteStrings to) {
        ReadRequest request = new ReadRequest(call, inGroup);
        long copy = Memory.allocate(ReadCommands.LONGEST_ID);
        try {
            for (int i = 0; i < call.count(); i++) {
                int key = i - request.firstKey - request.keys;
                Part part = key < 0 || !request.isSign(i, '$') && !request.isSign(i, '+')
                        ? null
                        : part(transaction, key);
                if (part == null) {
                    to.add(call.address(i), call.length(i));
                } else {
                    byte[] id = (Long.toUnsignedString(part.lastMs[key]) + '-'
                            + Long.toUnsignedString(part.lastSeq[key]))
                            .getBytes(StandardCharsets.US_ASCII);
                    Memory.copy(id, 0, copy, id.length);
                    to.add(copy, id.length);
                }
            }
        } finally {
            Memory.free(copy);
        }
        return true;
    }

    @Override
    public boolean conclude(Transaction transaction, ReplyWriter reply) {
        String error = error(transaction);
        int served = error == null ? served(transaction) : 0;
        if (served == 0) {
            if (error == null) {
                reply.nullArray();
            } else {
                reply.error(error);
            }
            return true;
        }
        for (int key = transaction.progress(); key < transaction.keys(); key++) {
            Part part = part(transaction, key);
            if (part != null && part.reading.serves[key]) {
                ByteStrings strings = transaction.values(transaction.owner(key)).strings();
                if (part.left < 0 && isFirst(transaction, key)) {
                    ReadCommands.header(reply, served);
                }
                if (!write(transaction, reply, part, strings)) {
                    transaction.progress(key);
                    return false;
                }
            }
        }
        return true;
    }

    /** Whether a key is the first that is answered. */
    private static boolean isFirst(Transaction transaction, int key) {
        for (int before = 0; before < key; before++) {
            Part part = part(transaction, before);
            if (part != null && part.reading.serves[before]) {
                return false;
            }
        }
        return true;
    }

    private static boolean write(Transaction transaction, ReplyWriter reply, Part part, ByteStrings strings) {
        if (part.left < 0) {
            strings.next();
            if (!reply.resp3()) {
                reply.arrayHeader(2);
            }
            reply.bulk(strings.address(), strings.length());
            strings.next();
            part.left = Memory.getLong(strings.address());
            reply.arrayHeader((int) part.left);
        }
        for (; part.left > 0; part.left--) {
            if (transaction.isToYield()) {
                return false;
            }
            entry(reply, strings);
        }
        part.left = -1;
        return true;
    }

    private static void entry(ReplyWriter reply, ByteStrings strings) {
        strings.next();
        long record = strings.address();
        int fields = Memory.getInt(record + FIELDS);
        long idle = fields == GONE ? -1 : Memory.getLong(record + IDLE);
        long times = fields == GONE ? 0 : Memory.getLong(record + TIMES);
        reply.arrayHeader(idle < 0 ? 2 : 4);
        StreamCommands.id(reply, Memory.getLong(record + MS), Memory.getLong(record + SEQ));
        if (fields == GONE) {
            reply.nullArray();
            return;
        }
        reply.arrayHeader(2 * fields);
        for (int i = 0; i < 2 * fields; i++) {
            strings.next();
            reply.bulk(strings.address(), strings.length());
        }
        if (idle >= 0) {
            reply.integer(idle);
            reply.integer(times);
        }
    }
}
