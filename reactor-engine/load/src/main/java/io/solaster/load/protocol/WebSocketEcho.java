package io.solaster.load.protocol;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;

/**
 * Binary messages over WebSocket (RFC 6455) that the server sends back.
 *
 * @param authority the host and, unless it is the usual one, the port
 * @param target path and query
 * @param headers further headers of the upgrade
 * @param payloadBytes bytes of a message
 * @param depth how many messages may be under way on a connection
 */
public record WebSocketEcho(String authority, String target, Map<String, String> headers, int payloadBytes,
        int depth) implements Protocol {

    public WebSocketEcho {
        headers = Map.copyOf(headers);
        HttpText.check("GET", authority, target, headers);
        if (payloadBytes < 1 || payloadBytes > 16 << 20) {
            throw new IllegalArgumentException("messages of " + payloadBytes + " bytes; give 1 to 16777216");
        }
        depth = Depths.checked(depth);
    }

    @Override
    public String name() {
        return "WebSocket";
    }

    @Override
    public String describe() {
        return "echo of " + payloadBytes + " bytes on " + target;
    }

    @Override
    public Conversation open(long seed, List<byte[]> recorded) {
        StringBuilder head = new StringBuilder("GET ").append(target).append(" HTTP/1.1\r\nHost: ").append(authority)
                .append("\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n")
                .append("Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n");
        headers.forEach((name, value) -> head.append(name).append(": ").append(value).append("\r\n"));
        return new WebSocketConversation(head.append("\r\n").toString().getBytes(StandardCharsets.UTF_8), payloadBytes);
    }
}
