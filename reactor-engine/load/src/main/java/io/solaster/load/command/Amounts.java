package io.solaster.load.command;

import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

import io.solaster.load.Slo;
import io.solaster.load.protocol.Resp.Command;
import io.solaster.load.schedule.Schedule.Stage;

/** Arguments as people write them. Each error names the value and what to give. */
final class Amounts {
    private static final Pattern NUMBER = Pattern.compile("([0-9]+(?:[.][0-9]+)?)([kKmM]?)");
    private static final Pattern TIME = Pattern.compile("([0-9]+(?:[.][0-9]+)?)(us|ms|s|m|h)");
    private static final Pattern GOAL = Pattern.compile("p([0-9]+(?:[.][0-9]+)?)=(.+)");
    private static final double MOST_SECONDS = 1e7;

    private Amounts() {}

    /** Requests a second. */
    static double rate(String text) {
        Matcher parts = NUMBER.matcher(text);
        double value = parts.matches() ? number(parts) : -1;
        if (value < 0 || value > 1e9) {
            throw new IllegalArgumentException(
                    "'" + text + "' is no rate; give requests a second, such as 500, 50k or 1.5M");
        }
        return value;
    }

    /** A rate above 0. */
    static double someRate(String text) {
        double rate = rate(text);
        if (rate == 0) {
            throw new IllegalArgumentException(
                    "'" + text + "' offers nothing; give requests a second, such as 500 or 50k");
        }
        return rate;
    }

    private static double number(Matcher parts) {
        double value = Double.parseDouble(parts.group(1));
        return switch (parts.group(2).toLowerCase(Locale.ROOT)) {
            case "k" -> value * 1e3;
            case "m" -> value * 1e6;
            default -> value;
        };
    }

    /** A count, such as of keys. */
    static long count(String text) {
        Matcher parts = NUMBER.matcher(text);
        double value = parts.matches() ? number(parts) : -1;
        if (value < 1 || value > 1e12 || value != Math.rint(value)) {
            throw new IllegalArgumentException(
                    "'" + text + "' is no count; give a number from 1, such as 500, 100k or 10M");
        }
        return (long) value;
    }

    /** A time. */
    static Duration time(String text) {
        Matcher parts = TIME.matcher(text);
        if (parts.matches()) {
            double unit = switch (parts.group(2)) {
                case "us" -> 1e-6;
                case "ms" -> 1e-3;
                case "s" -> 1;
                case "m" -> 60;
                default -> 3600;
            };
            double seconds = Double.parseDouble(parts.group(1)) * unit;
            if (seconds <= MOST_SECONDS) {
                return Duration.ofNanos(Math.round(seconds * 1e9));
            }
        }
        throw new IllegalArgumentException("'" + text + "' is no time; give one such as 500us, 2ms, 30s or 5m");
    }

    /** A goal such as {@code p99=2ms}. */
    static Slo slo(String text) {
        Matcher parts = GOAL.matcher(text);
        if (!parts.matches()) {
            throw new IllegalArgumentException(
                    "'" + text + "' is no goal; give a percentile and a time, such as p99=2ms");
        }
        return new Slo(Double.parseDouble(parts.group(1)), time(parts.group(2)));
    }

    /** Weights such as {@code get=90,set=10}. */
    static Map<Command, Integer> mix(String text) {
        Map<Command, Integer> mix = new EnumMap<>(Command.class);
        for (String part : text.split(",", -1)) {
            String[] pair = part.split("=", 2);
            mix.put(command(pair[0]), pair.length == 1 ? 1 : weight(part, pair[1]));
        }
        return mix;
    }

    private static Command command(String name) {
        for (Command each : Command.values()) {
            if (each.name().equalsIgnoreCase(name.strip())) {
                return each;
            }
        }
        StringBuilder known = new StringBuilder();
        for (Command each : Command.values()) {
            known.append(known.isEmpty() ? "" : ", ").append(each.name().toLowerCase(Locale.ROOT));
        }
        throw new IllegalArgumentException("'" + name + "' cannot be mixed; there are " + known);
    }

    private static int weight(String part, String text) {
        try {
            return Integer.parseInt(text.strip());
        } catch (NumberFormatException _) {
            throw new IllegalArgumentException("'" + part + "' has no weight; give a whole number, such as get=90");
        }
    }

    /** Stages such as {@code 1k:10s,5k:10s}; without times they divide the whole. */
    static List<Stage> steps(String text, Duration whole) {
        String[] parts = text.split(",", -1);
        List<Stage> stages = new ArrayList<>();
        for (String part : parts) {
            String[] pair = part.split(":", 2);
            double rate = rate(pair[0]);
            stages.add(new Stage(rate, rate, pair.length == 2 ? time(pair[1]) : whole.dividedBy(parts.length)));
        }
        return stages;
    }

    /** A ramp such as {@code 1k..50k}. */
    static List<Stage> ramp(String text, Duration whole) {
        String[] ends = text.split("[.][.]", -1);
        if (ends.length != 2) {
            throw new IllegalArgumentException("'" + text + "' is no ramp; give two rates, such as 1k..50k");
        }
        return List.of(new Stage(rate(ends[0]), rate(ends[1]), whole));
    }
}
