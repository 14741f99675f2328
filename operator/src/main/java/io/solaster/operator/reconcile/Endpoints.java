package io.solaster.operator.reconcile;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.Executors;
import java.util.function.Supplier;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;

/** Health and metrics over HTTP: {@code /livez}, {@code /readyz} and {@code /metrics}. */
final class Endpoints implements AutoCloseable {
    private final HttpServer server;

    /**
     * @param live what is wrong for good; empty if nothing is
     * @param ready what is wrong now; empty if nothing is
     */
    Endpoints(int port, Supplier<String> live, Supplier<String> ready, PrometheusMeterRegistry meters)
            throws IOException {
        server = HttpServer.create(new InetSocketAddress(port), 0);
        server.setExecutor(Executors.newVirtualThreadPerTaskExecutor());
        server.createContext("/livez", exchange -> health(exchange, live.get()));
        server.createContext("/readyz", exchange -> health(exchange, ready.get()));
        server.createContext("/metrics",
                exchange -> answer(exchange, 200, "text/plain; version=0.0.4; charset=utf-8", meters.scrape()));
        server.start();
    }

    int port() {
        return server.getAddress().getPort();
    }

    private static void health(HttpExchange exchange, String problem) throws IOException {
        answer(exchange, problem.isEmpty() ? 200 : 503, "text/plain; charset=utf-8",
                problem.isEmpty() ? "ok\n" : problem + "\n");
    }

    private static void answer(HttpExchange exchange, int status, String type, String text) throws IOException {
        byte[] body = text.getBytes(StandardCharsets.UTF_8);
        try (exchange) {
            exchange.getResponseHeaders().set("Content-Type", type);
            exchange.sendResponseHeaders(status, body.length);
            exchange.getResponseBody().write(body);
        }
    }

    @Override
    public void close() {
        server.stop(0);
    }
}
