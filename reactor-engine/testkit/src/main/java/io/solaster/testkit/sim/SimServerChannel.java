package io.solaster.testkit.sim;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.SocketAddress;

import io.netty.channel.AbstractServerChannel;
import io.netty.channel.ChannelConfig;
import io.netty.channel.ChannelId;
import io.netty.channel.ChannelOption;
import io.netty.channel.ChannelPromise;
import io.netty.channel.DefaultChannelConfig;
import io.netty.channel.EventLoop;
import io.netty.channel.unix.UnixChannelOption;
import org.jspecify.annotations.Nullable;

/** A socket that listens on a simulated machine. On its shard. */
final class SimServerChannel extends AbstractServerChannel {
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

    /** What every transport of ours knows. */
    private final class Config extends DefaultChannelConfig {
        private int backlog = 1024;
        private boolean reusePort;

        Config() {
            super(SimServerChannel.this);
        }

        @Override
        public <T> boolean setOption(ChannelOption<T> option, @Nullable T value) {
            if (value instanceof Integer most && option.equals(ChannelOption.SO_BACKLOG)) {
                backlog = most;
                return true;
            }
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
        protected void autoReadCleared() {
            readPending = false;
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
        Listening bound = machine.listen(wanted, config.reusePort, config.backlog, this::lookAgain);
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
    public ChannelConfig config() {
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
