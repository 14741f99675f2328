package io.solaster.store.command.stream;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;

import io.solaster.engine.memory.Memory;
import io.solaster.resp.ReplyWriter;
import io.solaster.store.keyspace.Effects.Step;
import io.solaster.store.keyspace.Keyspace;
import io.solaster.store.shard.CommandCall;
import io.solaster.store.shard.Errors;
import io.solaster.store.shard.InTurns;
import io.solaster.store.shard.KeyPositions;
import io.solaster.store.stream.Groups;
import io.solaster.store.stream.Streams;
import org.jspecify.annotations.Nullable;

/** {@code XREAD} and {@code XREADGROUP}. On the owning shard. */
public final class ReadCommands {
    static final int LONGEST_ID = 41;
    /** What waits, and what for. */
    private enum Wish implements CommandCall.Wanted {
        READ(false), IN_GROUP(true);

        private final boolean inGroup;

        Wish(boolean inGroup) {
            this.inGroup = inGroup;
        }

        @Override
        public boolean isThere(CommandCall call, int key) {
            return isFor(call, inGroup, key);
        }

        @Override
        public boolean isShared() {
            return !inGroup;
        }

        @Override
        public long againAt(CommandCall call, int key) {
            ReadRequest request = new ReadRequest(call, inGroup);
            return request.claim == ReadRequest.NO_CLAIM ? NEVER : claimableAt(request, key - request.firstKey);
        }
    }

    private ReadCommands() {}

    /** Finds the keys of {@code XREAD}. */
    public static void findReadKeys(CommandCall call, int from, int count, KeyPositions found) {
        findKeys(call, from, count, found, 1);
    }

    /** Finds the keys of {@code XREADGROUP}. */
    public static void findGroupKeys(CommandCall call, int from, int count, KeyPositions found) {
        findKeys(call, from, count, found, 4);
    }

    private static void findKeys(CommandCall call, int from, int count, KeyPositions found, int first) {
        for (int i = first; i < count; i++) {
            int at = from + i;
            if (call.is(at, "streams")) {
                int more = count - 1 - i;
                if (more > 0 && more % 2 == 0) {
                    found.addRange(at + 1, more / 2, 1);
                    // Which id belongs to a key goes by its place among them.
                    found.toAll();
                }
                return;
            }
            if (call.is(at, "block") || call.is(at, "count") || call.is(at, "claim")) {
                i++;
            } else if (call.is(at, "group")) {
                i += 2;
            } else if (!call.is(at, "noack")) {
                return;
            }
        }
    }

    public static void xread(CommandCall call) {
        read(call, new ReadRequest(call, false));
    }

    public static void xreadgroup(CommandCall call) {
        read(call, new ReadRequest(call, true));
    }

    private static void read(CommandCall call, ReadRequest request) {
        StreamReading reading = new StreamReading(request);
        for (int key = 0; key < request.keys && request.error == null && call.offered() >= 0; key++) {
            if (call.offered() == 0 || call.offered() == request.firstKey + key) {
                reading.look(key);
            }
        }
        if (request.error != null) {
            call.reply().error(request.error);
        } else if (reading.served() == 0) {
            waitOrNothing(call, request);
        } else {
            boolean[] begun = {false};
            InTurns.run(call, request.firstKey, request.keys, its -> {
                if (!begun[0]) {
                    begun[0] = true;
                    header(its.reply(), reading.served());
                }
                return reading.goOn(its, new ReplySink(its, request));
            });
        }
    }

    static void header(ReplyWriter reply, int streams) {
        if (reply.resp3()) {
            reply.mapHeader(streams);
        } else {
            reply.arrayHeader(streams);
        }
    }

    /** Writes what is read where it is answered. */
    private static final class ReplySink implements StreamReading.Sink {
        private final CommandCall call;
        private final ReadRequest request;
        private int before;

        ReplySink(CommandCall call, ReadRequest request) {
            this.call = call;
            this.request = request;
            before = call.reply().position();
        }

        @Override
        public void key(CommandCall its, int key, long entries) {
            if (!call.reply().resp3()) {
                call.reply().arrayHeader(2);
            }
            int argument = request.firstKey + key;
            call.reply().bulk(call.address(argument), call.length(argument));
            call.reply().arrayHeader((int) entries);
        }

        @Override
        public boolean entry(CommandCall its, Streams stream, long idle, long times) {
            StreamCommands.entry(call.reply(), stream, idle, times);
            return true;
        }

        @Override
        public void gone(long ms, long seq) {
            call.reply().arrayHeader(2);
            StreamCommands.id(call.reply(), ms, seq);
            call.reply().nullArray();
        }

        @Override
        public boolean isToPause(CommandCall its, long bytes) {
            int written = call.reply().position() - before;
            before += written;
            return call.isToPause(written);
        }
    }

    private static void waitOrNothing(CommandCall call, ReadRequest request) {
        if (!request.waits) {
            call.reply().nullArray();
            return;
        }
        // Ids that say where the stream ends are of now, and not of when something has come.
        long ids = Memory.allocate(LONGEST_ID * (long) request.keys);
        long[] before = new long[2 * request.keys];
        for (int key = 0; key < request.keys; key++) {
            before[2 * key] = call.address(request.idOf(key));
            before[2 * key + 1] = call.length(request.idOf(key));
        }
        try {
            for (int key = 0; key < request.keys; key++) {
                int argument = request.idOf(key);
                if (request.isSign(argument, '$') || request.isSign(argument, '+')) {
                    Streams stream = request.open(key);
                    byte[] id = stream == null
                            ? new byte[]{'0'}
                            : (Long.toUnsignedString(stream.lastMs()) + '-' + Long.toUnsignedString(stream.lastSeq()))
                                    .getBytes(StandardCharsets.US_ASCII);
                    Memory.copy(id, 0, ids + (long) LONGEST_ID * key, id.length);
                    call.argument(argument, ids + (long) LONGEST_ID * key, id.length);
                }
            }
            call.wanted(request.inGroup ? Wish.IN_GROUP : Wish.READ);
            if (!call.block(request.timeout, Keyspace.TYPE_STREAM, request.firstKey, request.keys)) {
                call.reply().nullArray();
            }
            if (call.takeWanted() != null) {
                // It does not wait, and whoever looks at the arguments later finds those that were sent.
                for (int key = 0; key < request.keys; key++) {
                    call.argument(request.idOf(key), before[2 * key], (int) before[2 * key + 1]);
                }
            }
        } finally {
            Memory.free(ids);
        }
    }

    /** Whether what waits is to be run again now that a key was written; what waits in a group is, where that is gone, too. */
    private static boolean isFor(CommandCall call, boolean inGroup, int key) {
        ReadRequest request = new ReadRequest(call, inGroup);
        request.looks = true;
        int which = key - request.firstKey;
        if (request.error != null || which < 0 || which >= request.keys) {
            return true;
        }
        Streams stream = request.open(which);
        if (stream == null || inGroup && request.group(stream, which) == 0) {
            return inGroup;
        }
        return request.hasNew(stream, which) || inGroup && request.claim != ReadRequest.NO_CLAIM
                && claimableAt(request, which) <= call.now();
    }

    /** Unix milliseconds at which something can be claimed; {@link CommandCall.Wanted#NEVER} as far as is known. */
    private static long claimableAt(ReadRequest request, int which) {
        request.looks = true;
        Streams stream = request.open(which);
        long group = stream == null || !request.isNew(which) ? 0 : request.group(stream, which);
        long earliest = group == 0 || stream == null
                ? Long.MAX_VALUE
                : Claimable.earliest(stream.groups(), group);
        return earliest > Long.MAX_VALUE - request.claim ? CommandCall.Wanted.NEVER : earliest + request.claim;
    }
}
