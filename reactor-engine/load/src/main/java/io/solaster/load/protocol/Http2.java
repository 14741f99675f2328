package io.solaster.load.protocol;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Locale;
import java.util.Map;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;

/**
 * HTTP/2 (RFC 9113) in clear text from the first byte on, as "prior knowledge".
 *
 * @param method such as GET; nothing is sent as a body
 * @param authority the host and, unless it is the usual one, the port
 * @param target path and query
 * @param headers further headers
 * @param depth how many requests may be under way on a connection
 */
public record Http2(String method, String authority, String target, Map<String, String> headers,
        int depth) implements Protocol {

    public Http2 {
        headers = Map.copyOf(headers);
        HttpText.check(method, authority, target, headers);
        depth = Depths.checked(depth);
    }

    @Override
    public String name() {
        return "HTTP/2";
    }

    @Override
    public String describe() {
        return method + " " + target;
    }

    @Override
    public Conversation open(long seed, List<byte[]> recorded) {
        return new Http2Conversation(block(target), recorded, depth);
    }

    @Override
    public byte[] recorded(String request) {
        if (!request.startsWith("/")) {
            throw new IllegalArgumentException("'" + request + "' is no path; record such as '0.2 /cart?item=7'");
        }
        HttpText.check(method, authority, request, headers);
        return block(request);
    }

    /** The header block, of literals that no table keeps (RFC 7541, 6.2.2). */
    private byte[] block(String path) {
        ByteBuf out = Unpooled.buffer();
        literal(out, ":method", method);
        literal(out, ":scheme", "http");
        literal(out, ":authority", authority);
        literal(out, ":path", path);
        headers.forEach((name, value) -> literal(out, name.toLowerCase(Locale.ROOT), value));
        byte[] bytes = new byte[out.readableBytes()];
        out.readBytes(bytes);
        if (bytes.length > 16_384) {
            throw new IllegalArgumentException("headers of " + bytes.length + " bytes; give 16384 at most");
        }
        return bytes;
    }

    private static void literal(ByteBuf out, String name, String value) {
        out.writeByte(0);
        text(out, name);
        text(out, value);
    }

    /** With a prefix of 7 bits, and no Huffman code. */
    private static void text(ByteBuf out, String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        int rest = bytes.length;
        if (rest < 127) {
            out.writeByte(rest);
        } else {
            out.writeByte(127);
            for (rest -= 127; rest >= 128; rest >>= 7) {
                out.writeByte(rest & 127 | 128);
            }
            out.writeByte(rest);
        }
        out.writeBytes(bytes);
    }
}
