package io.solaster.config.server;

import java.time.Duration;

import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * Which exchanges a server writes into its access log, a file or the logger {@code io.solaster.http.access.<server>}, and how.
 *
 * @param enabled whether there is an access log
 * @param format what a line looks like: 'common', 'combined' (with Referer and User-Agent) or 'json'
 * @param sample the part of exchanges that are logged, from 0 to 1; those that ended with an error of the server (5xx)
 *            always are
 * @param slow exchanges that took as long as this or longer are logged whatever the sample; none by default
 * @param file the file that lines are appended to, by each shard for itself, without the logger; it is made where it is not
 *            there, but its directory is not. It is opened anew each second, so that it can be rotated by being renamed. What
 *            cannot be written is dropped and counted. The logger by default
 */
public record AccessLogConfig(@DefaultValue("false") boolean enabled, @DefaultValue("combined") Format format,
        @DefaultValue("1.0") double sample, @Nullable Duration slow, @Nullable String file) {

    /** What an empty configuration gives. */
    public static AccessLogConfig defaults() {
        return new AccessLogConfig(false, Format.COMBINED, 1, null, null);
    }

    /** What a line looks like. */
    public enum Format {
        /** The common log format, and behind it microseconds, route and trace. */
        COMMON,
        /** The same with Referer and User-Agent between. */
        COMBINED,
        /** One JSON object. */
        JSON
    }
}
