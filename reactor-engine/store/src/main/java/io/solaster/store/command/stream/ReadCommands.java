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
    private static final CommandCall.Wanted READ = (call, key) -> isFor(call, false, key);
    private static final CommandCall.Wanted IN_GROUP = (call, key) -> isFor(call, true, key);
    private static final int LONGEST_ID = 41;
    private static final int MOST_QUOTED = 128;
    private static final String DOLLAR = "ERR The $ ID is meaningless in the context of XREADGROUP: you want to read the"
            + " history of this consumer by specifying a proper ID, or use the > ID to get new messages. The $ ID would just"
            + " return an empty result set.";
    private static final String GREATER = "ERR The > ID can be specified only when calling XREADGROUP using the GROUP"
            + " <group> <consumer> option.";
    private static final String UNBALANCED = "ERR Unbalanced XREAD list of streams: for each stream key an ID or '$' must"
            + " be specified.";
    private static final String PLUS = "ERR The + ID is meaningless in the context of XREADGROUP: you want to read the"
            + " history of this consumer by specifying a proper ID, or use the > ID to get new messages.";

    /** What a call asks for. */
    private static final class Request {
        final CommandCall call;
        final boolean inGroup;
        @Nullable
        String error;
        int group;
        boolean noAck;
        long most;
        boolean waits;
        long timeout;
        int firstKey;
        int keys;
        /** Nothing is read yet, nor written. */
        boolean looks;
        private final IdArgument id = new IdArgument();

        Request(CommandCall call, boolean inGroup) {
            this.call = call;
            this.inGroup = inGroup;
            error = read();
        }

        private @Nullable String read() {
            for (int i = 1; i < call.count(); i++) {
                int more = call.count() - 1 - i;
                if (call.is(i, "block") && more > 0) {
                    i++;
                    waits = true;
                    if (call.isOfScript()) {
                        return "ERR " + call.text(0) + " command is not allowed with BLOCK option from scripts";
                    }
                    if (!call.isInteger(i)) {
                        return "ERR timeout is not an integer or out of range";
                    }
                    timeout = call.integer();
                    if (timeout < 0) {
                        return "ERR timeout is negative";
                    }
                } else if (call.is(i, "count") && more > 0) {
                    i++;
                    if (!call.isInteger(i)) {
                        return Errors.NOT_INTEGER;
                    }
                    most = Math.max(0, call.integer());
                } else if (call.is(i, "streams") && more > 0) {
                    firstKey = i + 1;
                    if (more % 2 != 0) {
                        return UNBALANCED;
                    }
                    keys = more / 2;
                    break;
                } else if (call.is(i, "group") && more >= 2) {
                    if (!inGroup) {
                        return "ERR The GROUP option is only supported by XREADGROUP. You called XREAD instead.";
                    }
                    group = i + 1;
                    i += 2;
                } else if (call.is(i, "noack")) {
                    if (!inGroup) {
                        return "ERR The NOACK option is only supported by XREADGROUP. You called XREAD instead.";
                    }
                    noAck = true;
                } else {
                    return Errors.SYNTAX;
                }
            }
            if (firstKey == 0) {
                return Errors.SYNTAX;
            }
            if (inGroup && group == 0) {
                return "ERR Missing GROUP option for XREADGROUP";
            }
            for (int i = 0; i < keys; i++) {
                String wrong = wrongId(firstKey + keys + i);
                if (wrong != null) {
                    return wrong;
                }
            }
            return null;
        }

        private @Nullable String wrongId(int argument) {
            if (isSign(argument, '$')) {
                return inGroup ? DOLLAR : null;
            }
            if (isSign(argument, '+')) {
                return inGroup ? PLUS : null;
            }
            if (isSign(argument, '>')) {
                return inGroup ? null : GREATER;
            }
            return id.read(call, argument, 0) ? null : IdArgument.INVALID;
        }

        boolean isSign(int argument, char sign) {
            return call.length(argument) == 1 && Memory.getByte(call.address(argument)) == sign;
        }

        int idOf(int key) {
            return firstKey + keys + key;
        }

        boolean isNew(int key) {
            return isSign(idOf(key), '>');
        }

        /** The stream of a key, opened; null if it is something else. */
        @Nullable
        Streams open(int key) {
            int argument = firstKey + key;
            long entry = looks
                    ? call.keyspace().peek(call.address(argument), call.length(argument), call.now())
                    : inGroup ? call.find(argument) : call.read(argument);
            if (entry != 0 && call.keyspace().type(entry) != Keyspace.TYPE_STREAM) {
                error = Errors.WRONG_TYPE;
                return null;
            }
            Streams streams = call.shard().streams();
            streams.open(call.address(argument), call.length(argument), entry);
            return streams;
        }

        /** The group of the stream that is open; 0 if there is none, which is an error. */
        long group(Streams stream, int key) {
            long found = stream.groups().find(call.address(group), call.length(group));
            if (found == 0) {
                error = "NOGROUP No such key '" + call.text(firstKey + key, MOST_QUOTED) + "' or consumer group '"
                        + call.text(group, MOST_QUOTED) + "' in XREADGROUP with GROUP option";
            }
            return found;
        }

        /** The first id that a key is read from, of a stream that is open. */
        IdArgument from(Streams stream, int key) {
            int argument = idOf(key);
            if (inGroup && isNew(key)) {
                long of = group(stream, key);
                id.ms = of == 0 ? 0 : Groups.lastMs(of);
                id.seq = of == 0 ? 0 : Groups.lastSeq(of);
            } else if (isSign(argument, '$')) {
                id.ms = stream.lastMs();
                id.seq = stream.lastSeq();
            } else if (isSign(argument, '+')) {
                if (stream.seekTo(-1, -1)) {
                    id.ms = stream.ms();
                    id.seq = stream.seq();
                    id.decrement();
                } else {
                    id.ms = stream.lastMs();
                    id.seq = stream.lastSeq();
                }
            } else {
                id.read(call, argument, 0);
            }
            return id;
        }

        /** Whether there is something for a key, whose stream is open. */
        boolean hasNew(Streams stream, int key) {
            IdArgument from = from(stream, key);
            return error == null && Streams.compare(stream.lastMs(), stream.lastSeq(), from.ms, from.seq) > 0
                    && from.increment() && stream.seekFrom(from.ms, from.seq);
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
                }
                return;
            }
            if (call.is(at, "block") || call.is(at, "count")) {
                i++;
            } else if (call.is(at, "group")) {
                i += 2;
            } else if (!call.is(at, "noack")) {
                return;
            }
        }
    }

    public static void xread(CommandCall call) {
        read(call, new Request(call, false));
    }

    public static void xreadgroup(CommandCall call) {
        read(call, new Request(call, true));
    }

    private static void read(CommandCall call, Request request) {
        boolean[] serves = new boolean[Math.max(1, request.keys)];
        int served = 0;
        int only = -1;
        for (int key = 0; key < request.keys && request.error == null && call.offered() >= 0; key++) {
            if (call.offered() > 0 && call.offered() != request.firstKey + key) {
                continue;
            }
            Streams stream = request.open(key);
            if (stream == null) {
                break;
            }
            if (request.inGroup && (request.group(stream, key) == 0)) {
                break;
            }
            serves[key] = request.inGroup && !request.isNew(key) || request.hasNew(stream, key);
            if (serves[key]) {
                served++;
                only = key;
            }
        }
        if (request.error != null) {
            call.reply().error(request.error);
        } else if (served == 0) {
            waitOrNothing(call, request);
        } else if (served == 1 && !request.inGroup) {
            one(call, request, only);
        } else {
            header(call.reply(), served);
            for (int key = 0; key < request.keys; key++) {
                if (serves[key]) {
                    key(call, request, key);
                }
            }
        }
    }

    private static void header(ReplyWriter reply, int streams) {
        if (reply.resp3()) {
            reply.mapHeader(streams);
        } else {
            reply.arrayHeader(streams);
        }
    }

    private static void name(CommandCall call, int argument) {
        if (!call.reply().resp3()) {
            call.reply().arrayHeader(2);
        }
        call.reply().bulk(call.address(argument), call.length(argument));
    }

    private static void one(CommandCall call, Request request, int key) {
        Streams stream = request.open(key);
        if (stream == null) {
            return;
        }
        IdArgument from = request.from(stream, key);
        from.increment();
        int argument = request.firstKey + key;
        long most = request.most == 0 ? Long.MAX_VALUE : request.most;
        StreamCommands.Range range = new StreamCommands.Range(from.ms, from.seq, -1, -1, false, most);
        range.left = stream.count(from.ms, from.seq, -1, -1, most);
        range.key = argument;
        boolean[] begun = {false};
        InTurns.Steps steps = its -> {
            if (!begun[0]) {
                begun[0] = true;
                header(its.reply(), 1);
                name(its, argument);
            }
            return range.goOn(its);
        };
        InTurns.run(call, argument, steps);
    }

    private static void key(CommandCall call, Request request, int key) {
        Streams stream = request.open(key);
        if (stream == null) {
            return;
        }
        name(call, request.firstKey + key);
        long most = request.most == 0 ? Long.MAX_VALUE : request.most;
        if (!request.inGroup) {
            IdArgument from = request.from(stream, key);
            from.increment();
            entries(call.reply(), stream, from.ms, from.seq, stream.count(from.ms, from.seq, -1, -1, most));
        } else if (request.isNew(key)) {
            deliver(call, request, stream, request.group(stream, key), most);
            call.keyspace().endWrite();
        } else {
            history(call, request, stream, request.group(stream, key), key, most);
            call.keyspace().endWrite();
        }
    }

    private static void entries(ReplyWriter reply, Streams stream, long ms, long seq, long count) {
        reply.arrayHeader((int) count);
        stream.seekFrom(ms, seq);
        for (long i = 0; i < count; i++) {
            StreamCommands.entry(reply, stream);
            stream.next();
        }
    }

    /** Gives a consumer the entries that the group has not had yet. */
    private static void deliver(CommandCall call, Request request, Streams stream, long group, long most) {
        Groups groups = stream.groups();
        long ms = Groups.lastMs(group);
        long seq = Groups.lastSeq(group) + 1;
        if (seq == 0) {
            ms++;
        }
        int consumerName = request.group + 1;
        int count = (int) stream.count(ms, seq, -1, -1, most);
        long consumer = groups.setConsumer(group, call.address(consumerName), call.length(consumerName), call.now(),
                call.now());
        call.reply().arrayHeader(count);
        long read = Groups.read(group);
        long lastMs = Groups.lastMs(group);
        long lastSeq = Groups.lastSeq(group);
        stream.seekFrom(ms, seq);
        for (int i = 0; i < count; i++) {
            StreamCommands.entry(call.reply(), stream);
            lastMs = stream.ms();
            lastSeq = stream.seq();
            if (!request.noAck) {
                groups.setPending(group, consumer, lastMs, lastSeq, call.now(), 1);
            }
            stream.next();
        }
        read = Lag.readAfter(stream, read, Groups.lastMs(group), Groups.lastSeq(group), lastMs, lastSeq, count);
        groups.set(Step.GROUP_READ, call.address(request.group), call.length(request.group), lastMs, lastSeq, read);
    }

    /** Tells a consumer what is pending for it. */
    private static void history(CommandCall call, Request request, Streams stream, long group, int key, long most) {
        Groups groups = stream.groups();
        int consumerName = request.group + 1;
        long known = Groups.findConsumer(group, call.address(consumerName), call.length(consumerName));
        long consumer = groups.setConsumer(group, call.address(consumerName), call.length(consumerName), call.now(),
                known == 0 ? -1 : Groups.active(known));
        IdArgument from = request.from(stream, key);
        long[] ids = new long[32];
        int count = 0;
        boolean more = from.increment() && groups.seekOwned(group, consumer, from.ms, from.seq);
        while (more && count < most) {
            if (2 * count == ids.length) {
                ids = Arrays.copyOf(ids, 2 * ids.length);
            }
            ids[2 * count] = groups.pendingMs();
            ids[2 * count + 1] = groups.pendingSeq();
            count++;
            more = groups.nextOwned(group);
        }
        call.reply().arrayHeader(count);
        for (int i = 0; i < count; i++) {
            long ms = ids[2 * i];
            long seq = ids[2 * i + 1];
            if (stream.find(ms, seq)) {
                StreamCommands.entry(call.reply(), stream);
                groups.findPending(group, ms, seq);
                groups.setPending(group, consumer, ms, seq, call.now(), groups.times() + 1);
            } else {
                call.reply().arrayHeader(2);
                StreamCommands.id(call.reply(), ms, seq);
                call.reply().nullArray();
            }
        }
    }

    private static void waitOrNothing(CommandCall call, Request request) {
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
            call.wanted(request.inGroup ? IN_GROUP : READ);
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
        Request request = new Request(call, inGroup);
        request.looks = true;
        int which = key - request.firstKey;
        if (request.error != null || which < 0 || which >= request.keys) {
            return true;
        }
        Streams stream = request.open(which);
        if (stream == null || inGroup && request.group(stream, which) == 0) {
            return inGroup;
        }
        return request.hasNew(stream, which);
    }
}
