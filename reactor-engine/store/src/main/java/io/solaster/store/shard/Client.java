package io.solaster.store.shard;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.BiConsumer;

import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.solaster.config.server.SubscriberConfig;
import io.solaster.resp.ReplyWriter;
import io.solaster.store.acl.User;
import io.solaster.store.message.MessageClient;
import org.jspecify.annotations.Nullable;

/** What commands see of the connection that they came from, and of others. On the connection's shard only. */
public interface Client extends MessageClient {
    /** Bytes of a value from which on to send it from where it lies costs less than to copy it. */
    int LENT_FROM = 64 << 10;

    /** Unique over all shards, ascending on each. */
    long id();

    /**
     * Answers the value of a key of the same shard from where it lies, behind the replies written so far, and keeps it until it
     * is sent.
     *
     * @return false if it is to be copied, since it is small, or replies of other shards come first: then nothing was done
     */
    boolean lend(long entry);

    ClientState state();

    /** What the server is configured to, that the client has connected to. */
    ServerSettings settings();

    Channel channel();

    /** The port that the client connected to. */
    int localPort();

    /** Bytes received and not yet run. */
    int inputBytes();

    /** Bytes of replies that the client has not read yet. */
    long outputBytes();

    /** The client has proved to be this user. */
    void login(User user);

    /** Makes the client who it was at first: the default user, whom the server may ask for a password. */
    void logout();

    /**
     * Answers a wrong password with an error, after a delay that grows with each; the last one ends the connection.
     *
     * @param user the name that was given
     */
    void refuseLogin(String user, String error);

    /**
     * Sends a message that answers no request, behind the replies written so far. A client that leaves more unread than it
     * may is cut off.
     *
     * @param message as it goes over the wire; is released
     */
    void push(ByteBuf message);

    @Override
    default boolean isResp3() {
        return state().resp3();
    }

    @Override
    default SubscriberConfig subscriberLimits() {
        return settings().limits().subscribers();
    }

    /** Closes once what was answered so far, and the reply being written, have left. */
    void closeAfterReply();

    /** Closes at once; the reply being written, if any, is dropped. */
    @Override
    void kill();

    /** Closes if the client has been silent for longer than it may; one that waits for its own command has not. */
    void closeIfIdle(long now);

    /** Whether a command of the client waits for keys, or for the end of a pause. */
    default boolean isBlocked() {
        return false;
    }

    /**
     * Has a command that waits for keys wait no more.
     *
     * @param withError whether it is answered with an error, rather than as after its time
     * @return whether it was waiting, and got nothing in the last moment
     */
    default CompletionStage<Boolean> unblock(boolean withError) {
        return CompletableFuture.completedFuture(false);
    }

    /** What the client has begun with MULTI and WATCH. */
    Multi multi();

    /** MULTI and what belongs to it: each answers by itself, but for EXEC that runs commands, which are answered then. */
    interface Multi {
        void multi(ReplyWriter reply);

        void exec(ReplyWriter reply);

        void discard(ReplyWriter reply);

        void watch(CommandCall call);

        void unwatch(ReplyWriter reply);

        /** Forgets commands and keys, as when the connection was new. */
        void reset();

        /** How many commands wait for EXEC; -1 without MULTI. */
        int queued();

        /** Bytes that those take. */
        long queuedBytes();
    }

    /** What a client that keeps copies of values is told of; while it wants to be. */
    interface Tracker {
        /** Says that a command of the client is run next: what it reads, the client keeps. */
        void runs(Command command, CommandCall call);

        /** That command was not run: it is looked at again. */
        void again();

        /** As {@link #runs}, of a command that is kept for {@code EXEC}. */
        void keeps(Command command, CommandCall call);

        /** The commands that were kept are run next. */
        void runsKept();

        /** The commands that were kept are dropped, or were run. */
        void dropsKept();

        /** Commands leave for other shards next. */
        void send();

        /** Who writes, where the client is not to hear of what it writes itself; else 0. */
        long writer();

        /** The client wants to be told no more, or is gone. */
        void leave();

        /** To which client it is told; 0 for itself. */
        long redirect();

        /** What {@code CLIENT LIST} says of it. */
        String flags();
    }

    /** As {@link CommandCall#later}. */
    <T extends @Nullable Object> void later(CompletionStage<T> result, BiConsumer<ReplyWriter, T> answer);
}
