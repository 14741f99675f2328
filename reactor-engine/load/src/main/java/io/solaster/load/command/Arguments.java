package io.solaster.load.command;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

import io.solaster.load.Load;
import io.solaster.load.protocol.Http1;
import io.solaster.load.protocol.Http2;
import io.solaster.load.protocol.Keys;
import io.solaster.load.protocol.Protocol;
import io.solaster.load.protocol.Resp;
import io.solaster.load.protocol.Target;
import io.solaster.load.protocol.WebSocketEcho;
import io.solaster.load.schedule.Replay;
import io.solaster.load.schedule.Schedule;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** What the program is told, and the load that it comes to. */
final class Arguments {

    @Parameters(arity = "0..1", paramLabel = "URL", description = "redis://, http://, h2:// or ws://host:port/path; "
            + "rediss://, https://, wss:// with TLS.")
    @Nullable
    String url;

    @Option(names = "--rate", paramLabel = "RATE", description = "Requests a second: 500, 50k, 1.5M. At first 1k.")
    @Nullable
    String rate;

    @Option(names = "--poisson", description = "Random gaps, as between many independent users; else even ones.")
    boolean poisson;

    @Option(names = "--ramp", paramLabel = "FROM..TO", description = "A rate that changes in a straight line: 1k..50k.")
    @Nullable
    String ramp;

    @Option(names = "--steps", paramLabel = "RATE[:TIME],…", description = "One rate after the other: 1k:10s,5k:10s.")
    @Nullable
    String steps;

    @Option(names = "--replay", paramLabel = "FILE", description = "What was recorded: a line a request, of its seconds "
            + "and, if it is not to be made up, the request ('0.0125 GET user:42').")
    @Nullable
    Path replay;

    @Option(names = "--closed", description = "As fast as answers come: a server's peak, and latencies that flatter it.")
    boolean closed;

    @Option(names = "--for", paramLabel = "TIME", description = "How long: 30s, 5m. At first 10s; with the times of "
            + "--steps and with --replay to their end.")
    @Nullable
    String length;

    @Option(names = "--warm-up", paramLabel = "TIME", defaultValue = "2s", description = "First so long, not recorded.")
    String warmUp = "2s";

    @Option(names = "--connections", paramLabel = "N", defaultValue = "16", description = "Of all shards together.")
    String connections = "16";

    @Option(names = "--shards", paramLabel = "N", defaultValue = "1", description = "Threads that offer the load.")
    String shards = "1";

    @Option(names = "--spin", description = "Shards never sleep: less late, and each takes a CPU for itself.")
    boolean spin;

    @Option(names = "--timeout", paramLabel = "TIME", defaultValue = "5s", description = "How long an answer is awaited.")
    String timeout = "5s";

    @Option(names = "--outstanding", paramLabel = "N", defaultValue = "65536", description = "Most requests under way or "
            + "waiting for a connection; more are dropped, and counted.")
    String outstanding = "65536";

    @Option(names = "--pipeline", paramLabel = "N", description = "Most requests under way on a connection: at first 64 "
            + "of RESP and WebSocket, 100 of HTTP/2, always 1 of HTTP/1.1.")
    @Nullable
    String pipeline;

    @Option(names = "--session", paramLabel = "N@TIME", description = "Sessions of N requests, each behind the answer to "
            + "the one before, which is expected within the time: 3@5ms.")
    @Nullable
    String session;

    @Option(names = "--seed", paramLabel = "N", defaultValue = "1", description = "What chance is drawn from.")
    String seed = "1";

    @Option(names = "--interval", paramLabel = "TIME", defaultValue = "1s", description = "Steps of the figures over time.")
    String interval = "1s";

    @Option(names = "--reconnects", paramLabel = "N", defaultValue = "10", description = "Attempts in a row at a "
            + "connection that is lost.")
    String reconnects = "10";

    @Option(names = "--mix", paramLabel = "COMMAND=N,…", description = "RESP: weights of commands: get=90,set=10.")
    @Nullable
    String mix;

    @Option(names = "--keys", paramLabel = "N", description = "RESP: how many keys. At first 100k.")
    @Nullable
    String keys;

    @Option(names = "--zipf", paramLabel = "S", description = "RESP: some keys far more often than others: 0.99.")
    @Nullable
    String zipf;

    @Option(names = "--value", paramLabel = "BYTES", description = "Bytes of a value or message. At first 64; 128 of "
            + "WebSocket.")
    @Nullable
    String value;

    @Option(names = "--no-misses", description = "RESP: an answer of nothing is an error: the keys should be there.")
    boolean noMisses;

    @Option(names = "--method", paramLabel = "METHOD", description = "HTTP: at first GET.")
    @Nullable
    String method;

    @Option(names = "--header", paramLabel = "NAME:VALUE", description = "HTTP and WebSocket: a further header.")
    List<String> headers = List.of();

    @Option(names = "--body", paramLabel = "TEXT", description = "HTTP/1.1: what is sent.")
    @Nullable
    String body;

    @Option(names = "--h2", description = "HTTP/2 for an http:// or https:// URL.")
    boolean h2;

    @Option(names = "--insecure", description = "TLS with whoever answers.")
    boolean insecure;

    /** The load. */
    Load load() throws IOException {
        if (url == null) {
            throw new IllegalArgumentException(
                    "no URL; give one such as redis://localhost:6380 or http://localhost:8080/");
        }
        Schedule schedule = schedule();
        // Steps and what was recorded say themselves how long they last; each load ends with its schedule.
        Duration lasting = length == null && (steps != null || replay != null) ? schedule.length() : length();
        Load load = Load.of(target(url)).schedule(schedule).lasting(lasting).warmUp(Amounts.time(warmUp))
                .connections(whole("--connections", connections)).shards(whole("--shards", shards)).spinning(spin)
                .timeout(Amounts.time(timeout)).outstanding(whole("--outstanding", outstanding))
                .interval(Amounts.time(interval)).reconnects(whole("--reconnects", reconnects)).seed(number(seed));
        if (session != null) {
            String[] parts = session.split("@", -1);
            if (parts.length != 2) {
                throw new IllegalArgumentException(
                        "'" + session + "' is no session; give requests and a time, such as 3@5ms");
            }
            load = load.sessions(whole("--session", parts[0]), Amounts.time(parts[1]));
        }
        return load;
    }

    private Duration length() {
        return Amounts.time(length == null ? "10s" : length);
    }

    private Schedule schedule() throws IOException {
        long given = List.of(rate != null, ramp != null, steps != null, replay != null, closed).stream()
                .filter(each -> each).count();
        if (given > 1) {
            throw new IllegalArgumentException(
                    "--rate, --ramp, --steps, --replay and --closed each say when requests are due; give one of them");
        }
        if (poisson && (replay != null || closed)) {
            throw new IllegalArgumentException("--poisson draws gaps, which "
                    + (closed ? "--closed" : "--replay") + " has none to draw of; leave it out");
        }
        // The warm-up is a part of what is scheduled.
        Duration whole = length().plus(Amounts.time(warmUp));
        if (closed) {
            return Schedule.closed();
        }
        if (replay != null) {
            return Replay.of(replay);
        }
        if (ramp != null) {
            return Schedule.stages(Amounts.ramp(ramp, whole), poisson);
        }
        if (steps != null) {
            return Schedule.stages(Amounts.steps(steps, whole), poisson);
        }
        double perSecond = Amounts.someRate(rate == null ? "1k" : rate);
        return poisson ? Schedule.poisson(perSecond) : Schedule.constant(perSecond);
    }

    private Target target(String address) {
        Target target = Target.of(address);
        Protocol protocol = switch (target.protocol()) {
            case Resp resp -> resp(resp);
            case Http1 http -> http(http);
            case Http2 http -> http2(http.authority(), http.target());
            case WebSocketEcho echo -> echo(echo);
            default -> target.protocol();
        };
        if (insecure && target.security() == Target.Security.NONE) {
            throw new IllegalArgumentException(
                    "--insecure is for TLS, which '" + address + "' has none of; leave it out");
        }
        return (insecure ? target.withSecurity(Target.Security.TLS_UNCHECKED) : target).withProtocol(protocol);
    }

    private Resp resp(Resp resp) {
        refuse("RESP", "--method", method, "--body", body, "--header", headers.isEmpty() ? null : headers.getFirst(),
                "--h2", h2 ? "" : null);
        long count = keys == null ? 100_000 : Amounts.count(keys);
        Resp changed = resp.withKeys(zipf == null ? Keys.uniform(count) : Keys.zipf(count, fraction(zipf)));
        changed = mix == null ? changed : changed.withMix(Amounts.mix(mix));
        changed = value == null ? changed : changed.withValueBytes(whole("--value", value));
        changed = noMisses ? changed.withMissesFailing() : changed;
        return pipeline == null ? changed : changed.withDepth(whole("--pipeline", pipeline));
    }

    private Protocol http(Http1 http) {
        if (h2) {
            return http2(http.authority(), http.target());
        }
        refuse("HTTP/1.1", "--mix", mix, "--keys", keys, "--zipf", zipf, "--no-misses", noMisses ? "" : null, "--value",
                value, "--pipeline", pipeline);
        return new Http1(method == null ? "GET" : method, http.authority(), http.target(), headers(),
                body == null ? "" : body);
    }

    private Http2 http2(String authority, String target) {
        refuse("HTTP/2", "--mix", mix, "--keys", keys, "--zipf", zipf, "--no-misses", noMisses ? "" : null, "--value",
                value, "--body", body);
        return new Http2(method == null ? "GET" : method, authority, target, headers(),
                pipeline == null ? 100 : whole("--pipeline", pipeline));
    }

    private WebSocketEcho echo(WebSocketEcho echo) {
        refuse("WebSocket", "--mix", mix, "--keys", keys, "--zipf", zipf, "--no-misses", noMisses ? "" : null,
                "--method", method, "--body", body, "--h2",
                h2 ? "" : null);
        return new WebSocketEcho(echo.authority(), echo.target(), headers(),
                value == null ? echo.payloadBytes() : whole("--value", value),
                pipeline == null ? echo.depth() : whole("--pipeline", pipeline));
    }

    /** What says nothing of a protocol is a mistake. */
    private static void refuse(String protocol, @Nullable String... optionsAndValues) {
        for (int i = 0; i < optionsAndValues.length; i += 2) {
            if (optionsAndValues[i + 1] != null) {
                throw new IllegalArgumentException(optionsAndValues[i] + " " + optionsAndValues[i + 1]
                        + " says nothing of " + protocol + "; leave it out");
            }
        }
    }

    private Map<String, String> headers() {
        Map<String, String> all = new LinkedHashMap<>();
        for (String header : headers) {
            int colon = header.indexOf(':');
            if (colon < 1) {
                throw new IllegalArgumentException(
                        "'" + header + "' is no header; give a name and a value, such as 'Accept: text/plain'");
            }
            all.put(header.substring(0, colon).strip(), header.substring(colon + 1).strip());
        }
        return all;
    }

    static int whole(String option, String text) {
        try {
            return Integer.parseInt(text);
        } catch (NumberFormatException _) {
            throw new IllegalArgumentException(option + " " + text + " is no whole number; give one, such as "
                    + option + " 16");
        }
    }

    private static long number(String text) {
        try {
            return Long.parseLong(text);
        } catch (NumberFormatException _) {
            throw new IllegalArgumentException("--seed " + text + " is no whole number; give one, such as --seed 7");
        }
    }

    private static double fraction(String text) {
        try {
            return Double.parseDouble(text);
        } catch (NumberFormatException _) {
            throw new IllegalArgumentException("--zipf " + text + " is no number; give one, such as --zipf 0.99");
        }
    }
}
