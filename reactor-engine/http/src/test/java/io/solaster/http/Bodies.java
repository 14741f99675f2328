package io.solaster.http;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.util.CharsetUtil;

/** What handlers of several tests do with bodies. */
final class Bodies {

    private Bodies() {}

    /** Sends back what it gets, reading no faster than the client takes it, and does nothing about a body that fails. */
    static void echo(HttpRequest request, HttpResponse response) {
        ResponseStream stream = response.stream();
        stream.onWritable(() -> request.body().request(1));
        request.body().read(new RequestBody.Reader() {
            @Override
            public void part(ByteBuf part) {
                if (stream.write(part)) {
                    request.body().request(1);
                }
            }

            @Override
            public void end(HttpHeaders trailers) {
                stream.end(trailers);
            }

            @Override
            public void failed(Throwable cause) {
                // The stream is gone, and the response with it, or will be.
            }
        });
        request.body().request(1);
    }

    /** Drops the parts of a body, which the test asks for, and answers with this once there are no more. */
    static void drop(HttpRequest request, HttpResponse response, String answer) {
        request.body().read(new RequestBody.Reader() {
            @Override
            public void part(ByteBuf part) {
                part.release();
            }

            @Override
            public void end(HttpHeaders trailers) {
                response.send(answer);
            }

            @Override
            public void failed(Throwable cause) {
                response.fail(cause);
            }
        });
    }

    /** Answers in ways, by the path, in which there is no body, or none for HEAD. */
    static void none(HttpRequest request, HttpResponse response) {
        switch (request.path()) {
            case "/204" -> response.status(HttpResponseStatus.NO_CONTENT).send("not sent");
            case "/304" -> response.status(HttpResponseStatus.NOT_MODIFIED).header("ETag", "\"1\"").send();
            case "/stream" -> {
                ResponseStream stream = response.stream();
                stream.write(Unpooled.copiedBuffer("not sent", CharsetUtil.US_ASCII));
                stream.end();
            }
            case "/length" -> response.header("Content-Length", "1000").send();
            default -> response.send("hello");
        }
    }
}
