package io.solaster.load.schedule;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * What was recorded: a line a request, of the seconds since the beginning, and, where requests are to be sent as they
 * were, a blank and the request as the protocol reads it ({@code 0.001250 GET user:42}, {@code 0.2 /cart}). Lines that
 * are empty or begin with # say nothing.
 */
public final class Replay implements Schedule {
    /** So many fit into half a gigabyte. */
    private static final int MOST = 32_000_000;

    private final String name;
    private final long[] due;
    private final int[] requests;
    private final List<String> recorded;
    private final double factor;

    private Replay(String name, long[] due, int[] requests, List<String> recorded, double factor) {
        this.name = name;
        this.due = due;
        this.requests = requests;
        this.recorded = recorded;
        this.factor = factor;
    }

    /**
     * Reads a recorded file.
     *
     * @throws IOException if it cannot be read, naming the line that is wrong
     */
    public static Replay of(Path file) throws IOException {
        long[] due = new long[1024];
        int[] requests = new int[1024];
        int count = 0;
        Map<String, Integer> numbers = new HashMap<>();
        List<String> recorded = new ArrayList<>();
        try (BufferedReader lines = Files.newBufferedReader(file, StandardCharsets.UTF_8)) {
            int number = 0;
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                number++;
                if (line.isBlank() || line.startsWith("#")) {
                    continue;
                }
                if (count == MOST) {
                    throw new IOException(file + " has more than " + MOST + " requests; split it");
                }
                if (count == due.length) {
                    due = Arrays.copyOf(due, 2 * count);
                    requests = Arrays.copyOf(requests, 2 * count);
                }
                String[] parts = line.strip().split(" ", 2);
                due[count] = nanos(file, number, parts[0]);
                if (count > 0 && due[count] < due[count - 1]) {
                    throw new IOException(file + ", line " + number + ": " + parts[0]
                            + " is before the line above; sort the file by time");
                }
                requests[count++] = parts.length == 1
                        ? Arrivals.MADE_UP
                        : numbers.computeIfAbsent(parts[1], text -> {
                            recorded.add(text);
                            return recorded.size() - 1;
                        });
            }
        }
        if (count == 0) {
            throw new IOException(file + " has no request; write a line for each, such as '0.0125 GET key'");
        }
        return new Replay(file.getFileName().toString(), Arrays.copyOf(due, count), Arrays.copyOf(requests, count),
                List.copyOf(recorded), 1);
    }

    private static long nanos(Path file, int number, String seconds) throws IOException {
        try {
            double value = Double.parseDouble(seconds);
            if (value >= 0 && value < 1e9) {
                return (long) (value * 1e9);
            }
        } catch (NumberFormatException _) {
            // As what is out of range.
        }
        throw new IOException(file + ", line " + number + ": '" + seconds
                + "' is no time; give seconds since the beginning, such as 0.0125");
    }

    @Override
    public Arrivals arrivals(int shard, int shards, long seed) {
        return new Arrivals() {
            private int at = shard - shards;

            @Override
            public long next() {
                if (at >= due.length - shards) {
                    at = due.length;
                    return OVER;
                }
                at += shards;
                return (long) (due[at] / factor);
            }

            @Override
            public int recorded() {
                return requests[at];
            }
        };
    }

    @Override
    public double perSecond(Duration from, Duration within) {
        double seconds = Math.max(1e-9, within.toNanos() / 1e9);
        return (dueBefore(from.plus(within)) - dueBefore(from)) / seconds;
    }

    private int dueBefore(Duration time) {
        // Compared as arrivals are: as whole nanoseconds after the division.
        int low = 0;
        int high = due.length;
        while (low < high) {
            int middle = low + high >>> 1;
            if ((long) (due[middle] / factor) < time.toNanos()) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        return low;
    }

    @Override
    public Duration length() {
        return Duration.ofNanos((long) (due[due.length - 1] / factor) + 1);
    }

    @Override
    public List<String> recorded() {
        return recorded;
    }

    @Override
    public Schedule faster(double times) {
        return new Replay(name, due, requests, recorded, factor * times);
    }

    @Override
    public String describe() {
        return String.format(Locale.ROOT, "%,d requests of %s%s", due.length, name,
                factor == 1 ? "" : String.format(Locale.ROOT, ", %.3g times as fast", factor));
    }
}
