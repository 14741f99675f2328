package io.solaster.store.command.admin;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;

import io.solaster.resp.ReplyWriter;
import io.solaster.store.shard.Command;
import io.solaster.store.shard.CommandCall;
import io.solaster.store.shard.CommandCounts;
import io.solaster.store.shard.StoreReport;
import io.solaster.store.stats.DiagnosticSettings;
import io.solaster.store.watch.LatencyEvents;
import io.solaster.store.watch.LatencyEvents.Sample;
import io.solaster.store.watch.LatencyEvents.Series;
import io.solaster.store.watch.ShardWatch;

/** {@code LATENCY}: what took longer than {@code latency-monitor-threshold} on any shard, and how long commands take. */
public final class LatencyCommands {
    private static final List<String> HELP = Help.of("LATENCY", """
            DOCTOR
                What took long, in words.
            GRAPH <event>
                The samples of a kind of event, drawn in characters.
            HISTORY <event>
                The samples of a kind of event: Unix time and milliseconds.
            HISTOGRAM [<command> ...]
                How many calls took how many microseconds at most, estimated from those that were timed.
            LATEST
                The last sample and the longest of each kind of event.
            RESET [<event> ...]
                Forget some kinds of events, or all.
            """);
    private static final int GRAPH_COLUMNS = 80;
    private static final int GRAPH_ROWS = 4;

    private LatencyCommands() {}

    public static void help(CommandCall call) {
        Help.answer(call, HELP);
    }

    /** Gathers what all shards know. */
    private static void withEvents(CommandCall call,
            java.util.function.BiConsumer<ReplyWriter, Map<String, Series>> answer) {
        call.later(call.shard().parts().sharded().onAll(part -> ShardWatch.of(part).latency().events()),
                (reply, events) -> answer.accept(reply, LatencyEvents.merge(events)));
    }

    public static void latest(CommandCall call) {
        withEvents(call, (reply, events) -> {
            reply.arrayHeader(events.size());
            events.forEach((event, series) -> {
                reply.arrayHeader(4);
                reply.bulk(event);
                reply.integer(series.last().second());
                reply.integer(series.last().millis());
                reply.integer(series.longest());
            });
        });
    }

    public static void history(CommandCall call) {
        String event = call.text(2);
        withEvents(call, (reply, events) -> {
            Series series = events.get(event);
            List<Sample> samples = series == null ? List.of() : series.samples();
            reply.arrayHeader(samples.size());
            for (Sample sample : samples) {
                reply.arrayHeader(2);
                reply.integer(sample.second());
                reply.integer(sample.millis());
            }
        });
    }

    public static void reset(CommandCall call) {
        List<String> wanted = new ArrayList<>();
        for (int i = 2; i < call.count(); i++) {
            wanted.add(call.text(i));
        }
        call.later(call.shard().parts().sharded().onAll(part -> clear(ShardWatch.of(part).latency(), wanted)),
                (reply, cleared) -> reply.integer(cleared.stream().flatMap(List::stream).distinct().count()));
    }

    private static List<String> clear(LatencyEvents events, List<String> wanted) {
        return (wanted.isEmpty() ? List.copyOf(events.events().keySet()) : wanted).stream().filter(events::clear)
                .toList();
    }

    public static void doctor(CommandCall call) {
        DiagnosticSettings settings = call.shard().parts().diagnostics();
        withEvents(call, (reply, events) -> reply.verbatim("txt", diagnosis(settings, events)));
    }

    private static String diagnosis(DiagnosticSettings settings, Map<String, Series> events) {
        if (settings.latencyMillis() == 0 && events.isEmpty()) {
            return "Nothing is known: what takes long is not looked for. CONFIG SET latency-monitor-threshold <milliseconds>"
                    + " has it looked for.\n";
        }
        if (events.isEmpty()) {
            return "Nothing has taken " + settings.latencyMillis() + " milliseconds since that is looked for.\n";
        }
        StringBuilder text = new StringBuilder();
        text.append("What took ").append(settings.latencyMillis()).append(" milliseconds or more, over all shards:\n");
        events.forEach((event, series) -> {
            double sum = series.samples().stream().mapToLong(Sample::millis).sum();
            text.append(String.format(Locale.ROOT,
                    "- %s: %d seconds with one at least, %.0f ms on average, %d ms at most.%n",
                    event, series.samples().size(), sum / series.samples().size(), series.longest()));
        });
        return text.append("SLOWLOG GET names the commands. Commands that look at many elements (KEYS, SMEMBERS, SORT, "
                + "HGETALL of large values) are the usual reason; SCAN and its like take them in pieces.\n").toString();
    }

    public static void graph(CommandCall call) {
        String event = call.text(2);
        String word = call.word(2, Integer.MAX_VALUE);
        withEvents(call, (reply, events) -> {
            Series series = events.get(event);
            if (series == null) {
                reply.error("ERR No samples available for event '" + word + "'");
            } else {
                reply.verbatim("txt", drawn(event, series));
            }
        });
    }

    private static String drawn(String event, Series series) {
        List<Sample> samples = series.samples();
        samples = samples.subList(Math.max(0, samples.size() - GRAPH_COLUMNS), samples.size());
        long high = samples.stream().mapToLong(Sample::millis).max().orElse(0);
        long low = samples.stream().mapToLong(Sample::millis).min().orElse(0);
        StringBuilder text = new StringBuilder();
        text.append(event).append(" - high ").append(high).append(" ms, low ").append(low).append(" ms (all time high ")
                .append(series.longest()).append(" ms)\n").append("-".repeat(GRAPH_COLUMNS)).append('\n');
        for (int row = GRAPH_ROWS; row > 0; row--) {
            for (Sample sample : samples) {
                text.append(sample.millis() * GRAPH_ROWS >= high * row ? '#' : ' ');
            }
            text.append('\n');
        }
        return text.toString();
    }

    public static void histogram(CommandCall call) {
        List<Command> wanted = new ArrayList<>();
        for (int i = 2; i < call.count(); i++) {
            Command command = call.shard().parts().commands().named(call.text(i));
            if (command != null) {
                wanted.add(command);
                wanted.addAll(command.subcommands().values());
            }
        }
        List<Command> asked = call.count() == 2 ? call.shard().parts().commands().all() : wanted;
        call.later(call.shard().parts().sharded().onAll(StoreReport::of),
                (reply, shards) -> histograms(reply, asked, StoreReport.sum(shards).commands()));
    }

    private static void histograms(ReplyWriter reply, List<Command> asked, CommandCounts counts) {
        // Its own call that is under way is none yet.
        List<Command> known = asked.stream()
                .filter(command -> counts.calls(command) > (command.name().equals("latency|histogram") ? 1 : 0))
                .sorted(Comparator.comparing(Command::name)).toList();
        reply.mapHeader(known.size());
        known.forEach(command -> {
            long[] times = counts.times(command);
            reply.bulk(command.name());
            reply.mapHeader(2);
            long all = 0;
            int filled = 0;
            for (long count : times) {
                all += count;
                filled += count > 0 ? 1 : 0;
            }
            long calls = counts.calls(command);
            reply.bulk("calls");
            reply.integer(calls);
            reply.bulk("histogram_usec");
            reply.mapHeader(filled);
            long sum = 0;
            for (int i = 0; i < times.length; i++) {
                if (times[i] > 0) {
                    sum += times[i];
                    reply.integer(1L << i);
                    reply.integer(Math.round((double) sum * calls / all));
                }
            }
        });
    }
}
