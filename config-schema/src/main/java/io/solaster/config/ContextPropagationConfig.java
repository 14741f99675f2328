package io.solaster.config;

import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * What calls between shards take along.
 *
 * @param enabled whether the logging context (MDC), observations and traces go along with calls to shards, forks and
 *            Offload; each call then looks for them, and captures what there is
 */
public record ContextPropagationConfig(@DefaultValue("false") boolean enabled) {

    /** Nothing goes along. */
    public static ContextPropagationConfig defaults() {
        return new ContextPropagationConfig(false);
    }
}
