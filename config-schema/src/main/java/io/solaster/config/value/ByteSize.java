package io.solaster.config.value;

import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * An amount of memory, written {@code 512}, {@code 64KB}, {@code 64MB}, {@code 2GB}; the units are powers of 1024.
 *
 * @param bytes the amount in bytes, at least 0
 */
public record ByteSize(long bytes) implements Comparable<ByteSize> {

    private static final Pattern FORM = Pattern.compile("(\\d+)\\s*(B|KB|MB|GB|TB)?", Pattern.CASE_INSENSITIVE);
    private static final String[] UNITS = {"B", "KB", "MB", "GB", "TB"};

    public ByteSize {
        if (bytes < 0) {
            throw new IllegalArgumentException(bytes + " bytes are no size; give 0 or more");
        }
    }

    /**
     * Reads a number and its unit.
     *
     * @throws IllegalArgumentException if the text is no size, or beyond 2^63 bytes
     */
    public static ByteSize valueOf(String text) {
        Matcher form = FORM.matcher(text.strip());
        if (form.matches()) {
            String unit = form.group(2) == null ? "B" : form.group(2).toUpperCase(Locale.ROOT);
            try {
                long bytes = Long.parseLong(form.group(1));
                for (int i = 0; !UNITS[i].equals(unit); i++) {
                    bytes = Math.multiplyExact(bytes, 1024L);
                }
                return new ByteSize(bytes);
            } catch (ArithmeticException | NumberFormatException e) {
                throw new IllegalArgumentException("'" + text + "' is beyond 2^63 bytes; give less", e);
            }
        }
        throw new IllegalArgumentException("'" + text + "' is no size; write it like '512', '64KB' or '2GB'");
    }

    /** The amount as an {@code int}, at most {@link Integer#MAX_VALUE}. */
    public int intBytes() {
        return (int) Math.min(bytes, Integer.MAX_VALUE);
    }

    @Override
    public int compareTo(ByteSize other) {
        return Long.compare(bytes, other.bytes);
    }

    @Override
    public String toString() {
        long amount = bytes;
        int unit = 0;
        while (amount != 0 && amount % 1024 == 0 && unit < UNITS.length - 1) {
            amount /= 1024;
            unit++;
        }
        return amount + UNITS[unit];
    }
}
