package io.solaster.load.protocol;

import java.net.URI;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

import org.jspecify.annotations.Nullable;

/**
 * Where a load goes, and what it speaks there.
 *
 * @param url as it was given, without a password
 * @param host a name or an address
 * @param port 1 to 65535
 * @param security whether and how the connection is encrypted
 * @param protocol what is spoken
 */
public record Target(String url, String host, int port, Security security, Protocol protocol) {
    private static final String SCHEMES = "give redis://, http://, h2:// (HTTP/2 without an upgrade) or ws://, or rediss://,"
            + " https:// or wss:// for TLS";
    private static final Set<String> KNOWN = Set.of("redis", "rediss", "http", "https", "h2", "h2c", "ws", "wss");

    /** Encryption. */
    public enum Security {
        /** Clear text. */
        NONE,
        /** TLS, and the server must be who it says. */
        TLS,
        /** TLS with whoever answers, for tests. */
        TLS_UNCHECKED
    }

    public Target {
        if (port < 1 || port > 65_535) {
            throw new IllegalArgumentException("port " + port + "; give 1 to 65535");
        }
    }

    /**
     * What a URL names, with the protocol's defaults: {@code redis://:secret@localhost:6379/0},
     * {@code http://localhost:8080/hello}.
     *
     * @throws IllegalArgumentException if it names nothing that can be loaded, with the value and what to give
     */
    public static Target of(String url) {
        URI uri;
        try {
            uri = URI.create(url);
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException("'" + url + "' is no URL (" + e.getMessage() + "); " + SCHEMES);
        }
        String scheme = uri.getScheme() == null ? "" : uri.getScheme().toLowerCase(Locale.ROOT);
        if (!KNOWN.contains(scheme)) {
            throw new IllegalArgumentException("'" + url + "' "
                    + (scheme.isEmpty() ? "has no scheme" : "is of a scheme that is not known") + "; " + SCHEMES);
        }
        String host = uri.getHost();
        if (host == null) {
            throw new IllegalArgumentException("'" + url + "' names no host; give one such as " + scheme
                    + "://localhost:8080");
        }
        String path = uri.getRawPath() == null || uri.getRawPath().isEmpty() ? "/" : uri.getRawPath();
        String target = uri.getRawQuery() == null ? path : path + "?" + uri.getRawQuery();
        String authority = uri.getPort() < 0 ? host : host + ":" + uri.getPort();
        Security security = scheme.equals("rediss") || scheme.equals("https") || scheme.equals("wss")
                ? Security.TLS
                : Security.NONE;
        int tlsPort = security == Security.NONE ? 80 : 443;
        String bare = !host.startsWith("[") ? host : host.substring(1, host.length() - 1);
        String shown = uri.getRawUserInfo() == null ? url : url.replace(uri.getRawUserInfo() + "@", "");
        return switch (scheme) {
            case "redis", "rediss" -> new Target(shown, bare, port(uri, 6379), security, resp(uri, path));
            case "http", "https" -> new Target(shown, bare, port(uri, tlsPort), security, Http1.get(authority, target));
            case "h2", "h2c" -> new Target(shown, bare, port(uri, tlsPort), security,
                    new Http2("GET", authority, target, Map.of(), 100));
            default -> new Target(shown, bare, port(uri, tlsPort), security,
                    new WebSocketEcho(authority, target, Map.of(), 128, 64));
        };
    }

    private static int port(URI uri, int usual) {
        return uri.getPort() < 0 ? usual : uri.getPort();
    }

    private static Resp resp(URI uri, String path) {
        @Nullable
        String user = uri.getUserInfo();
        @Nullable
        String name = null;
        @Nullable
        String password = null;
        if (user != null) {
            int colon = user.indexOf(':');
            password = user.substring(colon + 1);
            name = colon > 0 ? user.substring(0, colon) : null;
        }
        int database = 0;
        if (path.length() > 1) {
            try {
                database = Integer.parseInt(path.substring(1));
            } catch (NumberFormatException _) {
                throw new IllegalArgumentException("'" + path.substring(1)
                        + "' is no database; give a number, such as redis://localhost:6379/0");
            }
        }
        return Resp.DEFAULTS.withLogin(name, password, database);
    }

    /** This with another protocol, or the same with other settings. */
    public Target withProtocol(Protocol newProtocol) {
        return new Target(url, host, port, security, newProtocol);
    }

    /** This, encrypted as said. */
    public Target withSecurity(Security newSecurity) {
        return new Target(url, host, port, newSecurity, protocol);
    }
}
