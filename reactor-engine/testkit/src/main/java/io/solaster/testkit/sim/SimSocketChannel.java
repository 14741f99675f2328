package io.solaster.testkit.sim;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.AlreadyConnectedException;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.ConnectionPendingException;
import java.nio.channels.UnresolvedAddressException;
import java.nio.channels.WritableByteChannel;
import java.util.concurrent.TimeUnit;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.AbstractChannel;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelMetadata;
import io.netty.channel.ChannelOutboundBuffer;
import io.netty.channel.ChannelPromise;
import io.netty.channel.ConnectTimeoutException;
import io.netty.channel.EventLoop;
import io.netty.channel.FileRegion;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.channel.socket.ChannelInputShutdownReadComplete;
import io.netty.channel.socket.ServerSocketChannel;
import io.netty.channel.socket.SocketChannel;
import io.netty.channel.socket.SocketChannelConfig;
import io.netty.util.concurrent.Future;
import org.jspecify.annotations.Nullable;

/** A connection of a simulated machine. On its shard. */
final class SimSocketChannel extends AbstractChannel implements SocketChannel {
    private static final ChannelMetadata METADATA = new ChannelMetadata(false, 16);

    private final SimSocketConfig config = new SimSocketConfig(this);
    private final SimHandle handle = new SimHandle(this, () -> ((Unsafe) unsafe()).ready());
    private final Socket socket;
    private @Nullable InetSocketAddress remote;
    private @Nullable ChannelPromise connecting;
    private @Nullable Future<?> connectTimeout;
    private boolean open = true;
    private boolean active = true;
    private boolean readPending;
    private boolean inputShutdown;
    private boolean inputEnded;
    private boolean outputShutdown;
    /** Something could not be written for want of room. */
    private boolean blocked;

    /** One that will connect. */
    SimSocketChannel(Machine machine) {
        this(null, machine, machine.clientSocket());
        active = false;
    }

    SimSocketChannel(@Nullable Channel parent, Machine machine, Socket socket) {
        super(parent, new SimChannelId(machine.nextChannelId()));
        this.socket = socket;
        socket.onReady(handle::look);
    }

    private final class Unsafe extends AbstractUnsafe {

        @Override
        public void connect(SocketAddress to, @Nullable SocketAddress from, ChannelPromise promise) {
            if (!promise.setUncancellable() || !ensureOpen(promise)) {
                return;
            }
            if (connecting != null) {
                safeSetFailure(promise, new ConnectionPendingException());
                return;
            }
            if (remote != null) {
                safeSetFailure(promise, new AlreadyConnectedException());
                return;
            }
            InetSocketAddress address = (InetSocketAddress) to;
            if (address.isUnresolved()) {
                safeSetFailure(promise, annotateConnectException(new UnresolvedAddressException(), to));
                closeIfClosed();
                return;
            }
            remote = address;
            connecting = promise;
            int millis = config.getConnectTimeoutMillis();
            if (millis > 0) {
                connectTimeout = eventLoop().schedule(this::connectTimesOut, millis, TimeUnit.MILLISECONDS);
            }
            promise.addListener((ChannelFutureListener) future -> {
                if (future.isCancelled()) {
                    endConnecting();
                    close(voidPromise());
                }
            });
            socket.connect(address);
        }

        private void connectTimesOut() {
            ChannelPromise promise = connecting;
            if (promise != null && promise.tryFailure(
                    new ConnectTimeoutException("connection timed out after " + config.getConnectTimeoutMillis()
                            + " ms: " + remote))) {
                endConnecting();
                close(voidPromise());
            }
        }

        void ready() {
            ChannelPromise promise = connecting;
            if (promise != null) {
                IOException failure = socket.connectFailure();
                if (failure != null) {
                    endConnecting();
                    promise.tryFailure(failure);
                    close(voidPromise());
                    return;
                }
                if (!socket.isConnected() && !socket.hasInput()) {
                    return;
                }
                endConnecting();
                active = true;
                boolean told = promise.trySuccess();
                pipeline().fireChannelActive();
                if (!told) {
                    close(voidPromise());
                    return;
                }
            }
            if (blocked && socket.canWrite()) {
                super.flush0();
            }
            if (open && readPending && socket.hasInput()) {
                read();
            }
        }

        @Override
        protected void flush0() {
            // What waits for room is written when there is some.
            if (!blocked) {
                super.flush0();
            }
        }

        private void read() {
            if (inputShutdown || inputEnded) {
                readPending = false;
                return;
            }
            var sizes = recvBufAllocHandle();
            sizes.reset(config);
            ByteBuf buffer = null;
            boolean end = false;
            try {
                do {
                    buffer = sizes.allocate(config.getAllocator());
                    sizes.attemptedBytesRead(buffer.writableBytes());
                    sizes.lastBytesRead(socket.read(buffer));
                    if (sizes.lastBytesRead() <= 0) {
                        buffer.release();
                        buffer = null;
                        end = sizes.lastBytesRead() < 0;
                        readPending &= !end;
                        break;
                    }
                    sizes.incMessagesRead(1);
                    readPending = false;
                    ByteBuf full = buffer;
                    buffer = null;
                    pipeline().fireChannelRead(full);
                } while (sizes.continueReading());
                sizes.readComplete();
                pipeline().fireChannelReadComplete();
                if (end) {
                    closeOnRead();
                }
            } catch (Throwable failure) {
                if (buffer != null) {
                    buffer.release();
                }
                sizes.readComplete();
                pipeline().fireChannelReadComplete();
                pipeline().fireExceptionCaught(failure);
                if (failure instanceof IOException) {
                    closeOnRead();
                }
            } finally {
                if (readPending || config.isAutoRead()) {
                    beginRead();
                }
            }
        }

        /** The input has ended. */
        private void closeOnRead() {
            if (inputShutdown) {
                return;
            }
            if (config.isAllowHalfClosure() && socket.isConnected()) {
                inputShutdown = true;
                pipeline().fireUserEventTriggered(ChannelInputShutdownEvent.INSTANCE);
                inputEnded = true;
                pipeline().fireUserEventTriggered(ChannelInputShutdownReadComplete.INSTANCE);
            } else {
                close(voidPromise());
            }
        }
    }

    private void endConnecting() {
        Future<?> timeout = connectTimeout;
        if (timeout != null) {
            timeout.cancel(false);
        }
        connectTimeout = null;
        connecting = null;
    }

    @Override
    protected AbstractUnsafe newUnsafe() {
        return new Unsafe();
    }

    @Override
    protected boolean isCompatible(EventLoop loop) {
        return SimHandle.isCompatible(loop);
    }

    @Override
    protected void doRegister(ChannelPromise promise) {
        handle.register(promise);
    }

    @Override
    protected void doDeregister() {
        handle.deregister();
    }

    @Override
    protected void doBind(SocketAddress address) {
        // Which port a client comes from matters to nobody here.
    }

    @Override
    protected void doDisconnect() {
        doClose();
    }

    @Override
    protected void doClose() {
        open = false;
        ChannelPromise promise = connecting;
        endConnecting();
        if (promise != null) {
            promise.tryFailure(new ClosedChannelException());
        }
        if (config.getSoLinger() == 0) {
            socket.abort();
        } else {
            socket.close();
        }
    }

    @Override
    protected void doBeginRead() {
        if (inputShutdown) {
            return;
        }
        readPending = true;
        if (socket.hasInput()) {
            handle.look();
        }
    }

    @Override
    protected void doWrite(ChannelOutboundBuffer buffer) throws Exception {
        blocked = false;
        for (Object message = buffer.current(); message != null; message = buffer.current()) {
            if (message instanceof ByteBuf bytes) {
                if (!bytes.isReadable()) {
                    buffer.remove();
                    continue;
                }
                // The buffer's own index is moved by what follows.
                int count = socket.write(bytes.duplicate());
                if (count == 0) {
                    blocked = true;
                    return;
                }
                buffer.removeBytes(count);
            } else {
                FileRegion region = (FileRegion) message;
                if (region.transferred() >= region.count()) {
                    buffer.remove();
                    continue;
                }
                long count = region.transferTo(new Output(), region.transferred());
                if (count == 0) {
                    blocked = socket.room() == 0;
                    if (!blocked) {
                        throw new IOException("a file ended before its region: " + region);
                    }
                    return;
                }
                buffer.progress(count);
            }
        }
    }

    @Override
    protected Object filterOutboundMessage(Object message) {
        if (message instanceof ByteBuf || message instanceof FileRegion) {
            return message;
        }
        throw new UnsupportedOperationException("a " + message.getClass().getName() + "; connections take bytes");
    }

    /** Where a file is copied to. */
    private final class Output implements WritableByteChannel {
        @Override
        public int write(ByteBuffer bytes) throws IOException {
            int count = 0;
            while (bytes.hasRemaining() && socket.room() > 0) {
                int some = socket.write(Unpooled.wrappedBuffer(bytes));
                bytes.position(bytes.position() + some);
                count += some;
            }
            return count;
        }

        @Override
        public boolean isOpen() {
            return open;
        }

        @Override
        public void close() {
            // It is a view.
        }
    }

    @Override
    protected void doShutdownOutput() throws Exception {
        outputShutdown = true;
        socket.endOutput();
    }

    @Override
    public ChannelFuture shutdownOutput() {
        return shutdownOutput(newPromise());
    }

    @Override
    public ChannelFuture shutdownOutput(ChannelPromise promise) {
        if (eventLoop().inEventLoop()) {
            ((AbstractUnsafe) unsafe()).shutdownOutput(promise);
        } else {
            eventLoop().execute(() -> ((AbstractUnsafe) unsafe()).shutdownOutput(promise));
        }
        return promise;
    }

    @Override
    public ChannelFuture shutdownInput() {
        return shutdownInput(newPromise());
    }

    @Override
    public ChannelFuture shutdownInput(ChannelPromise promise) {
        inputShutdown = true;
        return promise.setSuccess();
    }

    @Override
    public ChannelFuture shutdown() {
        return shutdown(newPromise());
    }

    @Override
    public ChannelFuture shutdown(ChannelPromise promise) {
        shutdownInput();
        return shutdownOutput(promise);
    }

    @Override
    public boolean isInputShutdown() {
        return inputShutdown;
    }

    @Override
    public boolean isOutputShutdown() {
        return outputShutdown || !isActive();
    }

    @Override
    public boolean isShutdown() {
        return isInputShutdown() && isOutputShutdown();
    }

    @Override
    protected SocketAddress localAddress0() {
        return socket.local();
    }

    @Override
    protected @Nullable SocketAddress remoteAddress0() {
        InetSocketAddress asked = remote;
        if (asked != null) {
            return asked;
        }
        Socket peer = socket.peer();
        return peer == null ? null : peer.local();
    }

    @Override
    public InetSocketAddress localAddress() {
        return socket.local();
    }

    @Override
    @SuppressWarnings("NullAway") // Netty's: null before it is connected
    public InetSocketAddress remoteAddress() {
        return (InetSocketAddress) super.remoteAddress();
    }

    @Override
    @SuppressWarnings("NullAway") // Netty's: null for one that has connected
    public ServerSocketChannel parent() {
        return (ServerSocketChannel) super.parent();
    }

    @Override
    public SocketChannelConfig config() {
        return config;
    }

    @Override
    public ChannelMetadata metadata() {
        return METADATA;
    }

    @Override
    public boolean isOpen() {
        return open;
    }

    @Override
    public boolean isActive() {
        return open && active;
    }
}
