package io.solaster.store.command.stream;

import io.solaster.engine.memory.Memory;
import io.solaster.store.keyspace.Keyspace;
import io.solaster.store.shard.CommandCall;
import io.solaster.store.shard.Errors;
import io.solaster.store.stream.Groups;
import io.solaster.store.stream.Streams;
import org.jspecify.annotations.Nullable;

/** What a call of {@code XREAD} or {@code XREADGROUP} asks for. On the shards of its keys. */
final class ReadRequest {
    /** As a minimum of idle time: nothing is claimed. */
    static final long NO_CLAIM = -1;

    private static final String GONE = "UNBLOCKED the stream key no longer exists";
    private static final String GROUP_GONE = "NOGROUP the consumer group this client was blocked on no longer exists";
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

    /** The call that is run now: another one of the same arguments where it is run in turns. */
    CommandCall call;
    final boolean inGroup;
    @Nullable
    String error;
    int group;
    boolean noAck;
    /** How many entries of each stream. */
    long most = Long.MAX_VALUE;
    boolean waits;
    long timeout;
    int firstKey;
    int keys;
    /** Pending entries are claimed that were not delivered for so many milliseconds; {@link #NO_CLAIM} for none. */
    long claim = NO_CLAIM;
    /** Nothing is read yet, nor written. */
    boolean looks;
    private final IdArgument id = new IdArgument();

    ReadRequest(CommandCall call, boolean inGroup) {
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
                most = call.integer() <= 0 ? Long.MAX_VALUE : call.integer();
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
            } else if (call.is(i, "claim") && more > 0) {
                if (!inGroup) {
                    return "ERR The CLAIM option is only supported by XREADGROUP. You called XREAD instead.";
                }
                i++;
                if (!call.isInteger(i)) {
                    return "ERR min-idle-time is not an integer or out of range";
                }
                claim = call.integer();
                if (claim < 0) {
                    return "ERR min-idle-time must be 0 or more milliseconds";
                }
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
            error = inGroup && call.offered() > 0 ? GONE : Errors.WRONG_TYPE;
            return null;
        }
        Streams streams = call.shard().streams();
        streams.open(call.address(argument), call.length(argument), entry);
        return streams;
    }

    /** The group of the stream that is open; 0 if there is none, which is an error. */
    long group(Streams stream, int key) {
        long found = stream.groups().find(call.address(group), call.length(group));
        if (found == 0 && call.offered() > 0) {
            error = stream.exists() ? GROUP_GONE : GONE;
        } else if (found == 0) {
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
