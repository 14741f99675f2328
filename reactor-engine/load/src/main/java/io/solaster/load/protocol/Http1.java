package io.solaster.load.protocol;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * HTTP/1.1 with connections that are kept, one request at a time on each.
 *
 * @param method such as GET
 * @param authority the host and, unless it is the usual one, the port
 * @param target path and query, such as {@code /search?q=shard}
 * @param headers further headers
 * @param body what is sent; empty for none
 */
public record Http1(String method, String authority, String target, Map<String, String> headers,
        String body) implements Protocol {

    public Http1 {
        headers = Map.copyOf(headers);
        HttpText.check(method, authority, target, headers);
    }

    /** GETs of a path. */
    public static Http1 get(String authority, String target) {
        return new Http1("GET", authority, target, Map.of(), "");
    }

    @Override
    public String name() {
        return "HTTP/1.1";
    }

    @Override
    public String describe() {
        return method + " " + target;
    }

    @Override
    public int depth() {
        return 1;
    }

    @Override
    public Conversation open(long seed, List<byte[]> recorded) {
        return new Http1Conversation(encoded(target), recorded, method.equals("HEAD"));
    }

    @Override
    public byte[] recorded(String request) {
        if (!request.startsWith("/")) {
            throw new IllegalArgumentException("'" + request + "' is no path; record such as '0.2 /cart?item=7'");
        }
        HttpText.check(method, authority, request, headers);
        return encoded(request);
    }

    private byte[] encoded(String path) {
        byte[] content = body.getBytes(StandardCharsets.UTF_8);
        StringBuilder head = new StringBuilder().append(method).append(' ').append(path).append(" HTTP/1.1\r\nHost: ")
                .append(authority).append("\r\n");
        headers.forEach((name, value) -> head.append(name).append(": ").append(value).append("\r\n"));
        if (content.length > 0 || !List.of("GET", "HEAD", "DELETE").contains(method.toUpperCase(Locale.ROOT))) {
            head.append("Content-Length: ").append(content.length).append("\r\n");
        }
        byte[] bytes = head.append("\r\n").toString().getBytes(StandardCharsets.UTF_8);
        byte[] all = Arrays.copyOf(bytes, bytes.length + content.length);
        System.arraycopy(content, 0, all, bytes.length, content.length);
        return all;
    }
}
