package io.solaster.boot.netty;

import java.net.URI;

import io.rsocket.transport.ClientTransport;
import io.rsocket.transport.ServerTransport;
import io.rsocket.transport.netty.client.TcpClientTransport;
import io.rsocket.transport.netty.client.WebsocketClientTransport;
import io.rsocket.transport.netty.server.CloseableChannel;
import io.rsocket.transport.netty.server.TcpServerTransport;
import io.rsocket.transport.netty.server.WebsocketServerTransport;
import reactor.netty.http.client.HttpClient;
import reactor.netty.http.server.HttpServer;
import reactor.netty.resources.LoopResources;
import reactor.netty.tcp.TcpClient;
import reactor.netty.tcp.TcpServer;

/**
 * RSocket's transports on the shards: a connection that is made on a shard stays there, those that a server accepts are
 * spread over the shards. Any thread.
 */
public final class RSocketTransports {
    private final LoopResources loops;

    RSocketTransports(LoopResources loops) {
        this.loops = loops;
    }

    /** To a server of TCP. */
    public ClientTransport tcpClient(String host, int port) {
        return TcpClientTransport.create(TcpClient.newConnection().runOn(loops).host(host).port(port));
    }

    /**
     * For a server of TCP.
     *
     * @param port 0 takes a free one
     */
    public ServerTransport<CloseableChannel> tcpServer(String host, int port) {
        return TcpServerTransport.create(TcpServer.create().runOn(loops).host(host).port(port));
    }

    /** To a server of WebSocket, such as {@code ws://host:port/path}. */
    public ClientTransport webSocketClient(URI uri) {
        String path = uri.getRawPath();
        return WebsocketClientTransport.create(
                HttpClient.newConnection().runOn(loops).baseUrl(uri.resolve("/").toString()),
                path == null || path.isEmpty() ? "/" : path);
    }

    /**
     * For a server of WebSocket.
     *
     * @param port 0 takes a free one
     */
    public ServerTransport<CloseableChannel> webSocketServer(String host, int port) {
        return WebsocketServerTransport.create(HttpServer.create().runOn(loops).host(host).port(port));
    }
}
