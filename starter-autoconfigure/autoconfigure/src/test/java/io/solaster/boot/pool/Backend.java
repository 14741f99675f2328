package io.solaster.boot.pool;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLParameters;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import com.sun.net.httpserver.HttpsConfigurator;
import com.sun.net.httpserver.HttpsExchange;
import com.sun.net.httpserver.HttpsParameters;
import com.sun.net.httpserver.HttpsServer;

/** A plain HTTP server that others than us have written. It tells what it is asked. */
public final class Backend implements AutoCloseable {
    public final List<String> requests = new CopyOnWriteArrayList<>();
    private final AtomicInteger held = new AtomicInteger();
    private final CountDownLatch released = new CountDownLatch(1);
    private final String name;
    private final HttpServer server;
    private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();

    public Backend(String name) throws IOException {
        this(name, HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 64));
    }

    /** @param needsClient whether a client must show a certificate */
    Backend(String name, SSLContext tls, boolean needsClient) throws IOException {
        this(name, secured(tls, needsClient));
    }

    private Backend(String name, HttpServer server) {
        this.name = name;
        this.server = server;
        server.setExecutor(threads);
        server.createContext("/", this::answer);
        server.start();
    }

    private static HttpServer secured(SSLContext tls, boolean needsClient) throws IOException {
        HttpsServer server = HttpsServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 64);
        server.setHttpsConfigurator(new HttpsConfigurator(tls) {
            @Override
            public void configure(HttpsParameters parameters) {
                SSLParameters of = tls.getDefaultSSLParameters();
                of.setNeedClientAuth(needsClient);
                parameters.setSSLParameters(of);
            }
        });
        return server;
    }

    int port() {
        return server.getAddress().getPort();
    }

    public String address() {
        return "localhost:" + port();
    }

    private void answer(HttpExchange exchange) throws IOException {
        String body = new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8);
        requests.add(exchange.getRequestMethod() + " " + exchange.getRequestURI() + " " + body);
        String path = exchange.getRequestURI().getPath();
        switch (path) {
            case "/name" -> send(exchange, 200, name);
            case "/large" -> {
                // Of a length that nobody tells before.
                exchange.sendResponseHeaders(200, 0);
                for (int i = 0; i < 64; i++) {
                    exchange.getResponseBody().write("x".repeat(16 * 1024).getBytes(StandardCharsets.UTF_8));
                }
            }
            case "/hold" -> {
                held.incrementAndGet();
                await(released);
                send(exchange, 200, name);
            }
            case "/who" -> send(exchange, 200, exchange instanceof HttpsExchange secured
                    ? secured.getSSLSession().getPeerPrincipal().getName()
                    : "");
            case "/missing" -> send(exchange, 404, "nothing");
            case "/nothing" -> exchange.sendResponseHeaders(204, -1);
            case "/cookie" -> {
                exchange.getResponseHeaders().add("Set-Cookie", "a=b; Path=/; HttpOnly; SameSite=Lax");
                send(exchange, 200, String.valueOf(exchange.getRequestHeaders().getFirst("Cookie")));
            }
            default -> {
                exchange.getResponseHeaders().add("Content-Type", "application/json");
                send(exchange, 200, body.isEmpty() ? "{\"id\":\"" + path + "\"}" : body);
            }
        }
        exchange.close();
    }

    /** How many were asked to hold. */
    int held() {
        return held.get();
    }

    /** Answers what is held, now and from now on. */
    void release() {
        released.countDown();
    }

    private static void await(CountDownLatch latch) throws IOException {
        try {
            latch.await();
        } catch (InterruptedException e) {
            throw new IOException(e);
        }
    }

    private static void send(HttpExchange exchange, int status, String text) throws IOException {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        exchange.sendResponseHeaders(status, bytes.length);
        exchange.getResponseBody().write(bytes);
    }

    @Override
    public void close() {
        server.stop(0);
        threads.shutdownNow();
    }
}
