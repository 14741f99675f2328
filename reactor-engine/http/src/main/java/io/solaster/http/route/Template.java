package io.solaster.http.route;

import java.util.ArrayList;
import java.util.List;

import io.solaster.http.Escapes;

/**
 * A route's template, taken apart: segments between slashes, each a literal, a name in braces that stands for one
 * segment, {@code *} for one segment that has no name, or as the last one a name for all that is left.
 *
 * @param text as it was written
 * @param segments in their order; that of a trailing slash is an empty literal
 */
record Template(String text, List<Segment> segments) {

    /** What a segment is, most specific first. */
    enum Kind {
        LITERAL, NAME, ANY, REST
    }

    /** @param text the literal, or the name; empty for {@code *} */
    record Segment(Kind kind, String text) {}

    static Template of(String text) {
        if (!text.startsWith("/")) {
            throw wrong(text, "it begins with a slash");
        }
        List<Segment> segments = new ArrayList<>();
        String[] parts = text.substring(1).split("/", -1);
        for (int i = 0; i < parts.length; i++) {
            Segment segment = segment(text, parts[i]);
            boolean last = i == parts.length - 1;
            if (segment.kind() == Kind.REST && !last) {
                throw wrong(text, "{*" + segment.text() + "} can only be its last segment");
            }
            if (parts[i].isEmpty() && !last) {
                throw wrong(text, "it has an empty segment");
            }
            segments.add(segment);
        }
        Template template = new Template(text, List.copyOf(segments));
        if (template.names().stream().distinct().count() < template.names().size()) {
            throw wrong(text, "it has a name twice");
        }
        return template;
    }

    private static Segment segment(String template, String part) {
        if (part.equals("*")) {
            return new Segment(Kind.ANY, "");
        }
        if (part.startsWith("{") && part.endsWith("}")) {
            boolean rest = part.startsWith("{*");
            String name = part.substring(rest ? 2 : 1, part.length() - 1);
            if (!name.matches("[A-Za-z_][A-Za-z0-9_-]*")) {
                throw wrong(template,
                        "'" + part + "' is not a name: write {name} or {*name}, of letters, digits, _ and -,"
                                + " and check the value in the handler");
            }
            return new Segment(rest ? Kind.REST : Kind.NAME, name);
        }
        for (char c : new char[]{'{', '}', '*', '?', '#', '%', '\\'}) {
            if (part.indexOf(c) >= 0) {
                throw wrong(template, "'" + c + "' in '" + part + "': a segment is a name in braces, '*', or a literal,"
                        + " which is written as it reads decoded");
            }
        }
        if (part.equals(".") || part.equals("..")) {
            throw wrong(template, "no path with '" + part + "' is served");
        }
        return new Segment(Kind.LITERAL, part);
    }

    private static boolean named(Kind kind) {
        return kind == Kind.NAME || kind == Kind.REST;
    }

    private static IllegalArgumentException wrong(String text, String why) {
        return new IllegalArgumentException("route template '" + text + "': " + why);
    }

    /** The names, in the order of the path. */
    List<String> names() {
        return segments.stream().filter(segment -> named(segment.kind())).map(Segment::text).toList();
    }

    /** This one beneath a prefix; {@code /} is the prefix itself there. */
    Template under(Template prefix) {
        if (prefix.segments.isEmpty()) {
            return this;
        }
        String before = prefix.text.endsWith("/") ? prefix.text.substring(0, prefix.text.length() - 1) : prefix.text;
        return of(text.equals("/") ? before : before + text);
    }

    /** As a prefix: without the slash at its end. */
    Template asPrefix() {
        int last = segments.size() - 1;
        if (!segments.get(last).equals(new Segment(Kind.LITERAL, ""))) {
            return this;
        }
        return new Template(text, segments.subList(0, last));
    }

    /** Whether a raw path begins with these segments. */
    boolean begins(String path) {
        boolean escaped = path.indexOf('%') >= 0;
        int at = 0;
        for (int i = 0; i < segments.size(); i++) {
            if (at >= path.length()) {
                return segments.get(i).kind() == Kind.REST;
            }
            Segment segment = segments.get(i);
            int from = at + 1;
            int to = Escapes.segmentEnd(path, from);
            switch (segment.kind()) {
                case REST -> {
                    return true;
                }
                case LITERAL -> {
                    if (!Escapes.says(path, from, to, segment.text(), escaped)) {
                        return false;
                    }
                }
                default -> {
                    if (from == to) {
                        return false;
                    }
                }
            }
            at = to;
        }
        return true;
    }

    /** How the paths of another template stand to this prefix. */
    enum Reach {
        ALL, SOME, NONE
    }

    /** Which paths of another template begin with this one. */
    Reach reach(Template other) {
        Reach reach = Reach.ALL;
        for (int i = 0; i < segments.size(); i++) {
            Segment mine = segments.get(i);
            if (mine.kind() == Kind.REST) {
                return reach;
            }
            if (i == other.segments.size()) {
                return Reach.NONE;
            }
            Segment theirs = other.segments.get(i);
            if (theirs.kind() == Kind.REST) {
                return Reach.SOME;
            }
            if (mine.kind() == Kind.LITERAL) {
                if (theirs.kind() != Kind.LITERAL) {
                    reach = Reach.SOME;
                } else if (!theirs.text().equals(mine.text())) {
                    return Reach.NONE;
                }
            } else if (theirs.kind() == Kind.LITERAL && theirs.text().isEmpty()) {
                return Reach.NONE;
            }
        }
        return reach;
    }
}
