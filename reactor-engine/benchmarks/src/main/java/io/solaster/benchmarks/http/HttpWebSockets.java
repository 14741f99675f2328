package io.solaster.benchmarks.http;

import java.io.IOException;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;

import io.solaster.benchmarks.rig.Options;
import io.solaster.benchmarks.rig.Report;

/** WebSockets: messages that come back to who sent them, and messages that go to all. */
final class HttpWebSockets {
    /** Of messages that are broadcast at the same time. */
    private static final int SENDERS = 16;
    private static final int ECHOING = 64;

    private final HttpServers servers;
    private final int rounds;
    private final int listening;
    private final long nanos;

    HttpWebSockets(Options options, HttpServers servers) {
        this.servers = servers;
        this.rounds = options.rounds();
        this.listening = options.quick() ? 100 : 1000;
        this.nanos = options.quick() ? 200_000_000L : 2_000_000_000L;
    }

    /** What connections send; gives how many messages have come. */
    @FunctionalInterface
    private interface Sent {
        long by(WebSocketLoad load) throws IOException;
    }

    /**
     * Measures.
     *
     * @param peer what ours is compared with
     * @param again the same, measured twice
     */
    void run(String ours, String peer, String again, Report report) throws IOException, InterruptedException {
        HttpFigures echo = measure("echo, " + ECHOING + " connections", "/echo", ECHOING, load -> load.echo(nanos));
        HttpFigures one = measure("broadcast to " + listening + " connections, 1 message at a time", "/room", listening,
                load -> load.broadcast(1, nanos));
        HttpFigures many = measure("broadcast to " + listening + " connections, " + SENDERS + " messages at a time",
                "/room", listening, load -> load.broadcast(SENDERS, nanos));
        report.section("WebSocket (`websocket`)", "Binary messages of 128 bytes; server CPU per message that came"
                + " back, in bold its ratio to " + peer + ".");
        report.table(servers.table().row(echo.row(peer)).row(one.row(peer)).row(many.row(peer)));
        report.atMost("CPU, WebSocket echo", echo.ratio(ours, peer), 0.9, " of " + peer, echo.noise(again, peer));
        report.atLeast("deliveries per CPU-second, broadcast of 1 message at a time", one.ratio(peer, ours), 1.3,
                " x " + peer, one.noise(again, peer));
        report.atLeast("deliveries per CPU-second, broadcast of " + SENDERS + " messages at a time",
                many.ratio(peer, ours), 1.3, " x " + peer, many.noise(again, peer));
    }

    private HttpFigures measure(String what, String path, int connections, Sent sent)
            throws IOException, InterruptedException {
        Map<String, WebSocketLoad> loads = new HashMap<>();
        try {
            for (HttpProcess server : servers.all()) {
                loads.put(server.name(), new WebSocketLoad(server.port(), path, connections));
            }
            HttpServers.Once once = server -> {
                HttpRun.Meter meter = new HttpRun.Meter(server);
                return meter.read((double) sent.by(Objects.requireNonNull(loads.get(server.name()))));
            };
            servers.warmUp(what, once);
            return servers.rounds(rounds, what, once);
        } finally {
            for (WebSocketLoad load : loads.values()) {
                load.close();
            }
        }
    }
}
