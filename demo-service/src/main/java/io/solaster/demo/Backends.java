package io.solaster.demo;

import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaderValues;
import io.solaster.boot.pool.PoolConnectionDetails;
import io.solaster.config.pool.EndpointConfig;
import io.solaster.config.server.ServerConfig;
import io.solaster.engine.Engine;
import io.solaster.engine.net.TcpServer;
import io.solaster.http.HttpHandler;
import io.solaster.http.server.HttpProtocol;
import org.springframework.stereotype.Component;

/**
 * Three tiny services that the pool {@code upstream} calls, on the same shards: others would stand elsewhere. Each can be
 * killed, which cuts its connections, and comes back on its port. Any thread but a shard.
 */
@Component
final class Backends implements PoolConnectionDetails, AutoCloseable {
    private final Engine engine;
    private final Map<String, Integer> ports = new LinkedHashMap<>();
    private final Map<String, TcpServer> running = new LinkedHashMap<>();

    Backends(Engine engine) {
        this.engine = engine;
        List.of("amsterdam", "berlin", "chicago").forEach(this::revive);
    }

    @Override
    public String pool() {
        return "upstream";
    }

    @Override
    public synchronized List<EndpointConfig> endpoints() {
        return ports.values().stream().map(port -> EndpointConfig.valueOf("127.0.0.1:" + port)).toList();
    }

    /** The port of each, running or not. */
    synchronized Map<String, Integer> ports() {
        return Map.copyOf(ports);
    }

    /** Lets it serve; does nothing if it does already. */
    synchronized void revive(String name) {
        if (!running.containsKey(name)) {
            ServerConfig config = ServerConfig.of("http", ports.getOrDefault(name, 0));
            HttpHandler answer = (request, response) -> response
                    .header(HttpHeaderNames.CONTENT_TYPE, HttpHeaderValues.TEXT_PLAIN).send(name);
            TcpServer server = TcpServer.bind(engine, name, config, new HttpProtocol(answer, config));
            running.put(name, server);
            ports.put(name, server.port());
        }
    }

    /** Cuts all its connections and refuses new ones; does nothing if it does not serve. */
    synchronized void kill(String name) {
        TcpServer server = running.remove(name);
        if (server != null) {
            server.drain(Duration.ZERO);
            server.close();
        }
    }

    @Override
    public synchronized void close() {
        running.values().forEach(TcpServer::close);
        running.clear();
    }
}
