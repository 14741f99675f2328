package io.solaster.http.readme;

import java.io.InputStream;
import java.io.OutputStream;

import io.netty.buffer.ByteBuf;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.ssl.SslContext;
import io.solaster.config.server.ServerConfig;
import io.solaster.engine.Engine;
import io.solaster.engine.net.TcpServer;
import io.solaster.engine.net.Tls;
import io.solaster.http.HttpHandler;
import io.solaster.http.HttpResponse;
import io.solaster.http.RequestBody;
import io.solaster.http.ResponseStream;
import io.solaster.http.server.HttpProtocol;

final class ServerExample {

    private ServerExample() {}

    static TcpServer start(Engine engine) {
        ServerConfig config = ServerConfig.of("http", 0);
        // Called on the shard that owns the connection, as soon as a request's head is there.
        HttpHandler hello = (request, response) -> response
                .header("X-Shard", Integer.toString(request.shard().id()))
                .send("Hello, " + request.query("name"));
        return TcpServer.bind(engine, "web", config, new HttpProtocol(hello, config));
    }

    static HttpHandler whole() {
        return HttpHandler.async((request, response) -> request.body().whole()
                .thenAccept(body -> response.send(body.readableBytes() + " bytes")));
    }

    /** Sends back what it gets, reading no faster than the client takes it. */
    static final class Echo implements RequestBody.Reader {
        private final RequestBody body;
        private final HttpResponse response;
        private final ResponseStream stream;

        Echo(RequestBody body, HttpResponse response) {
            this.body = body;
            this.response = response;
            this.stream = response.stream();
            stream.onWritable(() -> body.request(1));
        }

        @Override
        public void part(ByteBuf part) {
            if (stream.write(part)) {
                body.request(1);
            }
        }

        @Override
        public void end(HttpHeaders trailers) {
            stream.end();
        }

        @Override
        public void failed(Throwable cause) {
            response.fail(cause); // ends the connection: a part of the response is sent
        }
    }

    static HttpHandler echo() {
        return (request, response) -> {
            RequestBody body = request.body();
            body.read(new Echo(body, response));
            body.request(1);
        };
    }

    static HttpHandler streams() {
        return HttpHandler.streaming(HttpHandler.blocking((request, response) -> {
            try (InputStream in = request.body().asInputStream();
                    OutputStream out = response.stream().asOutputStream()) {
                in.transferTo(out);
            }
        }));
    }

    static TcpServer encrypted(Engine engine, ServerConfig config, HttpHandler handler, SslContext context) {
        return TcpServer.bind(engine, "web", config,
                Tls.over(() -> context, engine.offload(), new HttpProtocol(handler, config)));
    }
}
