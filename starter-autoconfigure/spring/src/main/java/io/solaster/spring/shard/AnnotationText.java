package io.solaster.spring.shard;

import java.lang.reflect.Method;
import java.time.Duration;

import io.solaster.config.Internal;
import io.solaster.engine.Engine;
import io.solaster.engine.task.SchedulingGroup;
import org.jspecify.annotations.Nullable;
import org.springframework.beans.factory.config.ConfigurableListableBeanFactory;
import org.springframework.format.annotation.DurationFormat;
import org.springframework.format.datetime.standard.DurationFormatterUtils;

/** Reads what an annotation says as text, with its placeholders resolved. */
@Internal
public final class AnnotationText {
    private final ConfigurableListableBeanFactory beanFactory;
    private final String where;

    /** @param where stands before what is wrong: the annotation and its method */
    public AnnotationText(ConfigurableListableBeanFactory beanFactory, String where) {
        this.beanFactory = beanFactory;
        this.where = where;
    }

    /** {@code Orders.add(long, int)}. */
    public static String describe(Method method) {
        return CallKey.describe(method);
    }

    /** With its placeholders resolved, and no space around it. */
    public String resolved(String text) {
        String resolved = beanFactory.resolveEmbeddedValue(text);
        return resolved == null ? "" : resolved.strip();
    }

    /** Null for none. As Spring reads durations: 10s, 500ms, 1m30s, PT10S; a bare number counts milliseconds. */
    public @Nullable Duration duration(String text) {
        String resolved = resolved(text);
        if (resolved.isEmpty()) {
            return null;
        }
        try {
            return DurationFormatterUtils.detectAndParse(resolved, DurationFormat.Unit.MILLIS);
        } catch (IllegalArgumentException e) {
            throw new IllegalStateException(where + ": '" + resolved + "' is no duration; write 500ms, 10s or 5m");
        }
    }

    /** Null for none. */
    public @Nullable SchedulingGroup group(Engine engine, String text) {
        String resolved = resolved(text);
        if (resolved.isEmpty()) {
            return null;
        }
        return engine.groups().find(resolved).orElseThrow(() -> new IllegalStateException(where + ": '" + resolved
                + "' is no scheduling group; write one of " + engine.groups().all()
                + ", or add it to solaster.engine.groups"));
    }
}
