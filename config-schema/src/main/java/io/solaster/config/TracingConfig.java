package io.solaster.config;

import io.solaster.config.value.Reloadable;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * Spans of requests and of calls between shards.
 *
 * @param enabled whether they are made, where the application has a Tracer
 * @param samplingProbability the part of requests that are traced, from 0 to 1, of those that come without a trace of
 *            their own; what management.tracing.sampling.probability says unless set
 */
public record TracingConfig(@DefaultValue("true") boolean enabled, @Reloadable @Nullable Double samplingProbability) {

    /** What an empty configuration gives. */
    public static TracingConfig defaults() {
        return new TracingConfig(true, null);
    }
}
