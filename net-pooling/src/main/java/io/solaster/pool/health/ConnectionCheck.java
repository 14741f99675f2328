package io.solaster.pool.health;

import java.time.Duration;
import java.util.concurrent.CompletionStage;

import io.netty.channel.Channel;
import io.solaster.engine.Shard;
import io.solaster.engine.ShardFuture;
import io.solaster.pool.Connector;
import io.solaster.pool.Endpoint;
import org.jspecify.annotations.Nullable;

/** Connects, asks something over the connection, and closes it. */
final class ConnectionCheck implements HealthCheck {
    private final Connector connector;
    private final Duration timeout;
    private final Question question;

    ConnectionCheck(Connector connector, Duration timeout, Question question) {
        this.connector = connector;
        this.timeout = timeout;
        this.question = question;
    }

    /** What is asked over a connection that has come about. */
    @FunctionalInterface
    interface Question {
        /** On the shard, before anything is read; done if the answer is good. */
        CompletionStage<?> ask(Shard shard, Channel channel, Endpoint endpoint);
    }

    @Override
    public ShardFuture<Boolean> check(Shard shard, Endpoint endpoint) {
        Attempt attempt = new Attempt(shard, endpoint);
        attempt.begin();
        return attempt.result;
    }

    /** One connection and its question. On the shard. */
    private final class Attempt implements ShardFuture.Source {
        private final Shard shard;
        private final Endpoint endpoint;
        private final ShardFuture<Boolean> result;
        private @Nullable ShardFuture<Channel> connecting;
        private @Nullable Channel channel;

        Attempt(Shard shard, Endpoint endpoint) {
            this.shard = shard;
            this.endpoint = endpoint;
            this.result = shard.newFuture(this);
        }

        void begin() {
            ShardFuture<Channel> coming = connector.connect(endpoint, timeout);
            connecting = coming;
            coming.whenComplete((connected, failure) -> {
                if (failure != null) {
                    end(failure);
                } else if (result.isDone()) {
                    connected.close();
                } else {
                    ask(connected);
                }
            });
        }

        private void ask(Channel connected) {
            channel = connected;
            CompletionStage<?> answer;
            try {
                answer = question.ask(shard, connected, endpoint);
            } catch (RuntimeException e) {
                end(e);
                return;
            }
            answer.whenComplete((good, failure) -> end(failure));
        }

        private void end(@Nullable Throwable failure) {
            if (channel != null) {
                channel.close();
            }
            if (failure == null) {
                result.complete(true);
            } else {
                result.completeExceptionally(ShardFuture.causeOf(failure));
            }
        }

        @Override
        public void giveUp() {
            if (connecting != null) {
                connecting.cancel(true);
            }
            if (channel != null) {
                channel.close();
            }
        }
    }
}
