package io.solaster.testkit.sim;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.SocketAddress;

import io.netty.channel.AbstractServerChannel;
import io.netty.channel.ChannelId;
import io.netty.channel.ChannelOption;
import io.netty.channel.ChannelPromise;
import io.netty.channel.EventLoop;
import io.netty.channel.socket.DefaultServerSocketChannelConfig;
import io.netty.channel.socket.ServerSocketChannel;
import io.netty.channel.socket.ServerSocketChannelConfig;
import io.netty.channel.unix.UnixChannelOption;
import org.jspecify.annotations.Nullable;

/** A socket that listens on a simulated machine. On its shard. */
final class SimServerChannel extends AbstractServerChannel implements ServerSocketChannel {
    /** What one look accepts. */
    private static final int BATCH = 16;

    private final Machine machine;
    private final Config config = new Config();
    private final SimHandle handle = new SimHandle(this, this::accept);
    private @Nullable Listening listening;
    private @Nullable InetSocketAddress local;
    private boolean open = true;
    private boolean readPending;

    SimServerChannel(Machine machine) {
        this.machine = machine;
    }

    /** What every transport of ours knows. Nothing here reaches a socket of the JVM's. */
    private final class Config extends DefaultServerSocketChannelConfig {
        private boolean reusePort;

        Config() {
            super(SimServerChannel.this, unused());
        }

        @Override
        public <T> boolean setOption(ChannelOption<T> option, @Nullable T value) {
            if (value instanceof Boolean on && option.equals(UnixChannelOption.SO_REUSEPORT)) {
                reusePort = on;
                Listening socket = listening;
                if (socket != null) {
                    socket.besideOthers = on;
                }
                return true;
            }
            return super.setOption(option, value);
        }

        @Override
        public boolean isReuseAddress() {
            return true;
        }

        @Override
        public ServerSocketChannelConfig setReuseAddress(boolean on) {
            return this;
        }

        @Override
        public int getReceiveBufferSize() {
            return Socket.WINDOW;
        }

        @Override
        public ServerSocketChannelConfig setReceiveBufferSize(int bytes) {
            return this;
        }

        @Override
        protected void autoReadCleared() {
            readPending = false;
        }
    }

    /** What Netty's class asks for: it takes no descriptor as long as nobody binds it or sets an option of it. */
    private static ServerSocket unused() {
        try {
            return new ServerSocket();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    protected ChannelId newId() {
        return SimChannelId.ofListening();
    }

    private void accept() {
        Listening socket = listening;
        if (socket == null || !readPending) {
            return;
        }
        int count = 0;
        while (readPending && count < BATCH) {
            Socket next = socket.next();
            if (next == null) {
                break;
            }
            count++;
            readPending = config.isAutoRead();
            pipeline().fireChannelRead(new SimSocketChannel(this, machine, next));
        }
        if (count > 0) {
            pipeline().fireChannelReadComplete();
        }
        lookAgain();
    }

    private void lookAgain() {
        Listening socket = listening;
        if (socket != null && readPending && socket.hasArrivals()) {
            handle.look();
        }
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
    protected void doBind(SocketAddress address) throws IOException {
        InetSocketAddress wanted = (InetSocketAddress) address;
        Listening bound = machine.listen(wanted, config.reusePort, config.getBacklog(), this::lookAgain);
        listening = bound;
        local = new InetSocketAddress(machine.ip(), bound.port);
    }

    @Override
    protected void doClose() {
        open = false;
        Listening socket = listening;
        if (socket != null) {
            listening = null;
            machine.listensNoMore(socket);
            socket.close();
        }
    }

    @Override
    protected void doBeginRead() {
        readPending = true;
        lookAgain();
    }

    @Override
    protected @Nullable SocketAddress localAddress0() {
        return local;
    }

    @Override
    @SuppressWarnings("NullAway") // Netty's: null before it is bound
    public InetSocketAddress localAddress() {
        return (InetSocketAddress) super.localAddress();
    }

    @Override
    @SuppressWarnings("NullAway") // Netty's: a socket that listens has none
    public InetSocketAddress remoteAddress() {
        return null;
    }

    @Override
    public ServerSocketChannelConfig config() {
        return config;
    }

    @Override
    public boolean isOpen() {
        return open;
    }

    @Override
    public boolean isActive() {
        return open && listening != null;
    }
}
