package io.solaster.http.http2;

import java.io.IOException;

import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http2.Http2Error;
import io.solaster.http.HttpException;
import io.solaster.http.HttpStats.Timeout;
import io.solaster.http.exchange.Exchange;
import io.solaster.http.wire.HttpLimits;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** By when something has to happen on a stream of HTTP/2, and what becomes of it where that does not. On the owning shard. */
final class StreamDeadlines {
    private static final Logger log = LoggerFactory.getLogger(Http2Carrier.class);

    private StreamDeadlines() {}

    /** By when something has to happen. */
    static long deadline(Http2Carrier carrier, HttpLimits limits) {
        long next = HttpLimits.NEVER;
        Exchange current = carrier.exchange();
        if (current != null && current.body().isDue()) {
            next = carrier.patience().deadline();
        } else if (current != null && isBroken(current)) {
            next = current.body().brokenUntil(limits);
        }
        if (current != null && current.response().isOpen() && !current.body().isDue()) {
            next = Math.min(next, current.waitsSince + limits.requestNanos());
        }
        return carrier.isUnread() ? Math.min(next, carrier.readDeadline()) : next;
    }

    /** Whether a body does not come whole that was asked for, and whose response has not ended. */
    private static boolean isBroken(Exchange current) {
        return current.body().isBroken() && !current.response().isOver();
    }

    /** A deadline may have passed. */
    static void expired(Http2Carrier carrier, long now, HttpLimits limits) {
        Http2Session session = carrier.session();
        if (carrier.isUnread() && now >= carrier.readDeadline()) {
            session.stats().timedOut(Timeout.UNREAD);
            carrier.cutOff(new IOException("the client did not read"));
            session.reset(carrier, Http2Error.CANCEL);
            return;
        }
        Exchange current = carrier.exchange();
        if (current == null) {
            return;
        }
        if (current.body().isDue()) {
            if (carrier.patience().isOver(now)) {
                bodyIsLate(carrier, current, now);
            }
        } else if (isBroken(current) && now >= current.body().brokenUntil(limits)) {
            current.body().breakOff();
        } else if (current.response().isOpen() && now - current.waitsSince >= limits.requestNanos()) {
            if (!carrier.isAsked()) {
                session.stats().timedOut(Timeout.UNREAD);
                carrier.cutOff(new IOException("the client did not read the responses before this one"));
                session.reset(carrier, Http2Error.REFUSED_STREAM);
                return;
            }
            session.stats().timedOut(Timeout.REQUEST);
            log.warn("{} was not answered within {} ms: the client gets 503", current.request(),
                    (now - current.waitsSince) / 1_000_000);
            current.outlives = true;
            current.response().giveUp(HttpResponseStatus.SERVICE_UNAVAILABLE, "no answer in time");
        }
    }

    private static void bodyIsLate(Http2Carrier carrier, Exchange late, long now) {
        Http2Session session = carrier.session();
        session.stats().timedOut(Timeout.BODY);
        HttpException cause = new HttpException(HttpResponseStatus.REQUEST_TIMEOUT, "the body took too long");
        if (late.response().isOver()) {
            carrier.cutOff(cause);
            session.reset(carrier, Http2Error.NO_ERROR);
        } else {
            late.waitsSince = now;
            late.body().fail(cause);
        }
    }
}
