package io.solaster.pool.core;

import java.time.Duration;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeoutException;

import io.netty.channel.Channel;
import io.solaster.engine.Shard;
import io.solaster.engine.ShardFuture;
import io.solaster.engine.timer.Timer;
import io.solaster.pool.Connector;
import io.solaster.pool.PooledConnection;
import io.solaster.pool.Protocol;
import io.solaster.pool.Target;
import org.jspecify.annotations.Nullable;

/** One connection that is being made: connected, and made ready by its protocol, within one time. On its shard. */
final class Opening<C extends PooledConnection> extends Timer {
    private final Shard shard;
    private final Connects<C> connects;
    private final Target target;
    private final Duration timeout;
    private final long since;
    private @Nullable ShardFuture<Channel> connect;
    private @Nullable Channel channel;
    private boolean isDone;

    Opening(Shard shard, Connects<C> connects, Target target, Duration timeout, long since) {
        super(shard.timers());
        this.shard = shard;
        this.connects = connects;
        this.target = target;
        this.timeout = timeout;
        this.since = since;
    }

    void begin(Connector connector, Protocol<C> protocol) {
        try {
            ShardFuture<Channel> connecting = connector.connect(target.endpoint(), timeout);
            connect = connecting;
            connecting.whenComplete((connected, failure) -> {
                if (connected == null) {
                    failed(failure);
                } else {
                    connected(connected, protocol);
                }
            });
        } catch (RuntimeException e) {
            failed(e);
        }
    }

    private void connected(Channel connected, Protocol<C> protocol) {
        channel = connected;
        if (isDone) {
            connected.close();
            return;
        }
        // Of all the time that there is, the connector has used some.
        arm(timeout.toNanos() - (shard.timers().now() - since));
        CompletionStage<C> opened;
        try {
            opened = protocol.open(shard, connected, target.endpoint());
        } catch (RuntimeException e) {
            failed(e);
            return;
        }
        opened.whenComplete((connection, failure) -> {
            shard.hereOrElse(() -> opened(connection, failure), connected::close);
        });
    }

    private void opened(@Nullable C connection, @Nullable Throwable failure) {
        if (connection == null) {
            failed(failure);
        } else if (isDone || !connection.channel().isOpen()) {
            connection.channel().close();
            failed(new java.io.IOException("the other end closed the connection at once"));
        } else {
            isDone = true;
            cancel();
            connects.opened(this, connection, since);
        }
    }

    private void failed(@Nullable Throwable failure) {
        if (channel != null) {
            channel.close();
        }
        if (!isDone) {
            isDone = true;
            cancel();
            connects.failed(this, failure == null
                    ? new IllegalStateException("the protocol opened nothing")
                    : ShardFuture.causeOf(failure), since);
        }
    }

    /** Nobody wants it any more. */
    void abort(Throwable why) {
        failed(why);
        if (connect != null) {
            connect.cancel(false);
        }
    }

    @Override
    protected void fire() {
        failed(new TimeoutException("connected to " + target + ", and it has not greeted within " + timeout));
    }
}
