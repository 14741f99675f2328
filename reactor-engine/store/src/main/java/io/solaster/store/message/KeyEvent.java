package io.solaster.store.message;

import java.nio.charset.StandardCharsets;
import java.util.Locale;

import io.solaster.engine.memory.Memory;

/** What may happen to a key, as Redis names it, and of which class it is. */
enum KeyEvent {
    // @formatter:off
    DEL('g'),
    EXPIRE('g'),
    PERSIST('g'),
    RENAME_FROM('g'),
    RENAME_TO('g'),
    RESTORE('g'),
    COPY_TO('g'),
    MOVE_FROM('g'),
    MOVE_TO('g'),
    EXPIRED('x'),
    EVICTED('e'),
    NEW('n'),
    KEYMISS('m'),
    SET('$'),
    SETRANGE('$'),
    APPEND('$'),
    INCRBY('$'),
    INCRBYFLOAT('$'),
    SETBIT('$'),
    PFADD('$'),
    LPUSH('l'),
    RPUSH('l'),
    LPOP('l'),
    RPOP('l'),
    LINSERT('l'),
    LSET('l'),
    LREM('l'),
    LTRIM('l'),
    SORTSTORE('l'),
    SADD('s'),
    SREM('s'),
    SPOP('s'),
    SINTERSTORE('s'),
    SUNIONSTORE('s'),
    SDIFFSTORE('s'),
    HSET('h'),
    HDEL('h'),
    HINCRBY('h'),
    HINCRBYFLOAT('h'),
    HEXPIRE('h'),
    HPERSIST('h'),
    HEXPIRED('h'),
    ZADD('z'),
    ZINCR('z'),
    ZREM('z'),
    ZPOPMIN('z'),
    ZPOPMAX('z'),
    ZREMRANGEBYRANK('z'),
    ZREMRANGEBYSCORE('z'),
    ZREMRANGEBYLEX('z'),
    ZUNIONSTORE('z'),
    ZINTERSTORE('z'),
    ZDIFFSTORE('z'),
    ZRANGESTORE('z'),
    GEOSEARCHSTORE('z'),
    GEORADIUSSTORE('z'),
    XADD('t'),
    XDEL('t'),
    XTRIM('t'),
    XSETID('t'),
    XGROUP_CREATE('t'),
    XGROUP_SETID('t'),
    XGROUP_DESTROY('t'),
    XGROUP_CREATECONSUMER('t'),
    XGROUP_DELCONSUMER('t');
    // @formatter:on

    private static final int PREFIX = (Channels.KEYEVENT + "0__:").length();

    private final int type;
    /** The channel of the event in database 0, which ends in its name. Never given back. */
    private final long channel;
    private final int channelLength;

    KeyEvent(char letter) {
        type = EventClasses.bit(letter);
        byte[] bytes = (Channels.KEYEVENT + "0__:" + word(name().toLowerCase(Locale.ROOT)))
                .getBytes(StandardCharsets.US_ASCII);
        channelLength = bytes.length;
        channel = Memory.allocate(channelLength);
        Memory.copy(bytes, 0, channel, channelLength);
    }

    private static String word(String name) {
        return name.startsWith("xgroup") ? name.replace('_', '-') : name;
    }

    /** The bit of its class. */
    int type() {
        return type;
    }

    long channel() {
        return channel;
    }

    int channelLength() {
        return channelLength;
    }

    /** Where its name lies. */
    long word() {
        return channel + PREFIX;
    }

    int wordLength() {
        return channelLength - PREFIX;
    }
}
