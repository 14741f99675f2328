package io.solaster.spring.pool;

import java.net.URI;
import java.util.List;
import java.util.Map;

import io.solaster.config.pool.BalancingConfig;
import org.jspecify.annotations.Nullable;
import org.springframework.http.HttpHeaders;
import org.springframework.http.HttpMethod;

/** Finds the keys of requests to one pool: an attribute, a header or a cookie, or what a bean says. Any thread. */
final class RequestKeys {
    private final String pool;
    private final List<PoolKeySource> sources;

    RequestKeys(String pool, List<PoolKeySource> sources) {
        this.pool = pool;
        this.sources = sources.stream().filter(source -> source.isFor(pool)).toList();
    }

    /** The key of a request; 0 if it has none, or none is asked for. */
    long of(BalancingConfig balancing, HttpMethod method, URI uri, HttpHeaders headers,
            Map<String, Object> attributes) {
        if (!balancing.goesByKeys()) {
            return 0;
        }
        Object key = attributes.get(PoolKey.ATTRIBUTE);
        if (key == null && balancing.key() != null) {
            key = configured(balancing.key(), headers);
        }
        for (int i = 0; i < sources.size() && key == null; i++) {
            key = sources.get(i).key(pool, method, uri, headers);
        }
        return key == null ? 0 : hash(key.toString());
    }

    private static @Nullable String configured(String from, HttpHeaders headers) {
        int colon = from.indexOf(':');
        String name = from.substring(colon + 1);
        return from.startsWith("header:") ? headers.getFirst(name) : cookie(name, headers.get(HttpHeaders.COOKIE));
    }

    private static @Nullable String cookie(String name, @Nullable List<String> headers) {
        for (String header : headers == null ? List.<String>of() : headers) {
            for (String pair : header.split(";", -1)) {
                int equals = pair.indexOf('=');
                if (equals > 0 && pair.substring(0, equals).strip().equals(name)) {
                    return pair.substring(equals + 1).strip();
                }
            }
        }
        return null;
    }

    /** FNV-1a over the text's characters; never 0, which is no key. */
    private static long hash(String text) {
        long hash = 0xcbf29ce484222325L;
        for (int i = 0; i < text.length(); i++) {
            hash = (hash ^ text.charAt(i)) * 0x100000001b3L;
        }
        return hash == 0 ? 1 : hash;
    }
}
