package io.solaster.streams.plugin;

import java.util.Objects;

import io.netty.buffer.ByteBuf;
import org.jspecify.annotations.Nullable;

/**
 * A message as plug-ins see it: its topic, its key, and its value, as an earlier plug-in left it. It is used again for the next
 * message, so nothing of it may be kept beyond the call. On the shard that has the message.
 */
public final class MessageView {
    private static final byte[] NONE = {};

    private final String topic;
    private boolean open;
    private byte @Nullable [] key;
    /** Where the value is in an array, as ever but for buffers off the heap. */
    private byte @Nullable [] array;
    private @Nullable ByteBuf buffer;
    private int offset;
    private int length;
    private byte @Nullable [] replacement;
    private @Nullable String target;

    /** Of the messages of one topic. */
    MessageView(String topic) {
        this.topic = topic;
    }

    void open(byte @Nullable [] newKey, byte[] value, int newOffset, int newLength) {
        Objects.checkFromIndexSize(newOffset, newLength, value.length);
        key(newKey);
        array = value;
        offset = newOffset;
        length = newLength;
        open = true;
    }

    void open(byte @Nullable [] newKey, ByteBuf value) {
        key(newKey);
        offset = value.readerIndex();
        length = value.readableBytes();
        if (value.hasArray()) {
            array = value.array();
            offset += value.arrayOffset();
        } else {
            buffer = value;
        }
        open = true;
    }

    /** Nothing of the message is held longer than the call. */
    void close() {
        open = false;
        array = null;
        key(null);
        if (buffer != null) {
            buffer = null;
        }
        forget();
    }

    /** Null is not written over null: the collector's barrier costs more than to look. */
    private void key(byte @Nullable [] newKey) {
        if (key != null || newKey != null) {
            key = newKey;
        }
    }

    boolean isOpen() {
        return open;
    }

    private IllegalStateException over() {
        return new IllegalStateException("the message was processed already; keep nothing of a view beyond the call");
    }

    /** The topic that the message was published to. */
    public String topic() {
        if (!open) {
            throw over();
        }
        return topic;
    }

    /** The length of the key in bytes; -1 if the message has none. */
    public int keyLength() {
        topic();
        return key == null ? -1 : key.length;
    }

    /** A copy of the key; empty if the message has none. */
    public byte[] key() {
        topic();
        return key == null ? NONE : key.clone();
    }

    /** Copies the first bytes of the key, at most {@code count}, and returns how many. */
    public int copyKey(byte[] target, int targetOffset, int count) {
        topic();
        int copied = key == null ? 0 : Math.min(count, key.length);
        if (copied > 0) {
            System.arraycopy(Objects.requireNonNull(key), 0, target, targetOffset, copied);
        }
        return copied;
    }

    /** The length of the value in bytes. */
    public int length() {
        return length;
    }

    /**
     * A byte of the value.
     *
     * @throws IndexOutOfBoundsException outside of it
     */
    public byte byteAt(int index) {
        Objects.checkIndex(index, length);
        byte[] bytes = array;
        if (bytes != null) {
            return bytes[offset + index];
        }
        if (buffer == null) {
            throw over();
        }
        return buffer.getByte(offset + index);
    }

    /**
     * Copies a part of the value.
     *
     * @throws IndexOutOfBoundsException outside of the value, or of {@code target}
     */
    public void copy(int from, byte[] target, int targetOffset, int count) {
        Objects.checkFromIndexSize(from, count, length);
        if (array != null) {
            System.arraycopy(array, offset + from, target, targetOffset, count);
        } else if (buffer != null) {
            buffer.getBytes(offset + from, target, targetOffset, count);
        } else {
            throw over();
        }
    }

    /** A copy of the value. */
    public byte[] value() {
        byte[] copy = new byte[length];
        copy(0, copy, 0, length);
        return copy;
    }

    /**
     * Gives the message another value.
     *
     * @param value from now on the message's own
     * @return what to return from {@link Processor#process}
     */
    public Verdict replace(byte[] value) {
        topic();
        replacement = Objects.requireNonNull(value);
        return Verdict.REPLACE;
    }

    /**
     * Sends the message to another topic in place of this one. No plug-in looks at it there when it is published, so it cannot
     * go round in a circle.
     *
     * @return what to return from {@link Processor#process}
     */
    public Verdict route(String other) {
        topic();
        if (other.isBlank()) {
            throw new IllegalArgumentException("'" + other + "' is no topic to route a message to; name one");
        }
        target = other;
        return Verdict.ROUTE;
    }

    /** Before the next plug-in looks: what was said by one that failed afterwards does not count. */
    void forget() {
        if (replacement != null) {
            replacement = null;
        }
        if (target != null) {
            target = null;
        }
    }

    boolean isReplaced() {
        return replacement != null;
    }

    /** Takes what the last plug-in replaced the value with, for the next one. */
    byte @Nullable [] takeReplacement() {
        byte[] taken = replacement;
        if (taken != null) {
            replacement = null;
            array = taken;
            buffer = null;
            offset = 0;
            length = taken.length;
        }
        return taken;
    }

    @Nullable
    String target() {
        return target;
    }
}
