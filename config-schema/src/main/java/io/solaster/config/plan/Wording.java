package io.solaster.config.plan;

import java.math.BigDecimal;
import java.math.RoundingMode;
import java.time.Duration;
import java.util.Locale;

import io.solaster.config.Internal;
import io.solaster.config.value.CpuSet;

/** How numbers, CPUs and durations are written, so that every message writes them as the reader's file does. */
@Internal
public final class Wording {
    private static final String[] UNITS = {"d", "h", "m", "s", "ms", "us", "ns"};
    private static final Duration[] LENGTHS = {Duration.ofDays(1), Duration.ofHours(1), Duration.ofMinutes(1),
            Duration.ofSeconds(1), Duration.ofMillis(1), Duration.ofNanos(1_000), Duration.ofNanos(1)};

    private Wording() {}

    /** How a choice is written everywhere: {@code peak-ewma} of {@code PEAK_EWMA}; Spring reads any other spelling too. */
    public static String choice(Enum<?> choice) {
        String name = choice.name().toLowerCase(Locale.ROOT);
        // Linux spells this one itself.
        return name.equals("io_uring") ? name : name.replace('_', '-');
    }

    /** {@code 1 core}, {@code 2 cores}. */
    public static String count(int number, String thing) {
        return number + " " + thing + (number == 1 ? "" : "s");
    }

    /** {@code CPU 4}, {@code CPUs 0-3}. */
    public static String cpus(CpuSet cpus) {
        return (cpus.size() == 1 ? "CPU " : "CPUs ") + cpus;
    }

    /** A duration in the largest unit that needs no fraction, as Spring reads it: {@code 500us}. */
    public static String print(Duration duration) {
        if (duration.isZero()) {
            return "0s";
        }
        for (int i = 0; i < UNITS.length; i++) {
            long amount = duration.dividedBy(LENGTHS[i]);
            if (LENGTHS[i].multipliedBy(amount).equals(duration)) {
                return amount + UNITS[i];
            }
        }
        throw new AssertionError(duration);
    }

    /** A number with two decimals at most. */
    public static String print(double number) {
        return BigDecimal.valueOf(number).setScale(2, RoundingMode.HALF_UP).stripTrailingZeros().toPlainString();
    }
}
