package io.solaster.store.message;

import static io.solaster.store.message.KeyEvent.*;

import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;

import io.solaster.engine.memory.Memory;
import io.solaster.store.keyspace.Effects;
import io.solaster.store.keyspace.Keyspace;
import io.solaster.store.keyspace.KeyspaceListener;
import io.solaster.streams.subscribe.SubscriptionShard;
import io.solaster.streams.subscribe.Subscriptions;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Tells of what happens to the keys of a shard, to who has subscribed to it. It is there only while some class of events is
 * asked for. What happened is told by the write path: the small steps by which values change, and what is put, removed or due.
 * How that is called says the command, where Redis names an event by it; else the step. So no command has to tell of itself.
 * On the owning shard.
 */
public final class KeyEvents implements KeyspaceListener, Effects {
    private static final Logger log = LoggerFactory.getLogger(KeyEvents.class);
    private static final int KEYSPACE = EventClasses.bit('K');
    private static final int KEYEVENT = EventClasses.bit('E');
    /** More bytes than that are not kept behind a command, for the name of a long key. */
    private static final int MOST_KEPT = 16 * 1024;
    /** A channel of events has no more bytes. */
    private static final int LONGEST_EVENT = 64;
    /** How what a command does is called. What is not here is called by its steps. */
    private static final Map<String, KeyEvent> BY_COMMAND = new HashMap<>();

    static {
        name(SET, "set setnx setex psetex getset mset msetnx bitop");
        name(SETRANGE, "setrange");
        name(APPEND, "append");
        name(INCRBY, "incr decr incrby decrby");
        name(INCRBYFLOAT, "incrbyfloat");
        name(SETBIT, "setbit bitfield");
        name(PFADD, "pfadd pfmerge");
        name(LPUSH, "lpush lpushx");
        name(RPUSH, "rpush rpushx");
        name(LPOP, "lpop blpop");
        name(RPOP, "rpop brpop");
        name(LINSERT, "linsert");
        name(LSET, "lset");
        name(LREM, "lrem");
        name(LTRIM, "ltrim");
        name(SORTSTORE, "sort");
        name(SADD, "sadd");
        name(SREM, "srem");
        name(SPOP, "spop");
        name(SINTERSTORE, "sinterstore");
        name(SUNIONSTORE, "sunionstore");
        name(SDIFFSTORE, "sdiffstore");
        name(HSET, "hset hmset hsetnx");
        name(HDEL, "hdel");
        name(HINCRBY, "hincrby");
        name(HINCRBYFLOAT, "hincrbyfloat");
        name(HEXPIRE, "hexpire hpexpire hexpireat hpexpireat");
        name(HPERSIST, "hpersist");
        name(ZADD, "zadd geoadd");
        name(ZINCR, "zincrby");
        name(ZREM, "zrem");
        name(ZPOPMIN, "zpopmin bzpopmin");
        name(ZPOPMAX, "zpopmax bzpopmax");
        name(ZREMRANGEBYRANK, "zremrangebyrank");
        name(ZREMRANGEBYSCORE, "zremrangebyscore");
        name(ZREMRANGEBYLEX, "zremrangebylex");
        name(ZUNIONSTORE, "zunionstore");
        name(ZINTERSTORE, "zinterstore");
        name(ZDIFFSTORE, "zdiffstore");
        name(ZRANGESTORE, "zrangestore");
        name(GEOSEARCHSTORE, "geosearchstore");
        name(GEORADIUSSTORE, "georadius georadiusbymember");
        name(RESTORE, "restore");
        name(COPY_TO, "copy");
    }

    private static void name(KeyEvent event, String commands) {
        for (String command : commands.split(" ", -1)) {
            BY_COMMAND.put(command, event);
        }
    }

    private final SubscriptionShard subscriptions;
    private final Keyspace keys;
    private final int classes;
    /** Of the command that runs now; empty and null where code of the process changes keys. */
    private String command = "";
    private @Nullable RunningCommand arguments;
    private @Nullable KeyEvent named;
    /** The name of the last key's channel, and what was told last of it, so that a step that is done twice is told once. */
    private long channel;
    private int capacity;
    private int channelLength;
    /** Of that name, what stands before the key, and for which database. */
    private int prefix;
    private int database = -1;
    private byte[] beginning = {};
    /** Where the channels of events of that database are written, and how long their beginning is. */
    private long eventChannel;
    private int eventPrefix;
    private @Nullable KeyEvent last;
    /** The key that a write has begun for, and whether it was not there then: what is told again of one write does not count. */
    private long openKey;
    private int openLength;
    private boolean absent;
    /** What is removed next was told of. */
    private boolean isTold;
    /** Some event was lost, which was said. */
    private boolean hasLost;

    /** @param classes of events, as {@link EventClasses#parse} gives them */
    public KeyEvents(SubscriptionShard subscriptions, Keyspace keys, int classes) {
        this.subscriptions = subscriptions;
        this.keys = keys;
        this.classes = classes;
    }

    /** A command begins, or goes on. */
    public void begin(String name, RunningCommand itsArguments) {
        command = name;
        arguments = itsArguments;
        named = BY_COMMAND.get(name);
        last = null;
        openKey = 0;
    }

    /** The command has ended. */
    public void end() {
        command = "";
        arguments = null;
        named = null;
        last = null;
        absent = false;
        if (capacity > MOST_KEPT) {
            dropChannel();
        }
    }

    /** What the command does to a key was told in an earlier turn, and is not told once more. */
    public void toldBefore(long key, int length) {
        if (keys.database() != database) {
            begin(keys.database());
        }
        keyspaceChannel(key, length);
        last = named != null ? named : ofRemoved();
    }

    /** Whether anything was told of what the command does. */
    public boolean hasTold() {
        return last != null;
    }

    /** A key that is not there was to be read. */
    public void missed(long key, int length) {
        tell(KEYMISS, key, length);
    }

    @Override
    public void beginWrite(long key, int keyLength, long entry) {
        if (openKey != key || openLength != keyLength) {
            openKey = key;
            openLength = keyLength;
            absent = entry == 0;
        }
    }

    @Override
    public void written(long key, int keyLength, long entry) {
        openKey = 0;
    }

    @Override
    public void expired(long entry) {
        tell(EXPIRED, keys.keyAddress(entry), keys.keyLength(entry));
        isTold = true;
    }

    @Override
    public void evicted(long entry) {
        tell(EVICTED, keys.keyAddress(entry), keys.keyLength(entry));
        isTold = true;
    }

    @Override
    public void put(long entry) {
        long key = keys.keyAddress(entry);
        int length = keys.keyLength(entry);
        isNew(key, length);
        tell(ofPut(entry), key, length);
        if (keys.expiry(entry) != 0 && setsExpiry()) {
            tell(EXPIRE, key, length);
        }
    }

    private KeyEvent ofPut(long entry) {
        if (named != null && named != ZADD) {
            return named;
        }
        return switch (command) {
            case "rename", "renamenx" -> RENAME_TO;
            case "lmove", "blmove" -> isWord(1, "left") ? LPUSH : RPUSH;
            default -> switch (keys.type(entry)) {
                case Keyspace.TYPE_LIST -> LPUSH;
                case Keyspace.TYPE_SET -> SADD;
                case Keyspace.TYPE_ZSET -> isIncrement() ? ZINCR : ZADD;
                case Keyspace.TYPE_HASH -> HSET;
                case Keyspace.TYPE_STREAM -> XADD;
                default -> SET;
            };
        };
    }

    /** Whether a string was put with an expiry that was asked for. */
    private boolean setsExpiry() {
        RunningCommand call = arguments;
        if (call == null || command.equals("setex") || command.equals("psetex")) {
            return true;
        }
        if (command.equals("set")) {
            for (int i = 3; i < call.count(); i++) {
                if (call.is(i, "ex") || call.is(i, "px") || call.is(i, "exat") || call.is(i, "pxat")) {
                    return true;
                }
            }
        }
        return false;
    }

    @Override
    public void removed(long key, int keyLength) {
        if (isTold) {
            isTold = false;
            return;
        }
        KeyEvent before = ofRemoved();
        if (before != null) {
            tell(before, key, keyLength);
        }
        if (before != RENAME_FROM) {
            tell(DEL, key, keyLength);
        }
    }

    /** How what was done is called that left nothing of a value; null where there is no word but {@code del}. */
    private @Nullable KeyEvent ofRemoved() {
        return switch (command) {
            case "rename", "renamenx" -> RENAME_FROM;
            case "lmove", "blmove" -> isWord(2, "left") ? LPOP : RPOP;
            case "rpoplpush", "brpoplpush" -> RPOP;
            case "lmpop", "blmpop" -> isLast("left") ? LPOP : RPOP;
            case "zmpop", "bzmpop" -> isLast("min") ? ZPOPMIN : ZPOPMAX;
            case "smove" -> SREM;
            default -> isOfElements() ? named : null;
        };
    }

    /** Whether a command takes elements out of a value, and is not one that stores a result, which may be empty. */
    private boolean isOfElements() {
        return named != null && switch (named) {
            case LPOP, RPOP, LREM, LTRIM, SREM, SPOP, HDEL, HEXPIRE, ZREM, ZPOPMIN, ZPOPMAX, ZREMRANGEBYRANK,
                    ZREMRANGEBYSCORE, ZREMRANGEBYLEX ->
                true;
            default -> false;
        };
    }

    @Override
    public void expires(long key, int keyLength, long expiry) {
        tell(expiry == 0 ? PERSIST : EXPIRE, key, keyLength);
    }

    @Override
    public void cleared() {
        // As in Redis, nothing is told of each key.
    }

    @Override
    public void emptied() {
        // As in Redis, nothing is told of each key.
    }

    @Override
    public void swapped(int one, int other) {
        // As in Redis, nothing is told of it.
    }

    @Override
    public void moved(long entry, int to) {
        long key = keys.keyAddress(entry);
        int length = keys.keyLength(entry);
        absent = false;
        openKey = 0;
        tell(NEW, to, key, length);
        tell(MOVE_FROM, keys.database(), key, length);
        tell(MOVE_TO, to, key, length);
    }

    @Override
    public void changed(Step step, long key, int keyLength, long number, long first, int firstLength, long second,
            int secondLength) {
        isNew(key, keyLength);
        KeyEvent event = ofStep(step);
        if (event != null) {
            tell(event, key, keyLength);
        }
    }

    /** What a step of a stream is called; null where there is no word for it. */
    private static @Nullable KeyEvent ofStream(Step step) {
        return switch (step) {
            case STREAM_ADD -> XADD;
            case STREAM_REMOVE -> XDEL;
            case STREAM_TRIM -> XTRIM;
            case STREAM_STATE -> XSETID;
            case GROUP_CREATE -> XGROUP_CREATE;
            case GROUP_SET -> XGROUP_SETID;
            case GROUP_DROP -> XGROUP_DESTROY;
            case CONSUMER_ADD -> XGROUP_CREATECONSUMER;
            case CONSUMER_DROP -> XGROUP_DELCONSUMER;
            default -> null;
        };
    }

    private @Nullable KeyEvent ofStep(Step step) {
        KeyEvent byCommand = named;
        if (byCommand != null && !(byCommand == ZADD && step == Step.ZSET_PUT)) {
            return byCommand;
        }
        return switch (step) {
            case STRING_AT -> SETRANGE;
            case LIST_FIRST -> LPUSH;
            case LIST_LAST -> RPUSH;
            case LIST_INSERT -> LINSERT;
            case LIST_SET -> LSET;
            case LIST_DROP_FIRST -> LPOP;
            case LIST_DROP_LAST -> RPOP;
            case LIST_REMOVE -> LREM;
            case HASH_PUT -> HSET;
            case HASH_EXPIRES -> HEXPIRE;
            case HASH_REMOVE -> HDEL;
            case HASH_DUE -> HEXPIRED;
            case SET_ADD -> SADD;
            case SET_REMOVE -> SREM;
            case ZSET_PUT -> isIncrement() ? ZINCR : ZADD;
            case ZSET_REMOVE -> command.endsWith("zmpop") ? isLast("min") ? ZPOPMIN : ZPOPMAX : ZREM;
            case ZSET_REMOVE_RANKS -> command.endsWith("zmpop") ? isLast("min") ? ZPOPMIN : ZPOPMAX : ZREMRANGEBYRANK;
            default -> ofStream(step);
        };
    }

    private boolean isIncrement() {
        RunningCommand call = arguments;
        if (call != null && command.equals("zadd")) {
            for (int i = 2; i < call.count() && i < 7; i++) {
                if (call.is(i, "incr")) {
                    return true;
                }
            }
        }
        return false;
    }

    /** Whether an argument, counted from the last one, is a word. */
    private boolean isWord(int fromEnd, String word) {
        RunningCommand call = arguments;
        return call != null && call.count() > fromEnd && call.is(call.count() - fromEnd, word);
    }

    /** Whether of words that say the same thing this is the last one. */
    private boolean isLast(String word) {
        return isWord(1, word) || isWord(3, word);
    }

    private void isNew(long key, int keyLength) {
        if (absent) {
            absent = false;
            tell(NEW, key, keyLength);
        }
    }

    private void tell(KeyEvent event, long key, int keyLength) {
        tell(event, keys.database(), key, keyLength);
    }

    private void tell(KeyEvent event, int inDatabase, long key, int keyLength) {
        if ((classes & event.type()) == 0 || subscriptions.isEmpty()) {
            return;
        }
        boolean same = inDatabase == database && channelLength == prefix + keyLength && channel != 0
                && Memory.equal(channel + prefix, key, (long) keyLength);
        if (same && last == event) {
            return;
        }
        last = event;
        try {
            publish(event, inDatabase, key, keyLength, same);
        } catch (OutOfMemoryError none) {
            // The key has changed: its write goes on, and what is to be told of it is lost, as for one who reads too late.
            if (!hasLost) {
                hasLost = true;
                log.warn("there was no memory to tell of what happens to keys: some events are lost", none);
            }
        }
    }

    private void publish(KeyEvent event, int inDatabase, long key, int keyLength, boolean same) {
        if (inDatabase != database) {
            begin(inDatabase);
        }
        if (!same) {
            keyspaceChannel(key, keyLength);
        }
        if ((classes & KEYSPACE) != 0) {
            subscriptions.publish(Subscriptions.CHANNEL, channel, channelLength, event.word(), event.wordLength());
        }
        if ((classes & KEYEVENT) != 0) {
            long itsChannel = event.channel();
            int length = event.channelLength();
            if (inDatabase != 0) {
                Memory.copy(event.word(), eventChannel + eventPrefix, event.wordLength());
                itsChannel = eventChannel;
                length = eventPrefix + event.wordLength();
            }
            subscriptions.publish(Subscriptions.CHANNEL, itsChannel, length, channel + prefix, keyLength);
        }
    }

    /** What follows is of another database than what was told last. */
    private void begin(int inDatabase) {
        if (eventChannel == 0) {
            eventChannel = Memory.allocate(LONGEST_EVENT);
        }
        byte[] name = (Channels.KEYEVENT + inDatabase + "__:").getBytes(StandardCharsets.US_ASCII);
        Memory.copy(name, 0, eventChannel, name.length);
        eventPrefix = name.length;
        beginning = (Channels.KEYSPACE + inDatabase + "__:").getBytes(StandardCharsets.US_ASCII);
        prefix = beginning.length;
        database = inDatabase;
    }

    private void keyspaceChannel(long key, int keyLength) {
        channelLength = Math.addExact(prefix, keyLength);
        if (capacity < channelLength) {
            dropChannel();
            int more = Math.max(256, channelLength);
            // Where there is none, this has no channel and no room, as before the first.
            channel = Memory.allocate(more);
            capacity = more;
        }
        Memory.copy(beginning, 0, channel, prefix);
        Memory.copy(key, channel + prefix, keyLength);
    }

    private void dropChannel() {
        if (channel != 0) {
            Memory.free(channel);
            channel = 0;
            capacity = 0;
        }
    }

    /** Gives its memory back. */
    public void close() {
        dropChannel();
        if (eventChannel != 0) {
            Memory.free(eventChannel);
            eventChannel = 0;
            database = -1;
        }
    }
}
