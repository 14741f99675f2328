package io.solaster.http.files;

import java.util.ArrayList;
import java.util.List;

import org.jspecify.annotations.Nullable;

/** The ranges of bytes that a client asks for: RFC 9110, 14. */
final class Ranges {
    private static final String UNIT = "bytes=";
    private static final int MOST = 16;

    private Ranges() {}

    /**
     * A range, from the first to the last byte of it.
     */
    record Range(long first, long last) {

        long length() {
            return last - first + 1;
        }
    }

    /**
     * What a Range header asks for.
     *
     * @param size of what it asks about, in bytes
     * @return null if it is to be passed over: malformed, in another unit, or so much that the whole is sent more
     *         cheaply; none if there are no such bytes
     */
    static @Nullable List<Range> parse(String header, long size) {
        if (!header.regionMatches(true, 0, UNIT, 0, UNIT.length())) {
            return null;
        }
        List<Range> ranges = new ArrayList<>(1);
        long total = 0;
        int count = 0;
        for (String part : header.substring(UNIT.length()).split(",", -1)) {
            String spec = part.trim();
            if (spec.isEmpty()) {
                continue;
            }
            int dash = spec.indexOf('-');
            if (dash < 0 || ++count > MOST) {
                return null;
            }
            long from = number(spec.substring(0, dash).trim());
            long to = number(spec.substring(dash + 1).trim());
            boolean suffix = dash == 0;
            boolean open = dash == spec.length() - 1;
            if (from < 0 && !suffix || to < 0 && !open || suffix && open || !suffix && !open && to < from) {
                return null;
            }
            long first = suffix ? Math.max(0, size - to) : from;
            long last = suffix || open ? size - 1 : Math.min(to, size - 1);
            if (first < size && first <= last) {
                ranges.add(new Range(first, last));
                total += last - first + 1;
            }
        }
        return count == 0 || ranges.size() > 1 && total > size ? null : ranges;
    }

    /** -1 if it is none; a number that is too large is as good as the largest. */
    private static long number(String digits) {
        if (digits.isEmpty()) {
            return -1;
        }
        for (int i = 0; i < digits.length(); i++) {
            if (digits.charAt(i) < '0' || digits.charAt(i) > '9') {
                return -1;
            }
        }
        return digits.length() > 18 ? Long.MAX_VALUE : Long.parseLong(digits);
    }
}
