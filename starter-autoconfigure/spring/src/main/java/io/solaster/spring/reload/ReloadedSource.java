package io.solaster.spring.reload;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.bind.PlaceholdersResolver;
import org.springframework.boot.origin.Origin;
import org.springframework.boot.origin.OriginLookup;
import org.springframework.core.env.EnumerablePropertySource;
import org.springframework.core.env.PropertySource;

/**
 * A file's property source after a reload: Solaster's keys as the file says them now, all others as they were read at the
 * start. Those are the application's, and so is the time at which they change: Spring Cloud's refresh, for one, looks for
 * what differs from the environment. Any thread.
 */
final class ReloadedSource extends EnumerablePropertySource<Object> implements OriginLookup<String> {
    private final @Nullable PropertySource<?> before;
    private final @Nullable PropertySource<?> now;
    private final String[] names;
    /** Of our keys that have placeholders: these name keys that stay here as they were at the start. */
    private final Map<String, Object> resolved = new HashMap<>();

    /**
     * @param before what stood there; null if the file is new
     * @param now what was read; null if the file is gone
     * @param placeholders resolves what our keys name, by what was read
     */
    ReloadedSource(String name, @Nullable PropertySource<?> before, @Nullable PropertySource<?> now,
            PlaceholdersResolver placeholders) {
        super(name, new Object());
        this.before = before instanceof ReloadedSource reloaded ? reloaded.before : before;
        this.now = now;
        List<String> all = new ArrayList<>(names(now, true));
        for (String own : all) {
            Object raw = now == null ? null : now.getProperty(own);
            Object value = placeholders.resolvePlaceholders(raw);
            if (value != null && !value.equals(raw)) {
                resolved.put(own, value);
            }
        }
        all.addAll(names(this.before, false));
        this.names = all.toArray(String[]::new);
    }

    /** Whether a source holds a key of ours. */
    static boolean isOfInterest(@Nullable PropertySource<?> source) {
        return !names(source, true).isEmpty();
    }

    private static List<String> names(@Nullable PropertySource<?> source, boolean own) {
        return source instanceof EnumerablePropertySource<?> known
                ? Arrays.stream(known.getPropertyNames()).filter(name -> OwnKeys.isOwn(name) == own).toList()
                : List.of();
    }

    private @Nullable PropertySource<?> of(String name) {
        return OwnKeys.isOwn(name) ? now : before;
    }

    @Override
    public String[] getPropertyNames() {
        return names.clone();
    }

    @Override
    public @Nullable Object getProperty(String name) {
        Object checked = resolved.get(name);
        if (checked != null) {
            return checked;
        }
        PropertySource<?> source = of(name);
        return source == null ? null : source.getProperty(name);
    }

    @Override
    public @Nullable Origin getOrigin(String key) {
        return OriginLookup.getOrigin(of(key), key);
    }
}
