package io.solaster.http.websocket;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Base64;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpVersion;
import io.solaster.config.server.WebSocketConfig;
import io.solaster.http.HttpException;
import io.solaster.http.HttpHandler;
import io.solaster.http.HttpRequest;
import io.solaster.http.HttpResponse;
import org.jspecify.annotations.Nullable;

/**
 * Turns requests into WebSocket connections (RFC 6455, section 4.2; over HTTP/2 RFC 8441). A request that asks for none
 * is answered with 426, one that asks wrongly with 400, a page of another origin with 403. Immutable.
 */
public final class WebSocketHandler implements HttpHandler {
    private static final String GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
    private static final String VERSION = "13";
    private static final int KEY_BYTES = 16;

    private final WebSockets sockets;
    private final Acceptor acceptor;
    private final List<String> subprotocols;
    private final Set<String> origins;

    WebSocketHandler(WebSockets sockets, Acceptor acceptor) {
        this(sockets, acceptor, List.of(), Set.of());
    }

    private WebSocketHandler(WebSockets sockets, Acceptor acceptor, List<String> subprotocols, Set<String> origins) {
        this.sockets = sockets;
        this.acceptor = acceptor;
        this.subprotocols = subprotocols;
        this.origins = origins;
    }

    /** Makes the listener for a connection of its request. */
    @FunctionalInterface
    public interface Acceptor {

        /**
         * Takes of the request what the listener needs: it is gone when the conversation begins. On the shard that will
         * own the connection.
         *
         * @throws HttpException to refuse it, with its status
         */
        WebSocketListener accept(HttpRequest request) throws Exception;
    }

    /** This, speaking the first of these subprotocols that a client offers; none with a client that offers none of them. */
    public WebSocketHandler withSubprotocols(String... names) {
        return new WebSocketHandler(sockets, acceptor, List.of(names), origins);
    }

    /**
     * This, for pages of these origins. Without, only for those that came from where the request goes to, by its
     * {@code Host}. What is no browser sends no origin and is not asked.
     *
     * @param allowed such as {@code https://example.org}; {@code *} for any
     */
    public WebSocketHandler withOrigins(String... allowed) {
        return new WebSocketHandler(sockets, acceptor, subprotocols, Set.of(allowed));
    }

    @Override
    public void handle(HttpRequest request, HttpResponse response) throws Exception {
        WebSocketShard part = sockets.parts().on(request.shard());
        String key = asksRightly(request, response);
        if (key == null) {
            part.stats().refused.increment();
            return;
        }
        WebSocketConfig config = sockets.config(request);
        WebSocketListener listener;
        try {
            listener = acceptor.accept(request);
        } catch (Exception refusal) {
            part.stats().refused.increment();
            throw refusal;
        }
        String subprotocol = subprotocol(request);
        DeflateOffer deflate = DeflateOffer.choose(request.headers(HttpHeaderNames.SEC_WEBSOCKET_EXTENSIONS),
                config.compression());
        Accepted accepted = new Accepted(request.path(),
                request.route() == null ? Map.of() : Map.copyOf(request.pathParams()), subprotocol, deflate);
        if (HttpVersion.HTTP_1_1.equals(request.version())) {
            response.header("Upgrade", "websocket");
            response.header("Connection", "Upgrade");
            response.header("Sec-WebSocket-Accept", answerTo(key));
        }
        if (subprotocol != null) {
            response.header("Sec-WebSocket-Protocol", subprotocol);
        }
        if (deflate != null) {
            response.header("Sec-WebSocket-Extensions", deflate.answer());
        }
        response.upgrade(channel -> channel.pipeline()
                .addLast(new WebSocketConnection(part, config, listener, accepted)));
    }

    /** The client's key; null if the request had to be answered. */
    private @Nullable String asksRightly(HttpRequest request, HttpResponse response) {
        if (!HttpMethod.GET.equals(request.method()) || HttpVersion.HTTP_1_0.equals(request.version())
                || !has(request.headers(HttpHeaderNames.UPGRADE), "websocket")
                || !has(request.headers(HttpHeaderNames.CONNECTION), "upgrade")) {
            return refuse(response.header("Upgrade", "websocket"), HttpResponseStatus.UPGRADE_REQUIRED,
                    "Ask for a WebSocket here: GET with 'Connection: Upgrade' and 'Upgrade: websocket'.");
        }
        List<String> versions = request.headers(HttpHeaderNames.SEC_WEBSOCKET_VERSION);
        if (versions.size() != 1 || !versions.getFirst().strip().equals(VERSION)) {
            return refuse(response.header("Sec-WebSocket-Version", VERSION),
                    HttpResponseStatus.UPGRADE_REQUIRED, "Only 'Sec-WebSocket-Version: 13' is spoken here.");
        }
        List<String> keys = request.headers(HttpHeaderNames.SEC_WEBSOCKET_KEY);
        if (keys.size() != 1 || !isKey(keys.getFirst().strip())) {
            return refuse(response, HttpResponseStatus.BAD_REQUEST,
                    "Sec-WebSocket-Key must be there once: 16 bytes in Base64.");
        }
        if (request.body().length() != 0) {
            return refuse(response, HttpResponseStatus.BAD_REQUEST, "A request for a WebSocket has no body.");
        }
        String origin = request.header(HttpHeaderNames.ORIGIN);
        if (origin != null && !allows(origin, request.header(HttpHeaderNames.HOST))) {
            return refuse(response, HttpResponseStatus.FORBIDDEN, "Pages of this origin may not connect.");
        }
        return keys.getFirst().strip();
    }

    private static @Nullable String refuse(HttpResponse response, HttpResponseStatus status, String why) {
        response.status(status).send(why);
        return null;
    }

    /** Whether one of the comma-separated words of these headers is this one. */
    private static boolean has(List<String> headers, String word) {
        for (String header : headers) {
            for (String each : header.split(",", -1)) {
                if (each.strip().equalsIgnoreCase(word)) {
                    return true;
                }
            }
        }
        return false;
    }

    private static boolean isKey(String key) {
        try {
            return Base64.getDecoder().decode(key).length == KEY_BYTES;
        } catch (IllegalArgumentException malformed) {
            return false;
        }
    }

    private boolean allows(String origin, @Nullable String host) {
        if (!origins.isEmpty()) {
            return origins.contains("*") || origins.contains(origin);
        }
        int scheme = origin.indexOf("://");
        if (host == null || scheme < 0) {
            return false;
        }
        String usualPort = origin.startsWith("https:") ? ":443" : ":80";
        return without(origin.substring(scheme + 3), usualPort).equals(without(host, usualPort));
    }

    private static String without(String host, String port) {
        String lower = host.strip().toLowerCase(Locale.ROOT);
        return lower.endsWith(port) ? lower.substring(0, lower.length() - port.length()) : lower;
    }

    private @Nullable String subprotocol(HttpRequest request) {
        if (!subprotocols.isEmpty()) {
            List<String> offered = request.headers(HttpHeaderNames.SEC_WEBSOCKET_PROTOCOL);
            for (String ours : subprotocols) {
                for (String header : offered) {
                    for (String each : header.split(",", -1)) {
                        if (each.strip().equals(ours)) {
                            return ours;
                        }
                    }
                }
            }
        }
        return null;
    }

    static String answerTo(String key) {
        try {
            MessageDigest sha1 = MessageDigest.getInstance("SHA-1");
            return Base64.getEncoder().encodeToString(sha1.digest((key + GUID).getBytes(StandardCharsets.US_ASCII)));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK has SHA-1", e);
        }
    }
}
