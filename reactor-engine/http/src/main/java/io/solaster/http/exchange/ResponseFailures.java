package io.solaster.http.exchange;

import io.netty.buffer.ByteBufUtil;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.solaster.http.Failures;
import io.solaster.http.HttpException;
import io.solaster.http.wire.Output;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What is answered where a handler, or the client's request, has failed. On the owning shard. */
final class ResponseFailures {
    private static final Logger log = LoggerFactory.getLogger(Response.class);

    private ResponseFailures() {}

    /** Answers with what has failed; breaks a response off that has begun. */
    static void fail(LoopResponse response, Throwable failure) {
        Exchange exchange = response.exchange;
        if (response.cut) {
            return;
        }
        if (response.state == LoopResponse.State.OPEN) {
            reset(response, Failures.cause(failure));
        }
        Throwable cause = exchange.request().match().failed(failure, exchange.handlersRequest(),
                exchange.handlersResponse());
        if (cause == null || response.cut) {
            return;
        }
        if (response.state == LoopResponse.State.ENDED) {
            log.error("{} failed after it had been answered", exchange.request(), cause);
            return;
        }
        HttpResponseStatus answer = cause instanceof HttpException known
                ? known.status()
                : HttpResponseStatus.INTERNAL_SERVER_ERROR;
        // That a client sends a body which is none, or is too slow, is no news.
        if (answer.code() >= 500 && !(cause instanceof HttpException known && known.isTold())) {
            log.error("{} failed{}", exchange.request(), response.state == LoopResponse.State.STREAMING
                    ? " when its response was begun; it is broken off"
                    : "", cause);
        }
        if (response.state == LoopResponse.State.STREAMING) {
            exchange.carrier().abort(exchange, cause);
            return;
        }
        reset(response, cause);
        response.status = answer;
        String message = cause instanceof HttpException ? String.valueOf(cause.getMessage()) : answer.reasonPhrase();
        refuse(response, message);
    }

    /** Forgets what was set for another answer than to this failure, which may have headers of its own. */
    private static void reset(LoopResponse response, Throwable cause) {
        response.headers.clear();
        response.status = HttpResponseStatus.OK;
        if (cause instanceof HttpException known) {
            known.headers().forEach(response.headers::set);
        }
    }

    /** Answers with a status that is set already and one line. */
    static void refuse(LoopResponse response, String message) {
        response.begins("an error", 1);
        if (response.state == LoopResponse.State.OPEN && !response.cut) {
            response.headers.set(HttpHeaderNames.CONTENT_TYPE, LoopResponse.TEXT);
            int length = ByteBufUtil.utf8Bytes(message) + 1;
            Output out = response.head(length, length);
            if (!response.dropsBody) {
                out.utf8(message, length - 1);
                out.put('\n');
            }
            out.finish();
            response.over();
        }
    }
}
