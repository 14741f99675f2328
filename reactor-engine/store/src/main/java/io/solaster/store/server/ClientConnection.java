package io.solaster.store.server;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.Objects;
import java.util.concurrent.CompletionStage;
import java.util.function.BiConsumer;

import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.handler.codec.DecoderException;
import io.solaster.engine.net.PeerAddress;
import io.solaster.engine.net.RequestStats;
import io.solaster.engine.net.TcpServer;
import io.solaster.engine.net.UnreadInput;
import io.solaster.resp.CommandDecoder;
import io.solaster.resp.ReplyWriter;
import io.solaster.store.acl.User;
import io.solaster.store.server.CommandRouting.Outcome;
import io.solaster.store.server.ConnectionState.Phase;
import io.solaster.store.shard.Client;
import io.solaster.store.shard.ClientState;
import io.solaster.store.shard.CommandCall;
import io.solaster.store.shard.ServerSettings;
import io.solaster.store.shard.StoreShard;
import io.solaster.store.watch.ShardWatch;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One Redis client: reads its commands in place ({@link CommandIntake}), runs each where its key lives ({@link CommandRouting}), and
 * answers in the order of the requests ({@link ReplyOutput}). On the owning shard only.
 *
 * <p>
 * All that is read at once is one batch, with one write at its end. Commands for other shards leave in one message per
 * shard; until the last has come back nothing more of this client is looked at, which bounds what one client can have
 * under way. A command that touches several shards, or none by key, waits for those before it and holds up those behind
 * it. When a lane to a shard is over its high-water mark, the client is not read from until it has drained.
 *
 * <p>
 * Longer than 500 lines because it is what commands, the channel and other shards know of a client, and hands each on.
 */
public final class ClientConnection extends ChannelInboundHandlerAdapter implements Client, Runnable {
    private static final Logger log = LoggerFactory.getLogger(ClientConnection.class);
    private static final String PROTECTED = "DENIED Redis is running in protected mode because protected mode is"
            + " enabled and no password is set for the default user. In this mode connections are only accepted from"
            + " the loopback interface. If you want to connect from external computers, set"
            + " solaster.servers.<name>.password, or solaster.servers.<name>.protected-mode to false.";

    private final ServerSettings settings;
    private final ClientLogs logs;
    private final ServerShard server;
    private final StoreShard shard;
    private final ClientState state;
    private final ConnectionState progress = new ConnectionState();
    /** While something is there that was not run yet; else the shard has it, for whoever needs one next. */
    private @Nullable CommandIntake intake;
    private final CommandRouting routing;
    private final ReplyOutput replies;
    private final RequestAccount account;
    /** Once a wrong password came. */
    private @Nullable LoginDelay login;
    private @Nullable ChannelHandlerContext ctx;
    private long id;

    public ClientConnection(ServerSettings settings, ClientLogs logs, ServerShard server, RequestStats requests) {
        this.settings = settings;
        this.logs = logs;
        this.server = server;
        this.shard = server.part();
        this.state = new ClientState(shard.now(), !settings.needsLogin(), shard.parts().acl().defaultUser());
        this.replies = new ReplyOutput(this, server, progress);
        this.routing = new CommandRouting(this, server, replies);
        this.account = new RequestAccount(shard.shard(), this, requests);
    }

    // ---- what commands see

    @Override
    public long id() {
        return id;
    }

    @Override
    public ClientState state() {
        return state;
    }

    @Override
    public ServerSettings settings() {
        return settings;
    }

    ClientLogs logs() {
        return logs;
    }

    ConnectionState progress() {
        return progress;
    }

    RequestAccount account() {
        return account;
    }

    /** What has come; while there is something. */
    CommandIntake intake() {
        return Objects.requireNonNull(intake);
    }

    @Override
    public Channel channel() {
        return context().channel();
    }

    ChannelHandlerContext context() {
        return Objects.requireNonNull(ctx);
    }

    @Override
    public void login(User user) {
        if (login != null) {
            login.right(PeerAddress.network(channel()));
        }
        state.user(user);
        authenticated(true);
    }

    @Override
    public void logout() {
        state.user(shard.parts().acl().defaultUser());
        authenticated(!settings.needsLogin());
    }

    void authenticated(boolean yes) {
        state.authenticated(yes);
        if (intake != null) {
            intake.decoder().authenticated(yes);
        }
    }

    @Override
    public void refuseLogin(String user, String error) {
        shard.stats().wrongPasswords.increment();
        logs.wrongPassword.tell("{} gave a wrong password", this);
        ShardWatch.of(shard).refused(this, "auth", "toplevel", shard.call().text(0),
                user);
        LoginDelay delay = login;
        if (delay == null) {
            delay = new LoginDelay(server.failedLogins());
            login = delay;
        }
        LoginDelay delayed = delay;
        later(delayed.wrong(context().executor(), PeerAddress.network(channel()), shard.now(), progress.isDraining()),
                (reply, waited) -> {
                    reply.error(error);
                    shard.counts().failed(Objects.requireNonNull(state.lastCommand()));
                    if (delayed.isLast()) {
                        progress.closing();
                    }
                });
    }

    @Override
    public Client.Multi multi() {
        return routing.multi();
    }

    @Override
    public void closeAfterReply() {
        progress.closing();
    }

    @Override
    public void kill() {
        // Nobody finds it any more, though the channel is closed in a later turn.
        shard.removeClient(id);
        channel().close();
    }

    @Override
    public int localPort() {
        return channel().localAddress() instanceof InetSocketAddress local ? local.getPort() : 0;
    }

    @Override
    public void closeIfIdle(long now) {
        long timeout = settings.limits().idleTimeout().toMillis();
        state.unread(outputBytes(), now);
        if (routing.isOnDead()) {
            abandoned();
        }
        replies.checkSubscriber();
        if (timeout > 0 && !progress.isWaiting() && !state.isSubscribed() && !progress.isClosing()
                && now - state.lastInteraction() > timeout) {
            shard.stats().idleTimeouts.increment();
            log.debug("{} is closed: silent for {} ms", this, now - state.lastInteraction());
            kill();
        }
    }

    @Override
    public boolean isBlocked() {
        return progress.is(Phase.WAITING_FOR_KEYS) || progress.is(Phase.PAUSED) || routing.hasWaited();
    }

    @Override
    public CompletionStage<Boolean> unblock(boolean withError) {
        return routing.unblock(withError);
    }

    @Override
    public void push(ByteBuf message) {
        replies.push(message);
        if (!progress.is(Phase.RUNNING)) {
            flush();
        }
    }

    @Override
    public boolean message(ByteBuf buffer, int from, int length, long key) {
        return replies.message(buffer, from, length, key);
    }

    @Override
    public boolean keepsMessages() {
        return replies.isBehind();
    }

    @Override
    public void forgetMessages() {
        replies.forgetMessages();
    }

    @Override
    public void flushMessages() {
        if (!progress.is(Phase.RUNNING) && channel().isActive()) {
            flush();
        }
    }

    @Override
    public void hold() {
        progress.waiting(Phase.SETTLING);
    }

    @Override
    public void resume() {
        if (progress.is(Phase.SETTLING)) {
            runLater();
        }
    }

    @Override
    public int inputBytes() {
        return intake == null ? 0 : intake.bytes();
    }

    @Override
    public long outputBytes() {
        return ReplyOutput.unread(channel());
    }

    @Override
    public boolean lend(long entry) {
        return !routing.hasParts() && !state.isMuted() && replies.lend(context(), entry);
    }

    @Override
    public <T extends @Nullable Object> void later(CompletionStage<T> result, BiConsumer<ReplyWriter, T> answer) {
        progress.waiting(Phase.WAITING_FOR_RESULT);
        result.whenComplete((value, failure) -> shard.shard().executeOrElse(() -> {
            if (channel().isActive()) {
                try {
                    answer(value, failure, answer);
                } catch (Throwable thrown) {
                    broken(thrown);
                    return;
                }
                run();
            }
        }, () -> {
            // The shard has ended, and its connections with it.
        }));
    }

    private <T extends @Nullable Object> void answer(T value, @Nullable Throwable failure,
            BiConsumer<ReplyWriter, T> answer) {
        ReplyWriter reply = replies.open();
        int before = reply.position();
        long errorsBefore = reply.errors();
        try {
            if (failure != null) {
                throw failure;
            }
            answer.accept(reply, value);
        } catch (Throwable cause) {
            logs.failed.tell("A command of {} failed", this, cause);
            shard.stats().failures.increment();
            reply.rewind(before);
            reply.error("ERR internal error");
        }
        if (state.isMuted()) {
            reply.rewind(before);
        }
        account.errors(reply.errors() - errorsBefore);
        reply.finish();
    }

    @Override
    public String toString() {
        return ctx == null ? "client" : "client " + id + " " + PeerAddress.remote(ctx.channel());
    }

    // ---- the channel's events

    @Override
    public void handlerAdded(ChannelHandlerContext context) {
        ctx = context;
    }

    @Override
    public void channelActive(ChannelHandlerContext context) {
        id = shard.addClient(this);
        if (settings.isProtectedFrom(PeerAddress.remote(context.channel()))) {
            ReplyWriter reply = replies.open();
            reply.error(PROTECTED);
            reply.finish();
            progress.closing();
            flush();
        }
    }

    @Override
    public void channelInactive(ChannelHandlerContext context) {
        shard.removeClient(id);
        if (progress.is(Phase.PAUSED)) {
            ShardWatch.of(shard).pause().forget(this);
        }
        leave();
        endLoginDelay();
        account.cancelled();
        if (intake != null) {
            intake.release();
            intake = null;
        }
        routing.release(progress.is(Phase.WAITING_FOR_SHARDS));
        replies.release();
        progress.closing();
    }

    /** The last reply is about to leave: nobody finds the client any more, though its channel may be open for a while. */
    void departs() {
        shard.removeClient(id);
        leave();
    }

    /**
     * Nothing is told any more to the client, which is gone. Said again once EXEC is through that was under way then: its
     * commands may have subscribed to something since.
     */
    void leave() {
        if (state.monitors()) {
            ShardWatch.of(shard).monitors().remove(this);
        }
        state.leave();
    }

    @Override
    public void channelRead(ChannelHandlerContext context, Object message) {
        ByteBuf received = (ByteBuf) message;
        shard.stats().bytesIn.add(received.readableBytes());
        state.interacted(shard.now());
        if (progress.isClosing()) {
            received.release();
            return;
        }
        CommandIntake into = intake;
        if (into == null) {
            into = server.takeIntake(settings.requestLimits());
            into.decoder().authenticated(state.authenticated());
            intake = into;
        }
        into.add(received, context.alloc());
        if (progress.isWaiting()) {
            account.waits();
            if (into.bytes() > settings.limits().bytesPerTurn().intBytes()) {
                context.channel().config().setAutoRead(false);
            }
        } else {
            account.read();
            process(into);
        }
        keepRest(into);
    }

    @Override
    public void channelReadComplete(ChannelHandlerContext context) {
        flush();
    }

    @Override
    public void channelWritabilityChanged(ChannelHandlerContext context) {
        if (context.channel().isWritable() && replies.isBehind()) {
            // Not here: this may be amid a write.
            context.executor().execute(this::flushMessages);
        }
        context.fireChannelWritabilityChanged();
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext context, Object event) {
        if (TcpServer.DRAIN.equals(event) && !progress.isDraining()) {
            progress.draining();
            endLoginDelay();
            if (progress.is(Phase.PAUSED) && ShardWatch.of(shard).pause().forget(this)) {
                runLater();
            }
            routing.drain();
            TcpServer.afterLastRead(context, this::finishDrain);
        }
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable failure) {
        if (failure instanceof IOException) {
            log.debug("{} is gone", this, failure);
            context.close();
        } else if (failure instanceof DecoderException) {
            // It was to speak TLS.
            shard.stats().protocolErrors.increment();
            logs.undecodable.tell("{} is closed: {}", this, failure.getMessage());
            context.close();
        } else {
            broken(failure);
        }
    }

    /** Ends the connection after what should not have happened: nothing of it would be answered any more. */
    void broken(Throwable failure) {
        logs.failed.tell("{} is closed", this, failure);
        progress.closing();
        kill();
    }

    /** Goes on in a later turn. */
    void runLater() {
        context().executor().execute(this);
    }

    /** Goes on after what was waited for. */
    @Override
    public void run() {
        progress.resumed();
        if (!channel().isActive()) {
            return;
        }
        try {
            goOn();
        } catch (Throwable failure) {
            broken(failure);
        }
    }

    private void goOn() {
        CommandIntake rest = intake;
        if (!progress.isClosing() && rest != null) {
            process(rest);
            keepRest(rest);
        }
        flush();
        if (!progress.isWaiting()) {
            UnreadInput.readOrWait(channel(), true);
            if (progress.isDraining()) {
                finishDrain();
            }
        }
    }

    /** Keeps what is not yet run; where nothing is, another client may use what it was read with. */
    private void keepRest(CommandIntake read) {
        if (!read.keepRest(context().alloc())) {
            intake = null;
            if (!progress.isClosing()) {
                server.giveIntake(read);
            }
        }
    }

    private void endLoginDelay() {
        if (login != null) {
            login.end();
        }
    }

    /** Answers what had arrived by now and closes; what the kernel held has been read when this runs. */
    private void finishDrain() {
        if (!progress.isWaiting() && !progress.isClosing() && channel().isActive()) {
            progress.closing();
            flush();
        }
    }

    // ---- requests

    /** Runs requests until there is no whole one left, or something has to be waited for. */
    private void process(CommandIntake intake) {
        int budget = settings.limits().commandsPerTurn();
        CommandDecoder decoder = intake.decoder();
        progress.running();
        intake.begin(settings.requestLimits());
        if (!state.authenticated()) {
            decoder.authenticated(!settings.needsLogin());
        }
        account.begin();
        replies.begin();
        ReplyWriter reply = replies.open();
        CommandCall call = shard.call();
        call.now(shard.now());
        call.client(this);
        call.blocker(routing);
        call.leavable(!state.isMuted());
        Outcome outcome = Outcome.NEXT;
        long errorsBefore = reply.errors();
        while (intake.hasMore() && outcome == Outcome.NEXT && !progress.isClosing()) {
            if ((budget-- == 0 || replies.isEnoughForATurn()) && !routing.isLeftOff()) {
                outcome = Outcome.AGAIN;
                break;
            }
            int used = intake.next();
            if (used <= 0) {
                if (used < 0) {
                    protocolError(intake, reply);
                }
                break;
            }
            if (decoder.argumentCount() > 0) {
                account.decoded();
                outcome = routing.isDescribing() ? routing.goOnDescribing() : routing.request(call, reply);
            }
            if (outcome == Outcome.AGAIN) {
                intake.again(used);
            } else {
                intake.took(used);
                account.begun();
            }
        }
        account.errors(reply.errors() - errorsBefore);
        intake.end();
        if (outcome != Outcome.NEXT && intake.hasMore()) {
            account.waits();
        }
        routing.through(reply.position());
        reply.finish();
        replies.end();
        if (routing.hasParts()) {
            routing.send(account.trace(), replies.limit() - outputBytes());
        } else if (outcome == Outcome.AGAIN && progress.is(Phase.RUNNING)) {
            progress.waiting(Phase.YIELDED);
            runLater();
        }
        progress.ranAll();
    }

    private void protocolError(CommandIntake intake, ReplyWriter reply) {
        shard.stats().protocolErrors.increment();
        log.debug("{}: {}", this, intake.decoder().errorMessage());
        reply.error("ERR " + intake.decoder().errorMessage());
        intake.skipAll();
        progress.closing();
    }

    /** A browser was made to send us its user's request: what follows must not be run. Redis closes without a word. */
    void crossProtocol() {
        shard.stats().protocolErrors.increment();
        logs.crossProtocol.tell(
                "{} speaks HTTP to a RESP port (a cross-protocol attack, or a wrong port); it is closed", this);
        kill();
        progress.closing();
    }

    /** The engine stopped before the parts came back. */
    void abandoned() {
        channel().close();
    }

    /** The log has what was answered, or never will: then nobody knows what it has, and the client neither. */
    void kept(@Nullable Throwable why) {
        if (!channel().isActive()) {
            return;
        }
        if (why != null) {
            broken(why);
        } else {
            flush();
        }
    }

    /** Sends the replies of this read batch, unless some of them are still under way, or one is written in part. */
    private void flush() {
        if (progress.keepsReplies() || routing.isLeftOff() || state.tracker() != null && routing.isDescribing()) {
            // Nor may what a client hears of a key come before the reply that it has read it with.
            return;
        }
        if (!progress.isWaiting()) {
            account.answered();
        }
        replies.flush(context());
    }
}
