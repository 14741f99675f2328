package io.solaster.benchmarks.rig;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * How much is measured, and with what.
 *
 * @param only names of measures; empty for all
 * @param rounds how often each figure is taken
 * @param keys how many keys the throughput is measured with
 * @param manyKeys how many keys latency and memory are measured with
 * @param requests pipelined requests per figure and round; a seventh of it without a pipeline
 * @param seconds how long a round of latency, and an idle server or engine, is watched
 * @param jvm flags of our server's JVM
 * @param vary further sets of flags, added to {@code jvm}, by name: what the measure "flags" compares
 * @param transport what our server runs on where the transports are not what is compared
 * @param realtime whether latency is measured with threads that preempt the rest of the machine (wants root)
 * @param quick whether it matters only that everything works
 */
public record Options(Set<String> only, int rounds, int keys, long manyKeys, long requests, int seconds,
        List<String> jvm,
        Map<String, List<String>> vary, String transport, boolean realtime, boolean quick) {

    public static final String COMPARE_USAGE = """
            compare.sh [--quick] [--only name,...] [--rounds n] [--keys n] [--many-keys n] [--requests n] [--seconds n]
                       [--realtime] [--transport auto|io_uring|epoll|nio] [--jvm 'flags'] [--vary 'name=flags']...""";
    /** Of the options, those that concern the engine alone. */
    public static final String ENGINE_USAGE = """
            engine.sh [--quick] [--only name,...] [--rounds n] [--seconds n] [--transport auto|io_uring|epoll|nio]
                      [--jvm 'flags']""";
    /** Of the options, those that concern HTTP alone. */
    public static final String HTTP_USAGE = """
            http.sh [--quick] [--only name,...] [--rounds n] [--transport epoll|io_uring|nio] [--jvm 'flags']""";
    /** What the figures of the README are taken with; why each, stands there. */
    public static final String JVM_FLAGS = "-XX:+UseSerialGC -Xms256m -Xmx256m";

    private static final Pattern SPACE = Pattern.compile("\\s+");

    /**
     * Reads the command line.
     *
     * @param roundsByDefault how many rounds there are unless it says otherwise
     * @throws IllegalArgumentException if it says what there is not
     */
    public static Options parse(int roundsByDefault, String... args) {
        boolean quick = List.of(args).contains("--quick");
        boolean realtime = List.of(args).contains("--realtime");
        Set<String> only = new LinkedHashSet<>();
        int rounds = quick ? 2 : roundsByDefault;
        int keys = 100_000;
        long manyKeys = quick ? 100_000 : 10_000_000;
        long requests = quick ? 100_000 : 1_000_000;
        int seconds = quick ? 2 : 10;
        List<String> jvm = flags(JVM_FLAGS);
        Map<String, List<String>> vary = new LinkedHashMap<>();
        String transport = "auto";
        for (int i = 0; i < args.length; i++) {
            if (args[i].equals("--quick") || args[i].equals("--realtime")) {
                continue;
            }
            if (i + 1 == args.length) {
                throw new IllegalArgumentException("'" + args[i] + "': no such option, or it wants a value");
            }
            String value = args[++i];
            switch (args[i - 1]) {
                case "--only" -> only.addAll(List.of(value.split(",", -1)));
                case "--rounds" -> rounds = number(value);
                case "--keys" -> keys = number(value);
                case "--many-keys" -> manyKeys = number(value);
                case "--requests" -> requests = number(value);
                case "--seconds" -> seconds = number(value);
                case "--transport" -> transport = value;
                case "--jvm" -> jvm = flags(value);
                case "--vary" -> {
                    int equals = value.indexOf('=');
                    if (equals < 1) {
                        throw new IllegalArgumentException("--vary '" + value + "': want name=flags");
                    }
                    vary.put(value.substring(0, equals), flags(value.substring(equals + 1)));
                }
                default -> throw new IllegalArgumentException("'" + args[i - 1] + "': no such option");
            }
        }
        return new Options(only, rounds, keys, manyKeys, requests, seconds, jvm, vary, transport, realtime,
                quick);
    }

    /** These, and another transport where the command line names none. */
    public Options withTransport(String unnamed) {
        return transport.equals("auto")
                ? new Options(only, rounds, keys, manyKeys, requests, seconds, jvm, vary, unnamed, realtime, quick)
                : this;
    }

    /** The flags of the JVM, and those of a variant. */
    public List<String> jvmWith(List<String> more) {
        List<String> all = new ArrayList<>(jvm);
        all.addAll(more);
        return all;
    }

    private static int number(String value) {
        int number = Integer.parseInt(value.replace("_", ""));
        if (number < 1) {
            throw new IllegalArgumentException("'" + value + "': want 1 or more");
        }
        return number;
    }

    private static List<String> flags(String value) {
        return value.isBlank() ? List.of() : List.of(SPACE.split(value.strip(), -1));
    }
}
