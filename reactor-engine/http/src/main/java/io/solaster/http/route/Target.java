package io.solaster.http.route;

import java.util.List;
import java.util.Map;

import io.netty.handler.codec.http.HttpMethod;
import io.solaster.config.Internal;
import io.solaster.http.Escapes;
import io.solaster.http.Form;
import org.jspecify.annotations.Nullable;

/** A request's target, taken apart as far as somebody has asked. On the owning shard, and used again there. */
@Internal
public final class Target {
    private final String raw;
    private final String rawPath;
    private final @Nullable String rawQuery;
    private @Nullable String path;
    private @Nullable Map<String, List<String>> parameters;
    /** What a router has found for it. */
    private @Nullable Router router;
    private @Nullable HttpMethod method;
    private @Nullable Route route;

    /** @param beforePath how many characters of an absolute target stand before its path */
    public Target(String raw, int beforePath) {
        this.raw = raw;
        int question = raw.indexOf('?', beforePath);
        String before = raw.substring(beforePath, question < 0 ? raw.length() : question);
        this.rawPath = before.isEmpty() ? "/" : before;
        this.rawQuery = question < 0 ? null : raw.substring(question + 1);
    }

    public String raw() {
        return raw;
    }

    public String rawPath() {
        return rawPath;
    }

    @Nullable
    public String rawQuery() {
        return rawQuery;
    }

    public String path() {
        String known = path;
        if (known == null) {
            Escapes.checkPath(rawPath);
            known = Escapes.decode(rawPath, 0, rawPath.length());
            path = known;
        }
        return known;
    }

    public List<String> query(String name) {
        String query = rawQuery;
        if (query == null) {
            return List.of();
        }
        Map<String, List<String>> known = parameters;
        if (known == null) {
            known = Form.fields(query, "a query of more than " + Form.MOST_FIELDS + " parameters");
            parameters = known;
        }
        return known.getOrDefault(name, List.of());
    }

    /** What a router has found for this path the last time that it looked, null if it is to look again. */
    @Nullable
    Route known(Router by, HttpMethod of) {
        return by == router && of.equals(method) ? route : null;
    }

    /** A router has found this, which says nothing of where in the path anything lies. */
    void found(Router by, HttpMethod of, Route what) {
        router = by;
        method = of;
        route = what;
    }
}
