package io.solaster.store.persist;

import java.util.Arrays;
import java.util.Locale;
import java.util.function.Consumer;

import io.netty.buffer.ByteBuf;
import io.solaster.engine.memory.Memory;
import io.solaster.log.LogProgram;
import io.solaster.store.keyspace.Effects.Step;
import io.solaster.store.keyspace.Keyspace;

/**
 * Says what the records of one shard's log hold: each change as the command that would make it, where there is one. Of keys and
 * values the first bytes are shown, all but printable ones of ASCII as {@code \xNN}. The bytes may be anybody's: what makes no
 * sense is said to make none. On one thread.
 */
public final class RecordText implements LogProgram.Records {
    private static final String[] TYPES = {"string", "list", "set", "zset", "hash", "module", "stream"};

    private final int most;
    private Shown shown = new Shown();
    private boolean begun;
    private Consumer<String> lines = line -> {};

    /** @param most bytes that are shown of each key and value */
    public RecordText(int most) {
        this.most = most;
    }

    /** Has the changes shown instead of done. */
    private final class Shown extends ChangesReplica {
        @Override
        void change(ByteBuf changes) {
            ChangeParser parser = new ChangeParser();
            parser.open(changes);
            while (parser.next()) {
                lines.accept(text(parser));
            }
        }

        @Override
        void mayChange(boolean first) {
            // There are no keys.
        }

        @Override
        public long snapshot(Pieces pieces) {
            throw noKeys();
        }

        @Override
        public void drop(int from, int to) {
            throw noKeys();
        }

        @Override
        public void lead() {
            throw noKeys();
        }

        private static UnsupportedOperationException noKeys() {
            return new UnsupportedOperationException("changes are shown here, and not done");
        }
    }

    @Override
    public void tell(long sequence, int kind, ByteBuf payload, Consumer<String> about, Consumer<String> line) {
        lines = line;
        try {
            about.accept(about(kind, payload));
            if (!begun) {
                // What is before is in a snapshot.
                shown.installed(sequence);
                begun = true;
            }
            shown.apply(sequence, 1, kind, payload);
        } catch (Exception makesNone) {
            line.accept("makes no sense: " + makesNone.getMessage());
            shown.close();
            shown = new Shown();
            shown.installed(sequence + 1);
        } finally {
            lines = none -> {};
        }
    }

    private static String about(int kind, ByteBuf payload) {
        return switch (kind) {
            case LogStep.WHOLE -> "";
            case LogStep.PART -> " part of transaction " + Long.toHexString(LogStep.idOf(payload));
            case LogStep.END -> " end of transaction " + Long.toHexString(LogStep.idOf(payload)) + " on shards "
                    + Arrays.toString(LogStep.withOf(payload));
            case LogStep.NOTE -> " says up to where transactions are whole";
            case LogStep.DROPPED -> " says that transaction " + Long.toHexString(LogStep.idOf(payload))
                    + " was left out, as a shard lacked its part";
            default -> " of a kind that this release does not know";
        };
    }

    // ---- one change

    private String text(ChangeParser change) {
        String in = change.database == 0 ? "" : "[" + change.database + "] ";
        return in + switch (change.code) {
            case ChangeWriter.REMOVED -> "DEL " + key(change);
            case ChangeWriter.PUT -> put(change);
            case ChangeWriter.EXPIRES -> change.number == 0
                    ? "PERSIST " + key(change)
                    : "PEXPIREAT " + key(change) + " " + change.number;
            case ChangeWriter.CLEARED -> "FLUSHALL";
            case ChangeWriter.EMPTIED -> "FLUSHDB";
            case ChangeWriter.SWAPPED -> "SWAPDB " + change.one + " " + change.other;
            case ChangeWriter.MOVED -> "MOVE " + key(change) + " " + change.number;
            default -> step(change);
        };
    }

    private String put(ChangeParser change) {
        String expiry = change.number == 0 ? "" : " PXAT " + change.number;
        return change.type == Keyspace.TYPE_STRING
                ? "SET " + key(change) + " " + first(change) + expiry
                : "PUT " + key(change) + " a small " + type(change.type) + " of " + change.firstLength + " bytes"
                        + expiry;
    }

    private static String type(int type) {
        return type >= 0 && type < TYPES.length ? TYPES[type] : "value of type " + type;
    }

    private String step(ChangeParser change) {
        String key = key(change);
        return switch (change.step) {
            case STRING_AT -> "SETRANGE " + key + " " + change.number + " " + first(change);
            case LIST_FIRST -> "LPUSH " + key + " " + first(change);
            case LIST_LAST -> "RPUSH " + key + " " + first(change);
            case LIST_SET -> "LSET " + key + " " + change.number + " " + first(change);
            case LIST_DROP_FIRST -> "LPOP " + key + " " + change.number;
            case LIST_DROP_LAST -> "RPOP " + key + " " + change.number;
            case LIST_REMOVE -> "LREM " + key + " " + change.number + " " + first(change);
            case HASH_PUT -> "HSET " + key + " " + first(change) + " " + second(change)
                    + (change.number == 0 ? "" : " PXAT " + change.number);
            case HASH_EXPIRES -> (change.number == 0 ? "HPERSIST " + key : "HPEXPIREAT " + key + " " + change.number)
                    + " FIELDS 1 " + first(change);
            case HASH_REMOVE -> "HDEL " + key + " " + first(change);
            case SET_ADD -> "SADD " + key + " " + first(change);
            case SET_REMOVE -> "SREM " + key + " " + first(change);
            case ZSET_PUT -> "ZADD " + key + " " + Double.longBitsToDouble(change.number) + " " + first(change);
            case ZSET_REMOVE -> "ZREM " + key + " " + first(change);
            case ZSET_REMOVE_RANKS -> "ZREMRANGEBYRANK " + key + " " + change.number + " "
                    + (change.number + word(change, 0) - 1);
            case STREAM_ADD -> "XADD " + key + " " + id(change, 0) + " with " + change.secondLength
                    + " bytes of fields";
            case STREAM_REMOVE -> "XDEL " + key + " " + id(change, 0);
            case STREAM_STATE -> "XSETID " + key + " " + id(change, 0) + " ENTRIESADDED " + word(change, 32)
                    + " MAXDELETEDID " + id(change, 16);
            case GROUP_CREATE -> "XGROUP CREATE " + key + " " + second(change) + " " + id(change, 0) + " ENTRIESREAD "
                    + change.number;
            case GROUP_SET -> "XGROUP SETID " + key + " " + second(change) + " " + id(change, 0) + " ENTRIESREAD "
                    + change.number;
            case GROUP_DROP -> "XGROUP DESTROY " + key + " " + first(change);
            case CONSUMER_DROP -> "XGROUP DELCONSUMER " + key + " " + first(change) + " " + second(change);
            // No command does that alone.
            case LIST_INSERT, HASH_DUE, STREAM_TRIM, GROUP_READ, CONSUMER_ADD, CONSUMER_SEEN, PENDING_SET,
                    PENDING_DROP ->
                name(change.step) + " " + key + " " + change.number + " " + first(change) + " " + second(change);
        };
    }

    private static String name(Step step) {
        return step.name().toLowerCase(Locale.ROOT).replace('_', '-');
    }

    private static long word(ChangeParser change, int offset) {
        if (offset + Long.BYTES > change.firstLength) {
            throw new IllegalStateException("a change of kind " + change.step + " has " + change.firstLength
                    + " bytes, and needs more");
        }
        return Memory.littleEndian(Memory.getLong(change.first + offset));
    }

    private static String id(ChangeParser change, int offset) {
        return Long.toUnsignedString(word(change, offset)) + "-"
                + Long.toUnsignedString(word(change, offset + Long.BYTES));
    }

    private String key(ChangeParser change) {
        return quoted(change.key, change.keyLength);
    }

    private String first(ChangeParser change) {
        return quoted(change.first, change.firstLength);
    }

    private String second(ChangeParser change) {
        return quoted(change.second, change.secondLength);
    }

    private String quoted(long address, int length) {
        return LogProgram.quoted(length, most, i -> Memory.getByte(address + i));
    }

    @Override
    public void close() {
        shown.close();
    }
}
