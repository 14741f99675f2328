package io.solaster.engine.tls;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

import io.netty.buffer.ByteBuf;
import org.jspecify.annotations.Nullable;

/**
 * What a client says first, as far as it decides how the server answers (RFC 8446, 4.1.2).
 *
 * @param serverName the host that is asked for (RFC 6066, 3), in lower case; null for none
 * @param protocols what the client offers to speak inside (RFC 7301); null if it does not say
 */
public record ClientHello(@Nullable String serverName, @Nullable List<String> protocols) {
    private static final int SERVER_NAME = 0;
    private static final int APPLICATION_PROTOCOLS = 16;
    /** The version and the random. */
    private static final int FIXED = 34;

    /**
     * Reads the body of a hello, without its header. Its indices stay.
     *
     * @return null if it is malformed
     */
    public static @Nullable ClientHello parse(ByteBuf hello) {
        ByteBuf in = hello.slice();
        try {
            in.skipBytes(FIXED);
            in.skipBytes(in.readUnsignedByte());
            in.skipBytes(in.readUnsignedShort());
            in.skipBytes(in.readUnsignedByte());
            if (!in.isReadable()) {
                return new ClientHello(null, null);
            }
            return extensions(in.readSlice(in.readUnsignedShort()));
        } catch (IndexOutOfBoundsException e) {
            return null;
        }
    }

    private static @Nullable ClientHello extensions(ByteBuf in) {
        String name = null;
        List<String> protocols = null;
        while (in.isReadable()) {
            int type = in.readUnsignedShort();
            ByteBuf extension = in.readSlice(in.readUnsignedShort());
            if (type == SERVER_NAME && extension.isReadable()) {
                name = name(extension.readSlice(extension.readUnsignedShort()));
            } else if (type == APPLICATION_PROTOCOLS) {
                protocols = protocols(extension.readSlice(extension.readUnsignedShort()));
            }
        }
        return new ClientHello(name, protocols);
    }

    private static @Nullable String name(ByteBuf names) {
        while (names.isReadable()) {
            int type = names.readUnsignedByte();
            ByteBuf name = names.readSlice(names.readUnsignedShort());
            if (type == 0) {
                return name.toString(StandardCharsets.ISO_8859_1).toLowerCase(Locale.ROOT);
            }
        }
        return null;
    }

    private static List<String> protocols(ByteBuf in) {
        List<String> protocols = new ArrayList<>(2);
        while (in.isReadable()) {
            protocols.add(in.readSlice(in.readUnsignedByte()).toString(StandardCharsets.ISO_8859_1));
        }
        return protocols;
    }
}
