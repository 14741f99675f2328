package io.solaster.streams;

import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import org.jspecify.annotations.Nullable;

/** What stands beside an entry's value: bytes by name, up to 64 of them. They count as part of the entry's size. Immutable. */
public final class Headers {
    /** No headers. */
    public static final Headers NONE = new Headers(new byte[0]);
    private static final int MOST = 64;
    private static final int MOST_NAME = 255;

    /** Of each header: length of the name in one byte, name in UTF-8, length of the value in four, value. */
    private final byte[] encoded;

    private Headers(byte[] encoded) {
        this.encoded = encoded;
    }

    /**
     * Headers by name, in the map's order.
     *
     * @throws IllegalArgumentException if there are more than 64, or a name has no bytes or more than 255
     */
    public static Headers of(Map<String, byte[]> byName) {
        if (byName.size() > MOST) {
            throw new IllegalArgumentException(byName.size() + " headers; an entry has up to " + MOST);
        }
        ByteBuf into = Unpooled.buffer(64);
        byName.forEach((name, value) -> {
            byte[] bytes = name.getBytes(StandardCharsets.UTF_8);
            if (bytes.length == 0 || bytes.length > MOST_NAME) {
                throw new IllegalArgumentException("header '" + name + "': its name has " + bytes.length
                        + " bytes; give 1 to " + MOST_NAME);
            }
            into.writeByte(bytes.length).writeBytes(bytes).writeIntLE(value.length).writeBytes(value);
        });
        byte[] encoded = new byte[into.readableBytes()];
        into.readBytes(encoded);
        return new Headers(encoded);
    }

    static Headers read(byte[] encoded) {
        return encoded.length == 0 ? NONE : new Headers(encoded);
    }

    byte[] encoded() {
        return encoded;
    }

    /** The value of one; null if there is none of this name. */
    public byte @Nullable [] get(String name) {
        return toMap().get(name);
    }

    /** All, in their order. */
    public Map<String, byte[]> toMap() {
        Map<String, byte[]> all = new LinkedHashMap<>();
        ByteBuf from = Unpooled.wrappedBuffer(encoded);
        while (from.isReadable()) {
            String name = from.readCharSequence(from.readUnsignedByte(), StandardCharsets.UTF_8).toString();
            byte[] value = new byte[from.readIntLE()];
            from.readBytes(value);
            all.put(name, value);
        }
        return all;
    }
}
