package io.solaster.config.value;

import java.time.Duration;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * When what was written to a file is synced: 'always', 'never', or after a time such as {@code 1s}.
 *
 * @param every the time; zero stands for 'always', {@link #FOREVER} for 'never'
 */
public record Fsync(Duration every) {
    private static final Duration FOREVER = Duration.ofSeconds(Long.MAX_VALUE);
    private static final Duration LEAST = Duration.ofMillis(1);
    private static final Duration MOST = Duration.ofHours(1);
    private static final Pattern TIME = Pattern.compile("([0-9]{1,7})(ms|s|m|h)");

    /** What is acknowledged has been synced. */
    public static final Fsync ALWAYS = new Fsync(Duration.ZERO);
    /** When the operating system does it. */
    public static final Fsync NEVER = new Fsync(FOREVER);
    /** Within a second. */
    public static final Fsync EVERY_SECOND = new Fsync(Duration.ofSeconds(1));

    public Fsync {
        if (!every.isZero() && !every.equals(FOREVER) && (every.compareTo(LEAST) < 0 || every.compareTo(MOST) > 0)) {
            throw new IllegalArgumentException(every + " is no time to sync after; give 1ms to 1h");
        }
    }

    /**
     * Reads {@code always}, {@code never}, or a time from 1ms to 1h.
     *
     * @throws IllegalArgumentException if the text is none of them
     */
    public static Fsync valueOf(String text) {
        String stripped = text.strip().toLowerCase(Locale.ROOT);
        if (stripped.equals("always")) {
            return ALWAYS;
        }
        if (stripped.equals("never")) {
            return NEVER;
        }
        Matcher time = TIME.matcher(stripped);
        if (time.matches()) {
            long count = Long.parseLong(time.group(1));
            Duration every = switch (time.group(2)) {
                case "ms" -> Duration.ofMillis(count);
                case "s" -> Duration.ofSeconds(count);
                case "m" -> Duration.ofMinutes(count);
                default -> Duration.ofHours(count);
            };
            if (every.compareTo(LEAST) >= 0 && every.compareTo(MOST) <= 0) {
                return new Fsync(every);
            }
        }
        throw new IllegalArgumentException(
                "'" + text + "' does not say when to sync; give 'always', 'never', or a time such as '1s', up to 1h");
    }

    /** Whether each acknowledgement waits for a sync. */
    public boolean isAlways() {
        return every.isZero();
    }

    /** Whether nothing is synced but when a file is full or closed. */
    public boolean isNever() {
        return every.equals(FOREVER);
    }

    @Override
    public String toString() {
        if (isAlways()) {
            return "always";
        }
        if (isNever()) {
            return "never";
        }
        return every.toMillis() % 1_000 == 0 ? every.toSeconds() + "s" : every.toMillis() + "ms";
    }
}
