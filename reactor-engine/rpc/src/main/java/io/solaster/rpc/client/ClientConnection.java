package io.solaster.rpc.client;

import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.util.collection.IntObjectHashMap;
import io.netty.util.collection.LongObjectHashMap;
import io.netty.util.collection.LongObjectMap;
import io.solaster.rpc.RpcException;
import io.solaster.rpc.RpcMethod;
import io.solaster.rpc.RpcStatus;
import io.solaster.rpc.connection.LaneConnection;
import io.solaster.rpc.connection.LaneStream;
import io.solaster.rpc.frame.Frame;
import io.solaster.rpc.frame.FrameWriter;
import io.solaster.rpc.frame.Hello;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A connection to a server: sends calls, and tells them what comes of them. On the shard that calls. */
final class ClientConnection extends LaneConnection {
    private static final Logger log = LoggerFactory.getLogger(RpcClient.class);

    private final ClientShard shard;
    private final Target target;
    private final LongObjectHashMap<ClientCall<?, ?>> calls = new LongObjectHashMap<>();
    private final IntObjectHashMap<Hello.Method> methods = new IntObjectHashMap<>();
    private long lastId;
    private long idleSince;
    private boolean wasReady;
    private boolean leaving;

    ClientConnection(ClientShard shard, Target target) {
        super(shard.lanes, shard.limits, false);
        this.shard = shard;
        this.target = target;
    }

    /** Whether both sides have ever said HELLO. */
    boolean wasReady() {
        return wasReady;
    }

    @Override
    public void channelActive(ChannelHandlerContext context) {
        if (!hasEnded()) {
            greet(shard.hello);
        }
    }

    @Override
    protected void greeted(Hello hello) {
        methods.clear();
        for (Hello.Method method : hello.methods()) {
            methods.put(method.hash(), method);
        }
        if (target.isOfServer()) {
            shard.learn(hello);
        }
        if (!wasReady) {
            wasReady = true;
            idleSince = home.now();
            target.isReady(this);
        }
    }

    // ---- calls

    <Q, A> void send(ClientCall<Q, A> call) {
        RpcMethod<Q, A> method = call.method;
        String wrong = unfit(method);
        long left = call.deadline == Long.MAX_VALUE ? Long.MAX_VALUE : call.deadline - home.now();
        if (wrong != null) {
            call.fail(new RpcException(RpcStatus.UNIMPLEMENTED, wrong, true, null));
        } else if (calls.size() >= Math.min(peer().maxCalls(), limits.maxCalls())) {
            call.fail(new RpcException(RpcStatus.RESOURCE_EXHAUSTED, "the connection to " + this + " has its "
                    + calls.size() + " calls under way", true, null));
        } else if (unsent() > limits.outputBuffer().bytes() / 2) {
            call.fail(new RpcException(RpcStatus.RESOURCE_EXHAUSTED, this + " does not read: " + unsent()
                    + " bytes wait for it", true, null));
        } else if (left <= 0) {
            call.fail(new RpcException(RpcStatus.DEADLINE_EXCEEDED, "the time was over before '" + method
                    + "' was sent", true, null));
        } else {
            write(call, left);
        }
    }

    private @Nullable String unfit(RpcMethod<?, ?> method) {
        Hello.Method there = methods.get(method.hash());
        if (there == null) {
            return this + " has no method '" + method + "'";
        }
        if (there.kind() != method.kind().code()) {
            return "'" + method + "' is of another kind at " + this;
        }
        return there.fingerprint() != 0 && method.fingerprint() != 0 && there.fingerprint() != method.fingerprint()
                ? "'" + method + "' has another schema at " + this
                : null;
    }

    private <Q, A> void write(ClientCall<Q, A> call, long left) {
        RpcMethod<Q, A> method = call.method;
        boolean oneWay = method.kind() == RpcMethod.Kind.ONE_WAY;
        ByteBuf out = open();
        int before = out.writerIndex();
        RpcException failure = null;
        long id = 0;
        try {
            // Before the request: where writing it makes other calls, theirs stand behind it.
            id = ++lastId;
            int at = FrameWriter.begin(out);
            Q request = call.request;
            if (request != null) {
                method.requests().encode(request, out);
            }
            int length = out.writerIndex() - at - Frame.HEADER;
            if (length > peer().maxMessage()) {
                failure = new RpcException(RpcStatus.RESOURCE_EXHAUSTED, "a request of " + length
                        + " bytes, over the " + peer().maxMessage() + " that " + this + " takes", true, null);
            } else {
                FrameWriter.end(out, at, Frame.REQUEST, flags(method.kind(), left), slot(call.slot), id, method.hash(),
                        left == Long.MAX_VALUE ? 0 : FrameWriter.timeLeft(left));
            }
        } catch (RuntimeException | Error unwritable) {
            failure = new RpcException(RpcStatus.INTERNAL, "the request of '" + method + "' cannot be written: "
                    + unwritable, true, unwritable);
        }
        if (failure == null && hasEnded()) {
            failure = new RpcException(RpcStatus.UNAVAILABLE, "the connection to " + this + " has ended", true, null);
        }
        if (failure != null) {
            out.writerIndex(before);
        } else if (!oneWay) {
            calls.put(id, call);
        }
        close(out);
        if (failure != null) {
            call.fail(failure);
            return;
        }
        call.sent(this, id);
        if (oneWay) {
            call.told();
        }
    }

    private static int flags(RpcMethod.Kind kind, long left) {
        return (kind == RpcMethod.Kind.ONE_WAY ? Frame.ONE_WAY : 0) | (kind.isOpen() ? Frame.OPEN : 0)
                | (left != Long.MAX_VALUE && FrameWriter.isMillis(left) ? Frame.MILLIS : 0);
    }

    private static int slot(int slot) {
        return slot < 0 ? Frame.NO_SLOT : slot;
    }

    /** Nobody waits for a call any more. */
    void cancel(long id) {
        if (calls.remove(id) != null && !hasEnded()) {
            write(Frame.CANCEL, 0, id, RpcStatus.CANCELLED.code(), 0);
            closeIfDone();
        }
    }

    @Override
    protected boolean received(ByteBuf body) {
        long id = decoder.id();
        if (decoder.type() == Frame.GOAWAY) {
            goAway(id, FrameWriter.words(body));
            return true;
        }
        if (id > lastId) {
            violated("a frame of type " + decoder.type() + " for call " + id + ", which was not made");
            return true;
        }
        switch (decoder.type()) {
            case Frame.RESPONSE -> {
                ClientCall<?, ?> call = calls.remove(id);
                if (call != null) {
                    call.response(body);
                    closeIfDone();
                }
            }
            case Frame.ERROR -> {
                ClientCall<?, ?> call = calls.remove(id);
                if (call != null) {
                    call.fail(new RpcException(RpcStatus.of(decoder.first()), FrameWriter.words(body),
                            decoder.has(Frame.NOT_BEGUN), null));
                    closeIfDone();
                }
            }
            case Frame.NOT_OWNER -> {
                ClientCall<?, ?> call = calls.remove(id);
                if (call != null) {
                    notOwner(call, body);
                    closeIfDone();
                }
            }
            case Frame.END -> {
                ClientCall<?, ?> call = calls.remove(id);
                if (call instanceof StreamCall<?, ?> streams) {
                    streams.answersEnded();
                    closeIfDone();
                } else if (call != null) {
                    call.fail(new RpcException(RpcStatus.INTERNAL, "END without an answer to '" + call.method + "'"));
                }
            }
            default -> violated("a frame of type " + decoder.type());
        }
        return true;
    }

    @Override
    protected long lastBegun() {
        // A server makes no calls.
        return 0;
    }

    @Override
    protected boolean wasMade(long id) {
        return id <= lastId;
    }

    @Override
    protected @Nullable LaneStream<?, ?> stream(long id) {
        ClientCall<?, ?> call = calls.get(id);
        return call == null ? null : call.stream();
    }

    /** Another process has the key of a call, which was not begun. */
    private void notOwner(ClientCall<?, ?> call, ByteBuf body) {
        if (body.readableBytes() < Long.BYTES) {
            violated("NOT_OWNER of " + body.readableBytes() + " bytes");
            call.fail(new RpcException(RpcStatus.INTERNAL, "the server broke the protocol", true, null));
            return;
        }
        body.skipBytes(Long.BYTES);
        String host = FrameWriter.words(body);
        int port = decoder.first();
        if (!call.mayTryAgain()) {
            call.fail(new RpcException(RpcStatus.UNAVAILABLE, "the key of '" + call.method + "' is sent from process to"
                    + " process, at last to " + host + ":" + port, true, null));
        } else if (host.isEmpty() || port == 0) {
            call.fail(new RpcException(RpcStatus.UNAVAILABLE, this + " does not have the key of '" + call.method
                    + "', and does not say who has", true, null));
        } else {
            // It is resolved where it is connected to: off the shard.
            shard.moved(call, InetSocketAddress.createUnresolved(host, port));
        }
    }

    /** The server begins no call behind the one that it names: those may be made elsewhere. */
    private void goAway(long last, String words) {
        leaving = true;
        target.isLeaving(this);
        List<ClientCall<?, ?>> notBegun = new ArrayList<>();
        for (LongObjectMap.PrimitiveEntry<ClientCall<?, ?>> entry : calls.entries()) {
            LaneStream<?, ?> stream = entry.value().stream();
            if (entry.key() > last && (stream == null || !stream.hasBegun())) {
                notBegun.add(entry.value());
            }
        }
        for (ClientCall<?, ?> call : notBegun) {
            calls.remove(call.id());
            if (call.mayTryAgain()) {
                shard.send(call);
            } else {
                call.fail(new RpcException(RpcStatus.UNAVAILABLE, this + " takes no more calls: " + words, true, null));
            }
        }
        closeIfDone();
    }

    // ---- the end

    private void closeIfDone() {
        if (calls.isEmpty()) {
            idleSince = home.now();
            if (leaving) {
                leave(new RpcException(RpcStatus.UNAVAILABLE, "the server has said goodbye", true, null));
            }
        }
    }

    void notConnected(InetSocketAddress address, Throwable why) {
        end(new RpcException(RpcStatus.UNAVAILABLE, address + ": " + why.getMessage(), true, why));
    }

    void closeNow() {
        end(new RpcException(RpcStatus.UNAVAILABLE, "the client is closed"));
    }

    @Override
    protected void lost(RpcException why) {
        List<ClientCall<?, ?>> all = new ArrayList<>(calls.values());
        calls.clear();
        target.lost(this, why);
        for (ClientCall<?, ?> call : all) {
            try {
                call.fail(new RpcException(RpcStatus.UNAVAILABLE, "the connection to " + this
                        + " has ended, and with it '" + call.method + "': " + why.words(), false, why.getCause()));
            } catch (RuntimeException | Error failure) {
                // The others are to hear of it all the same.
                failed(failure);
            }
        }
    }

    @Override
    protected boolean isAwaited() {
        return !calls.isEmpty();
    }

    @Override
    protected void look(long now) {
        long idle = limits.idleTimeout().toNanos();
        if (idle > 0 && calls.isEmpty() && now - idleSince >= idle) {
            leave(new RpcException(RpcStatus.UNAVAILABLE, "idle for " + limits.idleTimeout(), true, null));
        }
    }

    @Override
    protected void violation(String what) {
        log.warn("{} broke the protocol: {}", this, what);
    }

    @Override
    protected void failed(Throwable failure) {
        log.error("The connection to {} ended by a failure of ours", this, failure);
    }
}
