package io.solaster.spring.web;

import java.net.InetSocketAddress;
import java.net.URI;
import java.net.URISyntaxException;
import java.util.Objects;

import io.solaster.http.HttpRequest;
import org.jspecify.annotations.Nullable;
import org.springframework.http.server.RequestPath;

/**
 * The URIs that came last to a shard and their paths, so that those which come again and again are parsed once. A table
 * with one place for each hash; what is long or has a query seldom comes twice and is not kept. On its shard.
 */
final class RequestUris {
    private static final int PLACES = 256;
    private static final int LONGEST = 96;

    private final @Nullable RequestUri[] places = new RequestUri[PLACES];

    /**
     * What a request asks for.
     *
     * @throws URISyntaxException if its target is no URI
     */
    RequestUri of(HttpRequest request) throws URISyntaxException {
        String target = request.target();
        String host = request.header("host");
        boolean secure = request.tls() != null;
        int hash = target.hashCode();
        int place = (hash ^ hash >>> 15) & PLACES - 1;
        RequestUri known = places[place];
        if (known != null && known.isOf(secure, host, target)) {
            return known;
        }
        RequestUri made = new RequestUri(secure, host, target, uri(request, secure, host, target));
        // Without a host the address counts, which is another one for each connection.
        if (host != null && target.length() <= LONGEST && host.length() <= LONGEST && target.indexOf('?') < 0) {
            places[place] = made;
        }
        return made;
    }

    private static URI uri(HttpRequest request, boolean secure, @Nullable String host, String target)
            throws URISyntaxException {
        StringBuilder uri = new StringBuilder(128).append(secure ? "https://" : "http://");
        if (host == null || host.isEmpty()) {
            appendAddress(uri, request.localAddress());
        } else {
            String port = secure ? ":443" : ":80";
            uri.append(host, 0, host.endsWith(port) ? host.length() - port.length() : host.length());
        }
        int start = startOfPath(target);
        if (start == target.length() || target.charAt(start) != '/') {
            uri.append('/');
        }
        return new URI(uri.append(target, start, target.length()).toString());
    }

    private static void appendAddress(StringBuilder uri, InetSocketAddress address) {
        String host = address.getHostString();
        boolean v6 = host.indexOf(':') >= 0;
        uri.append(v6 ? "[" : "").append(host).append(v6 ? "]:" : ":").append(address.getPort());
    }

    /** Where the path begins in a target that may be a whole URI, as proxies are sent: {@code http://host/path}. */
    private static int startOfPath(String target) {
        if (target.startsWith("/")) {
            return 0;
        }
        int authority = target.indexOf("://");
        if (authority < 0) {
            return 0;
        }
        for (int i = authority + 3; i < target.length(); i++) {
            if (target.charAt(i) == '/' || target.charAt(i) == '?') {
                return i;
            }
        }
        return target.length();
    }

    /** One of them. Any thread. */
    static final class RequestUri {
        private final boolean secure;
        private final @Nullable String host;
        private final String target;
        private final URI uri;
        /** Made when it is asked for; the same whoever makes it. */
        private volatile @Nullable RequestPath path;

        RequestUri(boolean secure, @Nullable String host, String target, URI uri) {
            this.secure = secure;
            this.host = host;
            this.target = target;
            this.uri = uri;
        }

        boolean isOf(boolean otherSecure, @Nullable String otherHost, String otherTarget) {
            return target.equals(otherTarget) && secure == otherSecure && Objects.equals(host, otherHost);
        }

        URI uri() {
            return uri;
        }

        RequestPath path() {
            RequestPath known = path;
            if (known == null) {
                known = RequestPath.parse(uri, null);
                path = known;
            }
            return known;
        }
    }
}
