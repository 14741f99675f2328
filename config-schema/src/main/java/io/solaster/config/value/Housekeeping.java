package io.solaster.config.value;

import java.util.Locale;

import org.jspecify.annotations.Nullable;

/**
 * Which CPUs are kept free of shards: 'auto', 'none', or a list.
 *
 * @param cpus the CPUs, empty for 'none'; null stands for 'auto'
 */
public record Housekeeping(@Nullable CpuSet cpus) {

    /** The planner sets CPUs aside where at least 4 are allowed. */
    public static final Housekeeping AUTO = new Housekeeping(null);

    /** Every CPU may have a shard. */
    public static final Housekeeping NONE = new Housekeeping(CpuSet.EMPTY);

    /**
     * Reads {@code auto}, {@code none} or a Linux CPU list.
     *
     * @throws IllegalArgumentException if the text is none of these
     */
    public static Housekeeping valueOf(String text) {
        return switch (text.strip().toLowerCase(Locale.ROOT)) {
            case "auto" -> AUTO;
            case "none" -> NONE;
            case "" -> throw new IllegalArgumentException(
                    "nothing is given; write 'auto', 'none', or a CPU list such as '0-1'");
            default -> new Housekeeping(CpuSet.parse(text));
        };
    }

    @Override
    public String toString() {
        return cpus == null ? "auto" : cpus.isEmpty() ? "none" : cpus.toString();
    }
}
