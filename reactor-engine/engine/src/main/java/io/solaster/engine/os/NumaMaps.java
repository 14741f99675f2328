package io.solaster.engine.os;

import java.util.regex.Matcher;
import java.util.regex.Pattern;

import io.solaster.config.Internal;

/**
 * What {@code /proc/self/numa_maps} says of the memory that {@link NodeBinding} has bound. To read it the kernel walks the
 * process's page tables, tens of milliseconds for each GiB: seldom, and off the shards.
 *
 * @param bound bytes that are resident and bound to a node
 * @param elsewhere those of them that lie on another node
 */
@Internal
public record NumaMaps(long bound, long elsewhere) {
    private static final String FILE = "/proc/self/numa_maps";
    private static final Pattern BOUND = Pattern.compile("^[0-9a-f]+ prefer:(\\d+) ");
    private static final Pattern PAGES = Pattern.compile(" N(\\d+)=(\\d+)");
    private static final Pattern PAGE_SIZE = Pattern.compile(" kernelpagesize_kB=(\\d+)");

    /** Of this process. All 0 where the kernel does not say. */
    public static NumaMaps read() {
        return of(KernelFiles.LIVE.text(FILE));
    }

    static NumaMaps of(String text) {
        long bound = 0;
        long elsewhere = 0;
        for (String line : text.split("\n", -1)) {
            Matcher policy = BOUND.matcher(line);
            if (!policy.find()) {
                continue;
            }
            Matcher size = PAGE_SIZE.matcher(line);
            long pageBytes = (size.find() ? number(size.group(1)) : 4) << 10;
            for (Matcher pages = PAGES.matcher(line); pages.find();) {
                long bytes = number(pages.group(2)) * pageBytes;
                bound += bytes;
                if (!pages.group(1).equals(policy.group(1))) {
                    elsewhere += bytes;
                }
            }
        }
        return new NumaMaps(bound, elsewhere);
    }

    private static long number(String digits) {
        return KernelFiles.toLong(digits, 0);
    }
}
