package io.solaster.http.route;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

import io.netty.handler.codec.http.HttpMethod;
import io.solaster.http.Escapes;
import org.jspecify.annotations.Nullable;

/**
 * The routes of a router by the segments of their templates. A path is looked for over its raw text; where a segment has
 * several ways to go on, the most specific one is tried first, and the next one if that leads nowhere. A node is reached
 * by one way only, so a search visits each at most once.
 *
 * <p>
 * Built by one thread, then read by all shards; a search allocates nothing unless the path has escapes.
 */
final class RouteTrie {
    private static final int SCANNED = 4;

    private final Node root = new Node();

    /** Where a template's segments lead. */
    private static final class Node {
        /** Few literals are compared one by one, more are looked up by their hash. */
        private String[] literals = {};
        private Node[] nodes = {};
        private final Map<String, Node> byLiteral = new HashMap<>();
        private String[] table = {};
        private Node[] tableNodes = {};
        private @Nullable Node name;
        private @Nullable Node any;
        /** Of what ends here. */
        private final Endings endings = new Endings();
        /** Of what takes all the rest from here on. */
        private final Endings rest = new Endings();

        Node literal(String text) {
            Node known = byLiteral.get(text);
            if (known == null) {
                known = new Node();
                byLiteral.put(text, known);
                index();
            }
            return known;
        }

        /** Open addressing over the hash of the text, at most half full. */
        private void index() {
            literals = byLiteral.keySet().toArray(String[]::new);
            nodes = byLiteral.values().toArray(Node[]::new);
            int size = Integer.highestOneBit(literals.length) << 2;
            table = new String[size];
            tableNodes = new Node[size];
            for (int i = 0; i < literals.length; i++) {
                int slot = spread(literals[i].hashCode()) & size - 1;
                while (table[slot] != null) {
                    slot = slot + 1 & size - 1;
                }
                table[slot] = literals[i];
                tableNodes[slot] = nodes[i];
            }
        }

        @Nullable
        Node next(String path, int from, int to, boolean escaped) {
            if (escaped) {
                int escape = path.indexOf('%', from);
                if (escape >= 0 && escape < to) {
                    return byLiteral.get(Escapes.decode(path, from, to));
                }
            }
            int length = to - from;
            if (literals.length <= SCANNED) {
                for (int i = 0; i < literals.length; i++) {
                    if (literals[i].length() == length && path.startsWith(literals[i], from)) {
                        return nodes[i];
                    }
                }
                return null;
            }
            int hash = 0;
            for (int i = from; i < to; i++) {
                hash = 31 * hash + path.charAt(i); // as String.hashCode does
            }
            int mask = table.length - 1;
            for (int slot = spread(hash) & mask; table[slot] != null; slot = slot + 1 & mask) {
                if (table[slot].length() == length && path.startsWith(table[slot], from)) {
                    return tableNodes[slot];
                }
            }
            return null;
        }

        private static int spread(int hash) {
            return hash ^ hash >>> 16;
        }
    }

    /** The routes of one template by their methods. */
    private static final class Endings {
        private HttpMethod[] methods = {};
        private Route[] routes = {};
        private @Nullable Route forAll;

        void add(@Nullable HttpMethod method, Route route) {
            Route other = method == null ? forAll : exactly(method);
            if (other != null) {
                String what = method == null ? "any method" : method.name();
                throw new IllegalArgumentException("routes " + what + " " + other.template() + " and " + what + " "
                        + route.template() + " match the same paths: keep one");
            }
            if (method == null) {
                forAll = route;
                return;
            }
            int count = methods.length;
            methods = Arrays.copyOf(methods, count + 1);
            routes = Arrays.copyOf(routes, count + 1);
            methods[count] = method;
            routes[count] = route;
        }

        private @Nullable Route exactly(HttpMethod method) {
            for (int i = 0; i < methods.length; i++) {
                if (methods[i].equals(method)) {
                    return routes[i];
                }
            }
            return null;
        }

        @Nullable
        Route of(HttpMethod method) {
            Route route = exactly(method);
            if (route == null && method.equals(HttpMethod.HEAD)) {
                route = exactly(HttpMethod.GET);
            }
            return route == null ? forAll : route;
        }

        /** @return whether any method is allowed */
        boolean allowed(Set<String> names) {
            for (HttpMethod method : methods) {
                names.add(method.name());
            }
            return forAll != null;
        }
    }

    /** @param method null for all that have no route of their own */
    void add(@Nullable HttpMethod method, Template template, Route route) {
        Node node = root;
        for (Template.Segment segment : template.segments()) {
            switch (segment.kind()) {
                case LITERAL -> node = node.literal(segment.text());
                case NAME -> node = node.name = node.name == null ? new Node() : node.name;
                case ANY -> node = node.any = node.any == null ? new Node() : node.any;
                case REST -> {
                    node.rest.add(method, route);
                    return;
                }
            }
        }
        node.endings.add(method, route);
    }

    /**
     * The most specific route for a path that {@link Escapes#checkPath} has let pass.
     *
     * @param match is left the places of what the names stand for
     */
    @Nullable
    Route find(String path, HttpMethod method, RouteMatch match) {
        return find(root, path, 0, method, match, 0, path.indexOf('%') >= 0);
    }

    private static @Nullable Route find(Node node, String path, int at, HttpMethod method, RouteMatch match,
            int captures, boolean escaped) {
        int length = path.length();
        if (at >= length) {
            Route ending = node.endings.of(method);
            return ending != null ? ending : rest(node, length, length, method, match, captures);
        }
        int from = at + 1;
        int to = Escapes.segmentEnd(path, from);
        Node literal = node.next(path, from, to, escaped);
        if (literal != null) {
            Route route = find(literal, path, to, method, match, captures, escaped);
            if (route != null) {
                return route;
            }
        }
        if (from < to) {
            if (node.name != null) {
                Route route = find(node.name, path, to, method, match, captures + 1, escaped);
                if (route != null) {
                    match.capture(captures, from, to);
                    return route;
                }
            }
            if (node.any != null) {
                Route route = find(node.any, path, to, method, match, captures, escaped);
                if (route != null) {
                    return route;
                }
            }
        }
        return rest(node, from, length, method, match, captures);
    }

    private static @Nullable Route rest(Node node, int from, int to, HttpMethod method, RouteMatch match,
            int captures) {
        Route route = node.rest.of(method);
        if (route != null) {
            match.capture(captures, from, to);
        }
        return route;
    }

    /**
     * Which methods a path could be asked with; empty if there is no route to it. For answers, not for the hot path.
     *
     * @return whether any method is
     */
    boolean allowed(String path, Set<String> methods) {
        boolean all = false;
        List<Endings> found = new ArrayList<>();
        reached(root, path, 0, path.indexOf('%') >= 0, found);
        for (Endings endings : found) {
            all |= endings.allowed(methods);
        }
        return all;
    }

    private static void reached(Node node, String path, int at, boolean escaped, List<Endings> found) {
        found.add(node.rest);
        if (at >= path.length()) {
            found.add(node.endings);
            return;
        }
        int from = at + 1;
        int to = Escapes.segmentEnd(path, from);
        Node literal = node.next(path, from, to, escaped);
        if (literal != null) {
            reached(literal, path, to, escaped, found);
        }
        if (from < to && node.name != null) {
            reached(node.name, path, to, escaped, found);
        }
        if (from < to && node.any != null) {
            reached(node.any, path, to, escaped, found);
        }
    }
}
