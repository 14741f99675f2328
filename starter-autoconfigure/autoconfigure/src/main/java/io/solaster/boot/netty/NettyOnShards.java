package io.solaster.boot.netty;

import org.springframework.http.client.ReactorResourceFactory;
import reactor.netty.http.client.HttpClient;
import reactor.netty.http.server.HttpServer;
import reactor.netty.tcp.TcpClient;
import reactor.netty.tcp.TcpServer;

/**
 * Reactor Netty's clients and servers on the shards, to build upon: the bean for libraries that take one of these. A client
 * that is used on a shard stays on it, pooled connections included; a server's connections are spread over the shards. Any
 * thread.
 */
public final class NettyOnShards {
    private final ReactorResourceFactory resources;

    NettyOnShards(ReactorResourceFactory resources) {
        this.resources = resources;
    }

    /** A client of HTTP with connections pooled per shard. */
    public HttpClient httpClient() {
        return HttpClient.create(resources.getConnectionProvider()).runOn(resources.getLoopResources());
    }

    /** A server of HTTP, bound by {@code bind()}. */
    public HttpServer httpServer() {
        return HttpServer.create().runOn(resources.getLoopResources());
    }

    /** A client of TCP; each connection is a new one. */
    public TcpClient tcpClient() {
        return TcpClient.newConnection().runOn(resources.getLoopResources());
    }

    /** A server of TCP, bound by {@code bind()}. */
    public TcpServer tcpServer() {
        return TcpServer.create().runOn(resources.getLoopResources());
    }
}
