package io.solaster.rpc.frame;

import io.solaster.engine.Slots;
import io.solaster.engine.memory.Memory;
import org.jspecify.annotations.Nullable;

/**
 * Reads the frames of one peer, each where it lies in the received bytes. What a peer announces is held against a bound for its
 * type before anybody waits for it, and nothing is allocated for it here. On the shard that owns the connection.
 */
public final class FrameDecoder {
    private static final String[] NAMES = {"0", "HELLO", "REQUEST", "RESPONSE", "ERROR", "DATA", "CREDIT", "END",
            "CANCEL", "PING", "GOAWAY", "NOT_OWNER"};
    private static final int BY_CLIENTS = 1 << Frame.HELLO | 1 << Frame.REQUEST | 1 << Frame.DATA | 1 << Frame.CREDIT
            | 1 << Frame.END | 1 << Frame.CANCEL | 1 << Frame.PING;
    private static final int BY_SERVERS = 1 << Frame.HELLO | 1 << Frame.RESPONSE | 1 << Frame.ERROR | 1 << Frame.DATA
            | 1 << Frame.CREDIT | 1 << Frame.END | 1 << Frame.PING | 1 << Frame.GOAWAY | 1 << Frame.NOT_OWNER;
    private static final int[] FLAGS = new int[Frame.TYPES];

    static {
        FLAGS[Frame.REQUEST] = Frame.ONE_WAY | Frame.OPEN | Frame.METADATA | Frame.MILLIS;
        FLAGS[Frame.ERROR] = Frame.NOT_BEGUN;
        FLAGS[Frame.PING] = Frame.ANSWER;
    }

    private final int[] longest = new int[Frame.TYPES];
    private final int allowed;
    private boolean greeted;
    private @Nullable String error;
    private long expected;

    private int type;
    private int flags;
    private int slot;
    private long id;
    private int first;
    private int second;
    private int bodyLength;
    private int metadataLength;

    /**
     * For a new connection.
     *
     * @param fromClient whether it is a client that sends, which may send other frames than a server
     * @param maxMessage the longest message, in bytes
     */
    public FrameDecoder(boolean fromClient, int maxMessage) {
        allowed = fromClient ? BY_CLIENTS : BY_SERVERS;
        longest[Frame.HELLO] = Frame.MAX_HELLO;
        longest[Frame.REQUEST] = maxMessage + 2 + Frame.MAX_METADATA;
        longest[Frame.RESPONSE] = maxMessage;
        longest[Frame.DATA] = maxMessage;
        longest[Frame.ERROR] = Frame.MAX_WORDS;
        longest[Frame.GOAWAY] = Frame.MAX_WORDS;
        longest[Frame.NOT_OWNER] = Frame.MAX_WORDS;
    }

    /**
     * Reads the frame that begins at an address.
     *
     * @param length of the bytes that are there
     * @return how many of them the frame takes; 0 if it is not whole, to be asked again with the same bytes and more, which may have
     *         moved; -1 if it is none, which ends the connection
     */
    public int decode(long address, int length) {
        if (error != null) {
            return -1;
        }
        if (length < Frame.HEADER) {
            expected = Frame.HEADER;
            return 0;
        }
        long word = Memory.littleEndian(Memory.getLong(address));
        int body = (int) word;
        type = (int) (word >>> 32) & 0xFF;
        flags = (int) (word >>> 40) & 0xFF;
        slot = (int) (word >>> 48);
        id = Memory.littleEndian(Memory.getLong(address + 8));
        word = Memory.littleEndian(Memory.getLong(address + 16));
        first = (int) word;
        second = (int) (word >>> 32);
        if (!isHeader(body)) {
            return -1;
        }
        int all = Frame.HEADER + body;
        if (length < all) {
            expected = all;
            return 0;
        }
        expected = 0;
        bodyLength = body;
        metadataLength = 0;
        if (type == Frame.REQUEST && !isBody(address + Frame.HEADER)) {
            return -1;
        }
        greeted = true;
        return all;
    }

    private boolean isHeader(int body) {
        if (type == 0 || type >= Frame.TYPES || (allowed & 1 << type) == 0) {
            return wrong("a frame of type " + type + ", which does not belong here");
        }
        if (!greeted && type != Frame.HELLO) {
            return wrong("a connection begins with HELLO, and not with " + NAMES[type]);
        }
        if (body < 0 || body > longest[type]) {
            return wrong(NAMES[type] + " of " + Integer.toUnsignedLong(body) + " bytes, over the " + longest[type]
                    + " that it may have");
        }
        if ((flags & ~FLAGS[type]) != 0) {
            return wrong("flags " + Integer.toHexString(flags) + " of " + NAMES[type]);
        }
        return areNumbers();
    }

    private boolean areNumbers() {
        boolean fine = switch (type) {
            case Frame.HELLO -> id == 0 && slot == 0 && first == Frame.MAGIC;
            case Frame.REQUEST -> id > 0 && (slot < Slots.COUNT || slot == Frame.NO_SLOT);
            case Frame.NOT_OWNER -> id > 0 && slot < Slots.COUNT && first >= 0 && first <= 65_535;
            case Frame.CREDIT -> id >= 0 && slot == 0 && first >= 0 && second >= 0 && (first | second) != 0;
            case Frame.GOAWAY -> id >= 0 && slot == 0;
            case Frame.PING -> slot == 0;
            default -> id > 0 && slot == 0;
        };
        return fine || wrong(NAMES[type] + " with id " + id + ", slot " + slot + " and words "
                + Integer.toUnsignedString(first) + " and " + Integer.toUnsignedString(second));
    }

    private boolean isBody(long address) {
        int message = bodyLength;
        if ((flags & Frame.METADATA) != 0) {
            int there = bodyLength < 2 ? -1 : Short.toUnsignedInt(Short.reverseBytes(bigEndian(address)));
            if (there < 0 || there > bodyLength - 2 || there > Frame.MAX_METADATA) {
                return wrong("metadata of " + there + " bytes in a body of " + bodyLength);
            }
            metadataLength = there;
            message -= 2 + there;
        }
        if ((flags & Frame.OPEN) != 0 && message != 0) {
            return wrong("a REQUEST with a message of " + message + " bytes, and more to follow as DATA");
        }
        if (message > longest[Frame.DATA]) {
            return wrong("a message of " + message + " bytes, over the " + longest[Frame.DATA] + " that it may have");
        }
        return true;
    }

    private static short bigEndian(long address) {
        return (short) (Memory.getByte(address) << 8 | Memory.getByte(address + 1) & 0xFF);
    }

    private boolean wrong(String what) {
        error = what;
        return false;
    }

    /** How long the frame will be that has begun, as the peer says and within its bound; 0 where nothing is known. */
    public long expected() {
        return expected;
    }

    /** What was wrong, for the log; after -1. */
    public String error() {
        return error == null ? "nothing" : error;
    }

    /** One of {@link Frame}'s types. This and what follows is of the frame that was read last. */
    public int type() {
        return type;
    }

    /** Whether it has a flag. */
    public boolean has(int flag) {
        return (flags & flag) != 0;
    }

    /** The slot of a REQUEST or NOT_OWNER; -1 for none. */
    public int slot() {
        return slot == Frame.NO_SLOT ? -1 : slot;
    }

    public long id() {
        return id;
    }

    /** The first word of the two. */
    public int first() {
        return first;
    }

    /** The second word of the two. */
    public int second() {
        return second;
    }

    /** Bytes behind the header. */
    public int bodyLength() {
        return bodyLength;
    }

    /** Bytes of metadata, which stand behind two bytes for their length; 0 for none. */
    public int metadataLength() {
        return metadataLength;
    }

    /** Where the message of a REQUEST begins, in its body. */
    public int messageOffset() {
        return has(Frame.METADATA) && type == Frame.REQUEST ? 2 + metadataLength : 0;
    }

    /** Nanoseconds that are left for a REQUEST; {@link Long#MAX_VALUE} for as long as it takes. */
    public long nanosLeft() {
        long left = Integer.toUnsignedLong(second);
        return left == 0 ? Long.MAX_VALUE : left * (has(Frame.MILLIS) ? 1_000_000L : 1_000L);
    }
}
