package io.solaster.http.http1;

import java.io.IOException;
import java.util.Objects;
import java.util.concurrent.TimeUnit;

import io.netty.handler.codec.http.HttpResponseStatus;
import io.solaster.engine.net.ConnectionTimer;
import io.solaster.engine.net.Linger;
import io.solaster.http.HttpException;
import io.solaster.http.HttpStats.Timeout;
import io.solaster.http.exchange.Batch;
import io.solaster.http.exchange.Body;
import io.solaster.http.exchange.Exchange;
import io.solaster.http.exchange.HttpShard;
import io.solaster.http.wire.HttpLimits;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** By when something has to happen on a connection, and what becomes of it where that does not. On the owning shard. */
final class Deadlines {
    private static final Logger log = LoggerFactory.getLogger(HttpConnection.class);

    private final HttpConnection connection;
    private final HttpShard shard;
    private final Batch batch;
    private final ExchangeQueue queue;
    private final Intake intake;
    private final ConnectionTimer timer;
    private final Linger linger;
    /** When something was done, by the timers. */
    private long activeAt;

    Deadlines(HttpConnection connection, HttpShard shard, Batch batch, ExchangeQueue queue, Intake intake) {
        this.connection = connection;
        this.shard = shard;
        this.batch = batch;
        this.queue = queue;
        this.intake = intake;
        this.timer = new ConnectionTimer(shard.timers(), this::expired);
        this.linger = new Linger(shard.timers(), timer);
    }

    /** The polite end, which has the same timer. */
    Linger linger() {
        return linger;
    }

    /** The connection begins. */
    void begin() {
        activeAt = shard.timers().now();
        watch();
    }

    /** Something was done, and it is clear what is waited for now. */
    void goOn() {
        activeAt = shard.timers().now();
        intake.patience().run(intake.isBodyAwaited(), activeAt);
        watch();
    }

    void cancel() {
        timer.cancel();
    }

    /** Sees to it that whatever takes too long from here on is noticed. */
    void watch() {
        if (!linger.hasBegun() && !connection.isUpgraded()) {
            timer.by(nextDeadline(), shard.timers().now());
        }
    }

    private long nextDeadline() {
        HttpLimits limits = shard.limits();
        if (isIdle()) {
            return activeAt + limits.idleNanos();
        }
        long next = HttpLimits.NEVER;
        if (intake.isHeadComing()) {
            next = intake.headSince() + limits.headNanos();
        }
        if (intake.isBodyAwaited()) {
            next = Math.min(next, intake.patience().deadline());
        }
        if (connection.output().isSending()) {
            next = Math.min(next, connection.output().deadline(limits));
        }
        Body broken = broken();
        if (broken != null) {
            next = Math.min(next, broken.brokenUntil(limits));
        }
        for (Exchange each = queue.first(); each != null; each = each.next) {
            if (isHandlerAwaited(each)) {
                next = Math.min(next, each.waitsSince + limits.requestNanos());
            }
        }
        return next;
    }

    private boolean isIdle() {
        return queue.isEmpty() && !intake.isWithinRequest() && !connection.output().isSending();
    }

    /** A body that does not come whole, and whose response has not ended; null if there is none. */
    private @Nullable Body broken() {
        Exchange receives = intake.receiving();
        return receives != null && receives.body().isFailed() && !receives.response().isOver() ? receives.body() : null;
    }

    private boolean isHandlerAwaited(Exchange exchange) {
        return exchange.response().isOpen() && !(exchange == intake.receiving() && exchange.body().isWanted());
    }

    /** A deadline may have passed. */
    private void expired() {
        if (connection.isUpgraded() || !connection.channel().isActive()) {
            return;
        }
        if (linger.hasBegun()) {
            linger.expired(connection.channel());
            return;
        }
        long now = shard.timers().now();
        HttpLimits limits = shard.limits();
        connection.output().observe();
        if (connection.output().isUnread(now)) {
            shard.stats().timedOut(Timeout.UNREAD);
            connection.ending().die(new IOException("the client did not read"));
            return;
        }
        boolean outside = !batch.isOpen();
        batch.open();
        if (intake.isHeadComing() && now - intake.headSince() >= limits.headNanos()) {
            shard.stats().timedOut(Timeout.HEADER);
            intake.refuse(intake.giveUpHead(), HttpResponseStatus.REQUEST_TIMEOUT, "the request's head took too long");
        }
        if (intake.isBodyAwaited() && intake.patience().isOver(now)) {
            bodyIsLate(Objects.requireNonNull(intake.receiving()), now);
        }
        Body broken = broken();
        if (broken != null && now >= broken.brokenUntil(limits)) {
            broken.breakOff();
        }
        for (Exchange each = queue.first(); each != null; each = each.next) {
            if (isHandlerAwaited(each) && now - each.waitsSince >= limits.requestNanos()) {
                shard.stats().timedOut(Timeout.REQUEST);
                log.warn("{} was not answered within {} ms: the client gets 503", each.request(),
                        TimeUnit.NANOSECONDS.toMillis(now - each.waitsSince));
                intake.close(each);
                each.outlives = true;
                each.response().giveUp(HttpResponseStatus.SERVICE_UNAVAILABLE, "no answer in time");
            }
        }
        if (isIdle() && now - activeAt >= limits.idleNanos()) {
            connection.ending().afterThis();
        }
        if (outside) {
            batch.close();
        }
        connection.flush();
        watch();
    }

    private void bodyIsLate(Exchange exchange, long now) {
        shard.stats().timedOut(Timeout.BODY);
        intake.close(exchange);
        if (exchange.response().isOver()) {
            intake.receiveNothing();
            connection.ending().afterThis();
        } else {
            exchange.waitsSince = now;
            exchange.body().fail(new HttpException(HttpResponseStatus.REQUEST_TIMEOUT, "the body took too long"));
        }
    }
}
