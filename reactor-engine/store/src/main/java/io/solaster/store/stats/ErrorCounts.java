package io.solaster.store.stats;

import java.util.HashMap;
import java.util.Map;
import java.util.TreeMap;

/** How often each code of an error was answered, such as {@code WRONGTYPE}. On the owning shard. */
public final class ErrorCounts {
    /** Scripts may make up codes of their own: no more than that are told apart. */
    private static final int MOST = 128;
    private static final int LONGEST = 64;
    private static final String OTHERS = "OTHER";

    private final Map<String, Long> counts = new HashMap<>();

    /** Counts an error by its first word. */
    public void add(String error) {
        int end = error.indexOf(' ');
        String code = end < 0 ? error : error.substring(0, end);
        if (code.length() > LONGEST || counts.size() >= MOST && !counts.containsKey(code)) {
            code = OTHERS;
        }
        counts.merge(code, 1L, Long::sum);
    }

    /** What was counted by now; a copy. */
    public Map<String, Long> counts() {
        return new TreeMap<>(counts);
    }
}
