package io.solaster.log.format;

import java.util.List;
import java.util.Locale;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

import io.solaster.config.Internal;

/** What is called how in a log's directory. */
@Internal
public final class LogNames {
    /** In the log's directory: the file by which one process has it for itself. */
    public static final String LOCK = "lock";
    /** In a shard's directory: the segment that comes next, of which nothing is known but its size. */
    public static final String NEXT = "next.tmp";

    /** In a shard's directory: segments that are written anew. */
    public static final String COMPACTING = "compacting.tmp";

    private static final String SUFFIX = ".log";
    private static final Pattern SEGMENT = Pattern.compile("([0-9]{19})\\.log");
    private static final Pattern SHARD = Pattern.compile("shard-([0-9]{1,6})");

    private LogNames() {}

    /** The directory of a shard. */
    public static String shard(int shard) {
        return "shard-" + shard;
    }

    /** The shard of a directory, if it is one's. */
    public static OptionalInt shardOf(String name) {
        Matcher matcher = SHARD.matcher(name);
        return matcher.matches() ? OptionalInt.of(Integer.parseInt(matcher.group(1))) : OptionalInt.empty();
    }

    /** The name of the segment that begins with a sequence. */
    public static String segment(long first) {
        return String.format(Locale.ROOT, "%019d", first) + SUFFIX;
    }

    /** The sequence that a segment begins with, by its name. */
    static OptionalLong firstOf(String name) {
        Matcher matcher = SEGMENT.matcher(name);
        if (!matcher.matches()) {
            return OptionalLong.empty();
        }
        try {
            return OptionalLong.of(Long.parseLong(matcher.group(1)));
        } catch (NumberFormatException tooLarge) {
            return OptionalLong.empty();
        }
    }

    /** Of the names in a shard's directory, those of segments, in their order. */
    public static List<String> segments(List<String> names) {
        return names.stream().filter(name -> name.endsWith(SUFFIX)).sorted().toList();
    }
}
