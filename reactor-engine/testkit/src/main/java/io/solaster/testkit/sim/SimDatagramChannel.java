package io.solaster.testkit.sim;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.NetworkInterface;
import java.net.SocketAddress;
import java.nio.channels.AlreadyBoundException;
import java.nio.channels.NotYetConnectedException;
import java.nio.channels.UnresolvedAddressException;
import java.util.Objects;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.channel.AbstractChannel;
import io.netty.channel.AddressedEnvelope;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelMetadata;
import io.netty.channel.ChannelOutboundBuffer;
import io.netty.channel.ChannelPromise;
import io.netty.channel.EventLoop;
import io.netty.channel.RecvByteBufAllocator;
import io.netty.channel.socket.DatagramChannel;
import io.netty.channel.socket.DatagramChannelConfig;
import io.netty.channel.socket.DatagramPacket;
import io.netty.util.UncheckedBooleanSupplier;
import org.jspecify.annotations.Nullable;

/** A UDP socket of a simulated machine. On its shard. */
final class SimDatagramChannel extends AbstractChannel implements DatagramChannel {
    private static final ChannelMetadata METADATA = new ChannelMetadata(true, 16);
    private static final long FULL_FOR_NANOS = 20_000;

    private final Machine machine;
    private final SimDatagramConfig config = new SimDatagramConfig(this, this::optionsChanged);
    private final SimHandle handle = new SimHandle(this, () -> ((Unsafe) unsafe()).ready());
    /** What it is bound to; null before that. */
    private @Nullable UdpSocket socket;
    private boolean open = true;
    private boolean readPending;
    /** For once there was no room for what is to be sent. */
    private boolean blocked;

    SimDatagramChannel(Machine machine) {
        super(null, new SimChannelId(machine.nextChannelId()));
        this.machine = machine;
    }

    private void optionsChanged() {
        UdpSocket bound = socket;
        if (bound != null) {
            bound.besideOthers = config.isReusePort();
            bound.buffer(config.getReceiveBufferSize());
        }
    }

    private final class Unsafe extends AbstractUnsafe {

        @Override
        public void connect(SocketAddress to, @Nullable SocketAddress from, ChannelPromise promise) {
            if (!promise.setUncancellable() || !ensureOpen(promise)) {
                return;
            }
            boolean wasActive = isActive();
            try {
                InetSocketAddress address = (InetSocketAddress) to;
                if (address.isUnresolved()) {
                    throw new UnresolvedAddressException();
                }
                if (from != null) {
                    doBind(from);
                }
                bound().connect(address);
            } catch (IOException | RuntimeException failure) {
                safeSetFailure(promise, annotateConnectException(failure, to));
                return;
            }
            safeSetSuccess(promise);
            if (!wasActive && isActive()) {
                pipeline().fireChannelActive();
            }
        }

        void ready() {
            if (blocked) {
                blocked = false;
                super.flush0();
            }
            UdpSocket bound = socket;
            if (open && readPending && bound != null && bound.hasInput()) {
                read(bound);
            }
        }

        @Override
        protected void flush0() {
            // What waits for room is written when there is some.
            if (!blocked) {
                super.flush0();
            }
        }

        private void read(UdpSocket from) {
            RecvByteBufAllocator.ExtendedHandle sizes = (RecvByteBufAllocator.ExtendedHandle) recvBufAllocHandle();
            sizes.reset(config);
            IOException failure = null;
            try {
                do {
                    UdpSocket.Datagram next = from.next();
                    if (next == null) {
                        break;
                    }
                    readPending = false;
                    ByteBuf bytes = sizes.allocate(config.getAllocator());
                    // The rest of one that is longer is gone.
                    int count = Math.min(next.bytes.length, bytes.writableBytes());
                    sizes.attemptedBytesRead(bytes.writableBytes());
                    bytes.writeBytes(next.bytes, 0, count);
                    sizes.lastBytesRead(count);
                    sizes.incMessagesRead(1);
                    pipeline().fireChannelRead(new DatagramPacket(bytes, from.local(), next.from));
                } while (open && sizes.continueReading(UncheckedBooleanSupplier.TRUE_SUPPLIER));
            } catch (IOException unreachable) {
                readPending = false;
                failure = unreachable;
            }
            sizes.readComplete();
            pipeline().fireChannelReadComplete();
            if (failure != null) {
                pipeline().fireExceptionCaught(failure);
            }
            if (readPending || config.isAutoRead()) {
                beginRead();
            }
        }
    }

    /** Bound to any free port, if it is not bound yet. */
    private UdpSocket bound() throws IOException {
        if (socket == null) {
            doBind(new InetSocketAddress(0));
        }
        return Objects.requireNonNull(socket);
    }

    @Override
    protected void doBind(SocketAddress address) throws IOException {
        if (socket != null) {
            throw new AlreadyBoundException();
        }
        socket = machine.bind((InetSocketAddress) address, config.isReusePort(), handle::look);
        optionsChanged();
    }

    @Override
    protected void doWrite(ChannelOutboundBuffer buffer) {
        for (Object message = buffer.current(); message != null; message = buffer.current()) {
            if (machine.environment().sometimes("a full send buffer")) {
                blocked = true;
                machine.later(FULL_FOR_NANOS, handle::look);
                return;
            }
            try {
                if (message instanceof AddressedEnvelope<?, ?> envelope) {
                    bound().send(ByteBufUtil.getBytes((ByteBuf) envelope.content()),
                            (InetSocketAddress) envelope.recipient());
                } else {
                    bound().send(ByteBufUtil.getBytes((ByteBuf) message), null);
                }
                buffer.remove();
            } catch (IOException | NotYetConnectedException failure) {
                // That is no reason why the others should not go.
                buffer.remove(failure);
            }
        }
    }

    @Override
    protected Object filterOutboundMessage(Object message) {
        if (message instanceof ByteBuf) {
            return message;
        }
        if (message instanceof AddressedEnvelope<?, ?> envelope && envelope.content() instanceof ByteBuf) {
            SocketAddress to = envelope.recipient();
            if (to instanceof InetSocketAddress address && address.isUnresolved()) {
                throw new UnresolvedAddressException();
            }
            if (to == null || to instanceof InetSocketAddress) {
                return message;
            }
        }
        throw new UnsupportedOperationException(
                "a " + message.getClass().getName() + "; datagrams are bytes, or bytes with a recipient");
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
    protected void doDisconnect() {
        UdpSocket bound = socket;
        if (bound != null) {
            bound.connect(null);
        }
    }

    @Override
    protected void doClose() {
        open = false;
        UdpSocket bound = socket;
        if (bound != null) {
            bound.close();
        }
    }

    @Override
    protected void doBeginRead() {
        readPending = true;
        UdpSocket bound = socket;
        if (bound != null && bound.hasInput()) {
            handle.look();
        }
    }

    @Override
    protected @Nullable SocketAddress localAddress0() {
        UdpSocket bound = socket;
        return bound == null ? null : bound.local();
    }

    @Override
    protected @Nullable SocketAddress remoteAddress0() {
        UdpSocket bound = socket;
        return bound == null ? null : bound.remote();
    }

    @Override
    @SuppressWarnings("NullAway") // Netty's: null before it is bound
    public InetSocketAddress localAddress() {
        return (InetSocketAddress) super.localAddress();
    }

    @Override
    @SuppressWarnings("NullAway") // Netty's: null unless it is connected
    public InetSocketAddress remoteAddress() {
        return (InetSocketAddress) super.remoteAddress();
    }

    @Override
    public boolean isConnected() {
        return open && remoteAddress0() != null;
    }

    @Override
    public DatagramChannelConfig config() {
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
        return open && (socket != null || config.isActiveOnRegistration() && isRegistered());
    }

    private static ChannelFuture noGroups(ChannelPromise promise) {
        return promise.setFailure(new UnsupportedOperationException("the simulated network has no multicast"));
    }

    @Override
    public ChannelFuture joinGroup(InetAddress group) {
        return noGroups(newPromise());
    }

    @Override
    public ChannelFuture joinGroup(InetAddress group, ChannelPromise promise) {
        return noGroups(promise);
    }

    @Override
    public ChannelFuture joinGroup(InetSocketAddress group, NetworkInterface by) {
        return noGroups(newPromise());
    }

    @Override
    public ChannelFuture joinGroup(InetSocketAddress group, NetworkInterface by, ChannelPromise promise) {
        return noGroups(promise);
    }

    @Override
    public ChannelFuture joinGroup(InetAddress group, NetworkInterface by, InetAddress source) {
        return noGroups(newPromise());
    }

    @Override
    public ChannelFuture joinGroup(InetAddress group, NetworkInterface by, InetAddress source,
            ChannelPromise promise) {
        return noGroups(promise);
    }

    @Override
    public ChannelFuture leaveGroup(InetAddress group) {
        return noGroups(newPromise());
    }

    @Override
    public ChannelFuture leaveGroup(InetAddress group, ChannelPromise promise) {
        return noGroups(promise);
    }

    @Override
    public ChannelFuture leaveGroup(InetSocketAddress group, NetworkInterface by) {
        return noGroups(newPromise());
    }

    @Override
    public ChannelFuture leaveGroup(InetSocketAddress group, NetworkInterface by, ChannelPromise promise) {
        return noGroups(promise);
    }

    @Override
    public ChannelFuture leaveGroup(InetAddress group, NetworkInterface by, InetAddress source) {
        return noGroups(newPromise());
    }

    @Override
    public ChannelFuture leaveGroup(InetAddress group, NetworkInterface by, InetAddress source,
            ChannelPromise promise) {
        return noGroups(promise);
    }

    @Override
    public ChannelFuture block(InetAddress group, NetworkInterface by, InetAddress source) {
        return noGroups(newPromise());
    }

    @Override
    public ChannelFuture block(InetAddress group, NetworkInterface by, InetAddress source,
            ChannelPromise promise) {
        return noGroups(promise);
    }

    @Override
    public ChannelFuture block(InetAddress group, InetAddress source) {
        return noGroups(newPromise());
    }

    @Override
    public ChannelFuture block(InetAddress group, InetAddress source, ChannelPromise promise) {
        return noGroups(promise);
    }
}
